"""The pictures that sum a movie up, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import MissingPackageError, ParameterError
from roiwidgets.images.geometry import make_image
from roiwidgets.images.grid import Grid, world_translation
from roiwidgets.images.sources import ArraySource, Voxels
from roiwidgets.images.tiling import memory_chunks
from roiwidgets.stacks.movie import Movie

if TYPE_CHECKING:
    import xarray

PICTURES = ("maximum", "minimum", "mean", "std", "correlation", "argmax")
"""Summaries that are pictures of height x width."""

VIEWS = ("top_view", "right_view")
"""Summaries along time."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Summaries:
    """What a movie looks like over all its frames.

    Parameters
    ----------
    maximum, minimum
        Height x width, of the movie's data type.
    mean, std
        Height x width, float64; the deviation is that of all frames, not of a sample.
    correlation
        Height x width, float64, -1 to 1: the mean of Pearson's correlations along time of a
        pixel with those of its 8 neighbours that exist. A pixel that never changes counts as 0.
    argmax
        Height x width, int32: the first frame of the maximum; -1 if a pixel is always NaN.
    top_view
        Frames x width, of the movie's data type: the movie seen from above, the maximum of
        each column of each frame.
    right_view
        Frames x height: the movie seen from the right, the maximum of each row of each frame.
    grid
        Of the movie: axes, spacing and origin.
    units
        Unit per axis.

    Notes
    -----
    NaN are passed over, as by ``np.nanmax``; a pixel that is always NaN is NaN, and 0 in the
    correlation. A pixel with an infinite value has mean and std NaN, correlation 0.
    """

    maximum: Voxels
    minimum: Voxels
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    correlation: NDArray[np.float64]
    argmax: NDArray[np.int32]
    top_view: Voxels
    right_view: Voxels
    grid: Grid
    units: dict[str, str]

    def image(self, name: str) -> NgffImage:
        """Return one of the pictures where the movie is in the world, axes y, x.

        Parameters
        ----------
        name
            One of ``PICTURES``.
        """
        if name not in PICTURES:
            raise ParameterError(f"name must be one of {', '.join(PICTURES)}, got {name!r}")
        pixels: Voxels = getattr(self, name)
        world = world_translation(self.grid)
        return make_image(
            ArraySource(pixels, memory_chunks("yx", pixels.shape)),
            axes="yx",
            spacing={axis: self.grid.along(axis)[1] for axis in "yx"},
            translation={axis: world[axis] for axis in "yx"},
            direction=None if "z" in self.grid.axes else self.grid.direction,
            name=name,
            units={axis: unit for axis, unit in self.units.items() if axis in "yx"},
        )

    def to_xarray(self) -> xarray.Dataset:
        """Return all summaries as one Dataset, with coordinates along t, y and x."""
        try:
            import xarray
        except ImportError as error:
            raise MissingPackageError("this needs xarray: pip install xarray") from error
        dims = dict.fromkeys(PICTURES, ("y", "x")) | {
            "top_view": ("t", "x"),
            "right_view": ("t", "y"),
        }
        coordinates = {}
        for axis in "tyx":
            size, spacing, origin = self.grid.along(axis)
            attributes = {"units": self.units[axis]} if axis in self.units else {}
            coordinates[axis] = (axis, origin + spacing * np.arange(size), attributes)
        return xarray.Dataset(
            {name: (axes, getattr(self, name)) for name, axes in dims.items()}, coordinates
        )

    def arrays(self) -> dict[str, Voxels]:
        """Return all summaries by name, without copying them."""
        return {name: getattr(self, name) for name in (*PICTURES, *VIEWS)}


def summaries_of(movie: Movie, arrays: Mapping[str, Voxels]) -> Summaries:
    """Return arrays by name as the summaries of a movie."""
    return Summaries(
        **arrays,  # type: ignore[arg-type] # what they are is known by their names
        grid=movie.grid,
        units=dict(movie.level.axes_units or {}),
    )

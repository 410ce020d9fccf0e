"""The value of an image at a point of the world."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import RegionError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.sources import voxel_source

FARTHEST = 1e100
"""Largest coordinate of a point: squares of two stay finite."""


def value_at(
    image: NgffImage, point: Mapping[str, float], indices: Mapping[str, int] | None = None
) -> np.generic | NDArray[np.generic]:
    """Return the value of the voxel that holds a point, in the type in which it is stored.

    Parameters
    ----------
    image
        One level of an image.
    point
        World position ``{'x': ..., 'y': ..., 'z': ...}``; axes that the image lacks
        are ignored.
    indices
        Index along ``t`` and ``c``, 0 where not given.

    Returns
    -------
    numpy scalar, or an array of shape (3 or 4,) for a colour

    Raises
    ------
    RegionError
        If the point lacks an axis of the image, holds other than finite numbers, or lies
        outside.

    Examples
    --------
    >>> from ngff_zarr import to_ngff_image
    >>> image = to_ngff_image(np.arange(6, dtype=np.uint64).reshape(2, 3), dims=("y", "x"))
    >>> value_at(image, {"x": 2.4, "y": 1})
    np.uint64(5)
    """
    grid = grid_of(image)
    place = world_point(point, grid.spatial_axes)
    index = np.floor(grid.world_to_index(place) + 0.5)
    if not ((index >= 0) & (index < grid.spatial_shape)).all():
        raise RegionError(f"the point {dict(point)!r:.120} lies outside the image")
    chosen = {"t": 0, "c": 0, **(indices or {})}
    chosen.update(zip(grid.spatial_axes, index.astype(int).tolist(), strict=True))
    box = tuple(
        slice(0, size) if axis == "c" and grid.is_rgb else slice(chosen[axis], chosen[axis] + 1)
        for axis, size in zip(grid.axes, grid.shape, strict=True)
    )
    values = voxel_source(image.data).read(box).ravel()
    return values if grid.is_rgb else values[0]


def world_point(point: object, axes: tuple[str, ...]) -> list[float]:
    """Return the coordinates of a point along axes.

    Raises
    ------
    RegionError
        If it is no mapping, lacks an axis, or holds other than numbers up to ``FARTHEST``.
    """
    values = [point.get(axis) for axis in axes] if isinstance(point, Mapping) else [None]
    numbers = [float(v) for v in values if isinstance(v, int | float | np.number)]
    if len(numbers) < len(axes) or not all(abs(number) <= FARTHEST for number in numbers):
        raise RegionError(
            f"a point needs finite {', '.join(axes)} up to {FARTHEST:g}, got {point!r:.120}"
        )
    return numbers

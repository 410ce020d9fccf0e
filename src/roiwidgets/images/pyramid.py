"""Coarser levels of an image: which ones, where they lie, and how they are binned.

Every level is binned from whole voxels of a finer one, so all levels share their
outer near edge and a coarse voxel is centred on the voxels it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from roiwidgets.errors import ImageError
from roiwidgets.images.axes import SPATIAL_AXES
from roiwidgets.images.binning import BinKind, binned_shape, downsample_block
from roiwidgets.images.grid import Grid
from roiwidgets.images.source_view import SourceView
from roiwidgets.images.sources import (
    Slices,
    Voxels,
    source_array,
    voxel_source,
)

if TYPE_CHECKING:
    from ngff_zarr import Multiscales

READ_BYTES = 8 * 2**20
"""Fine voxels that a binned read holds at once."""


class PyramidLevel(NamedTuple):
    """One level and the bins, in voxels of the next finer level, it is made of."""

    grid: Grid
    factors: tuple[int, ...]


def pyramid_grids(grid: Grid, *, smallest: int = 64) -> list[PyramidLevel]:
    """Return the levels of a pyramid, from the finest to the coarsest.

    Parameters
    ----------
    grid
        Grid of the finest level.
    smallest
        Spatial axes of at most this many voxels are not binned further, >= 1.

    Returns
    -------
    list of PyramidLevel
        The first is ``grid`` itself with factors of 1. Each further level halves
        the axes whose spacing is below sqrt(2) times the smallest spacing among
        the axes that can still be halved: that is where halving brings the voxels
        closer to cubes. ``t``, ``c`` and RGB components are never binned.

    Examples
    --------
    >>> grid = Grid(("z", "y", "x"), (100, 512, 512), (3.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    >>> [level.factors for level in pyramid_grids(grid)]
    [(1, 1, 1), (1, 2, 2), (1, 2, 2), (2, 2, 2)]
    """
    if smallest < 1:
        raise ImageError(f"smallest must be at least 1 voxel, got {smallest}")
    levels = [PyramidLevel(grid, (1,) * len(grid.axes))]
    while factors := _next_factors(levels[-1].grid, smallest):
        levels.append(PyramidLevel(bin_grid(levels[-1].grid, factors), factors))
    return levels


def _next_factors(grid: Grid, smallest: int) -> tuple[int, ...] | None:
    divisible = [
        axis in SPATIAL_AXES and size > smallest
        for axis, size in zip(grid.axes, grid.shape, strict=True)
    ]
    steps = [step for step, can in zip(grid.spacing, divisible, strict=True) if can]
    if not steps:
        return None
    limit = min(steps) * 2**0.5
    return tuple(
        2 if can and step < limit else 1 for step, can in zip(grid.spacing, divisible, strict=True)
    )


def bin_grid(grid: Grid, factors: tuple[int, ...]) -> Grid:
    """Return the grid of an image whose voxels are binned by ``factors`` per axis.

    The shape is rounded up: the last bin may be partly outside the image.

    Examples
    --------
    >>> bin_grid(Grid(("y", "x"), (5, 4), (1.0, 1.0), (0.0, 0.0)), (2, 2))
    Grid(axes=('y', 'x'), shape=(3, 2), spacing=(2.0, 2.0), origin=(0.5, 0.5), direction=None)
    """
    return Grid(
        axes=grid.axes,
        shape=binned_shape(grid.shape, factors),
        spacing=tuple(s * f for s, f in zip(grid.spacing, factors, strict=True)),
        origin=tuple(
            o + 0.5 * (f - 1) * s
            for o, f, s in zip(grid.origin, factors, grid.spacing, strict=True)
        ),
        direction=grid.direction,
    )


@dataclass(frozen=True, eq=False)
class BinnedSource(SourceView):
    """A coarser level, binned from a finer source when it is read.

    Parameters
    ----------
    source
        The finer level.
    factors
        Voxels of ``source`` per bin along each axis.
    kind
        As for ``downsample_block``.

    Notes
    -----
    A read of a coarse box reads the fine box it covers, in slabs of at most about
    ``READ_BYTES``; nothing is kept.
    """

    factors: tuple[int, ...]
    kind: BinKind

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis of the coarse level."""
        return binned_shape(self.source.shape, self.factors)

    @property
    def chunks(self) -> tuple[int, ...]:
        """Chunks of the finer level's shape, clipped to this level."""
        return tuple(min(c, n) for c, n in zip(self.source.chunks, self.shape, strict=True))

    def read(self, slices: Slices) -> Voxels:
        """Return the binned voxels in ``slices``."""
        result = np.empty([s.stop - s.start for s in slices], self.dtype)
        fine_bytes = result.nbytes * int(np.prod(self.factors))
        longest = max(range(len(slices)), key=lambda axis: result.shape[axis] * self.factors[axis])
        rows = max(1, result.shape[longest] * READ_BYTES // max(fine_bytes, 1))
        chunk = self.source.chunks[longest] // self.factors[longest]
        if chunk > 1:  # whole chunks, so that none is decoded twice
            rows = max(rows // chunk, 1) * chunk
        for start in range(0, result.shape[longest], rows):
            inside = [slice(0, n) for n in result.shape]
            inside[longest] = slice(start, min(start + rows, result.shape[longest]))
            coarse = tuple(
                slice(s.start + i.start, s.start + i.stop)
                for s, i in zip(slices, inside, strict=True)
            )
            fine = self.source.read(self._fine(coarse))
            result[tuple(inside)] = downsample_block(fine, self.factors, kind=self.kind)
        return result

    def restrict(self, slices: Slices) -> BinnedSource:
        """Return the same binning of a restricted finer source."""
        return BinnedSource(self.source.restrict(self._fine(slices)), self.factors, self.kind)

    def _fine(self, slices: Slices) -> Slices:
        return tuple(
            slice(s.start * f, min(s.stop * f, n))
            for s, f, n in zip(slices, self.factors, self.source.shape, strict=True)
        )


def display_levels(
    multiscales: Multiscales, *, is_labels: bool = False, smallest: int = 64
) -> Multiscales:
    """Return an image with enough levels to be shown at once; nothing is computed.

    Parameters
    ----------
    multiscales
        Its levels are kept; coarser ones are added below the coarsest.
    is_labels
        Bin by the most frequent label instead of the mean.
    smallest
        As for ``pyramid_grids``.

    Returns
    -------
    Multiscales
        The same object if its coarsest level is small already. Added levels are
        binned from the coarsest stored level when they are read.
    """
    # workers import this module for its binning and must not pay for ngff-zarr
    from roiwidgets.images.geometry import grid_of, image_on_grid
    from roiwidgets.images.ome_zarr import to_multiscales

    coarsest = multiscales.images[-1]
    source = voxel_source(coarsest.data)
    added = []
    total = (1,) * len(coarsest.dims)
    for grid, factors in pyramid_grids(grid_of(coarsest), smallest=smallest)[1:]:
        total = tuple(a * b for a, b in zip(total, factors, strict=True))
        binned = BinnedSource(source, total, "mode" if is_labels else "mean")
        added.append(image_on_grid(coarsest, source_array(binned), grid))
    if not added:
        return multiscales
    result = to_multiscales(
        [*multiscales.images, *added], name=multiscales.metadata.name, is_labels=is_labels
    )
    result.root_attributes = {
        **(multiscales.root_attributes or {}),
        **(result.root_attributes or {}),
    }
    return result

"""Coarser levels of an image: which ones, where they lie, and how they are binned.

Every level is binned from whole voxels of a finer one, so all levels share their
outer near edge and a coarse voxel is centred on the voxels it stands for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import ImageError
from roiwidgets.images.axes import SPATIAL_AXES
from roiwidgets.images.grid import Grid
from roiwidgets.images.sources import (
    Slices,
    Voxels,
    VoxelSource,
    source_array,
    voxel_source,
)

if TYPE_CHECKING:
    from ngff_zarr import Multiscales

BinKind = Literal["mean", "mode", "nearest"]

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


def binned_shape(shape: tuple[int, ...], factors: tuple[int, ...]) -> tuple[int, ...]:
    """Return ``ceil(shape / factors)`` per axis."""
    return tuple(-(-size // factor) for size, factor in zip(shape, factors, strict=True))


def downsample_block(block: Voxels, factors: tuple[int, ...], *, kind: BinKind) -> Voxels:
    """Return a block whose voxels are binned by ``factors``, in the same data type.

    Parameters
    ----------
    block
        Voxels whose first index is a multiple of the factors in the whole image.
    factors
        Voxels per bin along each axis, >= 1. Bins at the far border hold what is there.
    kind
        ``mean``: integers are rounded half to even (exact up to 32 bits; 64-bit
        sums pass through float64), floats are summed in float64 without NaN, and
        only bins of nothing but NaN are NaN. ``mode``: the most frequent value,
        the larger one of equals, so that thin labels do not vanish into the
        background 0. ``nearest``: the voxel at, or just before, the bin's centre.

    Returns
    -------
    array of shape ``binned_shape(block.shape, factors)``

    Raises
    ------
    ImageError
        If factors and axes differ in number, or a factor is below 1.

    Examples
    --------
    >>> downsample_block(np.array([[1, 2, 9], [3, 4, 9]], np.uint8), (2, 2), kind="mean")
    array([[2, 9]], dtype=uint8)
    """
    if len(factors) != block.ndim or any(factor < 1 for factor in factors):
        raise ImageError(
            f"factors {factors} must be one integer >= 1 for each of the {block.ndim} axes"
        )
    if all(factor == 1 for factor in factors):
        return block.copy()
    if kind == "nearest":
        return _nearest(block, factors)
    if kind == "mode":
        return _mode(block, factors)
    return _mean(block, factors)


def _mean(block: Voxels, factors: tuple[int, ...]) -> Voxels:
    counts = _bin_counts(block.shape, factors)
    if block.dtype.kind == "f":
        missing = np.isnan(block)
        if missing.any():
            block = np.where(missing, 0, block)
            counts = counts - _bin_sums(missing, factors, np.dtype(np.float64))
    sums = _bin_sums(block, factors, _sum_dtype(block.dtype, int(np.prod(factors))))
    with np.errstate(invalid="ignore"):  # 0 / 0 of a bin without numbers is the NaN we want
        means = np.divide(sums, counts, dtype=np.float64)
    if block.dtype.kind == "f":
        return means.astype(block.dtype)
    np.rint(means, out=means)
    if block.dtype.itemsize == 8:  # float64 rounds the largest integers up, out of range
        lowest, highest = (-(2.0**63), 2.0**63) if block.dtype.kind == "i" else (0.0, 2.0**64)
        np.clip(means, lowest, np.nextafter(highest, 0), out=means)
    return means.astype(block.dtype)


def _sum_dtype(dtype: np.dtype[np.generic], count: int) -> np.dtype[np.generic]:
    if dtype.kind == "f" or dtype.itemsize == 8:
        return np.dtype(np.float64)
    bits = 8 * dtype.itemsize + (count - 1).bit_length()
    for size in (16, 32):
        if bits <= size:
            return np.dtype(f"{'i' if dtype.kind == 'i' else 'u'}{size // 8}")
    return np.dtype(np.int64)


def _bin_sums(
    block: Voxels, factors: tuple[int, ...], dtype: np.dtype[np.generic]
) -> NDArray[np.float64]:
    sums = block
    for axis, factor in enumerate(factors):
        if factor == 1:
            continue
        lead = (slice(None),) * axis
        total = sums[(*lead, slice(0, None, factor))].astype(dtype)
        for first in range(1, min(factor, sums.shape[axis])):
            part = sums[(*lead, slice(first, None, factor))]
            total[(*lead, slice(0, part.shape[axis]))] += part
        sums = total
    # the exact type is `dtype`, chosen to hold the sums; float64 stands for all of them
    return cast("NDArray[np.float64]", sums.astype(dtype, copy=False))


def _bin_counts(shape: tuple[int, ...], factors: tuple[int, ...]) -> NDArray[np.float64]:
    counts = np.ones((1,) * len(shape), np.float64)
    for axis, (size, factor) in enumerate(zip(shape, factors, strict=True)):
        starts = np.arange(0, size, factor)
        side = [1] * len(shape)
        side[axis] = len(starts)
        counts = counts * np.minimum(factor, size - starts).reshape(side)
    return counts


def _nearest(block: Voxels, factors: tuple[int, ...]) -> Voxels:
    for axis, (size, factor) in enumerate(zip(block.shape, factors, strict=True)):
        starts = np.arange(0, size, factor)
        block = block.take(np.minimum(starts + (factor - 1) // 2, size - 1), axis=axis)
    return np.ascontiguousarray(block)


def _mode(block: Voxels, factors: tuple[int, ...]) -> Voxels:
    """Return the most frequent value per bin; only bins of mixed values are counted."""
    shape = binned_shape(block.shape, factors)
    members = list(_bin_members(block, factors))
    result = members[0][0].copy()
    mixed = np.zeros(shape, bool)
    for values, present in members[1:]:
        mixed |= (values != result) & present
    candidates = np.stack([values[mixed] for values, _ in members])
    present = np.stack([np.broadcast_to(there, shape)[mixed] for _, there in members])
    votes = np.zeros(candidates.shape, np.int64)
    for values, there in zip(candidates, present, strict=True):
        votes += (candidates == values) & there
    votes[~present] = 0
    winners = np.where(votes == votes.max(axis=0, initial=0), candidates, candidates.min(initial=0))
    result[mixed] = winners.max(axis=0) if winners.size else result[mixed]
    return result


def _bin_members(
    block: Voxels, factors: tuple[int, ...]
) -> Iterator[tuple[Voxels, NDArray[np.bool_]]]:
    """Yield, per position in a bin, the voxels there and whether they exist."""
    for position in itertools.product(*(range(factor) for factor in factors)):
        values, present = block, np.ones((1,) * block.ndim, bool)
        for axis, (step, factor) in enumerate(zip(position, factors, strict=True)):
            size = block.shape[axis]
            index = np.arange(0, size, factor) + step
            side = [1] * block.ndim
            side[axis] = len(index)
            present = present & (index < size).reshape(side)
            if factor > 1:
                values = values.take(np.where(index < size, index, index - step), axis=axis)
        yield values, present


@dataclass(frozen=True, eq=False)
class BinnedSource:
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

    source: VoxelSource
    factors: tuple[int, ...]
    kind: BinKind

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis of the coarse level."""
        return binned_shape(self.source.shape, self.factors)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type of the finer level."""
        return self.source.dtype

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

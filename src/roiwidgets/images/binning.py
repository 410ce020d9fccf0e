"""Bins of voxels as single voxels, in the data type of the image: how a level is made."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import ImageError
from roiwidgets.images.sources import Voxels

BinKind = Literal["mean", "mode", "nearest"]
Downsampling = Literal["mean", "mode", "nearest", "gaussian"]
"""How levels that are written are made; ``gaussian`` smooths before the mean."""

SLAB_VOXELS = 2**18
"""Voxels binned together: their sums stay in a 2 MB cache."""


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
        only bins of nothing but NaN, or of both infinities, are NaN. ``mode``: the
        most frequent value, the larger one of equals, so that thin labels do not
        vanish into the background 0. ``nearest``: the voxel at, or just before, the
        bin's centre.

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
    result = np.empty(binned_shape(block.shape, factors), block.dtype)
    rows = max(1, SLAB_VOXELS * len(block) // max(block.size, 1) // factors[0])
    for start in range(0, len(result), rows):
        slab = block[start * factors[0] : (start + rows) * factors[0]]
        average = _integer_means if _can_shift(slab, factors) else _float_means
        result[start : start + rows] = average(slab, factors)
    return result


def _can_shift(block: Voxels, factors: tuple[int, ...]) -> bool:
    """Tell whether bins are whole, and sums of them can be divided by shifting bits."""
    count = int(np.prod(factors))
    return (
        block.dtype.kind in "iu"
        and block.dtype.itemsize < 8
        and count & (count - 1) == 0
        and _has_whole_bins(block, factors)
    )


def _has_whole_bins(block: Voxels, factors: tuple[int, ...]) -> bool:
    return not any(size % factor for size, factor in zip(block.shape, factors, strict=True))


def _integer_means(block: Voxels, factors: tuple[int, ...]) -> Voxels:
    """Return the means of whole bins of 2, 4, 8 ... integers, rounded half to even."""
    count = int(np.prod(factors))
    # one bit more than sums need, for what is added to round them
    sums = cast("NDArray[np.int64]", _bin_sums(block, factors, _sum_dtype(block.dtype, 2 * count)))
    shift = count.bit_length() - 1
    is_odd = (sums >> shift) & 1
    sums += is_odd
    sums += count // 2 - 1
    sums >>= shift
    return cast("Voxels", sums)


def _float_means(block: Voxels, factors: tuple[int, ...]) -> Voxels:
    counts = (
        np.array(np.prod(factors), np.float64)
        if _has_whole_bins(block, factors)
        else _bin_counts(block.shape, factors)
    )
    if block.dtype.kind == "f":
        missing = np.isnan(block)
        if missing.any():
            block = np.where(missing, 0, block)
            counts = counts - _bin_sums(missing, factors, np.dtype(np.float64))
    # 0 / 0 of a bin without numbers is the NaN we want, and so is inf - inf
    with np.errstate(invalid="ignore", over="ignore"):
        sums = _bin_sums(block, factors, _sum_dtype(block.dtype, int(np.prod(factors))))
        means = np.divide(sums, counts, dtype=np.float64)
    return round_to(means, block.dtype)


def round_to(values: NDArray[np.float64], dtype: np.dtype[np.generic]) -> Voxels:
    """Return values in a data type; integers are rounded half to even, in place.

    Values lie in the range of the data type, except for what float64 adds to the
    largest 64-bit integers.
    """
    if dtype.kind == "f":
        return values.astype(dtype)
    np.rint(values, out=values)
    if dtype.itemsize == 8:  # float64 rounds the largest integers up, out of range
        lowest, highest = (-(2.0**63), 2.0**63) if dtype.kind == "i" else (0.0, 2.0**64)
        np.clip(values, lowest, np.nextafter(highest, 0), out=values)
    return values.astype(dtype)


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
        parts = [
            sums[(*lead, slice(i, None, factor))] for i in range(min(factor, sums.shape[axis]))
        ]
        if len(parts) > 1 and parts[0].shape == parts[1].shape:
            total = np.add(parts[0], parts[1], dtype=dtype)
            del parts[:2]
        else:
            total = parts.pop(0).astype(dtype)
        for part in parts:
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
    members = list(_bin_members(block, factors))
    result = members[0][0].copy()
    mixed = np.zeros(result.shape, bool)
    for values, present in members[1:]:
        mixed |= (values != result) & present
    candidates = np.stack([values[mixed] for values, _ in members])
    votes = np.zeros(candidates.shape, np.min_scalar_type(len(members)))
    if _has_whole_bins(block, factors):
        for values in candidates:
            votes += candidates == values
    else:
        present = np.stack([np.broadcast_to(there, result.shape)[mixed] for _, there in members])
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
            if size % factor == 0:
                values = values[(slice(None),) * axis + (slice(step, None, factor),)]
                continue
            index = np.arange(0, size, factor) + step
            side = [1] * block.ndim
            side[axis] = len(index)
            present = present & (index < size).reshape(side)
            values = values.take(np.where(index < size, index, index - step), axis=axis)
        yield values, present

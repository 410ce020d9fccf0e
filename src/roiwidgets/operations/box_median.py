"""The exact median over a box, in plain numpy, for integers of 8 and 16 bits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roiwidgets.operations.inside import surroundings, whole_of
from roiwidgets.operations.operation import Box, Voxels

Counts: TypeAlias = "NDArray[np.unsignedinteger[Any]]"
Mask: TypeAlias = "NDArray[np.bool_]"

TILE = {2: (384, 384), 3: (24, 48, 96)}
"""Voxels computed together: small enough that a few arrays of them stay in a 2 MB cache."""

MOST_IN_A_BYTE = 255


def box_median(array: Voxels, radius: int, inside: Box | None = None) -> Voxels:
    """Return the median over a box of ``2 * radius + 1`` voxels a side, edges repeated.

    Parameters
    ----------
    array
        uint8, uint16 or int16; 2-D or 3-D.
    radius
        Voxels, 1 to 16: counts of up to 33^3 voxels are held in 16 bits.
    inside
        Box of the array to compute; None for all of it.

    Returns
    -------
    array of the box, of the type of ``array``
        Bit for bit what ``itk.MedianImageFilter`` and
        ``scipy.ndimage.median_filter(mode="nearest")`` define: the number of voxels
        in a box is odd, so the median is one of their values.

    Notes
    -----
    The median is at least ``c`` where more than half of the box is: threshold
    decomposition (Fitch, Coyle and Gallagher 1984). Its bits are found from the
    highest to the lowest (Danielsson, "Getting the median faster", 1981), so 8 or 16
    decisions per voxel are enough, whatever the image shows. The first bits have few
    candidates, for each of which all boxes are counted by sums along one axis after
    the other; for the last bits each voxel's own candidate is compared with its
    neighbours. 50 ns per voxel of uint8 at radius 2, where ITK takes 1060.
    """
    padded = surroundings(array, inside or whole_of(array), radius)
    result = np.empty([size - 2 * radius for size in padded.shape], array.dtype)
    # long rows waste least; a box has the same voxels whichever axis comes first
    order = np.argsort(result.shape, kind="stable")
    turned, given = result.transpose(order), padded.transpose(order)
    for tile in _tiles(turned.shape):
        outer = tuple(slice(side.start, side.stop + 2 * radius) for side in tile)
        turned[tile] = _median_inside(given[outer], radius)
    return result


def _tiles(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    sides = (
        [slice(start, min(start + step, size)) for start in range(0, size, step)]
        for size, step in zip(shape, TILE[len(shape)], strict=True)
    )
    return itertools.product(*sides)


def _median_inside(tile: Voxels, radius: int) -> Voxels:
    """Return the medians of the boxes that lie inside a tile."""
    inner = tuple(slice(0, size - 2 * radius) for size in tile.shape)
    lowest, highest = tile.min(), tile.max()
    span = int(highest) - int(lowest)
    if span == 0:
        return tile[inner]
    # differences from the lowest value need fewer bits; those of int16 wrap, and wrap back
    values = (tile - lowest).astype(np.uint8 if span <= MOST_IN_A_BYTE else np.uint16)
    medians = _search_bits(_Boxes(values.ravel(), values.shape, 2 * radius + 1), span)
    result = np.zeros(tile.size, tile.dtype)
    result[: medians.size] = medians
    np.add(result, lowest, out=result)
    return result.reshape(tile.shape)[inner]


@dataclass(frozen=True, slots=True)
class _Boxes:
    """All boxes of a tile, by the place of their first voxel in memory.

    The tile is one line of memory: the line shifted by a fixed number of voxels holds
    the same neighbour of all boxes. Boxes that run over the end of a row are computed
    as well, and ignored later: whole lines are what numpy is fast at.

    Parameters
    ----------
    values
        Voxels of the tile, 1-D and unsigned.
    shape
        Of the tile.
    width
        Voxels along each side of a box.
    """

    values: Counts
    shape: tuple[int, ...]
    width: int

    @property
    def strides(self) -> list[int]:
        """Voxels in memory from one voxel to the next, last axis first."""
        return [1, *itertools.accumulate(self.shape[:0:-1], int.__mul__)]

    @property
    def count(self) -> int:
        """Boxes, those over the end of a row included."""
        return self.values.size - (self.width - 1) * sum(self.strides)

    @property
    def members(self) -> int:
        """Voxels of a box."""
        return int(self.width ** len(self.shape))

    @property
    def affordable(self) -> int:
        """Candidates that are counted one by one as cheaply as neighbours are compared."""
        operations = 4 + len(self.shape) * (1 + self.width // 2)
        return 2 * self.members // operations

    def offsets(self) -> Iterator[int]:
        """Yield the place of each voxel of a box, relative to the first."""
        steps = [range(0, self.width * stride, stride) for stride in self.strides]
        return (sum(step) for step in itertools.product(*steps))

    def reach(self, threshold: int) -> Mask:
        """Tell for each box whether its median is at least ``threshold``."""
        counts: Counts = (self.values >= threshold).view(np.uint8)
        most = 1
        for stride in self.strides:
            most *= self.width
            if most > MOST_IN_A_BYTE:
                counts = counts.astype(np.uint16, copy=False)
            counts = _sum_along(counts, self.width, stride)
        return counts > self.members // 2

    def reach_own(self, thresholds: Counts) -> Mask:
        """Tell for each box whether its median is at least its own threshold."""
        total: Counts = np.zeros(self.count, np.min_scalar_type(self.members))
        counts = np.empty(self.count, np.uint8)
        reached = np.empty(self.count, bool)
        offsets = self.offsets()
        while group := list(itertools.islice(offsets, MOST_IN_A_BYTE)):
            counts[:] = 0
            for offset in group:
                neighbours = self.values[offset : offset + self.count]
                np.greater_equal(neighbours, thresholds, out=reached)
                np.add(counts, reached.view(np.uint8), out=counts)
            total += counts
        return total > self.members // 2


def _search_bits(boxes: _Boxes, highest: int) -> Counts:
    """Return the medians of all boxes, whose values go from 0 to ``highest``."""
    medians = np.zeros(boxes.count, boxes.values.dtype)
    known = [0]  # the values that medians have so far
    for bit in reversed(range(highest.bit_length())):
        step = medians.dtype.type(1 << bit)
        if len(known) <= boxes.affordable:
            is_set, known = _next_bit(boxes, medians, known, int(step))
        else:
            is_set = boxes.reach_own(medians | step)
        medians |= is_set * step
    return medians


def _next_bit(
    boxes: _Boxes, medians: Counts, known: list[int], step: int
) -> tuple[Mask, list[int]]:
    """Return where medians are larger by a bit, and the values they have with it."""
    is_set = np.zeros(boxes.count, bool)
    found = []
    for value in known:
        here = medians == value
        before = np.count_nonzero(here)
        here &= boxes.reach(value + step)
        after = np.count_nonzero(here)
        is_set |= here
        if after < before:
            found.append(value)
        if after > 0:
            found.append(value + step)
    return is_set, found


def _sum_along(values: Counts, width: int, stride: int) -> Counts:
    """Return the sums of ``width`` values, ``stride`` apart, from each place on.

    Sums of 1, 2, 4 ... values are doubled, and put together as the bits of ``width``
    say: three additions for five values.
    """
    power, size = values, 1
    total, done = values, 1  # a width is odd: its last bit is set
    while done < width:
        power = power[: -size * stride] + power[size * stride :]
        size *= 2
        if width & size:
            added = power[done * stride :]
            total = total[: added.size] + added
            done += size
    return total

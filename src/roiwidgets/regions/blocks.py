"""Cut an array into blocks, and blocks into what is read and what is written."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Slices = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A box that is written, and the larger box that must be read for it.

    Parameters
    ----------
    inner
        What is written.
    outer
        ``inner`` grown by the halo and clipped at the border of the array.
    """

    inner: Slices
    outer: Slices

    @property
    def start(self) -> tuple[int, ...]:
        """First index of what is written."""
        return tuple(s.start for s in self.inner)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what is written."""
        return shape_of(self.inner)

    @property
    def trim(self) -> Slices:
        """Slices that cut ``inner`` out of an array read at ``outer``."""
        return relative_to(self.inner, self.outer)


def cut_into_blocks(
    box: Slices, block_shape: tuple[int, ...], halo: tuple[int, ...], shape: tuple[int, ...]
) -> Iterator[Block]:
    """Yield blocks that tile a box, in C order.

    Parameters
    ----------
    box
        What is tiled; blocks are aligned to multiples of ``block_shape`` from its start.
    block_shape
        Largest shape of a block, >= 1 along every axis.
    halo
        Voxels that are read on each side, clipped at the border of the array.
    shape
        Shape of the whole array.

    Examples
    --------
    >>> [b.outer for b in cut_into_blocks((slice(0, 5),), (3,), (1,), (5,))]
    [(slice(0, 4, None),), (slice(2, 5, None),)]
    """
    ranges = [
        [slice(i, min(i + step, side.stop)) for i in range(side.start, side.stop, step)]
        for side, step in zip(box, block_shape, strict=True)
    ]
    for inner in itertools.product(*ranges):
        yield Block(inner, grow(inner, halo, shape))


def grow(box: Slices, halo: tuple[int, ...], shape: tuple[int, ...]) -> Slices:
    """Return a box grown by a halo on each side, clipped at the border of the array."""
    return tuple(
        slice(max(0, side.start - h), min(size, side.stop + h))
        for side, h, size in zip(box, halo, shape, strict=True)
    )


def relative_to(box: Slices, outer: Slices) -> Slices:
    """Return the slices of ``box`` in an array that begins where ``outer`` does."""
    return tuple(
        slice(side.start - base.start, side.stop - base.start)
        for side, base in zip(box, outer, strict=True)
    )


def shape_of(box: Slices) -> tuple[int, ...]:
    """Return the shape of a box."""
    return tuple(side.stop - side.start for side in box)


def contains(outer: Slices, box: Slices) -> bool:
    """Tell whether a box lies inside another."""
    return all(
        big.start <= side.start and side.stop <= big.stop
        for big, side in zip(outer, box, strict=True)
    )


def bounding_box(boxes: Sequence[Slices]) -> Slices:
    """Return the smallest box that holds all of some boxes.

    Examples
    --------
    >>> bounding_box([(slice(0, 3),), (slice(5, 6),)])
    (slice(0, 6, None),)
    """
    return tuple(
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*boxes, strict=True)
    )

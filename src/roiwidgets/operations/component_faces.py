"""Where components of neighbouring blocks touch: numbers on faces, no volumes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Voxels: TypeAlias = "NDArray[np.generic]"
Ids: TypeAlias = "NDArray[np.uint32]"
Offset: TypeAlias = "tuple[int, ...]"
Side: TypeAlias = "tuple[int, int]"
"""An axis, and 0 for its low or 1 for its high end."""


@dataclass(frozen=True, slots=True)
class Face:
    """The outermost voxels of a block on one side.

    Parameters
    ----------
    ids
        Numbers of components inside the block, 0 for the background.
    values
        What was labelled: components go on where values are equal.
    """

    ids: Ids
    values: Voxels


def faces_of(ids: Ids, values: Voxels) -> dict[Side, Face]:
    """Return the faces of a block, copied."""
    faces = {}
    for axis in range(ids.ndim):
        for end, index in ((0, 0), (1, -1)):
            here = (slice(None),) * axis + (index,)
            faces[axis, end] = Face(ids[here].copy(), values[here].copy())
    return faces


def neighbour_offsets(ndim: int, *, is_full: bool) -> Iterator[Offset]:
    """Yield half of the directions to neighbouring blocks: each pair of blocks once.

    Examples
    --------
    >>> list(neighbour_offsets(2, is_full=False))
    [(0, 1), (1, 0)]
    >>> list(neighbour_offsets(2, is_full=True))
    [(0, 1), (1, -1), (1, 0), (1, 1)]
    """
    for offset in itertools.product((-1, 0, 1), repeat=ndim):
        steps = [step for step in offset if step]
        if steps and steps[0] > 0 and (is_full or len(steps) == 1):
            yield offset


def touching_ids(
    first: Mapping[Side, Face], second: Mapping[Side, Face], offset: Offset, *, is_full: bool
) -> NDArray[np.int64]:
    """Return which components of a block are those of a neighbour.

    Parameters
    ----------
    first, second
        Faces of both blocks.
    offset
        Where the second block lies, in blocks, seen from the first; the first step
        that is not 0 is 1.
    is_full
        Whether voxels that share an edge or a corner belong together.

    Returns
    -------
    int64 array of shape (pairs, 2)
        Numbers in the first and in the second block, each pair once.
    """
    axis = next(i for i, step in enumerate(offset) if step)
    across = offset[:axis] + offset[axis + 1 :]
    a, b = first[axis, 1], second[axis, 0]
    near, far = tuple(map(_near, across)), tuple(map(_far, across))
    a, b = Face(a.ids[near], a.values[near]), Face(b.ids[far], b.values[far])
    moves = [(-1, 0, 1) if is_full and step == 0 else (0,) for step in across]
    found = [_pairs(a, b, move) for move in itertools.product(*moves)]
    keys = np.unique(np.concatenate(found))
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1)


def _near(step: int) -> slice:
    """Return the part of the first block's face that a neighbour in a direction touches."""
    return {0: slice(None), 1: slice(-1, None), -1: slice(0, 1)}[step]


def _far(step: int) -> slice:
    return _near(-step)


def _pairs(first: Face, second: Face, move: Offset) -> NDArray[np.int64]:
    """Return pairs of numbers, as one integer each, of voxels that lie ``move`` apart."""
    here = tuple(
        slice(max(0, -step), size - max(0, step))
        for step, size in zip(move, first.ids.shape, strict=True)
    )
    there = tuple(
        slice(max(0, step), size - max(0, -step))
        for step, size in zip(move, first.ids.shape, strict=True)
    )
    a, b = first.ids[here], second.ids[there]
    touch = (a > 0) & (b > 0) & (first.values[here] == second.values[there])
    keys: NDArray[np.int64] = (a[touch].astype(np.int64) << 32) | b[touch].astype(np.int64)
    return np.unique(keys)

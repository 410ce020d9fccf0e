"""Join the components of neighbouring blocks by what stands in their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from roiwidgets.engine.component_worker import read_faces
from roiwidgets.engine.places import Kept
from roiwidgets.operations.component_faces import (
    Face,
    Offset,
    Side,
    neighbour_offsets,
    touching_ids,
)
from roiwidgets.operations.components import Components

BlockFiles: TypeAlias = "Mapping[Offset, Kept]"
"""What is kept of each block of a volume, by its place in the grid of blocks, in C order."""

FACES_KEPT = 64
"""Blocks whose faces are held at once while neighbours are compared."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The components of a volume.

    Parameters
    ----------
    components
        What is known of each.
    parts
        Component of each part that a block has, block by block.
    offsets
        Where the parts of each block begin in ``parts``, and where the last ends.
    """

    components: Components
    parts: NDArray[np.int64]
    offsets: tuple[int, ...]


def join_blocks(files: BlockFiles, *, is_full: bool, check: Callable[[], None]) -> Joined:
    """Return the components that the parts of all blocks make.

    Parameters
    ----------
    files
        What ``label_block`` wrote.
    is_full
        Whether voxels that share an edge or a corner belong together.
    check
        Called for each block; raises to stop.

    Notes
    -----
    Memory is that of a few numbers per part, of the pairs of parts that touch, and of
    the faces of a few blocks.
    """
    sizes, firsts = _read_all(files)
    offsets = np.concatenate([[0], np.cumsum([part.size for part in sizes])]).astype(np.int64)
    starts = dict(zip(files, map(int, offsets[:-1]), strict=True))
    pairs, border = _pairs(files, starts, is_full=is_full, check=check)
    count, parts = _union(int(offsets[-1]), pairs)
    joined_sizes, joined_firsts = np.zeros(count, np.int64), np.full(count, 2**62, np.int64)
    np.add.at(joined_sizes, parts, np.concatenate(sizes))
    np.minimum.at(joined_firsts, parts, np.concatenate(firsts))
    at_border = np.zeros(count, bool)
    at_border[parts[border]] = True
    components = Components(joined_sizes, joined_firsts, at_border)
    return Joined(components, parts, tuple(int(offset) for offset in offsets))


def _read_all(files: BlockFiles) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """Return sizes and first voxels of the parts, block by block."""
    sizes, firsts = [], []
    for kept in files.values():
        size, first = kept.read_arrays("sizes", "firsts")
        sizes.append(size)
        firsts.append(first)
    return sizes, firsts


def _pairs(
    files: BlockFiles, starts: Mapping[Offset, int], *, is_full: bool, check: Callable[[], None]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of parts that touch, and the parts at the border of the volume."""
    ndim = len(next(iter(files)))
    grid = tuple(max(place[axis] for place in files) + 1 for axis in range(ndim))

    @lru_cache(maxsize=FACES_KEPT)
    def faces_at(place: Offset) -> dict[Side, Face]:
        return read_faces(files[place], ndim)

    pairs: list[NDArray[np.int64]] = [np.zeros((0, 2), np.int64)]
    border: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for place in files:
        check()
        for offset in neighbour_offsets(ndim, is_full=is_full):
            there = tuple(a + step for a, step in zip(place, offset, strict=True))
            if there in files:
                found = touching_ids(faces_at(place), faces_at(there), offset, is_full=is_full)
                pairs.append(found - 1 + np.array([starts[place], starts[there]]))
        for side in _outer_sides(place, grid):
            ids = np.unique(faces_at(place)[side].ids).astype(np.int64)
            border.append(ids[ids > 0] - 1 + starts[place])
    return np.concatenate(pairs), np.concatenate(border)


def _outer_sides(place: Offset, grid: Offset) -> Iterator[Side]:
    for axis, (index, count) in enumerate(zip(place, grid, strict=True)):
        if index == 0:
            yield axis, 0
        if index == count - 1:
            yield axis, 1


def _union(count: int, pairs: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Return how many sets there are, and the set of each of ``count`` parts."""
    if not len(pairs):
        return count, np.arange(count)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = (np.ones(len(pairs), np.uint8), (pairs[:, 0], pairs[:, 1]))
    graph = coo_array(edges, shape=(count, count))
    sets, parts = connected_components(graph, directed=False)
    return int(sets), parts.astype(np.int64)

"""Whether the chunks of an image are stored, can be decoded, and were not lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from roiwidgets.engine.findings import Finding, one_line
from roiwidgets.regions.blocks import Slices

if TYPE_CHECKING:
    from typing import Any

    import zarr

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

SAMPLED_CHUNKS = 8
"""Chunks of each scale that are decoded unless all are asked for."""

SAMPLED_LOSSES = 64
"""Chunks that are not stored of which it is looked up whether they are empty."""

NAMED_CHUNKS = 3
"""Chunks that are named where more are broken."""

Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoredScale:
    """The array of a scale, and which of its chunks there are.

    Parameters
    ----------
    array
        The opened array.
    keys
        Keys of what is stored, relative to the array.
    """

    array: ZarrArray
    keys: frozenset[str]

    @property
    def indices(self) -> tuple[list[Index], list[Index]]:
        """Indices of the chunks (or shards) that are stored, and of those that are not."""
        sides = zip(self.array.shape, _sides_of(self.array), strict=True)
        counts = [-(-size // side) for size, side in sides]
        stored: list[Index] = []
        missing: list[Index] = []
        for index in itertools.product(*map(range, counts)):
            is_there = self.array.metadata.encode_chunk_key(index) in self.keys
            (stored if is_there else missing).append(index)
        return stored, missing


def check_chunks(number: int, scale: StoredScale, *, every_chunk: bool) -> Iterator[Finding]:
    """Count the chunks that are stored, and decode some or all of them.

    Parameters
    ----------
    number
        Of the scale, to be told of.
    scale
        Its array.
    every_chunk
        Whether all are decoded.
    """
    array = scale.array
    name = "chunks" if array.shards is None else "shards"
    stored, missing = scale.indices
    picked = stored if every_chunk else _spread(stored, SAMPLED_CHUNKS)
    broken = [problem for index in picked if (problem := _decode(array, index))]
    for text in broken[:NAMED_CHUNKS]:
        yield Finding("problem", f"scale {number}: {text}")
    if len(broken) > NAMED_CHUNKS:
        rest = len(broken) - NAMED_CHUNKS
        yield Finding("problem", f"scale {number}: {rest} more {name} cannot be decoded")
    if missing:
        total = len(stored) + len(missing)
        yield Finding(
            "note",
            f"scale {number}: {len(missing)} of {total} {name} are not stored; they read as "
            f"{array.fill_value}, as empty space does",
        )
    if not broken:
        yield Finding("ok", f"scale {number}: {len(picked)} of {len(stored)} stored {name} decoded")


def check_lost(number: int, scale: StoredScale, coarser: StoredScale) -> Iterator[Finding]:
    """Look whether chunks that are not stored are empty in the next scale, too."""
    _, missing = scale.indices
    lost, unread = [], []
    for index in _spread(missing, SAMPLED_LOSSES):
        box = _binned(_box(scale.array, index), scale.array.shape, coarser.array.shape)
        try:
            holds_something = bool(
                (np.asarray(coarser.array[box]) != coarser.array.fill_value).any()
            )
        except Exception as error:  # noqa: BLE001 # whatever a codec raises is a finding
            unread.append(one_line(f"scale {number + 1} cannot be decoded at {box}: {error}"))
        else:
            lost += [index] if holds_something else []
    for text in unread[:1]:
        yield Finding("problem", text)
    if lost:
        yield Finding(
            "problem",
            f"scale {number}: the chunk {lost[0]} was lost: it is missing, but scale {number + 1} "
            f"is not empty there; so are {len(lost)} of {min(len(missing), SAMPLED_LOSSES)} "
            "missing ones that were looked at; promote again",
        )


def _sides_of(array: ZarrArray) -> tuple[int, ...]:
    """Return the shape of what is stored as one file."""
    return array.shards or array.chunks


def _box(array: ZarrArray, index: Index) -> Slices:
    sides = zip(index, _sides_of(array), array.shape, strict=True)
    return tuple(slice(i * side, min((i + 1) * side, size)) for i, side, size in sides)


def _binned(box: Slices, shape: Sequence[int], coarse: Sequence[int]) -> Slices:
    """Return the voxels of the coarser scale that lie wholly inside a box of the finer one."""
    result = []
    for side, size, coarse_size in zip(box, shape, coarse, strict=True):
        factor = -(-size // coarse_size)
        stop = coarse_size if side.stop == size else side.stop // factor
        result.append(slice(-(-side.start // factor), stop))
    return tuple(result)


def _spread(indices: list[tuple[int, ...]], count: int) -> list[tuple[int, ...]]:
    """Return at most ``count`` entries, the first and the last among them."""
    if len(indices) <= count:
        return indices
    return [indices[i] for i in np.linspace(0, len(indices) - 1, count).astype(int)]


def _decode(array: ZarrArray, index: Index) -> str:
    """Return what is wrong about a chunk, or nothing."""
    try:
        array[_box(array, index)]
    except Exception as error:  # noqa: BLE001 # whatever a codec raises is a finding
        return one_line(f"the chunk {index} cannot be decoded: {error}")
    return ""

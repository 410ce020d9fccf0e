"""What a worker does to label one block, and how labelled blocks are read with their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from roiwidgets.engine.claims import Claim
from roiwidgets.engine.places import Kept
from roiwidgets.engine.worker import BlockInput
from roiwidgets.images.output_arrays import OutputArray
from roiwidgets.images.source_view import SourceView
from roiwidgets.images.sources import Slices, Voxels
from roiwidgets.operations.component_faces import Face, Side, faces_of
from roiwidgets.operations.components import ByComponents, is_full, label, look_up
from roiwidgets.operations.parameters import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTask(BlockInput):
    """One block to label.

    Parameters
    ----------
    claim
        Shows whether the promotion that made this task still owns the output.
    function, values
        Whose components these are.
    volume_shape
        Of the spatial axes of the image.
    scratch
        Zarr array of numbers inside blocks, memory order.
    kept
        Where what is known of the components goes.
    """

    claim: Claim
    function: ByComponents
    values: Mapping[str, Value]
    volume_shape: tuple[int, ...]
    scratch: OutputArray
    kept: Kept


def label_block(task: LabelTask) -> int:
    """Label a block; write its numbers, sizes and faces; return how many components it has."""
    labelled = np.ascontiguousarray(task.function.labelled(task.result()))
    ids, components = label(labelled, is_full=is_full(task.values))
    task.claim.check()
    array = task.scratch.open_to_write()
    array.write_whole_chunks(task.block.inner, ids.reshape(task.block.shape))
    arrays = {"sizes": components.sizes, "firsts": _in_volume(components.firsts, task)}
    for (axis, end), face in faces_of(ids, labelled).items():
        arrays |= {f"ids-{axis}-{end}": face.ids, f"values-{axis}-{end}": face.values}
    task.kept.write_arrays(arrays)
    task.claim.note(task.key)
    return int(components.sizes.size)


def read_faces(kept: Kept, ndim: int) -> dict[Side, Face]:
    """Return the faces that ``label_block`` wrote."""
    sides = [(axis, end) for axis in range(ndim) for end in (0, 1)]
    names = [f"{kind}-{axis}-{end}" for kind in ("ids", "values") for axis, end in sides]
    arrays = kept.read_arrays(*names)
    ids, values = arrays[: len(sides)], arrays[len(sides) :]
    return {side: Face(*face) for side, *face in zip(sides, ids, values, strict=True)}


def _in_volume(firsts: Voxels, task: LabelTask) -> Voxels:
    """Return positions in a block as positions in its volume."""
    shape = [task.block.shape[axis] for axis in task.spatial]
    start = [task.block.start[axis] for axis in task.spatial]
    indices = np.unravel_index(firsts.astype(np.int64), shape)
    moved = [index + first for index, first in zip(indices, start, strict=True)]
    position = np.zeros(firsts.shape, np.int64)
    for index, size in zip(moved, task.volume_shape, strict=True):
        position = position * size + index
    return position


@dataclass(frozen=True, slots=True)
class NumberedSource(SourceView):
    """A labelled block, read with the final values of its components.

    Parameters
    ----------
    source
        Array of numbers inside blocks.
    table
        Values of all components, uint32, block by block.
    start, count
        Where those of this block stand in the table.
    background
        Value where there is no component.
    """

    table: Kept
    start: int
    count: int
    background: int

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the values."""
        return np.dtype(np.uint32)

    def read(self, slices: Slices) -> Voxels:
        """Return the values in ``slices``, which lie inside the block."""
        ids = self.source.read(slices).astype(np.uint32, copy=False)
        if not self.count:
            return look_up(ids, self.background, np.zeros(0, np.uint32))
        size = np.dtype(np.uint32).itemsize
        stop = self.start + self.count
        data = self.table.place.read_part(self.table.name, size * self.start, size * stop)
        numbers = np.frombuffer(data, np.uint32)
        return look_up(ids, self.background, numbers)

    def restrict(self, slices: Slices) -> NumberedSource:  # noqa: ARG002 - a location is small already
        """Return the source itself."""
        return self

"""Connected components of whole volumes: label blocks, join them over their faces.

Numbers inside blocks go to an array beside the image; sizes, first voxels and faces are
kept for each block. They are joined in the calling process, block by
block. Then the pass that writes reads each block with the final value of its
components: two tasks for each block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import zarr
from zarr.codecs import BloscCodec

from roiwidgets.engine.component_join import BlockFiles, Joined, join_blocks
from roiwidgets.engine.component_worker import LabelTask, NumberedSource, label_block
from roiwidgets.engine.outputs import Output
from roiwidgets.engine.places import Kept, Place, read_bytes
from roiwidgets.engine.reduce_passes import Index, index_of
from roiwidgets.engine.task_runner import TaskRunner
from roiwidgets.engine.worker import BlockTask
from roiwidgets.images.output_arrays import OutputArray
from roiwidgets.operations.components import ByComponents, Numbers, is_full
from roiwidgets.operations.operation import Operation
from roiwidgets.regions.blocks import Block

PLACE = "components"
IDS = "ids"


@dataclass(frozen=True, slots=True)
class LabelledVolumes:
    """What the pass that writes needs, and what was found, for the provenance."""

    tasks: list[BlockTask]
    found: list[dict[str, object]]


def label_volumes(
    last: Operation,
    tasks: Sequence[BlockTask],
    chunks: tuple[int, ...],
    runner: TaskRunner,
    store: Output,
    *,
    finished: set[str],
) -> LabelledVolumes:
    """Label all volumes, each on its own.

    Parameters
    ----------
    last
        The operation on components.
    tasks
        Blocks to write; their operations are what comes before, None for nothing.
    chunks
        Of the array of numbers, all axes, memory order.
    runner, store
        Where tasks run, and where results are kept.
    finished
        Keys of blocks that an earlier run labelled.
    """
    place = store.work.inside(PLACE)
    scratch = _create_scratch(place, tasks[0].source.shape, chunks)
    labelling = [_label_task(last, task, scratch, place) for task in tasks]
    waiting = [task for task in labelling if task.key not in finished]
    runner.report.add(len(labelling) - len(waiting))
    runner.run(waiting, label_block, lambda _task, _count: None)
    written: dict[str, BlockTask] = {}
    found = []
    for index, group in _by_volume(tasks).items():
        joined = join_blocks(
            _files(group, place), is_full=is_full(last.values), check=runner.check_cancelled
        )
        background, numbers = _function(last).numbers(joined.components, last.values)
        table = _write_table(place, index, numbers[joined.parts])
        found.append(_describe(last, index, joined, numbers))
        for task, start, stop in zip(group, joined.offsets[:-1], joined.offsets[1:], strict=True):
            source = NumberedSource(scratch.source(), table, start, stop - start, background)
            inner = Block(task.block.inner, task.block.inner)
            written[task.key] = replace(task, source=source, operation=None, block=inner)
    return LabelledVolumes([written[task.key] for task in tasks], found)


def _function(last: Operation) -> ByComponents:
    assert isinstance(last.function, ByComponents)
    return last.function


def _create_scratch(place: Place, shape: tuple[int, ...], chunks: tuple[int, ...]) -> OutputArray:
    if read_bytes(place.inside(IDS), "zarr.json") is None:
        zarr.create_array(
            place.zarr_store(IDS),
            shape=shape,
            chunks=chunks,
            dtype="uint32",
            compressors=BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"),
            zarr_format=3,
            fill_value=0,
        )
    return place.array(IDS)


def _label_task(last: Operation, task: BlockTask, scratch: OutputArray, place: Place) -> LabelTask:
    return LabelTask(
        key=f"label:{','.join(map(str, task.block.start))}",
        title=f"{last.name} of blocks",
        claim=task.claim,
        source=task.source,
        block=task.block,
        spatial=task.spatial,
        spacing=task.spacing,
        operation=task.operation,
        function=_function(last),
        values=dict(last.values),
        volume_shape=tuple(task.source.shape[axis] for axis in task.spatial),
        scratch=scratch,
        kept=_kept_of(place, task),
    )


def _kept_of(place: Place, task: BlockTask) -> Kept:
    return Kept(place, f"{'-'.join(map(str, task.block.start))}.npz")


def _by_volume(tasks: Sequence[BlockTask]) -> dict[Index, list[BlockTask]]:
    groups: dict[Index, list[BlockTask]] = {}
    for task in tasks:
        groups.setdefault(index_of(task), []).append(task)
    return groups


def _files(tasks: Sequence[BlockTask], kept_in: Place) -> BlockFiles:
    """Return what is kept of each block by its place in the grid of blocks."""
    starts = [tuple(task.block.start[axis] for axis in task.spatial) for task in tasks]
    ranks = [
        {start: rank for rank, start in enumerate(sorted(set(along)))}
        for along in zip(*starts, strict=True)
    ]
    places = [tuple(rank[i] for rank, i in zip(ranks, start, strict=True)) for start in starts]
    return {place: _kept_of(kept_in, task) for place, task in zip(places, tasks, strict=True)}


def _write_table(place: Place, index: Index, values: Numbers) -> Kept:
    """Write the value of each part of each block of a volume."""
    table = f"numbers-{'-'.join(map(str, index))}"
    place.write(table, values.astype(np.uint32, copy=False).tobytes())
    return Kept(place, table)


def _describe(last: Operation, index: Index, joined: Joined, numbers: Numbers) -> dict[str, object]:
    """Return how many components were found, and how many of them have a value."""
    is_kept = numbers > 0
    return {
        "step": last.name,
        **({"volume": list(index)} if index else {}),
        "components": int(numbers.size),
        "kept": int(np.count_nonzero(is_kept)),
        "largest_kept": int(joined.components.sizes[is_kept].max(initial=0)),
    }

"""Connected components of whole volumes: label blocks, join them over their faces.

Numbers inside blocks go to an array in the partial folder; sizes, first voxels and
faces to a file for each block. They are joined in the calling process, block by
block. Then the pass that writes reads each block with the final value of its
components: two tasks for each block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import BloscCodec
from zarr.storage import LocalStore

from roiwidgets.engine.component_join import BlockFiles, Joined, join_blocks
from roiwidgets.engine.component_worker import LabelTask, NumberedSource, label_block
from roiwidgets.engine.output_store import OutputStore
from roiwidgets.engine.reduce_passes import Index, index_of
from roiwidgets.engine.task_runner import TaskRunner
from roiwidgets.engine.worker import BlockTask
from roiwidgets.images.sources import ZarrSource
from roiwidgets.operations.components import ByComponents, Numbers, is_full
from roiwidgets.operations.operation import Operation
from roiwidgets.regions.blocks import Block

FOLDER = "components"


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
    store: OutputStore,
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
    folder = store.work / FOLDER
    scratch = _create_scratch(folder, tasks[0].source.shape, chunks)
    labelling = [_label_task(last, task, scratch, folder) for task in tasks]
    waiting = [task for task in labelling if task.key not in finished]
    runner.report.add(len(labelling) - len(waiting))
    runner.run(waiting, label_block, lambda _task, _count: None)
    written: dict[str, BlockTask] = {}
    found = []
    for index, group in _by_volume(tasks).items():
        joined = join_blocks(
            _files(group, folder), is_full=is_full(last.values), check=runner.check_cancelled
        )
        background, numbers = _function(last).numbers(joined.components, last.values)
        table = _write_table(folder, index, numbers[joined.parts])
        found.append(_describe(last, index, joined, numbers))
        for task, start, stop in zip(group, joined.offsets[:-1], joined.offsets[1:], strict=True):
            source = NumberedSource(
                ZarrSource(scratch), str(table), start, stop - start, background
            )
            inner = Block(task.block.inner, task.block.inner)
            written[task.key] = replace(task, source=source, operation=None, block=inner)
    return LabelledVolumes([written[task.key] for task in tasks], found)


def _function(last: Operation) -> ByComponents:
    assert isinstance(last.function, ByComponents)
    return last.function


def _create_scratch(folder: Path, shape: tuple[int, ...], chunks: tuple[int, ...]) -> str:
    location = folder / "ids"
    if not (location / "zarr.json").is_file():
        folder.mkdir(exist_ok=True)
        zarr.create_array(
            LocalStore(location),
            shape=shape,
            chunks=chunks,
            dtype="uint32",
            compressors=BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"),
            zarr_format=3,
            fill_value=0,
        )
    return str(location)


def _label_task(last: Operation, task: BlockTask, scratch: str, folder: Path) -> LabelTask:
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
        file=str(_file_of(folder, task)),
    )


def _file_of(folder: Path, task: BlockTask) -> Path:
    return folder / f"{'-'.join(map(str, task.block.start))}.npz"


def _by_volume(tasks: Sequence[BlockTask]) -> dict[Index, list[BlockTask]]:
    groups: dict[Index, list[BlockTask]] = {}
    for task in tasks:
        groups.setdefault(index_of(task), []).append(task)
    return groups


def _files(tasks: Sequence[BlockTask], folder: Path) -> BlockFiles:
    """Return the file of each block by its place in the grid of blocks."""
    starts = [tuple(task.block.start[axis] for axis in task.spatial) for task in tasks]
    ranks = [
        {start: rank for rank, start in enumerate(sorted(set(along)))}
        for along in zip(*starts, strict=True)
    ]
    places = [tuple(rank[i] for rank, i in zip(ranks, start, strict=True)) for start in starts]
    return {place: _file_of(folder, task) for place, task in zip(places, tasks, strict=True)}


def _write_table(folder: Path, index: Index, values: Numbers) -> Path:
    """Write the value of each part of each block of a volume."""
    table = folder / f"numbers-{'-'.join(map(str, index))}.npy"
    unfinished = folder / f"new-{table.name}"
    np.save(unfinished, values)
    unfinished.replace(table)
    return table


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

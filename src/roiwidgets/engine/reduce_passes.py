"""Passes that gather: they turn a pipeline with global steps into a local one.

Each volume (time point and channel) is on its own. What a finished pass found is
kept in the partial folder: a resumed run does not gather it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from roiwidgets.engine.outputs import Output
from roiwidgets.engine.passes import joined, steps_of
from roiwidgets.engine.places import Kept, Place, read_json, write_json
from roiwidgets.engine.reduce_worker import ReduceTask, kept_part, reduce_block
from roiwidgets.engine.task_runner import TaskRunner
from roiwidgets.engine.worker import BlockTask, SharedOperation
from roiwidgets.operations.operation import Dtype, Operation, Pipeline
from roiwidgets.operations.reductions import Part, ReducesFirst, Reduction
from roiwidgets.regions.blocks import Block, grow

Index = tuple[int, ...]
Stored = dict[str, dict[str, int | float]]


@dataclass(slots=True)
class VolumeInPasses:
    """One volume on the way to its local operation.

    Parameters
    ----------
    index
        Time point and channel, as far as the image has them.
    steps
        Of the pipeline; global ones are replaced as soon as all about them is found.
    dtype
        Data type of the image.
    found
        What is known of the first global step.
    record
        What was found, for the provenance.
    """

    index: Index
    steps: list[Operation]
    dtype: Dtype
    found: dict[str, int | float] = field(default_factory=dict)
    record: list[dict[str, object]] = field(default_factory=list)

    def next_reduction(self) -> tuple[Operation | Pipeline | None, Reduction] | None:
        """Return what is to be gathered next, and what stands before it; None if nothing."""
        dtype = self.dtype
        for number, step in enumerate(self.steps):
            function = step.function
            if isinstance(function, ReducesFirst):
                answer = function.next_step(dtype, step.values, self.found)
                if isinstance(answer, Reduction):
                    return joined(tuple(self.steps[:number])), answer
                self._replace(number, answer)
            dtype = step.output_dtype(dtype)
        return None

    def _replace(self, number: int, local: Operation) -> None:
        volume = {"volume": list(self.index)} if self.index else {}
        self.record.append({"step": self.steps[number].name, **volume, **self.found})
        self.steps[number] = local
        self.found = {}


def volumes_of(operation: Operation | Pipeline, tasks: Sequence[BlockTask]) -> list[VolumeInPasses]:
    """Return the volumes that blocks belong to, in their order."""
    dtype = tasks[0].source.dtype
    indices = dict.fromkeys(index_of(task) for task in tasks)
    return [VolumeInPasses(index, list(steps_of(operation)), dtype) for index in indices]


def index_of(task: BlockTask) -> Index:
    """Return the time point and channel of a block."""
    return tuple(start for axis, start in enumerate(task.block.start) if axis not in task.spatial)


def gather(
    volumes: Sequence[VolumeInPasses],
    tasks: Sequence[BlockTask],
    runner: TaskRunner,
    store: Output,
    *,
    passes: int,
) -> None:
    """Run the reductions of all volumes until no step is global by a reduction.

    Parameters
    ----------
    volumes
        Changed in place.
    tasks
        Blocks of the pass that will write.
    runner, store
        Where tasks run, and where results are kept.
    passes
        Passes that were announced; those that prove needless count as done.
    """
    stage = 0
    while pending := _pending(volumes):
        name = f"reduction-{stage}"
        known = cast("Stored | None", read_json(store.notes, f"{name}.json"))
        if known is None:
            place = store.work.inside(name)
            known = _run_stage(name, place, pending, tasks, runner)
            write_json(store.notes, f"{name}.json", known)
            place.remove()
        else:
            runner.report.add(len(tasks))
        for volume in volumes:
            volume.found |= known.get(_name(volume.index), {})
        stage += 1
    runner.report.add(len(tasks) * (passes - stage))


Pending = dict[Index, tuple[Operation | Pipeline | None, Reduction]]


def _pending(volumes: Sequence[VolumeInPasses]) -> Pending:
    asked = {volume.index: volume.next_reduction() for volume in volumes}
    return {index: answer for index, answer in asked.items() if answer is not None}


def _run_stage(
    name: str, place: Place, pending: Pending, tasks: Sequence[BlockTask], runner: TaskRunner
) -> Stored:
    """Run one reduction for each volume that needs one; return what is found, by volume.

    Parts are kept in ``place`` until all are there.
    """
    merging = {index: _Merge(reduction) for index, (_, reduction) in pending.items()}
    reduce_tasks = _reduce_tasks(name, place, pending, tasks)
    order = {task.key: number for number, (_, task) in enumerate(reduce_tasks)}
    owner = {task.key: index for index, task in reduce_tasks}
    for index, task in reduce_tasks:
        merging[index].expect(order[task.key])

    def collect(task: ReduceTask, part: Part) -> None:
        merging[owner[task.key]].add(order[task.key], part)

    waiting = []
    for _, task in reduce_tasks:
        part = kept_part(task)
        if part is None:
            waiting.append(task)
        else:
            collect(task, part)
    runner.report.add(len(tasks) - len(waiting))
    runner.run(waiting, reduce_block, collect)
    return {_name(index): merge.finish() for index, merge in merging.items()}


class _Merge:
    """Merges parts in the order of their blocks, whatever the order of their end."""

    def __init__(self, reduction: Reduction) -> None:
        self._reduction = reduction
        self._expected: list[int] = []
        self._next = 0
        self._waiting: dict[int, Part] = {}
        self._merged: Part | None = None

    def expect(self, number: int) -> None:
        self._expected.append(number)

    def add(self, number: int, part: Part) -> None:
        self._waiting[number] = part
        while self._next < len(self._expected) and self._expected[self._next] in self._waiting:
            part = self._waiting.pop(self._expected[self._next])
            merge = self._reduction.merge
            self._merged = part if self._merged is None else merge(self._merged, part)
            self._next += 1

    def finish(self) -> dict[str, int | float]:
        assert self._merged is not None
        return self._reduction.finish(self._merged)


def _reduce_tasks(
    name: str, place: Place, pending: Pending, tasks: Sequence[BlockTask]
) -> list[tuple[Index, ReduceTask]]:
    shared = {
        index: None if before is None else SharedOperation.wrap(before)
        for index, (before, _) in pending.items()
    }
    found = []
    for task in tasks:
        index = index_of(task)
        if index in pending:
            before, reduction = pending[index]
            halo = before.halo(task.spacing) if before else (0,) * len(task.spacing)
            block = _with_halo(task, halo)
            start = "-".join(map(str, block.start))
            found.append(
                (
                    index,
                    ReduceTask(
                        key=f"{name}:{start}",
                        title=reduction.title,
                        source=task.source,
                        block=block,
                        spatial=task.spatial,
                        spacing=task.spacing,
                        operation=shared[index],
                        reduction=reduction,
                        kept=Kept(place, f"{start}.npz"),
                    ),
                )
            )
    return found


def _with_halo(task: BlockTask, reach: tuple[int, ...]) -> Block:
    halo = [0] * len(task.block.inner)
    for axis, side in zip(task.spatial, reach, strict=True):
        halo[axis] = side
    return Block(task.block.inner, grow(task.block.inner, tuple(halo), task.source.shape))


def with_operations(
    tasks: Sequence[BlockTask], volumes: Sequence[VolumeInPasses]
) -> list[BlockTask]:
    """Return the blocks with the local operation of their volume."""
    operations = {volume.index: joined(tuple(volume.steps)) for volume in volumes}
    shared = {index: SharedOperation.wrap(found) for index, found in operations.items()}
    return [replace(task, operation=shared[index_of(task)]) for task in tasks]


def found_values(volumes: Sequence[VolumeInPasses]) -> list[dict[str, object]]:
    """Return what was found, for the provenance: one entry per global step and volume."""
    return [entry for volume in volumes for entry in volume.record]


def _name(index: Index) -> str:
    return ",".join(map(str, index))

"""The passes before the one that writes: what they find turns blocks into local ones."""

from __future__ import annotations

from dataclasses import replace

from roiwidgets.engine.component_passes import label_volumes
from roiwidgets.engine.outputs import Output
from roiwidgets.engine.passes import joined, leading_local_part, steps_of
from roiwidgets.engine.plan import Plan
from roiwidgets.engine.reduce_passes import found_values, gather, volumes_of, with_operations
from roiwidgets.engine.task_runner import TaskRunner
from roiwidgets.engine.tasks import seam_check
from roiwidgets.engine.worker import BlockTask
from roiwidgets.operations.components import ByComponents
from roiwidgets.operations.operation import Operation, Pipeline


def check_stated_halo(checked: Plan, runner: TaskRunner) -> None:
    """Check, before anything is written, the halos that a user stated before a global step."""
    check = seam_check(checked, leading_local_part(checked.operation))
    if check is not None:
        runner.check_seams(check)


def prepare_blocks(
    checked: Plan,
    tasks: list[BlockTask],
    runner: TaskRunner,
    store: Output,
    *,
    finished: set[str],
) -> tuple[list[BlockTask], list[dict[str, object]]]:
    """Run what must be known before blocks can be written.

    Parameters
    ----------
    checked
        The plan.
    tasks
        Blocks of the finest level, with the operation as it was given.
    runner, store
        Where tasks run, and where results are kept.
    finished
        Keys of what an earlier run finished.

    Returns
    -------
    tasks
        Blocks with operations that are local.
    found
        What was found, for the provenance; empty if the operation was local already.

    Raises
    ------
    OperationError
        If a halo that was stated of a step after a global one proves too small.
    """
    announced = len(checked.reductions)
    if not announced:
        return tasks, []
    *before, last = steps_of(checked.operation)
    has_components = isinstance(last.function, ByComponents)
    reduced = joined(tuple(before)) if has_components else checked.operation
    blocks, found = _reduce(
        checked, reduced, tasks, runner, store, passes=announced - int(has_components)
    )
    if not has_components:
        return blocks, found
    chunks = dict(zip(checked.grid.spatial_axes, checked.chunks, strict=True))
    shape = tuple(chunks.get(axis, 1) for axis in checked.grid.axes)
    labelled = label_volumes(last, blocks, shape, runner, store, finished=finished)
    return labelled.tasks, [*found, *labelled.found]


def _reduce(
    checked: Plan,
    operation: Operation | Pipeline | None,
    tasks: list[BlockTask],
    runner: TaskRunner,
    store: Output,
    *,
    passes: int,
) -> tuple[list[BlockTask], list[dict[str, object]]]:
    """Return blocks whose operations are local by what reductions found."""
    if operation is None:
        return [replace(task, operation=None) for task in tasks], []
    volumes = volumes_of(operation, tasks)
    gather(volumes, tasks, runner, store, passes=passes)
    check = seam_check(checked, joined(tuple(volumes[0].steps))) if passes else None
    if check is not None:
        runner.check_seams(check)
    return with_operations(tasks, volumes), found_values(volumes)

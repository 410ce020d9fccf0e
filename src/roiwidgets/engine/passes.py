"""An operation as passes over an image: which there are, and how far each looks.

A pipeline with a global step is run as reductions, each over what reaches that step,
and then as the local pipeline that their results make of it.
"""

from __future__ import annotations

from roiwidgets.errors import OperationError
from roiwidgets.operations.operation import Dtype, Operation, Pipeline, Spacing
from roiwidgets.operations.reductions import ReducesFirst, RunsInPasses


def steps_of(operation: Operation | Pipeline) -> tuple[Operation, ...]:
    """Return the steps of a pipeline, or the one operation."""
    return operation.steps if isinstance(operation, Pipeline) else (operation,)


def joined(steps: tuple[Operation, ...]) -> Operation | Pipeline | None:
    """Return steps as one operation; None for no steps."""
    if not steps:
        return None
    return steps[0] if len(steps) == 1 else Pipeline(steps)


def runs_in_passes(step: Operation) -> bool:
    """Tell whether a global operation can be promoted."""
    return isinstance(step.function, RunsInPasses)


def leading_local_part(operation: Operation | Pipeline) -> Operation | Pipeline | None:
    """Return what stands before the first global step; None if that is the first."""
    steps = steps_of(operation)
    count = next((i for i, step in enumerate(steps) if runs_in_passes(step)), len(steps))
    return joined(steps[:count])


def written_halo(operation: Operation | Pipeline, spacing: Spacing) -> tuple[int, ...]:
    """Return the halo of the pass that writes: that of the local operation in the end.

    Raises
    ------
    OperationError
        If a step looks at the whole image and cannot do so in passes, or its reach is
        not known.
    """
    halos = [
        step.halo_rule(tuple(spacing), step.values) if runs_in_passes(step) else step.halo(spacing)
        for step in steps_of(operation)
    ]
    return tuple(sum(sides) for sides in zip(*halos, strict=True))


def reduction_titles(operation: Operation | Pipeline, dtype: Dtype) -> tuple[str, ...]:
    """Return what the passes before the last one gather, for people.

    Returns
    -------
    tuple of str
        For example ``("exact histogram of 256 bins of median(radius=1)",)``; empty
        for local operations.
    """
    titles: list[str] = []
    before: tuple[Operation, ...] = ()
    for step in steps_of(operation):
        if isinstance(step.function, RunsInPasses):
            of = " | ".join(map(str, before)) or "the image"
            titles += [f"{title} of {of}" for title in step.function.titles(dtype)]
        before = (*before, step)
        dtype = step.output_dtype(dtype)
    return tuple(titles)


def check_passes(operation: Operation | Pipeline, dtype: Dtype) -> None:
    """Check what can be known of global steps before anything is read.

    Raises
    ------
    OperationError
        If a step that has to be the last one is not.
    ParameterError
        If a step cannot run on what reaches it with its values.
    """
    last = len(steps_of(operation)) - 1
    for number, step in enumerate(steps_of(operation)):
        function = step.function
        if isinstance(function, RunsInPasses) and function.is_last and number < last:
            raise OperationError(
                f"{step.name} must be the last step of a pipeline; promote it, and run what "
                "follows on its result"
            )
        if isinstance(function, ReducesFirst):
            function.next_step(dtype, step.values, {})
        dtype = step.output_dtype(dtype)


def check_one_pass(operation: Operation | Pipeline) -> None:
    """Raise an ``OperationError`` if an operation needs more than one pass."""
    for step in steps_of(operation):
        if runs_in_passes(step):
            raise OperationError(
                f"{step.name} depends on the whole image, so it runs in passes, which a lazy array "
                "cannot; write the result with roiwidgets.promote"
            )


def is_more_than_previewed(operation: Operation | Pipeline, notes: tuple[str, ...]) -> bool:
    """Tell whether a voxel takes longer than in a preview.

    Parameters
    ----------
    operation
        What is promoted; a global one runs in several passes.
    notes
        What was converted from the coarser scale that it was tuned on.
    """
    return bool(notes) or operation.support == "global"


def scratch_bytes(operation: Operation | Pipeline, voxels: int) -> int:
    """Return what passes keep on disk until the output is finished, before compression."""
    last = steps_of(operation)[-1].function
    return voxels * last.scratch_bytes if isinstance(last, RunsInPasses) else 0

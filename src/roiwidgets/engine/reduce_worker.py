"""What a worker does in a pass that gathers: read a block, run what stands before, reduce."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from roiwidgets.engine.places import Kept
from roiwidgets.engine.worker import BlockInput
from roiwidgets.operations.reductions import Part, Reduction


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceTask(BlockInput):
    """One block of a pass that gathers ``reduction`` from what the operation makes of it.

    Parameters
    ----------
    reduction
        What is gathered.
    kept
        Where the part is kept until the pass has ended.
    """

    reduction: Reduction
    kept: Kept


def reduce_block(task: ReduceTask) -> Part:
    """Return what a block adds to a reduction, and keep it for a later run."""
    part = task.reduction.part(np.ascontiguousarray(task.compute()), task.spacing, task.trim)
    task.kept.write_arrays({"part": part}, is_sparse=True)  # counts of 65536 bins
    return part


def kept_part(task: ReduceTask) -> Part | None:
    """Return the part that an earlier run kept; None if there is none."""
    try:
        (part,) = task.kept.read_arrays("part")
    except FileNotFoundError:
        return None
    return part

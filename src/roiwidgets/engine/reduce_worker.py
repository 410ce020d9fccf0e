"""What a worker does in a pass that gathers: read a block, run what stands before, reduce."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from roiwidgets.engine.worker import BlockInput
from roiwidgets.operations.reductions import Part, Reduction


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceTask(BlockInput):
    """One block of a pass that gathers ``reduction`` from what the operation makes of it.

    Parameters
    ----------
    reduction
        What is gathered.
    file
        Where the part is kept until the pass has ended.
    """

    reduction: Reduction
    file: str


def reduce_block(task: ReduceTask) -> Part:
    """Return what a block adds to a reduction, and keep it for a later run."""
    part = task.reduction.part(np.ascontiguousarray(task.compute()), task.spacing, task.trim)
    unfinished = Path(f"{task.file}.{os.getpid()}.new.npz")
    np.savez_compressed(unfinished, part=part)  # counts of 65536 bins are mostly zeros
    unfinished.replace(task.file)
    return part


def kept_part(task: ReduceTask) -> Part | None:
    """Return the part that an earlier run kept; None if there is none."""
    if not Path(task.file).is_file():
        return None
    with np.load(task.file) as stored:
        part: Part = stored["part"]
    return part

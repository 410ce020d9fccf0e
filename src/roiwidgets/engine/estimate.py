"""What a promotion would cost, while somebody still tunes: nothing is read or checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from roiwidgets.engine.block_layout import lay_out
from roiwidgets.engine.costs import Cost, machine_for
from roiwidgets.engine.passes import is_more_than_previewed, written_halo
from roiwidgets.engine.plan import operation_at
from roiwidgets.images.image_levels import levels_of
from roiwidgets.operations.operation import Operation, Pipeline

if TYPE_CHECKING:
    from ngff_zarr import Multiscales


def estimate(
    image: Multiscales,
    operation: Operation | Pipeline,
    folder: Path | None,
    *,
    tuned_on: int,
    voxels_per_s: float | None,
) -> Cost:
    """Return what promoting to the finest scale costs, without reading or checking anything.

    Parameters
    ----------
    image, operation, tuned_on, voxels_per_s
        As for ``plan``.
    folder
        Where the output will stand; None if on no disk of this machine.

    Raises
    ------
    OperationError
        If the operation cannot run block by block, nor in passes.
    """
    opened = levels_of(image)
    level = opened.at(0)
    operation, notes = operation_at(opened, operation, 0, tuned_on=tuned_on)
    dtype = level.source.dtype
    return Cost.of(
        lay_out(level.grid, written_halo(operation, level.grid.spatial_spacing)),
        dtype,
        operation.output_dtype(dtype),
        machine_for(folder),
        voxels_per_s=voxels_per_s,
        is_lower_bound=is_more_than_previewed(operation, notes),
    )

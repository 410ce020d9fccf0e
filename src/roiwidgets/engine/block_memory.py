"""Whether a worker can hold a block, asked before anything is written."""

from __future__ import annotations

from roiwidgets.engine.block_layout import lay_out
from roiwidgets.engine.costs import mebibytes
from roiwidgets.engine.plan import Plan
from roiwidgets.errors import ParameterError


def check_memory(checked: Plan, memory_bytes: int) -> None:
    """Check that a worker can hold a block.

    Parameters
    ----------
    checked
        The plan.
    memory_bytes
        What a worker may take.

    Raises
    ------
    ParameterError
        If it cannot, which would be found out late and in less clear words.
    """
    if checked.block_bytes <= memory_bytes:
        return
    chunk = _fitting_chunk(checked, memory_bytes)
    what_to_do = (
        f"pass smaller chunks, such as chunks={chunk}"
        if chunk
        else "smaller chunks do not help, its halo takes that much: run it where there is more"
    )
    raise ParameterError(
        f"one block of {' x '.join(map(str, checked.block_shape))} voxels needs about "
        f"{mebibytes(checked.block_bytes)} of memory with its halo, a worker has "
        f"{mebibytes(memory_bytes)}; {what_to_do}"
    )


def _fitting_chunk(checked: Plan, memory_bytes: int) -> int | None:
    """Return the largest side of a chunk, halved again and again, whose blocks fit."""
    voxel_bytes = checked.block_bytes // checked.layout.outer_voxels
    chunk = max(checked.chunks) // 2
    while chunk:
        layout = lay_out(checked.grid, checked.halo, chunk)
        if layout.outer_voxels * voxel_bytes <= memory_bytes:
            return chunk
        chunk //= 2
    return None

"""Whether voxels are in the memory of this process already."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.sources import ArraySource, VoxelSource
from roiwidgets.images.transposed import FlippedSource, TransposedSource


def array_behind(source: VoxelSource) -> NDArray[np.generic] | None:
    """Return the numpy array whose voxels reading a source copies, and no more; else None."""
    while isinstance(source, TransposedSource | FlippedSource):
        source = source.source
    if isinstance(source, ArraySource) and isinstance(source.array, np.ndarray):
        return source.array
    return None


def is_in_memory(source: VoxelSource) -> bool:
    """Tell whether a source reads a numpy array that is not a file mapped into memory."""
    array = array_behind(source)
    if array is None:
        return False
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return not isinstance(owner.obj if isinstance(owner, memoryview) else owner, mmap.mmap)

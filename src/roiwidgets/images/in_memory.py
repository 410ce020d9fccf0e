"""Whether voxels are in the memory of this process already."""

from __future__ import annotations

import numpy as np

from roiwidgets.images.sources import ArraySource, VoxelSource
from roiwidgets.images.transposed import FlippedSource, TransposedSource


def is_in_memory(source: VoxelSource) -> bool:
    """Return whether reading a source copies voxels of this process's memory, and no more."""
    while isinstance(source, TransposedSource | FlippedSource):
        source = source.source
    return isinstance(source, ArraySource) and isinstance(source.array, np.ndarray)

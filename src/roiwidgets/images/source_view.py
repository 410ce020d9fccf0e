"""What sources share that show another source in another way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from roiwidgets.images.sources import VoxelSource


@dataclass(frozen=True, eq=False)
class SourceView:
    """What shows another source in another way; what it does not change is that one's.

    Parameters
    ----------
    source
        What is read.
    """

    source: VoxelSource

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type in native byte order."""
        return self.source.dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Chunks of the source."""
        return self.source.chunks

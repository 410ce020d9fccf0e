"""Sources whose axes are read in a different order, or backwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from roiwidgets.images.source_view import SourceView
from roiwidgets.images.sources import Slices, Voxels


@dataclass(frozen=True, eq=False)
class TransposedSource(SourceView):
    """Another source with its axes in a different order.

    Parameters
    ----------
    source
        What is read.
    order
        For each axis of the result, the axis of ``source`` it comes from.
    """

    order: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis, in the new order."""
        return tuple(self.source.shape[axis] for axis in self.order)

    @property
    def chunks(self) -> tuple[int, ...]:
        """Chunks of the source, in the new order."""
        return tuple(self.source.chunks[axis] for axis in self.order)

    def read(self, slices: Slices) -> Voxels:
        """Return the voxels in ``slices``."""
        return np.ascontiguousarray(self.source.read(self._inside(slices)).transpose(self.order))

    def restrict(self, slices: Slices) -> TransposedSource:
        """Return the same view on a restricted source."""
        return replace(self, source=self.source.restrict(self._inside(slices)))

    def _inside(self, slices: Slices) -> Slices:
        return tuple(slices[self.order.index(axis)] for axis in range(len(self.order)))


@dataclass(frozen=True, eq=False)
class FlippedSource(SourceView):
    """Another source with some axes read from their last voxel to the first.

    Parameters
    ----------
    source
        What is read.
    flipped
        Axes that are read backwards.
    """

    flipped: tuple[int, ...]

    def read(self, slices: Slices) -> Voxels:
        """Return the voxels in ``slices``."""
        return np.ascontiguousarray(np.flip(self.source.read(self._inside(slices)), self.flipped))

    def restrict(self, slices: Slices) -> FlippedSource:
        """Return the same view on a restricted source."""
        return replace(self, source=self.source.restrict(self._inside(slices)))

    def _inside(self, slices: Slices) -> Slices:
        return tuple(
            slice(size - s.stop, size - s.start) if axis in self.flipped else s
            for axis, (s, size) in enumerate(zip(slices, self.shape, strict=True))
        )

"""Functions that leave out of their result what is not wanted: the halo of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from roiwidgets.operations.operation import Box, Spacing, Values, Voxels


@runtime_checkable
class ComputesInside(Protocol):
    """A function of an operation that can compute a part of its result."""

    def inside(self, array: Voxels, spacing: Spacing, values: Values, box: Box) -> Voxels:
        """Return the result in a box of the array, bit for bit that of the whole array."""
        ...


def whole_of(array: Voxels) -> Box:
    """Return the box of a whole array."""
    return tuple(slice(0, size) for size in array.shape)


def surroundings(array: Voxels, box: Box, reach: int) -> Voxels:
    """Return a box of an array with ``reach`` voxels around it, edges repeated at its ends."""
    present, missing = [], []
    for side, size in zip(box, array.shape, strict=True):
        low, high = side.start - reach, side.stop + reach
        present.append(slice(max(low, 0), min(high, size)))
        missing.append((max(-low, 0), max(high - size, 0)))
    return np.pad(array[tuple(present)], missing, mode="edge")

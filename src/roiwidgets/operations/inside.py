"""Functions that leave out of their result what is not wanted: the halo of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from roiwidgets.operations.operation import Box, Spacing, Values, Voxels


@runtime_checkable
class ComputesInside(Protocol):
    """A function of an operation that can compute a part of its result."""

    def inside(self, array: Voxels, spacing: Spacing, values: Values, box: Box) -> Voxels:
        """Return the result in a box of the array, bit for bit that of the whole array."""
        ...

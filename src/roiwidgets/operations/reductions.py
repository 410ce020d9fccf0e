"""What is gathered from every block of an image and becomes a few numbers.

A global operation runs in passes: a reduction takes a part from each block, parts
are merged, and what is found makes the operation a local one. Nothing here knows
how blocks are scheduled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import OperationError
from roiwidgets.operations.histogram_thresholds import Histogram
from roiwidgets.operations.operation import Dtype, Operation, Spacing, Values, Voxels

Slices: TypeAlias = "tuple[slice, ...]"
Part: TypeAlias = "NDArray[np.generic]"
Found: TypeAlias = "Mapping[str, int | float]"
Finder: TypeAlias = "Callable[[Histogram], dict[str, int | float]]"


class Reduction(ABC):
    """Takes a part from each block, merges parts, and finds values.

    Parts are merged in the order of the blocks, whatever the order in which they
    are finished: what is found never depends on it.
    """

    @property
    @abstractmethod
    def title(self) -> str:
        """What is gathered, for people."""

    @abstractmethod
    def part(self, voxels: Voxels, spacing: Spacing, inside: Slices) -> Part:
        """Return what a block adds.

        Parameters
        ----------
        voxels
            The block, and what was read around it for the steps before.
        spacing
            Along the axes of ``voxels``.
        inside
            Where the block lies in ``voxels``; blocks tile the image.
        """

    @abstractmethod
    def merge(self, first: Part, second: Part) -> Part:
        """Return the part of two neighbouring sets of blocks."""

    @abstractmethod
    def finish(self, merged: Part) -> dict[str, int | float]:
        """Return the values of the whole image, all of them finite."""


class RunsInPasses(ABC):
    """The function of a global operation that can be promoted: the engine knows its passes."""

    is_last: ClassVar[bool] = False
    """Whether no other step of a pipeline can follow."""

    scratch_bytes: ClassVar[int] = 0
    """Bytes per voxel that are kept on disk until the output is finished."""

    @abstractmethod
    def titles(self, dtype: Dtype) -> tuple[str, ...]:
        """Return what each pass before the one that writes does, for people."""

    @abstractmethod
    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:
        """Return the result for a whole array, without the engine."""


class ReducesFirst(RunsInPasses):
    """A global operation that becomes a local one by what reductions find.

    Asked with what is known, it answers with what is to be found next, or with the
    local operation.
    """

    @abstractmethod
    def next_step(self, dtype: Dtype, values: Values, found: Found) -> Reduction | Operation:
        """Return the next reduction, or the local operation when all is found.

        Parameters
        ----------
        dtype
            Data type of what reaches the operation.
        values
            Values of the global operation.
        found
            What the reductions so far have found.
        """

    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:
        """Return the result for a whole array: all passes, on one block."""
        found: dict[str, int | float] = {}
        whole = tuple(slice(0, size) for size in array.shape)
        while isinstance(step := self.next_step(array.dtype, values, found), Reduction):
            found |= step.finish(step.part(array, spacing, whole))
        return step.function(array, spacing, step.values)


@dataclass(frozen=True, slots=True)
class MinimumMaximum(Reduction):
    """Smallest and largest finite value; both 0 where there is none."""

    is_integer: bool

    @property
    def title(self) -> str:
        """What is gathered, for people."""
        return "minimum and maximum"

    def part(self, voxels: Voxels, spacing: Spacing, inside: Slices) -> Part:  # noqa: ARG002 # a reduction
        """Return the two values of a block; infinities where none is finite."""
        block = voxels[inside]
        lowest, highest = _extremes(block)
        if not np.isfinite(lowest) or not np.isfinite(highest):
            lowest, highest = _extremes(block[np.isfinite(block)])
        return np.array([lowest, highest])

    def merge(self, first: Part, second: Part) -> Part:
        """Return the smaller and the larger of the values."""
        return np.array([min(first[0], second[0]), max(first[1], second[1])])

    def finish(self, merged: Part) -> dict[str, int | float]:
        """Return ``minimum`` and ``maximum``."""
        lowest, highest = (float(value) for value in merged)
        if lowest > highest:
            lowest = highest = 0.0
        if self.is_integer:
            return {"minimum": int(lowest), "maximum": int(highest)}
        return {"minimum": lowest, "maximum": highest}


@dataclass(frozen=True, slots=True)
class FromHistogram(Reduction):
    """Values found by a histogram.

    Parameters
    ----------
    find
        Returns the values; picklable.
    lower
        Value of the first bin (integers), or its lower edge (floats).
    width
        Width of a bin; 1 for integers, whose histogram is exact.
    bins
        Number of bins; what lies beyond, for lack of precision, goes to the last.
    is_integer
        Whether voxels are integers.
    """

    find: Finder
    lower: float
    width: float
    bins: int
    is_integer: bool

    @classmethod
    def of_integers(cls, find: Finder, dtype: Dtype) -> FromHistogram:
        """Return the exact histogram of an integer type of at most 16 bits.

        Raises
        ------
        OperationError
            If the type is wider: its histogram would not fit in memory.
        """
        if dtype.itemsize > 2:
            raise OperationError(
                f"the exact histogram of {dtype} has 2^{8 * dtype.itemsize} bins; convert the "
                "image to float32 or 16 bits first"
            )
        bounds = np.iinfo(dtype.name)
        return cls(find, bounds.min, 1.0, bounds.max - bounds.min + 1, is_integer=True)

    @property
    def title(self) -> str:
        """What is gathered, for people."""
        kind = "exact histogram" if self.is_integer else "histogram"
        return f"{kind} of {self.bins} bins"

    def part(self, voxels: Voxels, spacing: Spacing, inside: Slices) -> Part:  # noqa: ARG002 # a reduction
        """Return the counts of a block, int64."""
        counts = np.zeros(self.bins, np.int64)
        for slab in voxels[inside]:  # slab by slab: the numbers of bins take 8 bytes a voxel
            counts += np.bincount(self._numbers(slab.ravel()), minlength=self.bins)
        return counts

    def merge(self, first: Part, second: Part) -> Part:
        """Return the sum of counts."""
        total: Part = first + second  # type: ignore[operator] # int64
        return total

    def finish(self, merged: Part) -> dict[str, int | float]:
        """Return what ``find`` finds."""
        counts = merged.astype(np.int64)
        return self.find(Histogram(counts, self.lower, self.width, self.is_integer))

    def _numbers(self, values: Voxels) -> NDArray[np.intp]:
        if self.is_integer:
            return values.astype(np.intp) - int(self.lower)
        finite = values[np.isfinite(values)].astype(np.float64)
        numbers = ((finite - self.lower) / self.width).astype(np.intp)
        return np.clip(numbers, 0, self.bins - 1)


def _extremes(values: Voxels) -> tuple[float, float]:
    if values.size == 0:
        return np.inf, -np.inf
    return float(values.min()), float(values.max())

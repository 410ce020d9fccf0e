"""Global operations that a histogram of the whole image makes local."""

from __future__ import annotations

from abc import abstractmethod

from roiwidgets.operations.operation import Dtype, Operation, Values
from roiwidgets.operations.reductions import (
    Finder,
    Found,
    FromHistogram,
    MinimumMaximum,
    ReducesFirst,
    Reduction,
)

FLOAT_BINS = 256
"""Bins of the histogram of floats, from the smallest to the largest value; ITK's number."""


class HistogramFirst(ReducesFirst):
    """Needs an exact histogram of integers; floats need their extremes before."""

    @abstractmethod
    def finder(self, values: Values) -> Finder:
        """Return what finds values by a histogram."""

    @abstractmethod
    def local(self, found: Found, values: Values) -> Operation:
        """Return the local operation; of floats of one value only the extremes are found."""

    def titles(self, dtype: Dtype) -> tuple[str, ...]:
        """Return the titles of the reductions."""
        if dtype.kind == "f":
            return MinimumMaximum(is_integer=False).title, f"histogram of {FLOAT_BINS} bins"
        return (FromHistogram.of_integers(_find_nothing, dtype).title,)

    def next_step(self, dtype: Dtype, values: Values, found: Found) -> Reduction | Operation:
        """Return the next reduction, or the local operation."""
        if any(name not in ("minimum", "maximum") for name in found):
            return self.local(found, values)
        finder = self.finder(values)
        if dtype.kind != "f":
            return FromHistogram.of_integers(finder, dtype)
        if not found:
            return MinimumMaximum(is_integer=False)
        lowest, highest = found["minimum"], found["maximum"]
        width = highest / FLOAT_BINS - lowest / FLOAT_BINS
        if width <= 0:
            return self.local(found, values)
        return FromHistogram(finder, lowest, width, FLOAT_BINS, is_integer=False)


def _find_nothing(histogram: object) -> dict[str, int | float]:  # noqa: ARG001 # a finder
    return {}

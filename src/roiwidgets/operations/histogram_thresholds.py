"""Thresholds found by a histogram alone.

The methods are those of ITK's calculators, step by step, so that a histogram with
the same bins gives the same threshold; here they take counts, wherever these come
from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["otsu", "li", "triangle", "huang"]

HUANG_BINS = 4096
"""Most occupied bins of Huang's method, whose time grows with their square."""

LI_STEPS = 1000
"""Limit of Li's iteration, which takes less than 20 steps on images."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of voxels in bins of one width.

    Parameters
    ----------
    counts
        int64, one per bin.
    lower
        Value of the first bin (integers), or its lower edge (floats).
    width
        Width of a bin; 1 for integers.
    is_integer
        Whether each bin is one integer.
    """

    counts: NDArray[np.int64]
    lower: float
    width: float
    is_integer: bool

    def trimmed(self) -> Histogram:
        """Return the histogram without the empty bins at both ends."""
        occupied = np.flatnonzero(self.counts)
        first, last = (int(occupied[0]), int(occupied[-1])) if occupied.size else (0, 0)
        lower = self.lower + first * self.width
        return Histogram(self.counts[first : last + 1], lower, self.width, self.is_integer)

    def top(self, index: int) -> int | float:
        """Return the largest value that belongs to a bin: its upper edge, for floats."""
        if self.is_integer:
            return int(self.lower) + index
        return self.lower + (index + 1) * self.width


def find_threshold(histogram: Histogram, method: Method) -> int | float:
    """Return the largest value of the darker class.

    Parameters
    ----------
    histogram
        Counts of an image.
    method
        ``otsu``, ``li``, ``triangle`` or ``huang``.

    Returns
    -------
    int or float
        An integer for histograms of integers. An image of one value has that value
        as its threshold; one without values has 0.
    """
    if not histogram.counts.any():
        return 0 if histogram.is_integer else 0.0
    trimmed = histogram.trimmed()
    if trimmed.counts.size == 1:
        return trimmed.top(0)
    last = trimmed.counts.size - 1
    return trimmed.top(int(np.clip(_METHODS[method](trimmed), 0, last)))


def _otsu(histogram: Histogram) -> int:
    """Return the bin that leaves the largest variance between the classes.

    N. Otsu, A threshold selection method from gray-level histograms, 1979. Of equals
    it is the first.
    """
    counts = histogram.counts.astype(np.float64)
    numbers = np.arange(counts.size)
    below, sum_below = np.cumsum(counts)[:-1], np.cumsum(counts * numbers)[:-1]
    above, sum_above = counts.sum() - below, (counts * numbers).sum() - sum_below
    # the grand mean is the same for all: what is left of the variance is this
    return int(np.argmax(sum_below**2 / below + sum_above**2 / above))


def _li(histogram: Histogram) -> int:
    """Return the bin of least cross entropy, by iteration.

    C. H. Li and P. K. S. Tam, An iterative algorithm for minimum cross entropy
    thresholding, 1998, with whole bins as ITK has it. Values count from 0, or from
    the smallest one if that is negative.
    """
    counts = histogram.counts.astype(np.float64)
    offset = (histogram.lower - min(histogram.lower, 0.0)) / histogram.width
    levels = offset + np.arange(counts.size, dtype=np.float64)
    threshold = float((levels * counts).sum() / counts.sum())
    for _ in range(LI_STEPS):
        index = int(np.clip(int(threshold + 0.5 - offset), 0, counts.size - 1))
        dark, bright = _mean(levels, counts, 0, index), _mean(levels, counts, index + 1, None)
        if bright is None or dark is None:
            break
        # bins begin half a bin before their level, and no logarithm is taken of 0
        dark, bright = dark + 0.5, bright + 0.5
        before = threshold
        threshold = int((dark - bright) / (np.log(dark) - np.log(bright)) + 0.5) - 0.5
        if abs(threshold - before) <= 0.5:
            break
    return index


def _mean(
    levels: NDArray[np.float64], counts: NDArray[np.float64], start: int, stop: int | None
) -> float | None:
    """Return the mean level of the bins from ``start`` to ``stop``, both included."""
    part = slice(start, None if stop is None else stop + 1)
    total = counts[part].sum()
    return float((levels[part] * counts[part]).sum() / total) if total else None


def _triangle(histogram: Histogram) -> int:
    """Return the bin farthest below the line from the peak to the end of the longer tail.

    G. W. Zack, W. E. Rogers and S. A. Latt, 1977. The tails end at 1 and 99 per cent
    of the voxels.
    """
    counts = histogram.counts.astype(np.float64)
    cumulated, total = np.cumsum(counts), counts.sum()
    peak = int(np.argmax(counts))
    first = int(np.argmax(cumulated > 0.01 * total))
    last = int(np.argmax(cumulated > 0.99 * total))
    start, stop = (first, peak) if peak - first > abs(peak - last) else (peak, last)
    if start >= stop:
        return start
    rise = np.arange(stop - start) / (stop - start)
    line = counts[peak] * (rise if stop == peak else 1 - rise)
    return start + int(np.argmax(line - counts[start:stop])) + 1


def _huang(histogram: Histogram) -> int:
    """Return the bin of least fuzziness.

    L.-K. Huang and M.-J. J. Wang, Image thresholding by minimizing the measures of
    fuzziness, 1995. More than ``HUANG_BINS`` occupied bins are joined evenly before.
    """
    step = 1
    if np.count_nonzero(histogram.counts) > HUANG_BINS:
        step = -(-histogram.counts.size // HUANG_BINS)
    starts = np.arange(0, histogram.counts.size, step)
    joined = np.add.reduceat(histogram.counts, starts).astype(np.float64)
    if joined.size == 1:
        return 0
    entropies = _entropies(joined.size)
    numbers = np.flatnonzero(joined)  # empty bins add nothing, and as thresholds change nothing
    counts = joined[numbers]
    below, sum_below = np.cumsum(counts), np.cumsum(counts * numbers)
    best, least = 0, np.inf
    for i, index in enumerate(numbers[:-1]):
        dark = int(sum_below[i] / below[i] + 0.5)
        bright = int((sum_below[-1] - sum_below[i]) / (below[-1] - below[i]) + 0.5)
        distances = np.abs(numbers - np.where(numbers <= index, dark, bright))
        fuzziness = float((entropies[distances] * counts).sum())
        if fuzziness < least:
            best, least = int(index), fuzziness
    return min((best + 1) * step, histogram.counts.size) - 1


def _entropies(bins: int) -> NDArray[np.float64]:
    """Return Shannon's entropy of a membership, by the distance to the mean in bins."""
    membership = 1 / (1 + np.arange(1, bins) / (bins - 1))
    rest = 1 - membership
    entropies = np.zeros(bins)
    entropies[1:] = -membership * np.log(membership) - rest * np.log(rest)
    return entropies


_METHODS: dict[Method, Callable[[Histogram], int]] = {
    "otsu": _otsu, "li": _li, "triangle": _triangle, "huang": _huang,
}  # fmt: skip

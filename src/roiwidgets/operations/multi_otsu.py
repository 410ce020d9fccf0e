"""Several thresholds at once: the classes whose means lie farthest apart."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from roiwidgets.operations.custom import FixedDtype
from roiwidgets.operations.histogram_first import HistogramFirst
from roiwidgets.operations.histogram_thresholds import Histogram
from roiwidgets.operations.itk_filters import PIXEL_TYPES
from roiwidgets.operations.operation import Operation, Spacing, Values, Voxels
from roiwidgets.operations.parameters import Parameter
from roiwidgets.operations.reductions import Finder, Found
from roiwidgets.operations.stated import FixedHalo

__all__ = [
    "multi_otsu_threshold",
]

MOST_BINS = 1024
"""Occupied bins that are told apart; time and memory grow with their square."""


def multi_otsu_threshold(classes: int = 3) -> Operation:
    """Return the operation that sorts voxels into classes by brightness.

    Parameters
    ----------
    classes
        2 to 8; the result is uint8, 0 for the darkest class.

    Notes
    -----
    The thresholds have the largest variance between classes of all there are; more
    than 1024 different values are joined evenly before. The histogram is that of
    ``otsu_threshold``. P.-S. Liao, T.-S. Chen and P.-C. Chung, A fast algorithm for
    multilevel thresholding, 2001, solved here by dynamic programming.
    """
    parameter = Parameter("classes", "integer", 3, 2, 8, 1, description="Number of classes")
    return Operation(
        "multi_otsu_threshold", MultiOtsuInPasses(), (parameter,), {"classes": classes}, "global",
        FixedHalo(0), FixedDtype("uint8"), PIXEL_TYPES, makes_labels=True,
    )  # fmt: skip


class MultiOtsuInPasses(HistogramFirst):
    """Thresholds by a histogram, then the number of thresholds below each voxel."""

    def finder(self, values: Values) -> Finder:
        """Return what finds ``threshold_1`` and so on, in rising order."""
        return partial(find_thresholds, classes=int(values["classes"]))

    def local(self, found: Found, values: Values) -> Operation:
        """Return the classes as a local operation; all are 0 where there is one value."""
        names = [f"threshold_{number}" for number in range(1, int(values["classes"]))]
        parameters = tuple(Parameter(name, "float", 0.0, unit="intensity") for name in names)
        thresholds = {name: found.get(name, found.get("maximum", 0)) for name in names}
        return Operation(
            "above_thresholds", count_below, parameters, thresholds, "pointwise", FixedHalo(0),
            FixedDtype("uint8"), makes_labels=True,
        )  # fmt: skip


def count_below(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    """Return how many thresholds lie below each value, uint8; none for NaN."""
    result = np.zeros(array.shape, np.uint8)
    for value in values.values():
        threshold = float(value) if array.dtype.kind == "f" else int(value)
        result += np.greater(array, threshold)
    return result


def find_thresholds(histogram: Histogram, *, classes: int) -> dict[str, int | float]:
    """Return the thresholds that part a histogram into classes.

    Parameters
    ----------
    histogram
        Counts of an image.
    classes
        Number of classes, >= 2; where there are fewer values, the last are empty.
    """
    trimmed = histogram.trimmed()
    step = 1
    if np.count_nonzero(trimmed.counts) > MOST_BINS:
        step = -(-trimmed.counts.size // MOST_BINS)
    starts = np.arange(0, trimmed.counts.size, step)
    counts = np.add.reduceat(trimmed.counts, starts).astype(np.float64)
    bins = np.flatnonzero(counts)
    if not bins.size:
        bins = np.zeros(1, np.intp)
    ends = _best_ends(counts[bins], bins.astype(np.float64), min(classes, bins.size))
    ends += [bins.size - 1] * (classes - 1 - len(ends))
    last = trimmed.counts.size - 1
    tops = [trimmed.top(min((int(bins[end]) + 1) * step - 1, last)) for end in ends]
    return {f"threshold_{number}": top for number, top in enumerate(tops, start=1)}


def _best_ends(counts: NDArray[np.float64], levels: NDArray[np.float64], classes: int) -> list[int]:
    """Return the last bin of each class but the last one.

    The variance between classes is, up to a constant, the sum of ``sum^2 / count`` of
    the classes, so the best division of the first bins serves all larger ones.
    """
    size = counts.size
    total = np.concatenate([[0.0], np.cumsum(counts)])
    weighted = np.concatenate([[0.0], np.cumsum(counts * levels)])
    width = total[None, :] - total[:, None]
    upper = np.triu(np.ones((size + 1, size + 1), bool), k=1) & (width > 0)
    gain = np.full((size + 1, size + 1), -np.inf)
    gain[upper] = ((weighted[None, :] - weighted[:, None])[upper]) ** 2 / width[upper]
    best, cuts = gain[0], []
    for _ in range(classes - 1):
        reached = best[:, None] + gain
        cuts.append(np.argmax(reached, axis=0))
        best = reached.max(axis=0)
    ends: list[int] = []
    stop = size
    for cut in reversed(cuts):
        stop = int(cut[stop])
        ends.append(stop - 1)
    return ends[::-1]

"""What summaries must be, computed by numpy on the whole array, pixel by pixel."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
from numpy.typing import NDArray

from roiwidgets.stacks.summaries import Summaries

Array = NDArray[np.generic]

TOLERANCE = 1e-10
"""Of mean, deviation and correlation: two passes of numpy on float64 are not exact themselves."""


def neighbour_correlation(movie: Array) -> NDArray[np.float64]:
    """Pearson's correlation with each neighbour over the frames both have, then the mean."""
    _, height, width = movie.shape
    result = np.zeros((height, width))
    for y, x in itertools.product(range(height), range(width)):
        found = [
            pearson(movie[:, y, x], movie[:, y + down, x + right])
            for down, right in itertools.product((-1, 0, 1), repeat=2)
            if (down, right) != (0, 0) and 0 <= y + down < height and 0 <= x + right < width
        ]
        result[y, x] = np.mean(found) if found else 0
    return result


def pearson(one: Array, other: Array) -> float:
    """Correlation of the frames without NaN; 0 with what never changes."""
    values = np.stack([one, other]).astype(np.float64)
    values = values[:, ~np.isnan(values).any(axis=0)]
    if values.size == 0 or np.ptp(values, axis=1).min() == 0:
        return 0.0
    return float(np.corrcoef(values)[0, 1])


def assert_summaries(found: Summaries, movie: Array) -> None:
    """Compare with numpy; NaN are passed over, as by its functions of that name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy warns of pixels of only NaN
        exact = {
            "maximum": np.nanmax(movie, axis=0),
            "minimum": np.nanmin(movie, axis=0),
            "top_view": np.nanmax(movie, axis=1),
            "right_view": np.nanmax(movie, axis=2),
        }
        near = {
            "mean": np.nanmean(movie.astype(np.float64), axis=0),
            "std": np.nanstd(movie.astype(np.float64), axis=0),
        }
    for name, expected in exact.items():
        assert getattr(found, name).dtype == movie.dtype, name
        np.testing.assert_array_equal(getattr(found, name), expected, err_msg=name)
    filled = np.where(np.isnan(movie), -np.inf, movie) if movie.dtype.kind == "f" else movie
    never = np.isnan(movie).all(axis=0)
    np.testing.assert_array_equal(found.argmax, np.where(never, -1, filled.argmax(axis=0)))
    for name, expected in near.items():
        np.testing.assert_allclose(
            getattr(found, name), expected, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name
        )
    np.testing.assert_allclose(
        found.correlation, neighbour_correlation(movie), rtol=TOLERANCE, atol=TOLERANCE
    )

"""Series brought to a common scale: baselines, trends, thresholds.

Results are float64 unless said otherwise. A series with NaN becomes NaN as a whole.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray
from numpy.typing import DTypeLike, NDArray

from roiwidgets.errors import ParameterError
from roiwidgets.stacks.checks import whole_number
from roiwidgets.stacks.labelled import check_increasing
from roiwidgets.stacks.series.along_time import Block, centered, is_constant, map_blocks, time_axis
from roiwidgets.stacks.series.series_layout import to_series


def center(series: xarray.DataArray) -> xarray.DataArray:
    """Return series less their means.

    Notes
    -----
    Thunder's ``center``.
    """
    return map_blocks(centered, series)


def zscore(series: xarray.DataArray) -> xarray.DataArray:
    """Return series less their means, divided by their standard deviations (ddof 0).

    A constant series becomes 0; in Thunder, which divides by 0, NaN.
    """
    return map_blocks(_zscored, series)


def normalize(
    series: xarray.DataArray,
    baseline: str = "percentile",
    *,
    percentile: float = 20.0,
    window: int | None = None,
    offset: float = 0.1,
) -> xarray.DataArray:
    """Return series as changes relative to a baseline b: ``(y - b) / (b + offset)``.

    Parameters
    ----------
    series
        In any unit; the result has none.
    baseline
        ``"percentile"``: one percentile of each series, interpolated linearly between
        samples. ``"mean"``: its mean. ``"window"``: at each sample the percentile of the
        ``window`` samples around it, of fewer at both ends.
    percentile
        0 to 100.
    window
        Samples, odd and at least 3, for ``"window"`` only.
    offset
        Added to the baseline, so that dark pixels do not explode. Where baseline and
        offset add up to 0 the result is infinite or NaN.

    Raises
    ------
    ParameterError
        If an argument is none of these.
    ImageError
        For ``"window"``, if times do not increase.

    Notes
    -----
    ``normalize(series)`` is Thunder's ``normalize()``: 20th percentile, offset 0.1. The
    window there has as many samples, but may be even.
    """
    time = time_axis(series)
    if not 0 <= percentile <= 100:
        raise ParameterError(f"percentile must be 0 to 100, got {percentile}")
    if not np.isfinite(offset):
        raise ParameterError(f"offset must be finite, got {offset}")
    if baseline == "window":
        if window is None or window < 3 or window % 2 == 0:
            raise ParameterError(f"window must be an odd number of samples from 3 on, got {window}")
        check_increasing(series, time, "a baseline in windows")
    elif window is not None:
        raise ParameterError(f'window is for baseline="window", got baseline={baseline!r}')
    found: dict[str, Callable[[Block], Block]] = {
        "percentile": lambda y: np.percentile(y, percentile, axis=-1, keepdims=True),
        "mean": lambda y: y.mean(axis=-1, keepdims=True),
        "window": lambda y: _running_percentile(y, percentile, window or 1),
    }
    if baseline not in found:
        raise ParameterError(f"baseline must be one of {', '.join(found)}, got {baseline!r}")

    def normalized(block: Block) -> Block:
        below = found[baseline](block)
        with np.errstate(divide="ignore", invalid="ignore"):
            changes: Block = (block - below) / (below + offset)
        return changes

    return map_blocks(normalized, series)


def detrend(series: xarray.DataArray, order: int = 1) -> xarray.DataArray:
    """Return series less the polynomial over time that fits them best, mean included.

    Parameters
    ----------
    order
        Of the polynomial: 1 removes a line, 0 the mean alone; less than the number of
        samples.

    Raises
    ------
    ParameterError
        If the order is none.
    ImageError
        If times do not increase.

    Notes
    -----
    Least squares over the times, so that uneven ones count as they are; over sample
    numbers where there are none. Thunder always counts samples; ``detrend()`` there is
    linear as well, and its "nonlinear" has order 5.
    """
    time = time_axis(series)
    samples = series.sizes[time]
    degree = whole_number("order", order, 0, samples - 1)
    check_increasing(series, time, "a trend")
    times = _scaled_times(series.coords[time].values) if time in series.coords else None
    where = np.linspace(-1, 1, samples) if times is None else times
    # orthogonal polynomials: also high orders are fitted without loss
    basis, _ = np.linalg.qr(np.polynomial.legendre.legvander(where, degree))

    def without_trend(block: Block) -> Block:
        rest = centered(block)
        rest -= (rest @ basis) @ basis.T
        return rest

    return map_blocks(without_trend, series)


def squelch(series: xarray.DataArray, threshold: float) -> xarray.DataArray:
    """Return series of which those that never reach a threshold are 0; the type is kept.

    Parameters
    ----------
    threshold
        A series whose maximum is below becomes 0. NaN reaches no threshold.

    Notes
    -----
    Thunder's ``squelch``.
    """
    time = time_axis(series)
    whole = to_series(series)
    return whole.where(whole.max(time, skipna=False) >= threshold, np.zeros((), whole.dtype)[()])


def map_series(
    series: xarray.DataArray,
    function: Callable[[NDArray[np.generic]], object],
    *,
    returns: str = "series",
    dtype: DTypeLike = np.float64,
) -> xarray.DataArray:
    """Return what a function makes of each series.

    Parameters
    ----------
    function
        Takes the values of one pixel, shape (samples,), in their own data type.
    returns
        ``"series"``: an array of as many values; ``"number"``: one number, so that the
        result is an image.
    dtype
        Data type of the result.

    Raises
    ------
    ParameterError
        If ``returns`` is none of the two. If the function returns something else, when
        it is run.

    Notes
    -----
    Thunder's ``applyValues``. The function runs in Python once for each pixel.
    """
    if returns not in ("series", "number"):
        raise ParameterError(f"returns must be 'series' or 'number', got {returns!r}")
    time = time_axis(series)
    shape = (series.sizes[time],) if returns == "series" else ()

    def checked(values: NDArray[np.generic]) -> NDArray[np.generic]:
        result = np.asarray(function(values), dtype=dtype)
        if result.shape != shape:
            raise ParameterError(
                f"the function must return shape {shape} for returns={returns!r}, got "
                f"{result.shape}"
            )
        return result

    mapped: xarray.DataArray = xarray.apply_ufunc(
        checked,
        to_series(series),
        input_core_dims=[[time]],
        output_core_dims=[[time] if shape else []],
        vectorize=True,
        dask="parallelized",
        output_dtypes=[dtype],
        keep_attrs=True,
    )
    return mapped


def _zscored(block: Block) -> Block:
    constant = is_constant(block)
    deviation = np.where(constant, 1.0, block.std(axis=-1, keepdims=True))
    scaled: Block = np.where(constant, 0.0, centered(block)) / deviation
    return scaled


def _running_percentile(block: Block, percentile: float, window: int) -> Block:
    reach = window // 2
    result = np.empty_like(block)
    for sample in range(block.shape[-1]):
        around = block[..., max(0, sample - reach) : sample + reach + 1]
        result[..., sample] = np.percentile(around, percentile, axis=-1)
    return result


def _scaled_times(times: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return times, or dates, from -1 to 1."""
    since = times - times[0]
    elapsed = (since / since[-1] if len(since) > 1 else since * 0).astype(np.float64)
    scaled: NDArray[np.float64] = 2 * elapsed - 1
    return scaled

"""Relative change of fluorescence: (F - F0) / F0, with a stated baseline F0."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roiwidgets.errors import ParameterError
from roiwidgets.images.grid import FloatArray
from roiwidgets.images.interop import axis_of_name
from roiwidgets.images.xarray_bridge import is_xarray

if TYPE_CHECKING:
    import xarray

Baseline = Literal["percentile", "sliding percentile", "mean"]
BASELINES: tuple[Baseline, ...] = get_args(Baseline)

Traces = TypeVar("Traces", "xarray.DataArray", NDArray[np.float64])


def relative_fluorescence(
    traces: Traces,
    *,
    baseline: Baseline | ArrayLike = "sliding percentile",
    percentile: float = 10.0,
    window: int = 301,
) -> Traces:
    """Return dF/F, ``(F - F0) / F0``, along time.

    Parameters
    ----------
    traces
        As ``roiwidgets.traces`` returns them, dims (roi, t) in any order; time may be called
        ``time`` or ``frame``, too. Or an array with time last, as have labelled axes none of
        which is time.
    baseline
        How F0 is found: "percentile" of the whole trace, "sliding percentile" of the frames
        around each (``baseline_of``), "mean" of the trace; or F0 itself, a number or an
        array that broadcasts with the traces (one per region: shape (regions, 1)).
    percentile
        0 to 100, for both percentiles.
    window
        Frames of the sliding window, centred on each frame.

    Returns
    -------
    the same kind and shape as ``traces``, float64
        NaN where F0 is zero, negative or NaN: the ratio has no meaning there. Labels are kept.

    Raises
    ------
    ParameterError
        If there is no frame, values are no real numbers or a table, the baseline is unknown or
        does not broadcast (with time last), or a number is out of range.

    Warns
    -----
    UserWarning
        If F0 is zero or negative somewhere; it says in how many traces.

    Examples
    --------
    >>> relative_fluorescence(np.array([[2.0, 2.0, 3.0, 2.0]]), baseline="percentile")
    array([[0. , 0. , 0.5, 0. ]])
    """
    time = _time_axis(traces)
    values = _as_floats(traces)
    if values.ndim == 0 or values.shape[time] == 0:
        raise ParameterError(
            "traces have time as their last axis and at least one frame, got shape "
            f"{values.shape}; give an array of shape (regions, frames)"
        )
    values = np.moveaxis(values, time, -1)
    if isinstance(baseline, str):
        floor = baseline_of(
            values, cast("Baseline", baseline), percentile=percentile, window=window
        )
    else:
        floor = _given_baseline(baseline, values.shape)
    _warn_of_zeros(floor, values.shape)
    ratio: FloatArray = np.full(values.shape, np.nan)
    with np.errstate(invalid="ignore"):  # of infinite values
        np.divide(values - floor, floor, out=ratio, where=floor > 0)
    found: Any = traces
    if not is_xarray(found):
        found = ratio
    else:
        found = found.copy(data=np.moveaxis(ratio, -1, time))
        found.name = "dF/F"
        found.attrs["baseline"] = baseline if isinstance(baseline, str) else "given"
    return cast("Traces", found)


def baseline_of(
    traces: FloatArray, baseline: Baseline, *, percentile: float = 10.0, window: int = 301
) -> FloatArray:
    """Return the baseline F0 of traces, broadcast to their shape.

    Parameters
    ----------
    traces
        Time last.
    baseline, percentile, window
        As for ``relative_fluorescence``.

    Returns
    -------
    float64 array of the shape of ``traces``
        "percentile": ``numpy.nanpercentile`` with linear interpolation. "mean": over frames
        that are not NaN. "sliding percentile": ``scipy.ndimage.percentile_filter`` with mode
        "reflect", the frames beyond both ends mirrored; it picks the value at rank
        ``floor(window * percentile / 100)`` of the window, without interpolation. A window
        longer than the trace is cut to it. NaN frames are taken out first, so that a window
        reaches over them, and are NaN in the result. Traces of NaN only stay NaN.

    Raises
    ------
    ParameterError
        If the kind is unknown or a number is out of range.
    """
    if baseline not in BASELINES:
        raise ParameterError(f"baseline is one of {', '.join(BASELINES)}, got {baseline!r:.80}")
    if not 0 <= percentile <= 100:
        raise ParameterError(f"percentile is 0 to 100, got {percentile}")
    size: object = window
    if not isinstance(size, int | np.integer) or size < 1:
        raise ParameterError(f"window is a number of frames, at least 1, got {window!r:.80}")
    values = np.asarray(traces, np.float64)
    found = np.full(values.shape, np.nan)
    for index in np.ndindex(values.shape[:-1]):
        known = ~np.isnan(values[index])
        if known.any():
            row = values[index][known]
            found[index][known] = _floor_of(row, baseline, percentile, int(window))
    return found


def _floor_of(
    trace: FloatArray, baseline: Baseline, percentile: float, window: int
) -> FloatArray | np.float64:
    """Return the baseline of one trace without NaN."""
    if baseline == "mean":
        return np.float64(trace.mean())
    if baseline == "percentile":
        return np.float64(np.percentile(trace, percentile))
    from scipy import ndimage

    size = min(window, len(trace))
    return np.asarray(ndimage.percentile_filter(trace, percentile, size=size, mode="reflect"))


def _time_axis(traces: object) -> int:
    dims: tuple[Hashable, ...] = getattr(traces, "dims", ())
    times = [place for place, dim in enumerate(dims) if axis_of_name(dim) == "t"]
    return times[0] if times else -1


def _as_floats(traces: object) -> FloatArray:
    is_table = hasattr(traces, "columns") and not is_xarray(traces)
    values = None if is_table else np.asanyarray(traces)
    if values is None or values.dtype.kind not in "buif":
        what = "a table" if values is None else f"{values.dtype}"
        raise ParameterError(
            f"traces are real numbers with time last, or labelled as rw.traces returns them, got "
            f"{what}; of a table give the columns that hold values, as an array (regions, frames)"
        )
    return values.astype(np.float64)


def _given_baseline(baseline: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    try:
        return np.broadcast_to(np.asarray(baseline, np.float64), shape)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"a given baseline broadcasts with traces of shape {shape}, got {baseline!r:.120}"
        ) from error


def _warn_of_zeros(floor: FloatArray, shape: tuple[int, ...]) -> None:
    bad = np.asarray(np.broadcast_to(floor <= 0, shape)).reshape(-1, shape[-1])
    count = np.count_nonzero(bad.any(axis=1))
    if count:
        warnings.warn(
            f"the baseline is zero or negative in {count} of {len(bad)} traces: "
            "dF/F is NaN there; add the camera's offset, or give a baseline",
            stacklevel=3,
        )

"""Parts of series: some samples of all, or all samples of some."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import xarray
from numpy.typing import NDArray

from roiwidgets.errors import ParameterError
from roiwidgets.stacks.checks import whole_number
from roiwidgets.stacks.labelled import is_lazy
from roiwidgets.stacks.series.along_time import time_axis
from roiwidgets.stacks.series.series_layout import to_series

NEARLY = 1e-3
"""Share of the step between samples by which a time may be beside the one that is meant."""


def select(
    series: xarray.DataArray,
    times: Sequence[object] | NDArray[np.generic] | Callable[[NDArray[np.generic]], object],
) -> xarray.DataArray:
    """Return the samples of all series at some times, time last.

    Parameters
    ----------
    times
        Times, in the order that is wanted; or a function that takes all of them and
        tells for each whether it is. Sample numbers where the series have no times.
        Numbers find the nearest time within ``NEARLY`` of the step between samples, as 0.3 finds
        3 * 0.1, which is not the same float.

    Raises
    ------
    ParameterError
        If a time is not there, or none is left.

    Notes
    -----
    Thunder's ``select``. Ranges are ``series.sel(t=slice(2, 5))`` of xarray, which
    includes both ends.
    """
    dim = time_axis(series)
    known = series.coords[dim].values if dim in series.coords else np.arange(series.sizes[dim])
    if callable(times):
        chosen = np.asarray(times(known))
        if chosen.shape != known.shape or chosen.dtype != np.bool_:
            raise ParameterError(
                f"the function must tell for each of {len(known)} times whether it is wanted, got "
                f"{chosen.dtype} of shape {chosen.shape}"
            )
        places = np.flatnonzero(chosen)
    else:
        wanted = np.asarray(times)
        places = _places_of(wanted, known)
    if not places.size:
        raise ParameterError("no time is selected; at least one must be")
    return series.transpose(..., dim).isel({dim: places})


def _places_of(wanted: NDArray[np.generic], known: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return where times are among those that are known."""
    order = np.argsort(known, kind="stable")
    is_number = wanted.dtype.kind in "iuf" and known.dtype.kind in "iuf"
    if is_number and len(known) > 1:
        times, asked = known[order].astype(np.float64), wanted.astype(np.float64)
        right = np.clip(np.searchsorted(times, asked), 1, len(times) - 1)
        nearest = right - (asked - times[right - 1] <= times[right] - asked)
        is_missing = ~(np.abs(times[nearest] - asked) <= NEARLY * np.median(np.diff(times)))
        # the first of equal times, as it stands in the series
        places = order[np.searchsorted(times, times[nearest])]
    else:
        is_missing = ~np.isin(wanted, known)
        places = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    if is_missing.any():
        raise ParameterError(
            f"there is no sample at time {wanted[is_missing][0]}; there are {len(known)} from "
            f"{known[order[0]]} to {known[order[-1]]}"
        )
    return places


def sample(
    series: xarray.DataArray,
    count: int,
    *,
    threshold: float | None = None,
    seed: int = 0,
) -> xarray.DataArray:
    """Return some series, drawn without replacement, and where they come from.

    Parameters
    ----------
    count
        How many, at least 1.
    threshold
        Only series whose standard deviation (ddof 0, in units of the values) is larger
        are drawn from; computing them reads everything once.
    seed
        The same seed draws the same pixels.

    Returns
    -------
    xarray.DataArray
        Axes ``sample`` and time, the type is kept; lazy where the series are. Along
        ``sample`` stand the index of the pixel along each axis (``y_index``, ...), and
        its coordinates where there are some.

    Raises
    ------
    ParameterError
        If count is none, or fewer series pass the threshold.

    Notes
    -----
    Thunder's ``subset(nsamples, thresh)``, which returns values only, and fewer where
    fewer pass.
    """
    time = time_axis(series)
    wanted = whole_number("count", count, 1)
    pixels = [dim for dim in series.dims if dim != time]
    shape = tuple(series.sizes[dim] for dim in pixels)
    passing = np.arange(int(np.prod(shape)))
    if threshold is not None:
        deviation = series.transpose(*pixels, time).reduce(np.std, time, dtype=np.float64)
        passing = np.flatnonzero(deviation.values > threshold)
    if len(passing) < wanted:
        beyond = "" if threshold is None else f" with a standard deviation above {threshold}"
        raise ParameterError(
            f"{wanted} series were asked for, but there are {len(passing)}{beyond}; ask for fewer"
        )
    drawn = np.random.default_rng(seed).choice(passing, wanted, replace=False)
    return _picked(series, pixels, np.unravel_index(drawn, shape))


def _picked(
    series: xarray.DataArray, pixels: Sequence[Hashable], indices: Sequence[NDArray[np.intp]]
) -> xarray.DataArray:
    whole = to_series(series) if is_lazy(series) else series
    places = {
        dim: xarray.DataArray(index, dims="sample")
        for dim, index in zip(pixels, indices, strict=True)
    }
    picked = whole.isel(places).transpose("sample", ...)
    return picked.assign_coords(
        {f"{dim}_index": ("sample", index) for dim, index in zip(pixels, indices, strict=True)}
    )

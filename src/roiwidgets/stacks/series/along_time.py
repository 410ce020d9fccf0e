"""Functions on series run block by block, whether they are lazy or not."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import numpy as np
import xarray
from numpy.typing import DTypeLike, NDArray

from roiwidgets.errors import ImageError, ParameterError
from roiwidgets.stacks.labelled import check_stack, dimension, is_lazy
from roiwidgets.stacks.series.series_layout import in_blocks

Block = NDArray[np.float64]
"""Series of a block, float64, time last."""


def time_axis(series: xarray.DataArray) -> str:
    """Return the dimension of time of checked series."""
    return dimension(check_stack(series), "t")


def map_blocks(
    function: Callable[..., NDArray[np.generic]],
    series: xarray.DataArray,
    *,
    result: Mapping[Hashable, int] | None = None,
    dtype: DTypeLike = np.float64,
) -> xarray.DataArray:
    """Return what a function makes of whole series, block by block.

    Parameters
    ----------
    function
        Takes series as float64 with time last; returns an array whose last axes are
        those of ``result``.
    series
        Time anywhere; whole series are brought together.
    result
        New axes and their lengths; those of time by default.
    dtype
        Data type of the result.

    Returns
    -------
    xarray.DataArray
        Pixels first; lazy where the series are; name and attributes are kept. Large
        numpy arrays are worked on in blocks, too: as float64 they might not fit.
    """
    time = time_axis(series)
    whole = in_blocks(series)
    axes = {time: whole.sizes[time]} if result is None else dict(result)

    def in_float64(block: NDArray[np.generic]) -> NDArray[np.generic]:
        return function(block.astype(np.float64))

    mapped: xarray.DataArray = xarray.apply_ufunc(
        in_float64,
        whole,
        input_core_dims=[[time]],
        output_core_dims=[list(axes)],
        exclude_dims=set() if time in axes else {time},
        dask="parallelized",
        output_dtypes=[dtype],
        keep_attrs=True,
        dask_gufunc_kwargs={"output_sizes": axes},
    )
    named = mapped.rename(series.name)
    return named if is_lazy(series) else named.compute()


def as_signal(signal: object, series: xarray.DataArray) -> Block:
    """Return a signal as float64, one value for each sample of the series.

    Raises
    ------
    ParameterError
        If it has another length, is not finite, or is no sequence of numbers.
    ImageError
        If its times are not those of the series.
    """
    time = time_axis(series)
    if isinstance(signal, xarray.DataArray):
        known = time in signal.coords and time in series.coords
        # variables, not coordinates: those carry the place of the pixel along
        if known and not signal.coords[time].variable.equals(series.coords[time].variable):
            raise ImageError(
                "the times of the signal are not those of the series; align them first"
            )
    try:
        values = np.asarray(signal, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"a signal is a sequence of numbers: {error}") from error
    if values.shape != (series.sizes[time],) or not np.isfinite(values).all():
        raise ParameterError(
            f"a signal has one finite number for each of {series.sizes[time]} samples, got shape "
            f"{values.shape}"
        )
    return values


def centered(block: Block) -> Block:
    """Return series less their means."""
    rest: Block = block - block.mean(axis=-1, keepdims=True)
    return rest


def is_constant(block: Block) -> NDArray[np.bool_]:
    """Tell which series hold one value only, time kept as an axis of length 1.

    Rounding leaves those a tiny deviation from their mean: the values themselves tell.
    """
    constant: NDArray[np.bool_] = block.max(axis=-1, keepdims=True) == block.min(
        axis=-1, keepdims=True
    )
    return constant

"""Projections along an axis, and statistics across the images of a stack.

Results are lazy where the stack is. NaN is kept: where a value is NaN, so is the result.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import xarray

from roiwidgets.errors import ParameterError
from roiwidgets.stacks.labelled import check_stack, dimension


def project(
    stack: xarray.DataArray, axis: Hashable = "z", statistic: str = "max"
) -> xarray.DataArray:
    """Return a stack without one axis: along it, one statistic of the values is kept.

    Parameters
    ----------
    stack
        Any labelled array of numbers.
    axis
        The axis to project along, time included; ``t``, ``z``, ``y`` and ``x`` also
        find dimensions of longer names.
    statistic
        ``"max"`` and ``"min"`` keep the data type. ``"mean"``, ``"std"`` and
        ``"variance"`` (divided by the number of values, ddof 0) are float64.
        ``"sum"`` is int64, uint64 for unsigned and boolean stacks, float64 for floats;
        integers whose sum does not fit in 64 bits wrap around. ``"range"`` is max minus
        min: of integers unsigned, with as many bits, so that it always fits; of
        booleans uint8; floats keep their type.

    Returns
    -------
    xarray.DataArray
        Without ``axis``; other coordinates, name and attributes are kept.

    Raises
    ------
    ParameterError
        If there is no such axis or statistic.

    Notes
    -----
    Thunder's ``maxProjection(axis=2)`` and ``maxminProjection`` are of each image, as
    here; the latter is max **plus** min there and overflows uint8. Its ``stdev``,
    ``mean``, ``max`` and so on are across images: ``axis="t"``, or the functions of
    these names.
    """
    if statistic not in _STATISTICS:
        raise ParameterError(
            f"statistic must be one of {', '.join(_STATISTICS)}, got {statistic!r}"
        )
    dim = dimension(check_stack(stack), axis)
    return _STATISTICS[statistic](stack, dim)


def maximum(stack: xarray.DataArray) -> xarray.DataArray:
    """Return the largest value of each pixel across images; the data type is kept."""
    return project(stack, "t", "max")


def minimum(stack: xarray.DataArray) -> xarray.DataArray:
    """Return the smallest value of each pixel across images; the data type is kept."""
    return project(stack, "t", "min")


def mean(stack: xarray.DataArray) -> xarray.DataArray:
    """Return the mean of each pixel across images, as float64."""
    return project(stack, "t", "mean")


def std(stack: xarray.DataArray) -> xarray.DataArray:
    """Return the standard deviation of each pixel across images (ddof 0), as float64.

    Notes
    -----
    Thunder's ``stdev()``.
    """
    return project(stack, "t", "std")


def variance(stack: xarray.DataArray) -> xarray.DataArray:
    """Return the variance of each pixel across images (ddof 0), as float64."""
    return project(stack, "t", "variance")


def total(stack: xarray.DataArray) -> xarray.DataArray:
    """Return the sum of each pixel across images: int64, uint64 or float64.

    Notes
    -----
    Thunder's ``sum()``.
    """
    return project(stack, "t", "sum")


def _reduced(
    stack: xarray.DataArray, dim: str, function: Callable[..., Any], **options: Any
) -> xarray.DataArray:
    # numpy's functions run on dask arrays as dask's own
    return stack.reduce(function, dim, keep_attrs=True, **options)


def _range(stack: xarray.DataArray, dim: str) -> xarray.DataArray:
    highest, lowest = _reduced(stack, dim, np.max), _reduced(stack, dim, np.min)
    if stack.dtype.kind == "f":
        return highest.copy(data=highest.data - lowest.data)
    # modulo 2 ** bits the difference of two integers is exact, and it is not negative
    bits = np.dtype(f"u{stack.dtype.itemsize}")
    return highest.copy(data=highest.data.astype(bits) - lowest.data.astype(bits))


def _sum(stack: xarray.DataArray, dim: str) -> xarray.DataArray:
    wide = {"i": np.int64, "u": np.uint64, "b": np.uint64, "f": np.float64}[stack.dtype.kind]
    return _reduced(stack, dim, np.sum, dtype=wide)


def _in_float64(function: Callable[..., Any]) -> Callable[..., xarray.DataArray]:
    return lambda stack, dim: _reduced(stack, dim, function, dtype=np.float64)


_STATISTICS: Mapping[str, Callable[[xarray.DataArray, str], xarray.DataArray]] = {
    "max": lambda stack, dim: _reduced(stack, dim, np.max),
    "min": lambda stack, dim: _reduced(stack, dim, np.min),
    "mean": _in_float64(np.mean),
    "std": _in_float64(np.std),
    "variance": _in_float64(np.var),
    "sum": _sum,
    "range": _range,
}

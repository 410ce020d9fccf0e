"""The operations that come with roiwidgets.

Each has the field's name, its parameters with units, the halo that makes
block-wise equal to whole-volume, and the data type of its result.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from roiwidgets.errors import ParameterError
from roiwidgets.operations.gaussian import gaussian_radius
from roiwidgets.operations.itk_filters import PIXEL_TYPES, run_filter
from roiwidgets.operations.operation import (
    Dtype,
    DtypeRule,
    Operation,
    Spacing,
    Values,
    Voxels,
)
from roiwidgets.operations.parameters import Parameter, Value

SMALL_PIXEL_TYPES = ("uint8", "uint16", "int16", "float32", "float64")
BILATERAL_RADII = 2.5
"""Reach of ITK's automatic bilateral kernel, in domain sigmas."""


def identity() -> Operation:
    """Return the operation that changes nothing; promoted, it writes a pyramid."""
    return Operation(
        "identity", _copy, (), {}, "pointwise", halo_rule=_no_halo, dtype_rule=_same_dtype
    )


def threshold(
    lower: float = -math.inf, upper: float = math.inf, outside_value: float = 0.0
) -> Operation:
    """Return the operation that keeps values from ``lower`` to ``upper``, both included.

    Parameters
    ----------
    lower, upper
        In source values.
    outside_value
        Replaces the values outside.
    """
    parameters = (*_limits(lower, upper), _intensity("outside_value", 0.0, "Value outside", step=1))
    values: dict[str, Value] = {"lower": lower, "upper": upper, "outside_value": outside_value}
    return Operation(
        "threshold", _threshold, parameters, values, "pointwise", _no_halo, _same_dtype, PIXEL_TYPES
    )


def binary_threshold(
    lower: float = -math.inf,
    upper: float = math.inf,
    inside_value: int = 255,
    outside_value: int = 0,
) -> Operation:
    """Return the operation that tells values from ``lower`` to ``upper`` from the others.

    Parameters
    ----------
    lower, upper
        In source values, both included.
    inside_value, outside_value
        0 to 255; the result is uint8.
    """
    parameters = (
        *_limits(lower, upper),
        Parameter("inside_value", "integer", 255, 0, 255, 1, description="Value inside"),
        Parameter("outside_value", "integer", 0, 0, 255, 1, description="Value outside"),
    )
    values: dict[str, Value] = {
        "lower": lower, "upper": upper, "inside_value": inside_value,
        "outside_value": outside_value,
    }  # fmt: skip
    return Operation(
        "binary_threshold", _binary_threshold, parameters, values, "pointwise", _no_halo,
        _always("uint8"), PIXEL_TYPES, makes_labels=True,
    )  # fmt: skip


def median(radius: int = 1) -> Operation:
    """Return the median over a box of ``2 * radius + 1`` voxels a side, type kept."""
    return _box_filter("median", "MedianImageFilter", radius)


def mean(radius: int = 1) -> Operation:
    """Return the mean over a box of ``2 * radius + 1`` voxels a side, type kept."""
    return _box_filter("mean", "MeanImageFilter", radius)


def discrete_gaussian(
    sigma: float = 1.0, maximum_error: float = 0.01, maximum_kernel_width: int = 32
) -> Operation:
    """Return the convolution with a discrete Gaussian; the result is float32.

    Parameters
    ----------
    sigma
        Standard deviation in world units, > 0.
    maximum_error
        Share of the kernel that may be cut off, 0 to 1 exclusive.
    maximum_kernel_width
        Voxels at which the kernel is cut off in any case.

    Notes
    -----
    ITK's DiscreteGaussianImageFilter, after Lindeberg's discrete scale space.
    """
    parameters = (
        _world("sigma", 1.0, "Standard deviation"),
        Parameter("maximum_error", "float", 0.01, 1e-6, 0.999, 0.001,
                  description="Share of the kernel that is cut off"),
        Parameter("maximum_kernel_width", "integer", 32, 3, 513, 1,
                  description="Longest kernel in voxels"),
    )  # fmt: skip
    values: dict[str, Value] = {
        "sigma": sigma, "maximum_error": maximum_error,
        "maximum_kernel_width": maximum_kernel_width,
    }  # fmt: skip
    return Operation(
        "discrete_gaussian", _discrete_gaussian, parameters, values, "neighbourhood",
        _gaussian_halo, _always("float32"), PIXEL_TYPES,
    )  # fmt: skip


def gradient_magnitude() -> Operation:
    """Return the length of the gradient by central differences, in values per world unit.

    The result is float32, whatever the image is.
    """
    return Operation(
        "gradient_magnitude", _gradient_magnitude, (), {}, "neighbourhood", _one_voxel,
        _always("float32"), PIXEL_TYPES,
    )  # fmt: skip


def bilateral(domain_sigma: float = 4.0, range_sigma: float = 50.0) -> Operation:
    """Return the edge-preserving bilateral filter, type kept.

    Parameters
    ----------
    domain_sigma
        Standard deviation in space, world units; the kernel reaches 2.5 of it.
    range_sigma
        Standard deviation in source values.
    """
    parameters = (
        _world("domain_sigma", 4.0, "Standard deviation in space"),
        _intensity("range_sigma", 50.0, "Standard deviation in values", minimum=1e-6),
    )
    values: dict[str, Value] = {"domain_sigma": domain_sigma, "range_sigma": range_sigma}
    return Operation(
        "bilateral", _bilateral, parameters, values, "neighbourhood", _bilateral_halo, _same_dtype,
        SMALL_PIXEL_TYPES,
    )  # fmt: skip


CATALOG: dict[str, Callable[..., Operation]] = {
    "identity": identity,
    "threshold": threshold,
    "binary_threshold": binary_threshold,
    "median": median,
    "mean": mean,
    "discrete_gaussian": discrete_gaussian,
    "gradient_magnitude": gradient_magnitude,
    "bilateral": bilateral,
}
"""What ``load_operation`` finds by name."""


# Parameters -------------------------------------------------------------------


def _limits(lower: float, upper: float) -> tuple[Parameter, Parameter]:
    if lower > upper:
        raise ParameterError(f"lower={lower} lies above upper={upper}; swap them")
    return (
        _intensity("lower", -math.inf, "Smallest value inside"),
        _intensity("upper", math.inf, "Largest value inside"),
    )


def _intensity(
    name: str,
    default: float,
    description: str,
    *,
    step: float | None = None,
    minimum: float | None = None,
) -> Parameter:
    return Parameter(
        name, "float", default, minimum, None, step, unit="intensity", description=description
    )


def _world(name: str, default: float, description: str) -> Parameter:
    return Parameter(name, "float", default, 1e-9, None, unit="world", description=description)


def _box_filter(name: str, itk_name: str, radius: int) -> Operation:
    parameter = Parameter(
        "radius", "integer", 1, 0, 16, 1, unit="voxel", description="Reach along each axis"
    )
    return Operation(
        name, _BoxFilter(itk_name), (parameter,), {"radius": radius}, "neighbourhood", _radius_halo,
        _same_dtype, PIXEL_TYPES,
    )  # fmt: skip


# Halo and data type rules -----------------------------------------------------


def _no_halo(spacing: Spacing, values: Values) -> tuple[int, ...]:  # noqa: ARG001 # a halo rule
    return (0,) * len(spacing)


def _one_voxel(spacing: Spacing, values: Values) -> tuple[int, ...]:  # noqa: ARG001 # a halo rule
    return (1,) * len(spacing)


def _radius_halo(spacing: Spacing, values: Values) -> tuple[int, ...]:
    return (int(values["radius"]),) * len(spacing)


def _gaussian_halo(spacing: Spacing, values: Values) -> tuple[int, ...]:
    return tuple(
        gaussian_radius(
            (float(values["sigma"]) / step) ** 2,
            float(values["maximum_error"]),
            int(values["maximum_kernel_width"]),
        )
        for step in spacing
    )


def _bilateral_halo(spacing: Spacing, values: Values) -> tuple[int, ...]:
    reach = BILATERAL_RADII * float(values["domain_sigma"])
    return tuple(math.ceil(reach / step) for step in spacing)


def _same_dtype(dtype: Dtype) -> Dtype:
    return dtype.newbyteorder("=")


def _always(name: str) -> DtypeRule:
    return _Always(name)


class _Always:
    """The dtype rule that returns one type; a class, so that it pickles."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, dtype: Dtype) -> Dtype:  # noqa: ARG002 # a dtype rule
        return np.dtype(self._name)


# Functions --------------------------------------------------------------------


def _copy(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    return array.copy()


def _threshold(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    lower, upper = _within_dtype(array.dtype, values)
    outside = _as_dtype(array.dtype, float(values["outside_value"]))
    if lower > upper:  # the range lies between two integers, or beyond the type
        return np.full_like(array, outside)
    settings = {"Lower": lower, "Upper": upper, "OutsideValue": outside}
    return run_filter("ThresholdImageFilter", array, spacing, settings)


def _binary_threshold(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    lower, upper = _within_dtype(array.dtype, values)
    if lower > upper:
        return np.full(array.shape, values["outside_value"], np.uint8)
    settings = {
        "LowerThreshold": lower,
        "UpperThreshold": upper,
        "InsideValue": values["inside_value"],
        "OutsideValue": values["outside_value"],
    }
    return run_filter(
        "BinaryThresholdImageFilter", array, spacing, settings, output_dtype=np.dtype(np.uint8)
    )


def _within_dtype(dtype: Dtype, values: Values) -> tuple[float, float]:
    """Return the limits as values of a pixel type that include the same voxels."""
    lower, upper = float(values["lower"]), float(values["upper"])
    if dtype.kind == "f":
        return lower, upper
    bounds = np.iinfo(dtype.name)
    low = bounds.min if lower < bounds.min else math.ceil(min(lower, bounds.max + 1))
    high = bounds.max if upper > bounds.max else math.floor(max(upper, bounds.min - 1))
    return low, high


def _as_dtype(dtype: Dtype, value: float) -> float:
    """Return a value that a pixel type holds, as the number that ITK's setter takes."""
    if dtype.kind == "f":
        return value
    bounds = np.iinfo(dtype.name)
    if not bounds.min <= value <= bounds.max or value != int(value):
        raise ParameterError(
            f"outside_value={value:g} must be an integer from {bounds.min} to {bounds.max}, the "
            f"range of {dtype}"
        )
    return int(value)


class _BoxFilter:
    """A filter over a box of a radius; a class, so that it pickles."""

    def __init__(self, itk_name: str) -> None:
        self._itk_name = itk_name

    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:
        return run_filter(self._itk_name, array, spacing, {"Radius": values["radius"]})


def _discrete_gaussian(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    settings = {
        "Variance": float(values["sigma"]) ** 2,
        "MaximumError": float(values["maximum_error"]),
        "MaximumKernelWidth": int(values["maximum_kernel_width"]),
    }
    return run_filter("DiscreteGaussianImageFilter", _as_float32(array), spacing, settings)


def _gradient_magnitude(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    return run_filter("GradientMagnitudeImageFilter", _as_float32(array), spacing, {})


def _bilateral(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    settings = {"DomainSigma": values["domain_sigma"], "RangeSigma": values["range_sigma"]}
    return run_filter("BilateralImageFilter", array, spacing, settings)


def _as_float32(array: Voxels) -> Voxels:
    return array.astype(np.float32, copy=False)

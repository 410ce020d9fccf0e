"""Filters that look at one voxel at a time."""

from __future__ import annotations

import numpy as np

from roiwidgets.errors import ParameterError
from roiwidgets.operations.catalog.declaration import Filter, Itk
from roiwidgets.operations.catalog.rules import (
    check_finite,
    check_range,
    intensity,
    output_value,
)
from roiwidgets.operations.operation import Operation, Spacing, Values, Voxels
from roiwidgets.operations.parameters import Parameter

__all__ = [
    "absolute_value",
    "cast_to_float32",
    "cast_to_uint8",
    "exponential",
    "gamma_correction",
    "identity",
    "intensity_windowing",
    "invert_intensity",
    "logarithm",
    "shift_scale",
    "sigmoid",
    "square",
    "square_root",
]


def identity() -> Operation:
    """Return the operation that changes nothing; promoted, it writes a pyramid."""
    return _IDENTITY.operation()


def intensity_windowing(
    window_minimum: float = 0.0,
    window_maximum: float = 255.0,
    output_minimum: float = 0.0,
    output_maximum: float = 255.0,
) -> Operation:
    """Return the window of values, spread over an output range; the result is float32.

    Parameters
    ----------
    window_minimum, window_maximum
        In source values; what lies outside is clamped. They must differ.
    output_minimum, output_maximum
        What the ends of the window become.

    Notes
    -----
    The way to rescale by a range that is stated, so that all blocks agree;
    ``cast_to_uint8`` stores it in bytes.
    """
    return _INTENSITY_WINDOWING.operation(
        window_minimum=window_minimum, window_maximum=window_maximum,
        output_minimum=output_minimum, output_maximum=output_maximum,
    )  # fmt: skip


def sigmoid(
    alpha: float = 10.0, beta: float = 128.0, output_minimum: float = 0.0,
    output_maximum: float = 255.0,
) -> Operation:  # fmt: skip
    """Return values drawn into an S-shaped curve; the result is float32.

    Parameters
    ----------
    alpha
        Width of the curve in source values; negative turns it round, 0 is refused.
    beta
        Source value in its middle.
    output_minimum, output_maximum
        Values that the curve approaches.
    """
    return _SIGMOID.operation(
        alpha=alpha, beta=beta, output_minimum=output_minimum, output_maximum=output_maximum
    )


def invert_intensity(maximum: float = 255.0) -> Operation:
    """Return ``maximum - value``; the result is float32.

    Parameters
    ----------
    maximum
        Source value that becomes 0.
    """
    return _INVERT_INTENSITY.operation(maximum=maximum)


def shift_scale(shift: float = 0.0, scale: float = 1.0) -> Operation:
    """Return ``(value + shift) * scale``; the result is float32.

    Parameters
    ----------
    shift
        Added, in source values.
    scale
        Multiplies the sum.
    """
    return _SHIFT_SCALE.operation(shift=shift, scale=scale)


def absolute_value() -> Operation:
    """Return values without their sign, type kept; -32768 stays -32768 in int16."""
    return _ABSOLUTE_VALUE.operation()


def square() -> Operation:
    """Return values times themselves; the result is float32."""
    return _SQUARE.operation()


def square_root() -> Operation:
    """Return square roots, NaN for negative values; the result is float32."""
    return _SQUARE_ROOT.operation()


def logarithm(offset: float = 1.0) -> Operation:
    """Return the natural logarithm of ``value + offset``; the result is float32.

    Parameters
    ----------
    offset
        In source values. Where the sum is 0 the result is minus infinity, where it
        is negative NaN.
    """
    return _LOGARITHM.operation(offset=offset)


def exponential() -> Operation:
    """Return e to the power of the value; the result is float32, infinite above 88.7."""
    return _EXPONENTIAL.operation()


def gamma_correction(
    gamma: float = 1.0, input_minimum: float = 0.0, input_maximum: float = 255.0
) -> Operation:
    """Return the place in a range of values to the power of ``gamma``, as float32.

    Parameters
    ----------
    gamma
        Exponent, 0.01 to 100; below 1 dark values become brighter.
    input_minimum, input_maximum
        Source values that become 0 and 1; what lies outside is clamped.
    """
    return _GAMMA_CORRECTION.operation(
        gamma=gamma, input_minimum=input_minimum, input_maximum=input_maximum
    )


def cast_to_float32() -> Operation:
    """Return the values as float32, from any type of numbers or booleans.

    Integers beyond 2**24 are rounded.
    """
    return _CAST_TO_FLOAT32.operation()


def cast_to_uint8() -> Operation:
    """Return the values as uint8: rounded, halves to even, and clamped to 0 to 255.

    From any type of numbers or booleans; NaN becomes 0.
    """
    return _CAST_TO_UINT8.operation()


# Functions on voxels ----------------------------------------------------------


def _copy(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    return array.copy()


def _logarithm(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    with np.errstate(divide="ignore", invalid="ignore"):
        # rounded from float64: the same in every place of an array, whatever the processor
        return np.log(array.astype(np.float64) + float(values["offset"])).astype(np.float32)


def _gamma(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    low, high = float(values["input_minimum"]), float(values["input_maximum"])
    share = (np.clip(array.astype(np.float64), low, high) - low) / (high - low)
    return np.power(share, float(values["gamma"])).astype(np.float32)


def _to_float32(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    return array.astype(np.float32)


def _to_uint8(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    if array.dtype.kind == "f":
        return np.rint(np.clip(np.nan_to_num(array, posinf=255), 0, 255)).astype(np.uint8)
    return np.clip(array, 0, 255).astype(np.uint8)


# Checks -----------------------------------------------------------------------


def _check_window(values: Values) -> None:
    check_range("window_minimum", "window_maximum", values)
    check_range("output_minimum", "output_maximum", values)


def _check_gamma(values: Values) -> None:
    check_range("input_minimum", "input_maximum", values)


def _check_sigmoid(values: Values) -> None:
    check_range("output_minimum", "output_maximum", values)
    check_finite("beta", values)
    if not values["alpha"]:
        raise ParameterError("alpha=0 must not be 0; it is the width of the curve")


# Declarations -----------------------------------------------------------------

_OUTPUTS = (
    output_value("output_minimum", 0.0, "Smallest value of the result"),
    output_value("output_maximum", 255.0, "Largest value of the result"),
)

_IDENTITY = Filter("identity", _copy, dtypes=())

_INTENSITY_WINDOWING = Filter(
    "intensity_windowing",
    Itk(
        "IntensityWindowingImageFilter",
        {
            "WindowMinimum": "window_minimum",
            "WindowMaximum": "window_maximum",
            "OutputMinimum": "output_minimum",
            "OutputMaximum": "output_maximum",
        },
        computes_in="float32",
    ),
    (
        intensity("window_minimum", 0.0, "Value that becomes the smallest"),
        intensity("window_maximum", 255.0, "Value that becomes the largest"),
        *_OUTPUTS,
    ),
    returns="float32",
    check=_check_window,
)

_SIGMOID = Filter(
    "sigmoid",
    Itk(
        "SigmoidImageFilter",
        {
            "Alpha": "alpha",
            "Beta": "beta",
            "OutputMinimum": "output_minimum",
            "OutputMaximum": "output_maximum",
        },
        computes_in="float32",
    ),
    (
        Parameter("alpha", "float", 10.0, description="Width of the curve in source values"),
        intensity("beta", 128.0, "Value in the middle of the curve"),
        *_OUTPUTS,
    ),
    returns="float32",
    check=_check_sigmoid,
)

_INVERT_INTENSITY = Filter(
    "invert_intensity",
    Itk("InvertIntensityImageFilter", {"Maximum": "maximum"}, computes_in="float32"),
    (intensity("maximum", 255.0, "Value that becomes 0"),),
    returns="float32",
)

_SHIFT_SCALE = Filter(
    "shift_scale",
    Itk("ShiftScaleImageFilter", {"Shift": "shift", "Scale": "scale"}, computes_in="float32"),
    (
        Parameter("shift", "float", 0.0, description="Added, in source values"),
        Parameter("scale", "float", 1.0, description="Multiplies the sum"),
    ),
    returns="float32",
)

_ABSOLUTE_VALUE = Filter("absolute_value", Itk("AbsImageFilter"))

_SQUARE = Filter("square", Itk("SquareImageFilter", computes_in="float32"), returns="float32")

_SQUARE_ROOT = Filter(
    "square_root", Itk("SqrtImageFilter", computes_in="float32"), returns="float32"
)

_LOGARITHM = Filter(
    "logarithm",
    _logarithm,
    (Parameter("offset", "float", 1.0, description="Added before, in source values"),),
    returns="float32",
)

_EXPONENTIAL = Filter(
    "exponential", Itk("ExpImageFilter", computes_in="float32"), returns="float32"
)

_GAMMA_CORRECTION = Filter(
    "gamma_correction",
    _gamma,
    (
        Parameter("gamma", "float", 1.0, 0.01, 100.0, 0.01, description="Exponent"),
        intensity("input_minimum", 0.0, "Value that becomes 0"),
        intensity("input_maximum", 255.0, "Value that becomes 1"),
    ),
    returns="float32",
    check=_check_gamma,
)

_CAST_TO_FLOAT32 = Filter("cast_to_float32", _to_float32, returns="float32", dtypes=())

_CAST_TO_UINT8 = Filter("cast_to_uint8", _to_uint8, returns="uint8", dtypes=())

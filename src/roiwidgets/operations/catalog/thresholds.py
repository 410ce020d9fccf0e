"""Filters that compare each voxel with limits that are stated.

Thresholds that are found from the whole image, and the double threshold, which follows
objects through it, are not among them.
"""

from __future__ import annotations

import math

import numpy as np

from roiwidgets.errors import ParameterError
from roiwidgets.operations.catalog.declaration import Filter
from roiwidgets.operations.catalog.rules import (
    check_order,
    label_value,
    limits,
    limits_of_dtype,
    number_of_dtype,
    output_value,
)
from roiwidgets.operations.operation import Operation, Spacing, Values, Voxels
from roiwidgets.operations.substitutes import run_fast

__all__ = [
    "binary_threshold",
    "clamp",
    "threshold",
]


def threshold(
    lower: float = -math.inf, upper: float = math.inf, outside_value: float = 0.0
) -> Operation:
    """Return the operation that keeps values from ``lower`` to ``upper``, type kept.

    Parameters
    ----------
    lower, upper
        In source values, both included.
    outside_value
        Replaces the values outside.
    """
    made = _THRESHOLD.operation(lower=lower, upper=upper, outside_value=outside_value)
    _check_limits(lower, upper)
    return made


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
    made = _BINARY_THRESHOLD.operation(
        lower=lower, upper=upper, inside_value=inside_value, outside_value=outside_value
    )
    _check_limits(lower, upper)
    return made


def clamp(lower: float = -math.inf, upper: float = math.inf) -> Operation:
    """Return the operation that moves values outside a range to its ends, type kept.

    Parameters
    ----------
    lower, upper
        In source values. Integer images are clamped to the integers between them.
    """
    made = _CLAMP.operation(lower=lower, upper=upper)
    _check_limits(lower, upper)
    return made


# Functions and checks ---------------------------------------------------------


def _keep_inside(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    lower, upper = limits_of_dtype(array.dtype, values)
    outside = number_of_dtype(array.dtype, "outside_value", values["outside_value"])
    if lower > upper:  # the range lies between two integers, or beyond the type
        return np.full_like(array, outside)
    settings = {"Lower": lower, "Upper": upper, "OutsideValue": outside}
    return run_fast("ThresholdImageFilter", array, spacing, settings)


def _tell_inside(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    lower, upper = limits_of_dtype(array.dtype, values)
    if lower > upper:
        return np.full(array.shape, values["outside_value"], np.uint8)
    settings = {
        "LowerThreshold": lower,
        "UpperThreshold": upper,
        "InsideValue": values["inside_value"],
        "OutsideValue": values["outside_value"],
    }
    return run_fast(
        "BinaryThresholdImageFilter", array, spacing, settings,
        output_dtype=np.dtype(np.uint8),
    )  # fmt: skip


def _clamp(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    lower, upper = limits_of_dtype(array.dtype, values)
    if lower > upper:
        raise ParameterError(
            f"no {array.dtype} lies from lower={values['lower']} to upper={values['upper']}; widen "
            "the range"
        )
    clamped: Voxels = np.clip(array, lower, upper, dtype=array.dtype)
    return clamped


def _check_limits(lower: float, upper: float) -> None:
    # only where they are written down: sliders may pass each other for a moment
    check_order("lower", "upper", {"lower": lower, "upper": upper})


# Declarations -----------------------------------------------------------------

_THRESHOLD = Filter(
    "threshold",
    _keep_inside,
    (*limits(), output_value("outside_value", 0.0, "Value outside")),
)

_BINARY_THRESHOLD = Filter(
    "binary_threshold",
    _tell_inside,
    (
        *limits(),
        label_value("inside_value", 255, "Value inside"),
        label_value("outside_value", 0, "Value outside"),
    ),
    returns="uint8",
    makes_labels=True,
)

_CLAMP = Filter("clamp", _clamp, limits())

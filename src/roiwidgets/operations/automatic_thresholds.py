"""Thresholds that an image sets itself, and the stretch of its values.

Each is a global operation in passes: a histogram or the extremes of the whole image
first, then a pointwise operation.
"""

from __future__ import annotations

import typing
from functools import partial

import numpy as np

from roiwidgets.errors import ParameterError
from roiwidgets.operations.custom import FixedDtype
from roiwidgets.operations.histogram_first import HistogramFirst
from roiwidgets.operations.histogram_thresholds import Histogram, Method, find_threshold
from roiwidgets.operations.itk_filters import PIXEL_TYPES
from roiwidgets.operations.operation import Dtype, Operation, Spacing, Values, Voxels
from roiwidgets.operations.parameters import Parameter, Value
from roiwidgets.operations.reductions import (
    Finder,
    Found,
    MinimumMaximum,
    ReducesFirst,
    Reduction,
)
from roiwidgets.operations.stated import FixedHalo

__all__ = [
    "huang_threshold",
    "li_threshold",
    "otsu_threshold",
    "rescale_intensity",
    "triangle_threshold",
]


def otsu_threshold(inside_value: int = 255, outside_value: int = 0) -> Operation:
    """Return the operation that parts bright from dark voxels by Otsu's threshold.

    Parameters
    ----------
    inside_value, outside_value
        Of voxels above the threshold, and of all others; 0 to 255, the result is
        uint8.

    Notes
    -----
    The histogram is that of the whole image, of each time point and channel on its
    own: exact for integers, 256 bins from the smallest to the largest value for
    floats. The threshold that is found goes into the provenance of the output.
    N. Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    return _automatic_threshold("otsu", inside_value, outside_value)


def li_threshold(inside_value: int = 255, outside_value: int = 0) -> Operation:
    """Return the operation that parts bright from dark voxels by least cross entropy.

    Parameters and histogram are those of ``otsu_threshold``. C. H. Li and P. K. S.
    Tam, An iterative algorithm for minimum cross entropy thresholding, 1998.
    """
    return _automatic_threshold("li", inside_value, outside_value)


def triangle_threshold(inside_value: int = 255, outside_value: int = 0) -> Operation:
    """Return the operation that parts voxels where the histogram's longer tail begins.

    Parameters and histogram are those of ``otsu_threshold``. G. W. Zack, W. E.
    Rogers and S. A. Latt, Automatic measurement of sister chromatid exchange
    frequency, 1977.
    """
    return _automatic_threshold("triangle", inside_value, outside_value)


def huang_threshold(inside_value: int = 255, outside_value: int = 0) -> Operation:
    """Return the operation that parts bright from dark voxels by least fuzziness.

    Parameters and histogram are those of ``otsu_threshold``; more than 4096
    different values are binned evenly. L.-K. Huang and M.-J. J. Wang, Image thresholding by
    minimizing the measures of fuzziness, 1995.
    """
    return _automatic_threshold("huang", inside_value, outside_value)


def rescale_intensity(output_minimum: float = 0.0, output_maximum: float = 255.0) -> Operation:
    """Return the linear stretch of the image's values to a range, type kept.

    Parameters
    ----------
    output_minimum, output_maximum
        What the smallest and the largest finite value become; integers are cut off
        below the point, as ITK does it.

    Notes
    -----
    The extremes are those of the whole image, of each time point and channel on its
    own.
    """
    if output_minimum > output_maximum:
        raise ParameterError(
            f"output_minimum={output_minimum} lies above output_maximum={output_maximum}; swap them"
        )
    parameters = (
        Parameter("output_minimum", "float", 0.0, description="What the smallest value becomes"),
        Parameter("output_maximum", "float", 255.0, description="What the largest value becomes"),
    )
    values: dict[str, Value] = {"output_minimum": output_minimum, "output_maximum": output_maximum}
    return Operation(
        "rescale_intensity", RescaleInPasses(), parameters, values, "global", FixedHalo(0),
        FixedDtype(None), PIXEL_TYPES,
    )  # fmt: skip


class ThresholdInPasses(HistogramFirst):
    """A threshold by a histogram.

    Parameters
    ----------
    method
        How the threshold is found.
    """

    def __init__(self, method: Method) -> None:
        self._method = method

    def finder(self, values: Values) -> Finder:  # noqa: ARG002 # as the base has it
        """Return what finds ``threshold``: voxels above it are the brighter class."""
        return partial(_find, method=self._method)

    def local(self, found: Found, values: Values) -> Operation:
        """Return the threshold as a local operation; all is dark where there is one value."""
        return _above(found.get("threshold", found.get("maximum", 0)), values)


def _find(histogram: Histogram, *, method: Method) -> dict[str, int | float]:
    return {"threshold": find_threshold(histogram, method)}


class RescaleInPasses(ReducesFirst):
    """A linear stretch from the extremes to a range."""

    def titles(self, dtype: Dtype) -> tuple[str, ...]:
        """Return the title of the reduction."""
        return (MinimumMaximum(is_integer=dtype.kind != "f").title,)

    def next_step(self, dtype: Dtype, values: Values, found: Found) -> Reduction | Operation:
        """Return the reduction, or the stretch as a local operation."""
        if "minimum" not in found:
            _check_range(dtype, values)
            return MinimumMaximum(is_integer=dtype.kind != "f")
        names = ("minimum", "maximum")
        parameters = tuple(Parameter(name, "float", 0.0, unit="intensity") for name in names)
        outputs = tuple(
            Parameter(f"output_{name}", "float", 0.0, unit="intensity") for name in names
        )
        return Operation(
            "rescale_intensity", stretch, (*parameters, *outputs), {**values, **found}, "pointwise",
            FixedHalo(0), FixedDtype(None),
        )  # fmt: skip


def stretch(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    """Return values stretched linearly from one range to another, type kept.

    Notes
    -----
    The arithmetic is that of ITK's RescaleIntensityImageFilter: in double precision,
    cut off below the point for integers, and clipped to the range.
    """
    lowest, highest = float(values["minimum"]), float(values["maximum"])
    low, high = float(values["output_minimum"]), float(values["output_maximum"])
    span = highest - lowest if highest != lowest else highest
    scale = (high - low) / span if span else 0.0
    shift = low - lowest * scale
    result = np.empty(array.shape, array.dtype)
    for target, slab in zip(result, array, strict=True):  # slab by slab: doubles take much memory
        # a constant image has the lowest value everywhere, and NaN stays NaN
        doubles = slab.astype(np.float64) * scale + shift
        np.clip(doubles, low, high, out=doubles)
        target[...] = doubles.astype(array.dtype)
    return result


def above(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    """Return a mask of the values above a threshold, uint8; NaN are not."""
    is_inside = np.greater(array, _as_type(array.dtype, float(values["threshold"])))
    inside, outside = np.uint8(values["inside_value"]), np.uint8(values["outside_value"])
    mask: Voxels = np.where(is_inside, inside, outside)
    return mask


def _as_type(dtype: Dtype, threshold: float) -> float:
    """Return a threshold that compares with a type's values without a change of type."""
    return threshold if dtype.kind == "f" else int(threshold)


def _automatic_threshold(method: Method, inside_value: int, outside_value: int) -> Operation:
    assert method in typing.get_args(Method)
    values: dict[str, Value] = {"inside_value": inside_value, "outside_value": outside_value}
    return Operation(
        f"{method}_threshold", ThresholdInPasses(method), _mask_values(), values, "global",
        FixedHalo(0), FixedDtype("uint8"), PIXEL_TYPES, makes_labels=True,
    )  # fmt: skip


def _mask_values() -> tuple[Parameter, Parameter]:
    return (
        Parameter("inside_value", "integer", 255, 0, 255, 1, description="Value above"),
        Parameter("outside_value", "integer", 0, 0, 255, 1, description="Value up to it"),
    )


def _above(threshold: float, values: Values) -> Operation:
    parameter = Parameter("threshold", "float", 0.0, unit="intensity")
    return Operation(
        "above_threshold", above, (parameter, *_mask_values()), {**values, "threshold": threshold},
        "pointwise", FixedHalo(0), FixedDtype("uint8"), makes_labels=True,
    )  # fmt: skip


def _check_range(dtype: Dtype, values: Values) -> None:
    if dtype.kind == "f":
        return
    bounds = np.iinfo(dtype.name)
    for name in ("output_minimum", "output_maximum"):
        value = float(values[name])
        if not bounds.min <= value <= bounds.max:
            raise ParameterError(
                f"{name}={value:g} must lie from {bounds.min} to {bounds.max}, the range of {dtype}"
            )

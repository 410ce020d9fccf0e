"""Filters that find where an image changes.

Canny's edges are not among them: its hysteresis follows edges through the whole image.
"""

from __future__ import annotations

import numpy as np

from roiwidgets.errors import ParameterError
from roiwidgets.operations.catalog.declaration import Filter, Itk, recursive_filter
from roiwidgets.operations.catalog.rules import (
    ONE_VOXEL,
    DiscreteGaussianReach,
    gaussian_parameters,
    label_value,
    variance,
    world_length,
)
from roiwidgets.operations.operation import Operation, Spacing, Values, Voxels
from roiwidgets.operations.parameters import Parameter

__all__ = [
    "derivative",
    "difference_of_gaussians",
    "gradient_magnitude",
    "gradient_magnitude_gaussian",
    "laplacian",
    "laplacian_of_gaussian",
    "sobel",
    "zero_crossing",
    "zero_crossing_edges",
]

AXES = ("x", "y", "z")
"""In ITK's order."""


def gradient_magnitude() -> Operation:
    """Return the length of the gradient by central differences, in values per world unit.

    The result is float32, whatever the image is.
    """
    return _GRADIENT_MAGNITUDE.operation()


def gradient_magnitude_gaussian(sigma: float = 1.0) -> Operation:
    """Return the length of the gradient of the smoothed image, as float32.

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian in world units, > 0.

    Notes
    -----
    ITK's GradientMagnitudeRecursiveGaussianImageFilter. Block by block it differs from
    the whole volume by up to ``RECURSIVE_TOLERANCE`` of the range of values, per sigma.
    """
    return _GRADIENT_MAGNITUDE_GAUSSIAN.operation(sigma=sigma)


def derivative(axis: str = "x", order: int = 1) -> Operation:
    """Return the derivative along an axis by central differences, as float32.

    Parameters
    ----------
    axis
        ``x``, ``y`` or ``z``.
    order
        1, in values per world unit, or 2.
    """
    return _DERIVATIVE.operation(axis=axis, order=order)


def laplacian() -> Operation:
    """Return the sum of the second derivatives by differences, as float32.

    In values per squared world unit.
    """
    return _LAPLACIAN.operation()


def laplacian_of_gaussian(sigma: float = 1.0) -> Operation:
    """Return the sum of the second derivatives of the smoothed image, as float32.

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian in world units, > 0.

    Notes
    -----
    ITK's LaplacianRecursiveGaussianImageFilter. Block by block it differs from the
    whole volume by up to ``RECURSIVE_TOLERANCE`` of the range of values, per squared
    sigma.
    """
    return _LAPLACIAN_OF_GAUSSIAN.operation(sigma=sigma)


def difference_of_gaussians(
    sigma: float = 1.0, larger_sigma: float = 1.6, maximum_error: float = 0.01,
    maximum_kernel_width: int = 32,
) -> Operation:  # fmt: skip
    """Return the image smoothed by one Gaussian less that by a larger one, as float32.

    Parameters
    ----------
    sigma, larger_sigma
        Standard deviations in world units, the first one smaller.
    maximum_error, maximum_kernel_width
        As those of ``discrete_gaussian``.
    """
    return _DIFFERENCE_OF_GAUSSIANS.operation(
        sigma=sigma, larger_sigma=larger_sigma, maximum_error=maximum_error,
        maximum_kernel_width=maximum_kernel_width,
    )  # fmt: skip


def sobel() -> Operation:
    """Return the length of the gradient by Sobel's operator, as float32.

    In multiples of values per voxel: the spacing plays no part, as is the custom.
    """
    return _SOBEL.operation()


def zero_crossing(inside_value: int = 255, outside_value: int = 0) -> Operation:
    """Return where the sign changes between neighbours, on the side nearer to 0, as uint8.

    Parameters
    ----------
    inside_value, outside_value
        Of voxels at a crossing and of the others, 0 to 255.
    """
    return _ZERO_CROSSING.operation(inside_value=inside_value, outside_value=outside_value)


def zero_crossing_edges(
    sigma: float = 1.0, maximum_error: float = 0.01, inside_value: int = 255,
    outside_value: int = 0,
) -> Operation:  # fmt: skip
    """Return where the Laplacian of the smoothed image changes its sign, as uint8.

    Parameters
    ----------
    sigma
        Standard deviation of the Gaussian in world units, > 0.
    maximum_error
        Share of the kernel that may be cut off, 0 to 1 exclusive.
    inside_value, outside_value
        Of voxels at an edge and of the others, 0 to 255.

    Notes
    -----
    ITK's ZeroCrossingBasedEdgeDetectionImageFilter, after Marr and Hildreth. Kernels
    end at 32 voxels.
    """
    return _ZERO_CROSSING_EDGES.operation(
        sigma=sigma, maximum_error=maximum_error, inside_value=inside_value,
        outside_value=outside_value,
    )  # fmt: skip


# What ITK's setters are given -------------------------------------------------


def _direction(spacing: Spacing, values: Values) -> int:
    direction = AXES.index(str(values["axis"]))
    if direction >= len(spacing):
        raise ParameterError(f"axis='z' must be one of 'x', 'y': the image has {len(spacing)} axes")
    return direction


def _larger_variance(spacing: Spacing, values: Values) -> float:  # noqa: ARG001 # for a setter
    return float(values["larger_sigma"]) ** 2


# Functions and checks ---------------------------------------------------------

_DIFFERENCES = Itk(
    "DerivativeImageFilter", {"Direction": _direction, "Order": "order"}, computes_in="float32"
)


def _derivative(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    result = _DIFFERENCES(array, spacing, values)
    if values["order"] == 1:
        return result
    # ITK divides by the spacing once, also where the second derivative needs its square
    step = spacing[array.ndim - 1 - _direction(spacing, values)]
    return np.divide(result, step, dtype=np.float32)


_KERNEL_END = {"MaximumError": "maximum_error", "MaximumKernelWidth": "maximum_kernel_width"}
_NARROW = Itk(
    "DiscreteGaussianImageFilter", {"Variance": variance, **_KERNEL_END}, computes_in="float32"
)
_WIDE = Itk(
    "DiscreteGaussianImageFilter",
    {"Variance": _larger_variance, **_KERNEL_END},
    computes_in="float32",
)


def _difference(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    difference: Voxels = _NARROW(array, spacing, values) - _WIDE(array, spacing, values)  # type: ignore[operator] # both are float32
    return difference


def _check_sigmas(values: Values) -> None:
    if not float(values["sigma"]) < float(values["larger_sigma"]):
        raise ParameterError(
            f"sigma={values['sigma']} must be smaller than larger_sigma={values['larger_sigma']}"
        )


# Declarations -----------------------------------------------------------------

_CROSSING_VALUES = (
    label_value("inside_value", 255, "Value at a crossing"),
    label_value("outside_value", 0, "Value elsewhere"),
)
_CROSSING_SETTERS = {"ForegroundValue": "inside_value", "BackgroundValue": "outside_value"}

_GRADIENT_MAGNITUDE = Filter(
    "gradient_magnitude",
    Itk("GradientMagnitudeImageFilter", computes_in="float32"),
    halo=ONE_VOXEL,
    returns="float32",
)

_GRADIENT_MAGNITUDE_GAUSSIAN = recursive_filter(
    "gradient_magnitude_gaussian", "GradientMagnitudeRecursiveGaussianImageFilter"
)

_DERIVATIVE = Filter(
    "derivative",
    _derivative,
    (
        Parameter("axis", "choice", "x", choices=AXES, description="Axis of the derivative"),
        Parameter("order", "integer", 1, 1, 2, 1, description="First or second derivative"),
    ),
    ONE_VOXEL,
    returns="float32",
)

_LAPLACIAN = Filter(
    "laplacian",
    Itk("LaplacianImageFilter", computes_in="float32"),
    halo=ONE_VOXEL,
    returns="float32",
)

_LAPLACIAN_OF_GAUSSIAN = recursive_filter(
    "laplacian_of_gaussian", "LaplacianRecursiveGaussianImageFilter"
)

_DIFFERENCE_OF_GAUSSIANS = Filter(
    "difference_of_gaussians",
    _difference,
    (
        gaussian_parameters()[0],
        world_length("larger_sigma", 1.6, "Standard deviation of the larger Gaussian"),
        *gaussian_parameters()[1:],
    ),
    DiscreteGaussianReach("larger_sigma"),
    returns="float32",
    check=_check_sigmas,
)

_SOBEL = Filter(
    "sobel",
    Itk("SobelEdgeDetectionImageFilter", computes_in="float32"),
    halo=ONE_VOXEL,
    returns="float32",
)

_ZERO_CROSSING = Filter(
    "zero_crossing",
    Itk("ZeroCrossingImageFilter", _CROSSING_SETTERS, computes_in="float32", returns="uint8"),
    _CROSSING_VALUES,
    ONE_VOXEL,
    returns="uint8",
    makes_labels=True,
)

_ZERO_CROSSING_EDGES = Filter(
    "zero_crossing_edges",
    Itk(
        "ZeroCrossingBasedEdgeDetectionImageFilter",
        {"Variance": variance, "MaximumError": "maximum_error", **_CROSSING_SETTERS},
        computes_in="float32",
        returns="uint8",
    ),
    (*gaussian_parameters()[:2], *_CROSSING_VALUES),
    DiscreteGaussianReach(further=2),
    returns="uint8",
    makes_labels=True,
)

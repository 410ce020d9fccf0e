"""Filters that make an image smoother or sharper, and the local noise."""

from __future__ import annotations

import numpy as np

from roiwidgets.operations.catalog.declaration import Filter, Itk, recursive_filter
from roiwidgets.operations.catalog.rules import (
    RADIUS,
    DiscreteGaussianReach,
    ProductReach,
    bilateral_reach,
    check_positive,
    gaussian_parameters,
    intensity,
    radius_parameter,
    recursive_reach,
    recursive_sides,
    variance,
    world_length,
)
from roiwidgets.operations.operation import Operation, Spacing, Values, Voxels
from roiwidgets.operations.parameters import Parameter

__all__ = [
    "bilateral",
    "binomial_blur",
    "discrete_gaussian",
    "mean",
    "median",
    "noise",
    "recursive_gaussian",
    "unsharp_mask",
]


def median(radius: int = 1) -> Operation:
    """Return the median over a box of ``2 * radius + 1`` voxels a side, type kept."""
    return _MEDIAN.operation(radius=radius)


def mean(radius: int = 1) -> Operation:
    """Return the mean over a box of ``2 * radius + 1`` voxels a side, type kept."""
    return _MEAN.operation(radius=radius)


def noise(radius: int = 1) -> Operation:
    """Return the standard deviation over a box, as float32: ITK's NoiseImageFilter.

    Parameters
    ----------
    radius
        The box has ``2 * radius + 1`` voxels a side. The deviation is that of a sample:
        it divides by one less than the number of voxels.
    """
    return _NOISE.operation(radius=radius)


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
    return _DISCRETE_GAUSSIAN.operation(
        sigma=sigma, maximum_error=maximum_error, maximum_kernel_width=maximum_kernel_width
    )


def recursive_gaussian(sigma: float = 1.0) -> Operation:
    """Return the convolution with a Gaussian at a cost that does not grow with it, as float32.

    Parameters
    ----------
    sigma
        Standard deviation in world units, > 0.

    Notes
    -----
    ITK's SmoothingRecursiveGaussianImageFilter, after Deriche. Its response never ends:
    block by block it differs from the whole volume by up to ``RECURSIVE_TOLERANCE`` of
    the range of values. ``discrete_gaussian`` is exact.
    """
    return _RECURSIVE_GAUSSIAN.operation(sigma=sigma)


def binomial_blur(repetitions: int = 1) -> Operation:
    """Return the weights 1, 2, 1 along each axis, applied again and again, as float32.

    Parameters
    ----------
    repetitions
        1 to 100; the variance grows by half a squared voxel with each.
    """
    return _BINOMIAL_BLUR.operation(repetitions=repetitions)


def bilateral(domain_sigma: float = 4.0, range_sigma: float = 50.0) -> Operation:
    """Return the edge-preserving bilateral filter, type kept.

    Parameters
    ----------
    domain_sigma
        Standard deviation in space, world units; the kernel reaches 2.5 of it.
    range_sigma
        Standard deviation in source values, > 0.
    """
    return _BILATERAL.operation(domain_sigma=domain_sigma, range_sigma=range_sigma)


def unsharp_mask(sigma: float = 1.0, amount: float = 0.5, threshold: float = 0.0) -> Operation:
    """Return the image sharpened by its difference to a blurred one, as float32.

    Parameters
    ----------
    sigma
        Standard deviation of the blur in world units, > 0.
    amount
        Times the difference that is added, 0 to 10.
    threshold
        Differences below stay, in source values, >= 0.

    Notes
    -----
    The blur is recursive: block by block the result differs from the whole volume by
    up to ``1 + amount`` times ``RECURSIVE_TOLERANCE`` of the range of values.
    """
    return _UNSHARP_MASK.operation(sigma=sigma, amount=amount, threshold=threshold)


# Functions and checks ---------------------------------------------------------

_SAMPLE_DEVIATION = Itk("NoiseImageFilter", {"Radius": "radius"}, computes_in="float32")


def _noise(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    if not values["radius"]:  # ITK divides by zero, the number of voxels less one
        return np.zeros(array.shape, np.float32)
    result = _SAMPLE_DEVIATION(array, spacing, values)
    if not np.isnan(array).any():
        # where all values are alike ITK takes the root of what rounding left, also below 0
        result = np.nan_to_num(result, nan=0.0, posinf=np.inf)
    return result


def _check_bilateral(values: Values) -> None:
    check_positive("range_sigma", values)


# Declarations -----------------------------------------------------------------

_MEDIAN = Filter(
    "median",
    Itk("MedianImageFilter", {"Radius": "radius"}, follows_regions=True),
    (radius_parameter(),),
    RADIUS,
)

_MEAN = Filter(
    "mean",
    Itk("MeanImageFilter", {"Radius": "radius"}, follows_regions=True),
    (radius_parameter(),),
    RADIUS,
)

_NOISE = Filter("noise", _noise, (radius_parameter(),), RADIUS, returns="float32")

_DISCRETE_GAUSSIAN = Filter(
    "discrete_gaussian",
    Itk(
        "DiscreteGaussianImageFilter",
        {
            "Variance": variance,
            "MaximumError": "maximum_error",
            "MaximumKernelWidth": "maximum_kernel_width",
        },
        computes_in="float32",
    ),
    gaussian_parameters(),
    DiscreteGaussianReach(),
    returns="float32",
)

_RECURSIVE_GAUSSIAN = recursive_filter(
    "recursive_gaussian", "SmoothingRecursiveGaussianImageFilter"
)

_BINOMIAL_BLUR = Filter(
    "binomial_blur",
    Itk("BinomialBlurImageFilter", {"Repetitions": "repetitions"}, computes_in="float32"),
    (
        Parameter(
            "repetitions",
            "integer",
            1,
            1,
            100,
            1,
            unit="voxel steps",
            description="Number of passes",
        ),
    ),
    ProductReach(("repetitions",)),
    returns="float32",
)

_BILATERAL = Filter(
    "bilateral",
    Itk(
        "BilateralImageFilter",
        {"DomainSigma": "domain_sigma", "RangeSigma": "range_sigma"},
        follows_regions=True,
    ),
    (
        world_length("domain_sigma", 4.0, "Standard deviation in space"),
        intensity("range_sigma", 50.0, "Standard deviation in values", minimum=1e-6),
    ),
    bilateral_reach,
    check=_check_bilateral,
)

_UNSHARP_MASK = Filter(
    "unsharp_mask",
    Itk(
        "UnsharpMaskImageFilter",
        {"Sigma": "sigma", "Amount": "amount", "Threshold": "threshold", "Clamp": False},
        computes_in="float32",
        least_sides=recursive_sides,
    ),
    (
        world_length("sigma", 1.0, "Standard deviation of the blur"),
        Parameter("amount", "float", 0.5, 0, 10, 0.05, description="Times the difference"),
        Parameter("threshold", "float", 0.0, 0, description="Smaller differences stay"),
    ),
    recursive_reach,
    returns="float32",
)

"""Halo rules, data type rules and parameters that filters of the catalogue share.

A halo rule says how many voxels around a block its result depends on, per axis, for
the spacing and the values it is given. All rules pickle: they are functions of this
module, or instances of its small classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from roiwidgets.errors import ParameterError
from roiwidgets.operations.gaussian import gaussian_radius
from roiwidgets.operations.operation import Dtype, Spacing, Values
from roiwidgets.operations.parameters import Parameter, Value

SMALLEST_LENGTH = 1e-9
"""In world units: lengths are greater than zero."""

BILATERAL_RADII = 2.5
"""Reach of ITK's automatic bilateral kernel, in domain sigmas."""

RECURSIVE_RADII = 8.0
"""Reach that is allowed for a recursive Gaussian, in sigmas: its response never ends."""

RECURSIVE_TOLERANCE = 5e-6
"""Largest difference that cutting off at ``RECURSIVE_RADII`` makes, as a share of the
range of values; 2e-6 was measured, of the Laplacian."""


ITK_KERNEL_WIDTH = 32
"""Longest kernel of discrete Gaussians within other filters, which cannot be told."""


# Halo rules -------------------------------------------------------------------


def no_halo(spacing: Spacing, values: Values) -> tuple[int, ...]:  # noqa: ARG001 # a halo rule
    """Return 0 per axis: each voxel depends on itself."""
    return (0,) * len(spacing)


@dataclass(frozen=True, slots=True)
class FixedReach:
    """The halo rule of kernels that do not change.

    Parameters
    ----------
    voxels
        Reach along each axis.
    """

    voxels: int

    def __call__(self, spacing: Spacing, values: Values) -> tuple[int, ...]:  # noqa: ARG002 # a halo rule
        """Return the halo per axis."""
        return (self.voxels,) * len(spacing)


@dataclass(frozen=True, slots=True)
class ProductReach:
    """The halo rule of passes that each reach a number of voxels.

    Parameters
    ----------
    names
        Parameters whose values are multiplied: ``radius``, ``iterations``.
    factor
        Multiplies their product; 2 for a pass that is followed by another.
    """

    names: tuple[str, ...]
    factor: int = 1

    def __call__(self, spacing: Spacing, values: Values) -> tuple[int, ...]:
        """Return the halo per axis."""
        product = math.prod(int(values[name]) for name in self.names)
        return (self.factor * product,) * len(spacing)


ONE_VOXEL = FixedReach(1)
RADIUS = ProductReach(("radius",))
TWICE_RADIUS = ProductReach(("radius",), factor=2)


@dataclass(frozen=True, slots=True)
class DiscreteGaussianReach:
    """The halo rule of ITK's discrete Gaussian.

    Parameters
    ----------
    name
        Parameter with the standard deviation in world units.
    further
        Voxels that a filter after the Gaussian reaches.
    """

    name: str = "sigma"
    further: int = 0

    def __call__(self, spacing: Spacing, values: Values) -> tuple[int, ...]:
        """Return the halo per axis."""
        return tuple(
            self.further
            + gaussian_radius(
                (float(values[self.name]) / step) ** 2,
                float(values["maximum_error"]),
                int(values.get("maximum_kernel_width", ITK_KERNEL_WIDTH)),
            )
            for step in spacing
        )


def recursive_reach(spacing: Spacing, values: Values) -> tuple[int, ...]:
    """Return 8 sigma per axis, where what is cut off is within ``RECURSIVE_TOLERANCE``."""
    reach = RECURSIVE_RADII * float(values["sigma"])
    return tuple(math.ceil(reach / step) for step in spacing)


@dataclass(frozen=True, slots=True)
class WorldReach:
    """The halo rule of filters that look as far as a length in the world.

    Parameters
    ----------
    name
        Parameter with the length, in world units.
    """

    name: str

    def __call__(self, spacing: Spacing, values: Values) -> tuple[int, ...]:
        """Return the halo per axis."""
        return tuple(math.ceil(float(values[self.name]) / step) for step in spacing)


def bilateral_reach(spacing: Spacing, values: Values) -> tuple[int, ...]:
    """Return the radius that ITK chooses for the kernel, per axis."""
    reach = BILATERAL_RADII * float(values["domain_sigma"])
    return tuple(math.ceil(reach / step) for step in spacing)


# What ITK's setters are given --------------------------------------------------


def variance(spacing: Spacing, values: Values) -> float:  # noqa: ARG001 # computed for a setter
    """Return sigma squared, in squared world units."""
    return float(values["sigma"]) ** 2


def recursive_sides(spacing: Spacing, values: Values) -> tuple[int, ...]:  # noqa: ARG001 # sides
    """Return the voxels that ITK's recursive filters need along each axis."""
    return (4,) * len(spacing)


# Data type rules --------------------------------------------------------------


def same_dtype(dtype: Dtype) -> Dtype:
    """Return the data type of the image, in this machine's byte order."""
    return dtype.newbyteorder("=")


@dataclass(frozen=True, slots=True)
class Always:
    """The dtype rule that returns one type.

    Parameters
    ----------
    name
        Of the data type.
    """

    name: str

    def __call__(self, dtype: Dtype) -> Dtype:  # noqa: ARG002 # a dtype rule
        """Return the data type."""
        return np.dtype(self.name)


# Parameters -------------------------------------------------------------------


def intensity(
    name: str, default: float, description: str, *, minimum: float | None = None
) -> Parameter:
    """Return a parameter in source values, whose slider takes its range from the data."""
    return Parameter(
        name, "float", default, minimum, unit="intensity", description=description
    )  # fmt: skip


def output_value(name: str, default: float, description: str) -> Parameter:
    """Return a value of the result, in its own units; a step keeps it from the data's range."""
    return Parameter(name, "float", default, step=1, unit="intensity", description=description)


def limits(lower: float = -math.inf, upper: float = math.inf) -> tuple[Parameter, Parameter]:
    """Return the parameters ``lower`` and ``upper`` in source values."""
    return (
        intensity("lower", lower, "Smallest value inside"),
        intensity("upper", upper, "Largest value inside"),
    )


def world_length(name: str, default: float, description: str) -> Parameter:
    """Return a length > 0 in world units."""
    return Parameter(
        name, "float", default, SMALLEST_LENGTH, None, unit="world", description=description
    )


def radius_parameter(description: str = "Reach along each axis") -> Parameter:
    """Return the parameter ``radius`` in voxels."""
    return Parameter("radius", "integer", 1, 0, 16, 1, unit="voxel", description=description)


def iterations_parameter(default: int) -> Parameter:
    """Return the parameter ``iterations``, a count."""
    return Parameter(
        "iterations", "integer", default, 1, 100, 1, unit="voxel steps",
        description="Number of steps",
    )  # fmt: skip


def gaussian_parameters() -> tuple[Parameter, Parameter, Parameter]:
    """Return sigma and where the kernel of ITK's discrete Gaussian ends."""
    return (
        world_length("sigma", 1.0, "Standard deviation"),
        Parameter("maximum_error", "float", 0.01, 1e-6, 0.999, 0.001,
                  description="Share of the kernel that is cut off"),
        Parameter("maximum_kernel_width", "integer", 32, 3, 513, 1, unit="voxel",
                  description="Longest kernel"),
    )  # fmt: skip


def time_step_parameter(description: str) -> Parameter:
    """Return the parameter ``time_step``; at its largest, steps are stable in 3-D."""
    return Parameter("time_step", "float", 0.0625, 1e-4, 0.0625, 0.0005, description=description)


def label_value(name: str, default: int, description: str) -> Parameter:
    """Return a value of a uint8 result."""
    return Parameter(name, "integer", default, 0, 255, 1, description=description)


# Checks -----------------------------------------------------------------------


def check_order(low: str, high: str, values: Values) -> None:
    """Raise a ``ParameterError`` if the value named ``low`` lies above that of ``high``."""
    if float(values[low]) > float(values[high]):
        raise ParameterError(f"{low}={values[low]} lies above {high}={values[high]}; swap them")


def check_range(low: str, high: str, values: Values) -> None:
    """Raise a ``ParameterError`` unless the value named ``low`` lies below that of ``high``.

    Both must be finite.
    """
    check_order(low, high, values)
    if values[low] == values[high]:
        raise ParameterError(f"{low} and {high} are both {values[low]}; give a range")
    for name in (low, high):
        check_finite(name, values)


def check_finite(name: str, values: Values) -> None:
    """Raise a ``ParameterError`` if a value is infinite."""
    if not math.isfinite(float(values[name])):
        raise ParameterError(f"{name}={values[name]} must be a finite number")


def check_positive(name: str, values: Values) -> None:
    """Raise a ``ParameterError`` unless a value is a finite number > 0."""
    if not 0 < float(values[name]) < math.inf:
        raise ParameterError(f"{name}={values[name]} must be a finite number > 0")


def number_of_dtype(dtype: Dtype, name: str, value: Value) -> float:
    """Return a value that a pixel type holds, as the number that ITK's setter takes.

    Raises
    ------
    ParameterError
        If an integer type does not hold it.
    """
    number = float(value)
    if dtype.kind == "f":
        return number
    bounds = np.iinfo(dtype.name)
    if not bounds.min <= number <= bounds.max or number != int(number):
        raise ParameterError(
            f"{name}={number:g} must be an integer from {bounds.min} to {bounds.max}, the "
            f"range of {dtype}"
        )
    return int(number)


def limits_of_dtype(dtype: Dtype, values: Values) -> tuple[float, float]:
    """Return ``lower`` and ``upper`` as values of a pixel type that include the same voxels."""
    lower, upper = float(values["lower"]), float(values["upper"])
    if dtype.kind == "f":
        return lower, upper
    bounds = np.iinfo(dtype.name)
    low = bounds.min if lower < bounds.min else math.ceil(min(lower, bounds.max + 1))
    high = bounds.max if upper > bounds.max else math.floor(max(upper, bounds.min - 1))
    return low, high

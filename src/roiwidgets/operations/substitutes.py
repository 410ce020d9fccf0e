"""Functions that do what an ITK filter does, bit for bit, for less.

A substitute stands in the table with all it is proven for, in
``tests/operations/test_substitutes.py``; everything else is ITK's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roiwidgets.operations.box_median import box_median
from roiwidgets.operations.central_differences import gradient_length
from roiwidgets.operations.inside import whole_of
from roiwidgets.operations.itk_filters import PIXEL_TYPES, run_filter
from roiwidgets.operations.operation import Box, Dtype, Spacing, Voxels

Mask: TypeAlias = "NDArray[np.bool_]"
Settings: TypeAlias = "Mapping[str, Any]"  # numbers, as ITK's setters take them


@dataclass(frozen=True, slots=True)
class Substitute:
    """A function in place of an ITK filter, and what it is proven for.

    Parameters
    ----------
    function
        Called with an array, the spacing of its axes, ITK's settings and a box of the
        array; returns what the filter would in the box.
    dtypes
        Names of pixel types.
    ranges
        Smallest and largest value per setting, both included.
    takes_finite_only
        Whether it is not proven for NaN and infinity.
    """

    function: Callable[[Voxels, Spacing, Settings, Box], Voxels]
    dtypes: tuple[str, ...]
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    takes_finite_only: bool = False

    def applies(self, array: Voxels, settings: Settings) -> bool:
        """Tell whether it is proven for an array and settings."""
        return (
            array.dtype.name in self.dtypes
            and all(low <= settings[name] <= high for name, (low, high) in self.ranges.items())
            and not (self.takes_finite_only and not np.isfinite(array).all())
        )


def run_fast(
    name: str,
    array: Voxels,
    spacing: Spacing,
    settings: Settings,
    *,
    output_dtype: Dtype | None = None,
    takes_kernel: bool = False,
    inside: Box | None = None,
) -> Voxels:
    """Return what an ITK filter makes of an array, by the cheapest proven way.

    Parameters are those of ``run_filter``. Where a substitute applies ITK is not loaded,
    which alone takes 1 s and 150 MB in each worker.
    """
    substitute = SUBSTITUTES.get(name)
    if substitute is not None and substitute.applies(array, settings):
        return substitute.function(array, spacing, settings, inside or whole_of(array))
    return run_filter(
        name, array, spacing, settings, output_dtype=output_dtype, takes_kernel=takes_kernel,
        inside=inside,
    )  # fmt: skip


def _median(array: Voxels, _spacing: Spacing, settings: Settings, box: Box) -> Voxels:
    return box_median(array, settings["Radius"], box)


def _gradient_magnitude(array: Voxels, spacing: Spacing, _settings: Settings, box: Box) -> Voxels:
    return gradient_length(array, spacing, box)


def _threshold(array: Voxels, _spacing: Spacing, settings: Settings, box: Box) -> Voxels:
    voxels = array[box]
    is_between = _is_between(voxels, settings["Lower"], settings["Upper"])
    return _choose(is_between, voxels, array.dtype.type(settings["OutsideValue"]))


def _binary_threshold(array: Voxels, _spacing: Spacing, settings: Settings, box: Box) -> Voxels:
    is_between = _is_between(array[box], settings["LowerThreshold"], settings["UpperThreshold"])
    foreground = np.full((1,) * array.ndim, settings["InsideValue"], np.uint8)
    return _choose(is_between, foreground, np.uint8(settings["OutsideValue"]))


def _choose(condition: Mask, values: NDArray[Any], otherwise: Any) -> Voxels:
    """Return ``np.where(condition, values, otherwise)``, 20 times faster for integers."""
    if values.dtype.kind == "f":  # an infinity times 0 is no 0
        return np.where(condition, values, otherwise)
    chosen: Voxels = (values - otherwise) * condition + otherwise  # wraps around, and back
    return chosen


def _is_between(array: NDArray[Any], lower: float, upper: float) -> Mask:
    """Tell which voxels lie between limits of the array's own type; NaN does not."""
    with np.errstate(over="ignore"):  # beyond the type is as good as infinite
        low, high = array.dtype.type(lower), array.dtype.type(upper)
    is_between: Mask = array >= low
    is_between &= array <= high
    return is_between


SUBSTITUTES: dict[str, Substitute] = {
    "BinaryThresholdImageFilter": Substitute(_binary_threshold, PIXEL_TYPES),
    "GradientMagnitudeImageFilter": Substitute(
        _gradient_magnitude, ("float32",), takes_finite_only=True
    ),
    "MedianImageFilter": Substitute(_median, ("uint8", "uint16", "int16"), {"Radius": (1, 16)}),
    "ThresholdImageFilter": Substitute(_threshold, PIXEL_TYPES),
}
"""By ITK's class name."""

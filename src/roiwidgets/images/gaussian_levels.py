"""Smoothing before voxels are binned, so that coarse levels hold no aliases."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.binning import round_to
from roiwidgets.images.sources import Slices, Voxels

RADII = 5.0
"""Where the kernel ends, in standard deviations."""


def smoothing_sigma(factor: int) -> float:
    """Return the standard deviation, in voxels, that goes before bins of ``factor`` voxels.

    Notes
    -----
    The full width at half maximum of a coarse voxel is ``sqrt(factor**2 - 1)`` fine ones,
    as Cardoso et al. (2015, "Scale factor point spread function matching") derive it and
    ITK-Wasm takes it; the bin itself is the part ``(factor**2 - 1) / 12`` of the variance.
    """
    whole = (factor**2 - 1) / (8 * math.log(2))
    return math.sqrt(whole - (factor**2 - 1) / 12)


@dataclass(frozen=True, slots=True)
class BinSmoothing:
    """Smooths a block of a level whose voxels are binned next.

    Parameters
    ----------
    factors
        Voxels per bin along each axis; axes of 1 are left alone.

    Notes
    -----
    Kernels are symmetric about a voxel, and bins about their centre: nothing is shifted.
    At the border, and beside NaN, the weights of what is there are scaled to 1.
    """

    factors: tuple[int, ...]

    @property
    def reach(self) -> tuple[int, ...]:
        """Voxels around a block that its result depends on."""
        return tuple(len(_kernel(factor)) - 1 for factor in self.factors)

    def __call__(
        self,
        block: Voxels,
        spacing: tuple[float, ...],  # noqa: ARG002 # runs as an operation
        *,
        inside: Slices | None = None,
    ) -> Voxels:
        """Return the smoothed block, or a box of it, in its data type; integers are rounded."""
        missing = np.isnan(block) if block.dtype.kind == "f" else np.zeros(block.shape, bool)
        values = np.where(missing, 0, block).astype(np.float64)
        weights = np.where(missing, 0.0, 1.0)
        for axis, factor in enumerate(self.factors):
            if factor > 1:
                values = _convolve(values, _kernel(factor), axis)
                weights = _convolve(weights, _kernel(factor), axis)
        with np.errstate(invalid="ignore"):  # 0 / 0 where nothing is near
            smooth = values / weights
        smooth[missing] = np.nan
        return round_to(smooth if inside is None else smooth[inside], block.dtype)


def _kernel(factor: int) -> tuple[float, ...]:
    """Return the weights of a voxel and of those to one side, without a common factor."""
    if factor == 1:
        return (1.0,)
    sigma = smoothing_sigma(factor)
    return tuple(math.exp(-0.5 * (i / sigma) ** 2) for i in range(math.ceil(RADII * sigma) + 1))


def _convolve(
    values: NDArray[np.float64], kernel: tuple[float, ...], axis: int
) -> NDArray[np.float64]:
    """Return the convolution with a symmetric kernel along an axis; zeros lie outside."""
    result = kernel[0] * values
    lead = (slice(None),) * axis
    for step, weight in enumerate(kernel[1:], start=1):
        if step >= values.shape[axis]:
            break
        near, far = (*lead, slice(None, -step)), (*lead, slice(step, None))
        result[near] += weight * values[far]
        result[far] += weight * values[near]
    return result

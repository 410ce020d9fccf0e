"""Whole-volume filters run with public ITK, as a user would: the oracle of the catalogue."""

from __future__ import annotations

import itk
import numpy as np
from numpy.typing import NDArray

import roiwidgets.operations as ops
from roiwidgets.operations import Operation

Voxels = NDArray[np.generic]
SPACING = {2: (0.7, 1.3), 3: (2.0, 0.7, 1.3)}


def phantom(shape: tuple[int, ...], dtype: str = "uint8", seed: int = 7) -> Voxels:
    """Blobs with edges and noise, over the whole range of small integers."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    waves = sum(np.sin(axis / (3.0 + i)) for i, axis in enumerate(axes))
    values = 90 * (waves > 0.3) + 60 + 12 * waves + rng.normal(0, 18, shape)
    values = np.clip(values, 0, 255)
    if dtype.startswith("float"):
        return (values / 7 - 11).astype(dtype)
    return values.astype(dtype)


def as_image(array: Voxels, spacing: tuple[float, ...]) -> object:
    image = itk.image_from_array(np.ascontiguousarray(array))
    image.SetRegions(list(reversed(array.shape)))  # ITK reads a single column as a row
    image.SetSpacing([float(step) for step in reversed(spacing)])
    return image


def as_array(image: object) -> Voxels:
    return itk.array_from_image(image)


def oracle(name: str, array: Voxels, spacing: tuple[float, ...]) -> Voxels:
    """Return what public ITK makes of a whole array with the values of ``OPERATIONS``."""
    image = as_image(array, spacing)
    as_float = as_image(array.astype(np.float32), spacing)
    kind = type(image)
    if name == "threshold":
        limits = {"lower": 60, "upper": 170, "outside_value": 7}
        return as_array(itk.threshold_image_filter(image, **limits))
    if name == "binary_threshold":
        output = itk.Image[itk.UC, array.ndim]
        return as_array(
            itk.binary_threshold_image_filter(
                image, lower_threshold=60, upper_threshold=170, inside_value=255,
                outside_value=0, ttype=[kind, output],
            )
        )  # fmt: skip
    if name == "median":
        return as_array(itk.median_image_filter(image, radius=2))
    if name == "mean":
        return as_array(itk.mean_image_filter(image, radius=2))
    if name == "discrete_gaussian":
        return as_array(
            itk.discrete_gaussian_image_filter(
                as_float, variance=2.25, maximum_error=0.01, maximum_kernel_width=32,
                use_image_spacing=True,
            )
        )  # fmt: skip
    if name == "gradient_magnitude":
        return as_array(itk.gradient_magnitude_image_filter(as_float, use_image_spacing=True))
    assert name == "bilateral"
    return as_array(itk.bilateral_image_filter(image, domain_sigma=1.1, range_sigma=30.0))


OPERATIONS: dict[str, Operation] = {
    "threshold": ops.threshold(lower=60, upper=170, outside_value=7),
    "binary_threshold": ops.binary_threshold(lower=60, upper=170),
    "median": ops.median(radius=2),
    "mean": ops.mean(radius=2),
    "discrete_gaussian": ops.discrete_gaussian(sigma=1.5),
    "gradient_magnitude": ops.gradient_magnitude(),
    "bilateral": ops.bilateral(domain_sigma=1.1, range_sigma=30.0),
}
"""The catalogue, with the values that ``oracle`` uses."""

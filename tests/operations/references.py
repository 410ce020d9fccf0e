"""What numpy, SciPy and public ITK make of a whole array: references for the catalogue.

Each takes voxels, spacing and the operation's values. Borders are those of ITK: edge
values continue, unless a function says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import itk
import numpy as np
import scipy.ndimage as ndi
import scipy.special
from numpy.typing import NDArray

from roiwidgets.operations.gaussian import gaussian_radius
from tests.operations.oracles import as_array, as_image

Array = NDArray[Any]
Values = Mapping[str, Any]
Reference = Callable[[Array, tuple[float, ...], Values], Array]


# Single voxels ----------------------------------------------------------------


def threshold(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return np.where((v >= p["lower"]) & (v <= p["upper"]), v, p["outside_value"])


def binary_threshold(v: Array, s: tuple[float, ...], p: Values) -> Array:
    is_inside = (v >= p["lower"]) & (v <= p["upper"])
    return np.where(is_inside, p["inside_value"], p["outside_value"])


def clamp(v: Array, s: tuple[float, ...], p: Values) -> Array:
    lower, upper = (p["lower"], p["upper"])
    if v.dtype.kind != "f":
        lower, upper = np.ceil(lower), np.floor(upper)
    return np.minimum(np.maximum(v, lower), upper)


def intensity_windowing(v: Array, s: tuple[float, ...], p: Values) -> Array:
    ends = [p["window_minimum"], p["window_maximum"]]
    return np.interp(v, ends, [p["output_minimum"], p["output_maximum"]])


def sigmoid(v: Array, s: tuple[float, ...], p: Values) -> Array:
    share = scipy.special.expit((v.astype(float) - p["beta"]) / p["alpha"])
    return p["output_minimum"] + (p["output_maximum"] - p["output_minimum"]) * share


def gamma_correction(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return np.interp(v, [p["input_minimum"], p["input_maximum"]], [0, 1]) ** p["gamma"]


# Boxes and kernels ------------------------------------------------------------


def box_sum(v: Array, radius: int) -> Array:
    kernel = np.ones((2 * radius + 1,) * v.ndim)
    return ndi.correlate(v.astype(np.float64), kernel, mode="nearest")


def median(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return ndi.median_filter(v, size=2 * p["radius"] + 1, mode="nearest")


def mean(v: Array, s: tuple[float, ...], p: Values) -> Array:
    quotient = box_sum(v, p["radius"]) / (2 * p["radius"] + 1) ** v.ndim
    return quotient if v.dtype.kind == "f" else np.trunc(quotient + 1e-9)


def noise(v: Array, s: tuple[float, ...], p: Values) -> Array:
    side = 2 * p["radius"] + 1
    ddof = 1 if p["radius"] else 0
    return ndi.generic_filter(
        v.astype(np.float64), np.std, size=side, mode="nearest", extra_keywords={"ddof": ddof}
    )


def smooth(v: Array, s: tuple[float, ...], p: Values, name: str = "sigma") -> Array:
    result = v.astype(np.float64)
    for axis, step in enumerate(s):
        variance = (p[name] / step) ** 2
        width = p.get("maximum_kernel_width", 32)
        radius = gaussian_radius(variance, p["maximum_error"], width)
        kernel = scipy.special.ive(np.abs(np.arange(-radius, radius + 1)), variance)
        result = ndi.correlate1d(result, kernel / kernel.sum(), axis, mode="nearest")
    return result


def difference_of_gaussians(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return smooth(v, s, p) - smooth(v, s, p, "larger_sigma")


def binomial_blur(v: Array, s: tuple[float, ...], p: Values) -> Array:
    """Means of each two neighbours, forwards and then backwards, as ITK does it."""
    result = v.astype(np.float64)
    for _ in range(p["repetitions"]):
        for axis in reversed(range(v.ndim)):
            lines = np.moveaxis(result, axis, 0)
            lines[:-1] = (lines[:-1] + lines[1:]) / 2
            lines[1:] = (lines[1:] + lines[:-1]) / 2
    return result


def gaussian(v: Array, s: tuple[float, ...], sigma: float, order: tuple[int, ...]) -> Array:
    sigmas = [sigma / step for step in s]
    smoothed = ndi.gaussian_filter(v.astype(np.float64), sigmas, order, mode="nearest", truncate=10)
    return smoothed / np.prod([step**n for step, n in zip(s, order, strict=True)])


def axes_orders(ndim: int, order: int) -> list[tuple[int, ...]]:
    return [tuple(order * (i == axis) for i in range(ndim)) for axis in range(ndim)]


def recursive_gaussian(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return gaussian(v, s, p["sigma"], (0,) * v.ndim)


def unsharp_mask(v: Array, s: tuple[float, ...], p: Values) -> Array:
    difference = v - gaussian(v, s, p["sigma"], (0,) * v.ndim)
    beyond = np.sign(difference) * np.maximum(np.abs(difference) - p["threshold"], 0)
    return v + p["amount"] * beyond


def gradient_magnitude_gaussian(v: Array, s: tuple[float, ...], p: Values) -> Array:
    parts = [gaussian(v, s, p["sigma"], order) for order in axes_orders(v.ndim, 1)]
    return np.sqrt(sum(part**2 for part in parts))


def laplacian_of_gaussian(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return sum(gaussian(v, s, p["sigma"], order) for order in axes_orders(v.ndim, 2))


def along(v: Array, kernel: list[float], axis: int) -> Array:
    return ndi.correlate1d(v.astype(np.float64), kernel, axis, mode="nearest")


def gradient_magnitude(v: Array, s: tuple[float, ...], p: Values) -> Array:
    parts = [along(v, [-0.5, 0, 0.5], axis) / step for axis, step in enumerate(s)]
    return np.sqrt(sum(part**2 for part in parts))


def laplacian(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return sum(along(v, [1, -2, 1], axis) / step**2 for axis, step in enumerate(s))


def derivative(v: Array, s: tuple[float, ...], p: Values) -> Array:
    axis = v.ndim - 1 - "xyz".index(p["axis"])
    kernel = [-0.5, 0, 0.5] if p["order"] == 1 else [1, -2, 1]
    return along(v, kernel, axis) / s[axis] ** p["order"]


def sobel(v: Array, s: tuple[float, ...], p: Values) -> Array:
    weights = {2: [1, 2, 1], 3: [[1, 3, 1], [3, 6, 3], [1, 3, 1]]}[v.ndim]
    kernel = np.stack([-np.array(weights), np.zeros_like(weights), np.array(weights)])
    parts = [
        ndi.correlate(v.astype(np.float64), np.moveaxis(kernel, 0, axis), mode="nearest")
        for axis in range(v.ndim)
    ]
    return np.sqrt(sum(part**2 for part in parts))


def zero_crossing(v: Array, s: tuple[float, ...], p: Values) -> Array:
    """Another sign beside a voxel, which is nearer to 0, or as near and first."""
    v = v.astype(np.float32)
    crosses = np.zeros(v.shape, bool)
    padded = np.pad(v, 1, mode="edge")
    for axis, step in product(range(v.ndim), (-1, 1)):
        there = tuple(
            slice(1 + step, n + 1 + step) if i == axis else slice(1, n + 1)
            for i, n in enumerate(v.shape)
        )
        other = padded[there]
        differs = ((v < 0) & (other > 0)) | ((v > 0) & (other < 0)) | ((v == 0) != (other == 0))
        is_nearer = (np.abs(v) < np.abs(other)) | ((np.abs(v) == np.abs(other)) & (step > 0))
        crosses |= differs & is_nearer
    return np.where(crosses, p["inside_value"], p["outside_value"])


# Morphology -------------------------------------------------------------------


def footprint(p: Values, ndim: int) -> Array:
    r = p["radius"]
    grid = np.array(np.meshgrid(*[np.arange(-r, r + 1)] * ndim, indexing="ij"))
    if p["shape"] == "box":
        return np.ones(grid.shape[1:], bool)
    if p["shape"] == "cross":
        return (grid != 0).sum(axis=0) <= 1
    return (grid**2).sum(axis=0) <= (r + 0.5) ** 2


def ends(v: Array) -> tuple[Any, Any]:
    bounds = np.finfo(v.dtype) if v.dtype.kind == "f" else np.iinfo(v.dtype)
    return bounds.min, bounds.max


def dilate(v: Array, s: tuple[float, ...], p: Values) -> Array:
    """The largest value inside the image."""
    element = footprint(p, v.ndim)
    return ndi.maximum_filter(v, footprint=element, mode="constant", cval=ends(v)[0])


def erode(v: Array, s: tuple[float, ...], p: Values) -> Array:
    element = footprint(p, v.ndim)
    return ndi.minimum_filter(v, footprint=element, mode="constant", cval=ends(v)[1])


def opening(v: Array, s: tuple[float, ...], p: Values) -> Array:
    r = p["radius"]
    padded = np.pad(v, r, constant_values=ends(v)[1])
    return dilate(erode(padded, s, p), s, p)[tuple(slice(r, r + n) for n in v.shape)]


def closing(v: Array, s: tuple[float, ...], p: Values) -> Array:
    r = p["radius"]
    padded = np.pad(v, r, constant_values=ends(v)[0])
    return erode(dilate(padded, s, p), s, p)[tuple(slice(r, r + n) for n in v.shape)]


def binary(reference: Reference) -> Reference:
    return lambda v, s, p: reference(np.where(v != 0, 255, 0).astype(np.uint8), s, p)


def binary_opening(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return dilate(erode(v, s, p), s, p)


def binary_median(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return 255 * (2 * box_sum(v != 0, p["radius"]) > (2 * p["radius"] + 1) ** v.ndim)


def voting_binary(v: Array, s: tuple[float, ...], p: Values) -> Array:
    votes = np.rint(box_sum(v != 0, p["radius"]))
    needed = np.where(v != 0, p["survival_threshold"], p["birth_threshold"])
    return 255 * (votes >= needed)


def hole_filling(v: Array, s: tuple[float, ...], p: Values) -> Array:
    mask = v != 0
    birth = ((2 * p["radius"] + 1) ** v.ndim - 1) // 2 + p["majority_threshold"]
    for _ in range(p["iterations"]):
        mask = mask | (np.rint(box_sum(mask, p["radius"])) >= birth)
    return 255 * mask


def contour(v: Array, s: tuple[float, ...], p: Values) -> Array:
    element = ndi.generate_binary_structure(v.ndim, v.ndim if p["fully_connected"] else 1)
    low = ndi.minimum_filter(v, footprint=element, mode="nearest")
    high = ndi.maximum_filter(v, footprint=element, mode="nearest")
    return np.where(low != high, v, 0)


# Distances --------------------------------------------------------------------


def distance_to(mask: Array, s: tuple[float, ...], largest: float) -> Array:
    if not mask.any():
        return np.full(mask.shape, largest)
    return np.minimum(ndi.distance_transform_edt(~mask, sampling=s), largest)


def distance_map(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return distance_to(v != 0, s, p["maximum_distance"])


def inner_distance_map(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return distance_to(v == 0, s, p["maximum_distance"])


def dilate_by_distance(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return 255 * (distance_to(v != 0, s, np.inf) <= p["distance"] * (1 + 1e-7))


def erode_by_distance(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return 255 * (distance_to(v == 0, s, np.inf) > p["distance"] * (1 + 1e-7))


# Public ITK, for what has no short formula -------------------------------------


def itk_filter(name: str, settings: Callable[[tuple[float, ...], Values], Values]) -> Reference:
    def run(v: Array, s: tuple[float, ...], p: Values) -> Array:
        made = getattr(itk, name).New(as_image(v.astype(np.float32), s), **settings(s, p))
        made.Update()
        return as_array(made.GetOutput())

    return run


def bilateral(v: Array, s: tuple[float, ...], p: Values) -> Array:
    return as_array(itk.bilateral_image_filter(as_image(v, s), **p))


def flow(s: tuple[float, ...], p: Values) -> Values:
    return {"number_of_iterations": p["iterations"], "time_step": p["time_step"] * min(s) ** 2}


def diffusion(s: tuple[float, ...], p: Values) -> Values:
    return {
        "number_of_iterations": p["iterations"],
        "time_step": p["time_step"] * min(s),
        "conductance_parameter": 1.0,
        "fixed_average_gradient_magnitude": p["average_gradient"],
    }


def crossing_edges(s: tuple[float, ...], p: Values) -> Values:
    return {
        "variance": p["sigma"] ** 2,
        "maximum_error": p["maximum_error"],
        "foreground_value": p["inside_value"],
        "background_value": p["outside_value"],
    }


REFERENCES: dict[str, Reference] = {
    "absolute_value": lambda v, s, p: np.abs(v),
    "bilateral": bilateral,
    "binary_closing": binary(closing),
    "binary_contour": binary(contour),
    "binary_dilate": binary(dilate),
    "binary_dilate_by_distance": dilate_by_distance,
    "binary_erode": binary(erode),
    "binary_erode_by_distance": erode_by_distance,
    "binary_median": binary_median,
    "binary_opening": binary(binary_opening),
    "binary_threshold": binary_threshold,
    "binomial_blur": binomial_blur,
    "black_top_hat": lambda v, s, p: closing(v, s, p) - v,
    "cast_to_float32": lambda v, s, p: np.float32(v),
    "cast_to_uint8": lambda v, s, p: np.rint(np.clip(v, 0, 255)),
    "clamp": clamp,
    "curvature_anisotropic_diffusion": itk_filter(
        "CurvatureAnisotropicDiffusionImageFilter", diffusion
    ),
    "curvature_flow": itk_filter("CurvatureFlowImageFilter", flow),
    "derivative": derivative,
    "difference_of_gaussians": difference_of_gaussians,
    "discrete_gaussian": smooth,
    "distance_map": distance_map,
    "exponential": lambda v, s, p: np.exp(v.astype(np.float32)),
    "gamma_correction": gamma_correction,
    "gradient_anisotropic_diffusion": itk_filter(
        "GradientAnisotropicDiffusionImageFilter", diffusion
    ),
    "gradient_magnitude": gradient_magnitude,
    "gradient_magnitude_gaussian": gradient_magnitude_gaussian,
    "grayscale_closing": closing,
    "grayscale_dilate": dilate,
    "grayscale_erode": erode,
    "grayscale_opening": opening,
    "identity": lambda v, s, p: v,
    "inner_distance_map": inner_distance_map,
    "intensity_windowing": intensity_windowing,
    "invert_intensity": lambda v, s, p: p["maximum"] - v.astype(float),
    "label_contour": contour,
    "laplacian": laplacian,
    "laplacian_of_gaussian": laplacian_of_gaussian,
    "logarithm": lambda v, s, p: np.log(v.astype(float) + p["offset"]),
    "mean": mean,
    "median": median,
    "min_max_curvature_flow": itk_filter(
        "MinMaxCurvatureFlowImageFilter",
        lambda s, p: {**flow(s, p), "stencil_radius": p["stencil_radius"]},
    ),
    "morphological_gradient": lambda v, s, p: dilate(v, s, p) - erode(v, s, p),
    "noise": noise,
    "recursive_gaussian": recursive_gaussian,
    "shift_scale": lambda v, s, p: (v.astype(float) + p["shift"]) * p["scale"],
    "sigmoid": sigmoid,
    "signed_distance_map": lambda v, s, p: distance_map(v, s, p) - inner_distance_map(v, s, p),
    "sobel": sobel,
    "square": lambda v, s, p: v.astype(float) ** 2,
    "square_root": lambda v, s, p: np.sqrt(v.astype(float)),
    "threshold": threshold,
    "unsharp_mask": unsharp_mask,
    "voting_binary": voting_binary,
    "voting_binary_hole_filling": hole_filling,
    "white_top_hat": lambda v, s, p: v - opening(v, s, p),
    "zero_crossing": zero_crossing,
    "zero_crossing_edges": itk_filter("ZeroCrossingBasedEdgeDetectionImageFilter", crossing_edges),
}

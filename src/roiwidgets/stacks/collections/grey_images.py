"""Images of a stack one after the other, as grey levels for export."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import numpy as np
import xarray
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, ParameterError
from roiwidgets.images.interop import axis_of_name
from roiwidgets.images.sources import Voxels
from roiwidgets.stacks.labelled import check_stack, is_lazy

Contrast = str | tuple[float, float]
"""``"each"``: from the lowest to the highest value of each image; ``"common"``: of the whole
stack; or the two values that become black and white."""


def time_first(stack: xarray.DataArray) -> tuple[xarray.DataArray, Hashable]:
    """Return a stack whose first axis is time, and the name of that axis; one image gets one."""
    times = [dim for dim in check_stack(stack).dims if axis_of_name(dim) == "t"]
    if len(times) > 1:
        raise ImageError(f"a stack has one axis of time, got {times}; rename the others")
    if not times:
        return stack.expand_dims("t"), "t"
    return stack.transpose(times[0], ...), times[0]


def each_image(stack: xarray.DataArray, time: Hashable) -> Iterator[Voxels]:
    """Give the images of a stack whose first axis is time; a lazy chunk is computed once."""
    lengths = stack.chunksizes[time] if is_lazy(stack) else (1,) * stack.sizes[time]
    start = 0
    for length in lengths:
        yield from stack.isel({time: slice(start, start + length)}).values
        start += length


def check_two_axes(stack: xarray.DataArray, what: str) -> tuple[xarray.DataArray, Hashable]:
    """Return a stack of images of two axes, as time, rows, columns, and its axis of time.

    Raises
    ------
    ImageError
        If images have other axes; the message says how to get rid of them.
    """
    ordered, time = time_first(stack)
    axes = [dim for dim in ordered.dims if dim != time]
    if len(axes) != 2:
        raise ImageError(
            f"{what} takes images of two axes, got {axes}; project them, or choose a plane with "
            "stack.isel(z=0), first"
        )
    if [axis_of_name(dim) for dim in axes] == ["x", "y"]:
        axes.reverse()
    return ordered.transpose(time, *axes), time


def grey_images(
    stack: xarray.DataArray, time: Hashable, contrast: Contrast
) -> Iterator[NDArray[np.uint8]]:
    """Give each image in 256 grey levels.

    Raises
    ------
    ParameterError
        If the contrast is none.
    """
    limits = _common_limits(stack, contrast)
    for image in each_image(stack, time):
        yield grey_levels(image, limits or _limits(image))


def grey_levels(image: Voxels, limits: tuple[float, float]) -> NDArray[np.uint8]:
    """Return an image as uint8: limits become 0 and 255, values beyond them are cut off.

    NaN is black, as is everything where the limits are one value.
    """
    low, high = limits
    if not high > low:
        return np.zeros(image.shape, np.uint8)
    # a division at the end rounds halves as written on paper, a product with 255 / range not
    with np.errstate(over="ignore"):
        scaled = (image.astype(np.float64) - low) * 255 / (high - low)
    return np.rint(np.clip(np.nan_to_num(scaled, nan=0.0), 0, 255)).astype(np.uint8)


def _limits(image: Voxels) -> tuple[float, float]:
    finite = image[np.isfinite(image)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _common_limits(stack: xarray.DataArray, contrast: Contrast) -> tuple[float, float] | None:
    """Return the limits of all images, None where each has its own."""
    if contrast == "each":
        return None
    if contrast == "common":
        found = [_limits(image) for image in each_image(stack, stack.dims[0])]
        return min(low for low, _ in found), max(high for _, high in found)
    if not isinstance(contrast, str) and len(contrast) == 2:
        low, high = (float(value) for value in contrast)
        if np.isfinite([low, high]).all() and low < high:
            return low, high
    raise ParameterError(
        f"contrast must be 'each', 'common' or two values (black, white), got {contrast!r}"
    )

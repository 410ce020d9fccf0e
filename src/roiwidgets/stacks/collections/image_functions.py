"""What is done to each image of a stack: planes, subsampling, filters, subtraction."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import xarray
from numpy.typing import NDArray

from roiwidgets import operations
from roiwidgets.engine.lazy import apply
from roiwidgets.errors import ImageError, ParameterError
from roiwidgets.images.axes import SPATIAL_AXES
from roiwidgets.images.interop import axis_of_name
from roiwidgets.images.readers import open_image
from roiwidgets.images.xarray_bridge import uniform_spacing
from roiwidgets.operations import Operation, Pipeline
from roiwidgets.stacks.checks import whole_number
from roiwidgets.stacks.labelled import check_stack, dimension, image_dimensions, is_lazy

KERNEL_ERROR = 2e-4
"""Share of a Gaussian's weights that its kernel may leave out."""

KERNEL_RADIUS = 128
"""Pixels; more than the largest sigma needs."""


def planes(
    stack: xarray.DataArray, start: int, stop: int, *, axis: Hashable = "z"
) -> xarray.DataArray:
    """Return the planes from ``start`` up to, but without, ``stop``.

    Parameters
    ----------
    start, stop
        Indices along ``axis``, ``0 <= start < stop <= planes``.
    axis
        The axis of the planes; it is kept, also where one plane is left:
        ``stack.isel(z=0)`` drops it.

    Raises
    ------
    ParameterError
        If there is no such axis, or the planes lie outside.

    Notes
    -----
    Thunder's ``planes(0, 0)`` includes the last plane and drops an axis of one plane:
    here it is ``planes(stack, 0, 1).squeeze("z")``.
    """
    dim = dimension(check_stack(stack), axis)
    size = stack.sizes[dim]
    if not 0 <= start < stop <= size:
        raise ParameterError(
            f"planes must be 0 <= start < stop <= {size} (stop is left out), got {start}, {stop}"
        )
    return stack.isel({dim: slice(start, stop)})


def subsample(stack: xarray.DataArray, steps: int | Mapping[Hashable, int]) -> xarray.DataArray:
    """Return every n-th pixel of each image: a plain stride, nothing is averaged.

    Parameters
    ----------
    steps
        One number for all axes of an image, or a number for each axis that is named,
        at least 1: ``{"y": 5, "x": 5}``. Time is only thinned out where it is named.

    Raises
    ------
    ParameterError
        If a step is no positive integer, or an axis is not there.

    Notes
    -----
    Thunder's ``subsample([5, 5, 1])``, whose axes are y, x and planes. Patterns finer
    than two steps become wrong, coarser ones; ``average_boxes`` avoids that.
    """
    return stack.isel(
        {dim: slice(None, None, step) for dim, step in _sides("steps", stack, steps).items()}
    )


def average_boxes(stack: xarray.DataArray, sides: int | Mapping[Hashable, int]) -> xarray.DataArray:
    """Return each image made smaller by averaging boxes of pixels, as float64.

    Parameters
    ----------
    sides
        Pixels along the sides of a box, as for ``subsample``. Pixels that fill no
        whole box at the end of an axis are left out.

    Returns
    -------
    xarray.DataArray
        float64; coordinates are those of the boxes' centres.

    Raises
    ------
    ParameterError
        If a side is no positive integer or longer than its axis, or an axis is not
        there.
    """
    boxes = _sides("sides", stack, sides)
    too_long = {dim: side for dim, side in boxes.items() if side > stack.sizes[dim]}
    if too_long:
        raise ParameterError(f"no box of {too_long} fits in a stack of {dict(stack.sizes)}")
    averaged: xarray.DataArray = stack.coarsen(boxes, boundary="trim").reduce(
        np.mean, dtype=np.float64
    )
    return averaged


def filter_images(stack: xarray.DataArray, operation: Operation | Pipeline) -> xarray.DataArray:
    """Return each image of a stack after an operation, as ``rw.apply`` runs it.

    Parameters
    ----------
    stack
        Axes out of t, c, z, y, x (or their longer names), in any order. Uniform
        coordinates along z, y and x are the spacing, and without any it is 1.
    operation
        Any local operation of ``rw.operations``. It sees one time point and one channel.

    Returns
    -------
    xarray.DataArray
        Of the operation's data type; axes, coordinates and attributes are kept.

    Raises
    ------
    ParameterError
        If an axis has an unknown name.
    ImageError
        If coordinates are not uniform.
    OperationError
        If the operation depends on the whole image.
    """
    axes = [axis_of_name(dim) for dim in check_stack(stack).dims]
    if None in axes:
        raise ParameterError(
            f"filters know the axes t, c, z, y and x, got {stack.dims}; rename, or loop over others"
        )
    known = [str(axis) for axis in axes]
    spacing = {
        axis: uniform_spacing(stack.coords[dim].values.astype(np.float64), axis)[0]
        for axis, dim in zip(known, stack.dims, strict=True)
        if axis in SPATIAL_AXES and dim in stack.coords
    }
    filtered = apply(open_image(stack.data, axes=known, spacing=spacing), operation)
    data = filtered.data.transpose([filtered.dims.index(axis) for axis in known])
    return stack.copy(data=data if is_lazy(stack) else data.compute(scheduler="synchronous"))


def gaussian(stack: xarray.DataArray, sigma: float = 1.0) -> xarray.DataArray:
    """Return each image smoothed by a Gaussian of ``sigma``, as float32.

    Parameters
    ----------
    sigma
        Standard deviation in the unit of the coordinates of z, y and x, > 0, at most 25.5
        pixels; in pixels where there are no coordinates. The axis of planes is smoothed, too.

    Raises
    ------
    ParameterError
        If sigma is larger: subsample the stack first.

    Notes
    -----
    ``rw.operations.discrete_gaussian`` with so long a kernel that its standard deviation is
    ``sigma`` to 0.2 %, beyond 12 pixels to 1.2 %; what ITK takes unless told otherwise is up to
    a fifth narrower. Thunder's ``gaussianFilter`` counts pixels and samples the Gaussian instead.
    """
    operation = operations.discrete_gaussian(
        sigma=sigma, maximum_error=KERNEL_ERROR, maximum_kernel_width=KERNEL_RADIUS
    )
    return filter_images(stack, operation)


def median(stack: xarray.DataArray, radius: int = 1) -> xarray.DataArray:
    """Return the median of each image over boxes of ``2 * radius + 1`` pixels a side, type kept.

    Notes
    -----
    ``rw.operations.median``: boxes reach along z, too, and are filled up at the border
    with its nearest pixel. Thunder's ``medianFilter`` takes the side of the box.
    """
    return filter_images(stack, operations.median(radius=radius))


def uniform(stack: xarray.DataArray, radius: int = 1) -> xarray.DataArray:
    """Return the mean of each image over boxes of ``2 * radius + 1`` pixels a side, type kept.

    Notes
    -----
    ``rw.operations.mean``: of integers, the mean is cut to an integer. Convert with
    ``stack.astype("float32")`` first to keep fractions. Thunder's ``uniformFilter``
    takes the side of the box.
    """
    return filter_images(stack, operations.mean(radius=radius))


def subtract(
    stack: xarray.DataArray, other: xarray.DataArray | NDArray[np.generic] | float
) -> xarray.DataArray:
    """Return a stack less one image, or less a number, in a data type that cannot wrap around.

    Parameters
    ----------
    other
        A number; an image, with the axes of one image of the stack (an array without
        labels must have them in the same order); or another stack of the same size.

    Returns
    -------
    xarray.DataArray
        Of integers: int16, int32 or int64, the smallest that holds every difference of
        the two data types (the value of a number counts, not its type), or float64
        where none does. Of floats: numpy's common type.

    Raises
    ------
    ImageError
        If axes, sizes or coordinates of the two do not agree.

    Notes
    -----
    Thunder's ``subtract`` keeps the data type: unsigned integers wrap around there.
    """
    check_stack(stack)
    if isinstance(other, (int, float, np.number)):
        kept = _dtype_less_number(
            stack.dtype, int(other) if isinstance(other, (int, np.integer)) else float(other)
        )
        return stack.copy(data=stack.data.astype(kept) - kept.type(other))
    image = _labelled_like(stack, other)
    kept = _difference_dtype(stack.dtype, image.dtype)
    try:
        difference = xarray.apply_ufunc(
            np.subtract,
            stack.astype(kept),
            image.astype(kept),
            join="exact",
            dask="allowed",
            keep_attrs="override",
        )
    except ValueError as error:  # xarray's own words for sizes and labels that differ
        raise ImageError(
            f"an image of {dict(image.sizes)} cannot be subtracted from a stack of "
            f"{dict(stack.sizes)}: {error}"
        ) from error
    result: xarray.DataArray = difference.transpose(*stack.dims)
    return result


def _labelled_like(
    stack: xarray.DataArray, other: xarray.DataArray | NDArray[np.generic]
) -> xarray.DataArray:
    if not isinstance(other, xarray.DataArray):
        array = np.asarray(other)
        dims = stack.dims if array.ndim == stack.ndim else image_dimensions(stack)
        if array.ndim != len(dims):
            raise ImageError(
                f"an image to subtract has axes {dims}, got an array of shape {array.shape}"
            )
        other = xarray.DataArray(array, dims=dims)
    check_stack(other)
    if set(other.dims) - set(stack.dims):
        raise ImageError(
            f"the image to subtract has axes {other.dims}, not all of them in {stack.dims}"
        )
    if any(other.sizes[dim] != stack.sizes[dim] for dim in other.dims):
        raise ImageError(
            f"an image of {dict(other.sizes)} cannot be subtracted from a stack of "
            f"{dict(stack.sizes)}; crop one of them first"
        )
    return other


def _difference_dtype(
    first: np.dtype[np.generic], second: np.dtype[np.generic]
) -> np.dtype[np.generic]:
    """Return the data type of the difference of two arrays, so that no integers wrap around.

    Examples
    --------
    >>> str(_difference_dtype(np.dtype("uint8"), np.dtype("uint8")))
    'int16'
    """
    if "f" in (first.kind, second.kind):
        return np.result_type(first, second)
    return _dtype_of_range(_bounds(first), _bounds(second))


def _dtype_less_number(first: np.dtype[np.generic], number: float) -> np.dtype[np.generic]:
    """Return the data type of an array less a number, so that no integers wrap around.

    Examples
    --------
    >>> [str(_dtype_less_number(np.dtype("uint8"), number)) for number in (7, 40_000, 0.5)]
    ['int16', 'int32', 'float64']
    """
    if first.kind == "f":
        return first
    if isinstance(number, int):
        return _dtype_of_range(_bounds(first), (number, number))
    return np.dtype(np.float64)


def _dtype_of_range(first: tuple[int, int], second: tuple[int, int]) -> np.dtype[np.generic]:
    """Return what holds two ranges of integers and their differences."""
    (low, high), (other_low, other_high) = first, second
    lowest = min(low - other_high, low, other_low)
    highest = max(high - other_low, high, other_high)
    for name in ("int16", "int32", "int64"):
        if np.iinfo(name).min <= lowest and highest <= np.iinfo(name).max:
            return np.dtype(name)
    return np.dtype(np.float64)


def _bounds(dtype: np.dtype[np.generic]) -> tuple[int, int]:
    if dtype.kind == "b":
        return 0, 1
    held = np.iinfo(dtype.name)
    return int(held.min), int(held.max)


def _sides(
    what: str, stack: xarray.DataArray, given: int | Mapping[Hashable, int]
) -> dict[str, int]:
    """Return a positive integer by dimension."""
    check_stack(stack)
    named = given if isinstance(given, Mapping) else dict.fromkeys(image_dimensions(stack), given)
    return {
        dimension(stack, axis): whole_number(f"{what} along {axis}", side, 1)
        for axis, side in named.items()
    }

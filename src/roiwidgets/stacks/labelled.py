"""Labelled arrays: which axis is which, and images as xarray."""

from __future__ import annotations

import warnings
from collections.abc import Hashable

import numpy as np
import xarray
from ngff_zarr import NgffImage

from roiwidgets.errors import ImageError, ParameterError
from roiwidgets.images.geometry import grid_of, is_identity
from roiwidgets.images.interop import axis_of_name
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import native_dtype


def from_image(image: object, *, scale: int = 0) -> xarray.DataArray:
    """Return an image as a labelled array, lazily.

    Parameters
    ----------
    image
        Anything that ``rw.open_image`` takes: a movie, a volume over time, one image.
    scale
        Level, 0 is the finest.

    Returns
    -------
    xarray.DataArray
        A dask array; axes out of t, c, z, y, x with the world positions of the voxel
        centres as coordinates, units in their attributes. Channel names stand along c.

    Raises
    ------
    ParameterError
        If there is no such level.

    Warns
    -----
    UserWarning
        If the image has a direction, which coordinates along single axes cannot tell:
        they are those of its own frame.
    """
    levels = open_image(image).images
    if not 0 <= scale < len(levels):
        raise ParameterError(f"scale must be 0 to {len(levels) - 1}, got {scale}")
    return labelled_level(levels[scale])


def labelled_level(level: NgffImage) -> xarray.DataArray:
    """Return one level of an image as a labelled array over the same dask array."""
    grid = grid_of(level)
    if grid.direction is not None and not is_identity(grid.direction):
        warnings.warn("the image's direction is not kept by labelled arrays", stacklevel=3)
    units = level.axes_units or {}
    coordinates: dict[Hashable, object] = {}
    for axis, size, step, start in zip(
        grid.axes, grid.shape, grid.spacing, grid.origin, strict=True
    ):
        attributes = {"units": str(units[axis])} if axis in units else {}
        if axis != "c":
            coordinates[axis] = (axis, start + step * np.arange(size), attributes)
    names = getattr(level, "channel_names", None)
    if names:
        coordinates["c"] = ("c", list(names))
    return xarray.DataArray(level.data, dims=grid.axes, coords=coordinates, name=level.name)


def check_stack(stack: xarray.DataArray) -> xarray.DataArray:
    """Return a labelled array of numbers, none of whose axes is empty.

    Raises
    ------
    ImageError
        If it is something else, or empty, or names of its axes are no text.
    UnsupportedDtypeError
        For complex, structured, text and object data.
    """
    if not isinstance(stack, xarray.DataArray):
        raise ImageError(
            f"expected an xarray.DataArray, got {type(stack).__module__}."
            f"{type(stack).__qualname__}; rw.collections.from_image makes one of any image"
        )
    native_dtype(stack.dtype)
    unnamed = [dim for dim in stack.dims if not isinstance(dim, str)]
    if unnamed:
        raise ImageError(f"names of axes are text, got {unnamed}; rename them")
    if 0 in stack.shape:
        raise ImageError(f"the stack of shape {_sizes(stack)} is empty")
    return stack


def dimension(stack: xarray.DataArray, axis: Hashable) -> str:
    """Return the dimension that is called ``axis``, or stands for it.

    ``t`` finds ``time`` and ``frame``, too; ``y`` and ``x`` find ``height`` and
    ``width``; ``z`` finds ``depth`` and ``plane``.

    Raises
    ------
    ParameterError
        If there is none.
    """
    if axis in stack.dims:
        return str(axis)
    found = [str(dim) for dim in stack.dims if axis_of_name(dim) == axis]
    if len(found) != 1:
        raise ParameterError(
            f"there is no axis {axis!r} in a stack of {_sizes(stack)}; rename its dimensions, or "
            "name one of them"
        )
    return found[0]


def image_dimensions(stack: xarray.DataArray) -> tuple[Hashable, ...]:
    """Return the dimensions of one image: all but time."""
    return tuple(dim for dim in stack.dims if axis_of_name(dim) != "t")


def is_lazy(stack: xarray.DataArray) -> bool:
    """Tell whether an array is a dask array."""
    return stack.chunks is not None


def check_increasing(series: xarray.DataArray, time: Hashable, what: str) -> None:
    """Check that the times of a series, if it has any, increase from sample to sample.

    Parameters
    ----------
    what
        What needs it, for the message.

    Raises
    ------
    ImageError
        If they do not.
    """
    if time not in series.coords:
        return
    values = series.coords[time].values
    # a difference of NaN or NaT is not greater than zero either
    wrong = np.flatnonzero(~(values[1:] > values[:-1]))
    if len(wrong):
        first = int(wrong[0])
        raise ImageError(
            f"{what} needs times that increase, but {values[first]} is followed by "
            f"{values[first + 1]} at sample {first + 1}; sort with .sortby({str(time)!r}), or drop "
            f"the times with .drop_vars({str(time)!r}) to count samples"
        )


def _sizes(stack: xarray.DataArray) -> str:
    return ", ".join(f"{dim} {size}" for dim, size in stack.sizes.items())

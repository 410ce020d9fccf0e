"""Images out of xarray: dimension names, coordinates and units are kept."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import dask.array as da
import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.interop import axis_of_name, image_of_source
from roiwidgets.images.sources import ArraySource, VoxelSource, native_dtype, voxel_source
from roiwidgets.images.tiling import memory_chunks
from roiwidgets.images.units import spelt_out_unit

if TYPE_CHECKING:
    import xarray

UNIFORM = 1e-3
"""Steps between coordinates may differ by this share and still count as uniform."""

JITTER = 0.1
"""Times may be beside a regular beat by this share of a step: cameras' clocks and rounding."""


def is_xarray(value: object) -> bool:
    """Tell whether an object is of xarray, without importing it."""
    return type(value).__module__.partition(".")[0] == "xarray"


def from_xarray(
    array: xarray.DataArray | xarray.Dataset,
    *,
    axes: tuple[str, ...] | None = None,
    name: str | None = None,
) -> NgffImage:
    """Return the image of an xarray DataArray, or of a Dataset that holds only one.

    Parameters
    ----------
    array
        Dimensions may be called t, time, frame; c, channel, band; z, depth, plane,
        slice; y, height, row; x, width, column. Dask arrays stay lazy, others are
        loaded.
    axes
        Our names of the dimensions, where theirs say nothing.
    name
        Name of the image; the array's by default.

    Returns
    -------
    NgffImage
        Uniform coordinates become spacing and translation, times that jitter a little their
        mean step (``uniform_spacing``); an axis of descending ones is reversed, so that
        world positions stay. Names along ``c`` become channel names. Units are read from the
        attributes of the coordinates.

    Raises
    ------
    ImageError
        If coordinates are not uniform.
    UnsupportedImageError
        If dimensions cannot be told, or a Dataset holds several arrays.

    Warns
    -----
    UserWarning
        For coordinates that cannot be kept.
    """
    array = _only_array(array)
    dims = tuple(str(dim) for dim in array.dims)
    names = axes if axes is not None else _axes_of(dims)
    if len(names) != len(dims):
        raise ImageError(f"axes {names} must name each of the dimensions {dims}")
    lost = [str(key) for key in array.coords if str(key) not in dims and array.coords[key].ndim]
    if lost:
        warnings.warn(f"coordinates {lost} are not those of one axis; not kept", stacklevel=3)
    positions = {
        axis: _axis_position(array.coords[dim], axis)
        for axis, dim in zip(names, dims, strict=True)
        if dim in array.coords and axis != "c"
    }
    backwards = [dim for axis, dim in zip(names, dims, strict=True) if _reversed(positions, axis)]
    array = array.isel({dim: slice(None, None, -1) for dim in backwards})
    own_name = "image" if array.name is None else str(array.name)
    image = image_of_source(_source_of(array, names), names, name=name or own_name)
    return replace(placed(image, positions), channel_names=_channel_names(array, dims, names))


class AxisPosition(NamedTuple):
    """Where the entries of an axis lie; ``backwards`` if they were descending."""

    spacing: float
    origin: float
    backwards: bool
    unit: str | None


def placed(image: NgffImage, positions: Mapping[str, AxisPosition]) -> NgffImage:
    """Return an image of which some axes lie elsewhere; its voxels stay in their order."""
    return replace(
        image,
        scale={**image.scale, **{axis: place.spacing for axis, place in positions.items()}},
        translation={
            **image.translation,
            **{axis: place.origin for axis, place in positions.items()},
        },
        axes_units={axis: place.unit for axis, place in positions.items() if place.unit} or None,
    )


def _only_array(value: xarray.DataArray | xarray.Dataset) -> xarray.DataArray:
    variables = getattr(value, "data_vars", None)
    if variables is None:
        if not hasattr(value, "dims") or not hasattr(value, "coords"):
            raise UnsupportedImageError(f"{type(value)} is no image; give a DataArray")
        return cast("xarray.DataArray", value)
    images = [name for name in variables if value[name].ndim >= 2]
    if len(images) != 1:
        raise UnsupportedImageError(
            f"the Dataset holds {len(images)} arrays of two or more dimensions, {images}; give one"
        )
    return value[images[0]]


def _axes_of(dims: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(axis_of_name(dim) for dim in dims)
    known = tuple(axis for axis in found if axis is not None)
    if len(set(known)) != len(dims):
        raise UnsupportedImageError(
            f"dimensions {dims} are not known names of the axes t, c, z, y, x; give axes=..., one "
            "for each"
        )
    return known


def _reversed(positions: Mapping[str, AxisPosition], axis: str) -> bool:
    return axis in positions and positions[axis].backwards


def _axis_position(coordinate: xarray.DataArray, axis: str) -> AxisPosition:
    unit = coordinate.attrs.get("units", coordinate.attrs.get("unit"))
    values = coordinate.values
    if values.dtype.kind == "M":
        warnings.warn(
            f"the date {values[0]} at which {axis} starts is not kept; it counts from 0 seconds",
            stacklevel=4,
        )
        values = values - values[0]
    if values.dtype.kind == "m":
        values, unit = values / np.timedelta64(1, "s"), "second"
    if values.dtype.kind not in "iuf":
        raise ImageError(
            f"coordinates along {axis} must be numbers or times, got {values.dtype}; drop them "
            "with drop_vars"
        )
    spacing, origin, backwards = uniform_spacing(values.astype(np.float64), axis)
    return AxisPosition(spacing, origin, backwards, spelt_out_unit(str(unit)) if unit else None)


def uniform_spacing(values: NDArray[np.float64], axis: str) -> tuple[float, float, bool]:
    """Return spacing and lowest position of uniform coordinates, and whether they descend.

    Raises
    ------
    ImageError
        If they are not finite, all equal, or not uniform to ``UNIFORM``; of times (axis
        "t"), which cameras round or jitter, to ``JITTER`` of a step anywhere.

    Examples
    --------
    >>> uniform_spacing(np.array([3.0, 2.5, 2.0]), "y")
    (0.5, 2.0, True)
    """
    if len(values) == 1:
        return 1.0, float(values[0]), False
    steps = np.diff(values)
    step = float(values[-1] - values[0]) / len(steps)
    if not np.all(np.isfinite(values)) or step == 0 or not _is_regular(values, steps, axis):
        raise ImageError(
            f"coordinates along {axis} are not uniform: steps from {steps.min():g} to "
            f"{steps.max():g}; interpolate the image first, or drop them with drop_vars"
        )
    return abs(step), float(min(values[0], values[-1])), step < 0


def _is_regular(values: NDArray[np.float64], steps: NDArray[np.float64], axis: str) -> bool:
    step = abs(float(steps.mean()))
    if np.ptp(steps) <= UNIFORM * step:
        return True
    beat = np.linspace(values[0], values[-1], len(values))
    return axis == "t" and bool(np.abs(values - beat).max() <= JITTER * step)


def _source_of(array: xarray.DataArray, names: tuple[str, ...]) -> VoxelSource:
    native_dtype(array.dtype)
    data = array.data if array.chunks is not None else array.values
    if isinstance(data, da.Array):
        return voxel_source(data)
    return ArraySource(data, memory_chunks(names, data.shape))


def _channel_names(
    array: xarray.DataArray, dims: tuple[str, ...], names: tuple[str, ...]
) -> list[str] | None:
    if "c" not in names or dims[names.index("c")] not in array.coords:
        return None
    return [str(value) for value in array.coords[dims[names.index("c")]].values]

"""World positions that xarray keeps beside an array, in a Zarr group of no OME-Zarr."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import zarr
from ngff_zarr import NgffImage

from roiwidgets.errors import ImageError
from roiwidgets.images.interop import axis_of_name, dimension_names
from roiwidgets.images.sources import source_array, voxel_source
from roiwidgets.images.transposed import FlippedSource
from roiwidgets.images.units import spelt_out_unit
from roiwidgets.images.xarray_bridge import AxisPosition, placed, uniform_spacing

if TYPE_CHECKING:
    from typing import Any

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

_SINCE = " since "
"""In units of CF, the convention of xarray: "seconds since 2020-01-01"."""


def with_coordinates(image: NgffImage, array: ZarrArray, group: zarr.Group) -> NgffImage:
    """Return an image where the coordinates beside its array say that it lies.

    Parameters
    ----------
    image
        Of ``array``, with spacing 1 and origin 0.
    array
        An array of which the dimensions have names.
    group
        The group it lies in. One-dimensional arrays that are called as a dimension and
        as long as it are the coordinates of voxel centres, their attribute ``units`` the unit.

    Returns
    -------
    NgffImage
        An axis of descending coordinates is read backwards, as of xarray's own arrays.

    Warns
    -----
    UserWarning
        If coordinates are not uniform: they are left out, and voxels counted.
    """
    found = {
        axis: _position(coordinate, axis)
        for dim, size in zip(dimension_names(array), array.shape, strict=False)
        if (axis := axis_of_name(dim)) in image.dims and axis != "c"
        if (coordinate := _coordinate(group, dim, size)) is not None
    }
    positions = {str(axis): place for axis, place in found.items() if place is not None}
    if not positions:
        return image
    backwards = tuple(
        index
        for index, axis in enumerate(image.dims)
        if axis in positions and positions[axis].backwards
    )
    if backwards:
        flipped = FlippedSource(voxel_source(image.data), backwards)
        image = replace(image, data=source_array(flipped))
    return placed(image, positions)


def _coordinate(group: zarr.Group, dim: str, size: int) -> ZarrArray | None:
    node = group.get(dim)
    if isinstance(node, zarr.Array) and node.shape == (size,) and node.dtype.kind in "iuf":
        return node
    return None


def _position(coordinate: ZarrArray, axis: str | None) -> AxisPosition | None:
    values = np.asarray(coordinate[:], np.float64)
    attributes = dict(coordinate.attrs)
    values = values * _number(attributes, "scale_factor", 1) + _number(attributes, "add_offset", 0)
    unit = str(attributes.get("units", attributes.get("unit", "")))
    if _SINCE in unit:
        unit, values = unit.partition(_SINCE)[0], values - values[0]
    try:
        spacing, origin, backwards = uniform_spacing(values, str(axis))
    except ImageError as error:
        warnings.warn(
            f"{coordinate.store_path}: {error}; until then voxels are counted", stacklevel=11
        )
        return None
    return AxisPosition(spacing, origin, backwards, spelt_out_unit(unit) if unit else None)


def _number(attributes: Mapping[str, object], name: str, default: float) -> float:
    value = attributes.get(name, default)
    return float(value) if isinstance(value, int | float) else default

"""Images out of arrays: numpy, dask, Zarr, and what slices like them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

import dask.array as da
import numpy as np
import zarr
from ngff_zarr import NgffImage

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.axes import KNOWN_AXES, check_axes
from roiwidgets.images.geometry import make_image
from roiwidgets.images.sources import (
    ArraySource,
    Voxels,
    VoxelSource,
    native_dtype,
    voxel_source,
    zarr_source,
)
from roiwidgets.images.tiling import memory_chunks
from roiwidgets.images.transposed import TransposedSource

if TYPE_CHECKING:
    from typing import Any

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

_ALIASES = {
    "t": ("time", "frame", "frames"),
    "c": ("channel", "channels", "ch", "band"),
    "z": ("depth", "plane", "slice"),
    "y": ("height", "row", "rows"),
    "x": ("width", "column", "columns", "col", "cols"),
}
_AXIS_OF_NAME = {name: axis for axis, names in _ALIASES.items() for name in (axis, *names)}


def axis_of_name(name: object) -> str | None:
    """Return the axis that a dimension's name stands for, or None.

    Examples
    --------
    >>> [axis_of_name(name) for name in ("Z", "frame", "width", "wavelength")]
    ['z', 't', 'x', None]
    """
    return _AXIS_OF_NAME.get(str(name).lower())


def guess_axes(shape: Sequence[int], dtype: np.dtype[np.generic]) -> tuple[str, ...]:
    """Return the axes that an array without names most likely has.

    2-D is y, x. 3-D is z, y, x; 4-D is c, z, y, x if the first axis has at most 4
    entries, else t, z, y, x; 5-D is t, c, z, y, x. uint8 arrays of 3 or 4 axes
    whose last axis has 3 or 4 entries are colours: y, x, c and z, y, x, c.

    Raises
    ------
    UnsupportedImageError
        For other numbers of axes.

    Examples
    --------
    >>> guess_axes((30, 40, 3), np.dtype("uint8"))
    ('y', 'x', 'c')
    >>> guess_axes((100, 8, 64, 64), np.dtype("uint16"))
    ('t', 'z', 'y', 'x')
    """
    ndim = len(shape)
    if ndim not in (2, 3, 4, 5):
        raise UnsupportedImageError(
            f"an image has 2 to 5 axes, got an array of shape {tuple(shape)}; drop or select axes "
            "first"
        )
    if ndim in (3, 4) and dtype == np.uint8 and shape[-1] in (3, 4):
        return (*("z", "y", "x")[-(ndim - 1) :], "c")
    if ndim == 4:
        return ("c" if shape[0] <= 4 else "t", "z", "y", "x")
    return KNOWN_AXES[-ndim:]


def image_of_source(
    source: VoxelSource,
    axes: Sequence[str] | None,
    *,
    name: str,
) -> NgffImage:
    """Return an image of a source, with spacing 1 and origin 0.

    Parameters
    ----------
    source
        Where the voxels come from.
    axes
        Names of its axes; guessed where None. Axes out of the order t, c, z, y, x
        (or z, y, x, c for colours) are transposed lazily.
    name
        Name of the image.

    Raises
    ------
    ImageError
        If the number of names is not that of the axes, or an axis is empty.
    """
    native_dtype(source.dtype)
    names = tuple(axes) if axes is not None else guess_axes(source.shape, source.dtype)
    if len(names) != len(source.shape):
        raise ImageError(
            f"axes {names} must name each of the {len(source.shape)} axes of an array of shape "
            f"{source.shape}"
        )
    if 0 in source.shape:
        raise ImageError(f"the image of shape {source.shape} has no voxels")
    ordered, source = _in_memory_order(names, source)
    return make_image(source, axes=check_axes(ordered), spacing={}, translation={}, name=name)


def _in_memory_order(
    names: tuple[str, ...], source: VoxelSource
) -> tuple[tuple[str, ...], VoxelSource]:
    colors_last = names[-1] == "c" and source.shape[-1] in (3, 4)
    wanted = [axis for axis in KNOWN_AXES if axis in names]
    if colors_last:
        wanted = [*(axis for axis in wanted if axis != "c"), "c"]
    if sorted(wanted) != sorted(names) or list(names) == wanted:
        return names, source
    return tuple(wanted), TransposedSource(source, tuple(names.index(axis) for axis in wanted))


def source_of_array(array: object, axes: Sequence[str] | None = None) -> VoxelSource | None:
    """Return the source of an array, or None for what is no array.

    Parameters
    ----------
    array
        A dask, Zarr or numpy array, or one that slices to numpy (h5py, memory
        maps) or converts to it. Memory is shared with the array, not copied.
    axes
        Names of the axes, for the choice of blocks.
    """
    if isinstance(array, da.Array):
        if any(np.isnan(n) for n in array.shape):
            raise ImageError("the dask array has unknown chunks; call compute_chunk_sizes() first")
        return voxel_source(array)
    if isinstance(array, zarr.Array):
        return zarr_source(array)
    if isinstance(array, np.ma.MaskedArray):
        warnings.warn("the array's mask is not kept; its fill value stands there", stacklevel=4)
        array = array.filled()
    if not _slices_to_numpy(array):
        if not hasattr(array, "__array__"):
            return None
        array = np.asarray(array)
    held = cast("Voxels", array)  # what slices like a numpy array is one to us
    dtype, shape = native_dtype(held.dtype), tuple(int(n) for n in held.shape)
    names = axes if axes is not None else guess_axes(shape, dtype)
    stored = getattr(array, "chunks", None)
    if not stored and len(names) == len(shape):
        stored = memory_chunks(names, shape)
    return ArraySource(held, tuple(stored or shape))


def _slices_to_numpy(array: object) -> bool:
    return isinstance(getattr(array, "dtype", None), np.dtype) and all(
        hasattr(array, name) for name in ("shape", "__getitem__")
    )


def from_zarr_array(
    array: ZarrArray, axes: Sequence[str] | None = None, *, name: str | None = None
) -> NgffImage:
    """Return the image of one Zarr array; its own dimension names are used if they are known."""
    names = tuple(axes) if axes is not None else _axes_in_zarr(array)
    return image_of_source(zarr_source(array), names, name=name or array.basename or "image")


def dimension_names(array: ZarrArray) -> tuple[str, ...]:
    """Return what a Zarr array calls its dimensions: by Zarr 3, or as xarray does in Zarr 2."""
    listed = getattr(array.metadata, "dimension_names", None) or array.attrs.get(
        "_ARRAY_DIMENSIONS"
    )
    return tuple(str(name) for name in listed) if isinstance(listed, Iterable) else ()


def _axes_in_zarr(array: ZarrArray) -> tuple[str, ...] | None:
    found = tuple(axis_of_name(name) for name in dimension_names(array))
    known = tuple(axis for axis in found if axis is not None)
    return known if 0 < len(known) == len(found) == len(set(known)) else None

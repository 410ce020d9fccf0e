"""Open anything that is an image: ``open_image``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import zarr
from ngff_zarr import Multiscales, NgffImage
from zarr.abc.store import Store

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.axes import check_axes, spatial_axes
from roiwidgets.images.geometry import DirectedImage, Direction, Grid, grid_of, is_identity
from roiwidgets.images.grid import rotate_point, world_translation
from roiwidgets.images.interop import image_of_source, source_of_array
from roiwidgets.images.itk_bridge import from_itk_image, is_itk_image
from roiwidgets.images.locations import open_location, open_zarr_node
from roiwidgets.images.ome_zarr import to_multiscales
from roiwidgets.images.sources import native_dtype, source_array
from roiwidgets.images.xarray_bridge import from_xarray, is_xarray

PerAxis = float | Sequence[float] | Mapping[str, float]

ACCEPTED = (
    "a path or URL, a numpy, dask, Zarr or xarray array, a Zarr group, an itk.Image, an NgffImage "
    "or a Multiscales"
)


def open_image(
    image: object,
    *,
    axes: str | Sequence[str] | None = None,
    spacing: PerAxis | None = None,
    origin: PerAxis | None = None,
    direction: Sequence[Sequence[float]] | None = None,
    name: str | None = None,
    storage_options: Mapping[str, object] | None = None,
) -> Multiscales:
    """Return anything that is an image as a ``Multiscales``, lazily.

    Parameters
    ----------
    image
        A path or ``file://`` URL of an OME-Zarr image (0.4, 0.5), of a label image
        inside it (``.../labels/NAME``), of any Zarr array or group with one image,
        of a TIFF, OME-TIFF or ImageJ file (lazy by page), of a NIfTI, NRRD or
        MetaImage file (read whole, by ITK), or of a PNG, JPEG or other picture. An
        http, s3, ... URL of a Zarr store.
        A numpy, dask, Zarr or xarray array; a Zarr group or store; an ``itk.Image``
        (copied); an ``NgffImage``; a ``Multiscales``, whose arrays are kept as they
        are (those that ngff-zarr reads do not pickle: open the path instead).
    axes
        Names of the array's axes in its order, for example "tzyx"; out of t, c, z,
        y, x. By default those that are stored, or else a guess: 2-D is yx; 3-D is
        zyx; 4-D is czyx if the first axis has at most 4 entries, else tzyx; 5-D is
        tczyx; uint8 arrays of 3 or 4 axes of which the last has 3 or 4 entries are
        colours, yxc or zyxc. Arrays in another order than tczyx are transposed.
    spacing
        Distance between voxel centres of the finest level: one number for all
        spatial axes, one per spatial axis or per axis in the order of the opened
        image, or a mapping. Overrides what is stored; coarser levels follow.
    origin
        World position of the centre of the first voxel, likewise.
    direction
        Direction cosines of the spatial axes; rows and columns in array-axis order.
    name
        Name of the image.
    storage_options
        Options for fsspec, with URLs only.

    Returns
    -------
    Multiscales
        Levels from fine to coarse. ``data`` is a lazy dask array in native byte
        order; booleans, integers and floats of up to 64 bits keep their type.

    Raises
    ------
    UnsupportedImageError
        If the object or file is of a kind that cannot be opened.
    UnsupportedDtypeError
        For complex, structured, text and object data.
    ImageError
        If there are no voxels, or metadata contradict each other.
    GeometryError
        If axes, spacing, origin or direction are not valid.
    FileNotFoundError
        If a path does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> image = open_image(np.zeros((4, 5, 6)), spacing=(2.0, 1.0, 1.0))
    >>> image.images[0].dims, image.images[0].scale
    (('z', 'y', 'x'), {'z': 2.0, 'y': 1.0, 'x': 1.0})
    """
    names = None if axes is None else tuple(axes)
    opened = _open(image, names, name, storage_options)
    if name is not None and name != opened.metadata.name:
        opened = _rebuilt(opened, [replace(level, name=name) for level in opened.images], name)
    checked = [_checked(level) for level in opened.images]
    if any(a is not b for a, b in zip(checked, opened.images, strict=True)):
        opened = _rebuilt(opened, checked, opened.metadata.name)
    if spacing is None and origin is None and direction is None:
        return opened
    levels = _placed(opened.images, spacing, origin, direction)
    return _rebuilt(opened, levels, opened.metadata.name)


def _open(
    image: object,
    axes: tuple[str, ...] | None,
    name: str | None,
    storage_options: Mapping[str, object] | None,
) -> Multiscales:
    if isinstance(image, (str, os.PathLike)):
        opened = open_location(
            os.fspath(image), axes=axes, name=name, storage_options=storage_options
        )
        return _with_axes(opened, axes)
    if storage_options:
        raise ImageError("storage_options are for URLs; leave them out for objects in memory")
    if isinstance(image, Multiscales):
        return _with_axes(image, axes)
    if isinstance(image, NgffImage):
        return _with_axes(to_multiscales([image], name=image.name), axes)
    if isinstance(image, Store):
        image = zarr.open(image, mode="r")
    if isinstance(image, (zarr.Group, zarr.Array)):
        return _with_axes(open_zarr_node(image, axes=axes, name=name), axes)
    single = _open_object(image, axes, name)
    return to_multiscales([single], name=single.name)


def _open_object(image: object, axes: tuple[str, ...] | None, name: str | None) -> NgffImage:
    if is_xarray(image):
        return from_xarray(image, axes=axes, name=name)  # type: ignore[arg-type]  # checked there
    if is_itk_image(image):
        opened = from_itk_image(image, name=name or "image")
        return _with_axes(to_multiscales([opened]), axes).images[0]
    source = source_of_array(image, axes)
    if source is None:
        raise UnsupportedImageError(
            f"cannot open a {type(image).__module__}.{type(image).__qualname__} as an image; "
            f"expected {ACCEPTED}"
        )
    return image_of_source(source, axes, name=name or "image")


def _with_axes(opened: Multiscales, axes: tuple[str, ...] | None) -> Multiscales:
    """Return an image whose own axes must agree with those asked for, whatever their order."""
    dims = tuple(opened.images[0].dims)
    if axes is not None and sorted(axes) != sorted(dims):
        raise ImageError(
            f"axes {axes} contradict the image's own, {dims}; leave axes out, or open its array"
        )
    return opened


def _checked(level: NgffImage) -> NgffImage:
    """Return a level after checking type, shape and axes; big-endian data become native."""
    if 0 in level.data.shape:
        raise ImageError(f"the image {level.name} of shape {level.data.shape} has no voxels")
    native = native_dtype(level.data.dtype)
    source = None if hasattr(level.data, "dask") else source_of_array(level.data, level.dims)
    check_axes(level.dims)
    if source is not None:
        return replace(level, data=source_array(source))
    if native != level.data.dtype:
        return replace(level, data=level.data.astype(native))
    grid_of(level)
    return level


def _rebuilt(opened: Multiscales, levels: Sequence[NgffImage], name: str) -> Multiscales:
    result = to_multiscales(levels, name=name)
    result.root_attributes = dict(opened.root_attributes or {})
    return result


def _placed(
    levels: Sequence[NgffImage],
    spacing: PerAxis | None,
    origin: PerAxis | None,
    direction: Sequence[Sequence[float]] | None,
) -> list[NgffImage]:
    """Return levels on grids with another spacing, origin or direction of the finest level."""
    finest = grid_of(levels[0])
    steps = _per_axis("spacing", spacing, finest.axes)
    position = {**world_translation(finest), **_per_axis("origin", origin, finest.axes)}
    turned = finest.direction if direction is None else _as_direction(direction)
    moved = Grid(
        finest.axes,
        finest.shape,
        tuple(steps.get(a, s) for a, s in zip(finest.axes, finest.spacing, strict=True)),
        finest.origin,
        turned,
    )
    position.update(rotate_point(position, moved.matrix().T, moved.spatial_axes))
    moved = replace(
        moved,
        origin=tuple(position[axis] for axis in moved.axes),
        direction=None if is_identity(turned) else turned,
    )
    return [_follow(level, finest, moved) for level in levels]


def _follow(level: NgffImage, finest: Grid, moved: Grid) -> NgffImage:
    """Return a level where it lies once the finest grid has moved."""
    grid = grid_of(level)
    stretch = [new / old for new, old in zip(moved.spacing, finest.spacing, strict=True)]
    placed = Grid(
        grid.axes,
        grid.shape,
        tuple(s * f for s, f in zip(grid.spacing, stretch, strict=True)),
        tuple(
            new + (o - old) * f
            for new, o, old, f in zip(
                moved.origin, grid.origin, finest.origin, stretch, strict=True
            )
        ),
        moved.direction,
    )
    values = {key: value for key, value in vars(level).items() if key != "direction"}
    values["scale"] = dict(zip(placed.axes, placed.spacing, strict=True))
    values["translation"] = world_translation(placed)
    return DirectedImage(**values, direction=placed.direction)


def _per_axis(what: str, given: PerAxis | None, axes: tuple[str, ...]) -> dict[str, float]:
    """Return numbers by axis, however they were given."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        unknown = set(given) - set(axes)
        if unknown:
            raise ImageError(f"{what} {dict(given)} names axes that are not among {axes}")
        return {axis: float(value) for axis, value in given.items()}
    spatial = spatial_axes(axes)
    if isinstance(given, (int, float)):
        return dict.fromkeys(spatial, float(given))
    values = [float(value) for value in given]
    for names in (axes, spatial):
        if len(values) == len(names):
            return dict(zip(names, values, strict=True))
    raise ImageError(
        f"{what} {values} must be one number, one for each of {spatial} or one for each of {axes}"
    )


def _as_direction(given: Sequence[Sequence[float]]) -> Direction:
    return tuple(tuple(float(cosine) for cosine in row) for row in given)

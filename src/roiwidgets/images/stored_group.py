"""What stands beside the voxels of an image in a Zarr store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import zarr
from ngff_zarr import Multiscales, NgffImage

from roiwidgets.images.ome_metadata import OWN_KEY, is_multiscales, ome_attributes
from roiwidgets.images.reading import innermost
from roiwidgets.images.sources import ArraySource, ZarrSource, voxel_source
from roiwidgets.images.tiff import TiffSource
from roiwidgets.images.zarr_arrays import open_zarr_array

if TYPE_CHECKING:
    from typing import Any

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]


def innermost_source(level: NgffImage) -> object:
    """Return what a level is read from, beneath all views of it."""
    source: object = innermost(voxel_source(level.data))
    return source


def stored_array(level: NgffImage) -> ZarrArray | None:
    """Return the Zarr array that a level is read from, through views of it; None for others."""
    source = innermost_source(level)
    if isinstance(source, ZarrSource):
        options = dict(source.storage_options or ())
        return open_zarr_array(source.location, source.path, options)
    if isinstance(source, ArraySource) and isinstance(source.array, zarr.Array):
        return source.array
    return None


def image_location(image: Multiscales) -> str | None:
    """Return the path or URL that opens an image again; None for what is in memory."""
    source = innermost_source(image.images[0])
    if isinstance(source, TiffSource):
        return source.path
    if isinstance(source, ZarrSource):
        group = group_of(image)
        return f"{source.location}/{source.path if group is None else group.path}".rstrip("/")
    return None


def group_of(image: Multiscales) -> zarr.Group | None:
    """Return the group whose attributes describe an image; None if there is none."""
    array = stored_array(image.images[0])
    if array is None:
        return None
    for folder in PurePosixPath(array.path).parents:
        path = "" if str(folder) == "." else str(folder)
        node = zarr.open(array.store, path=path or None, mode="r")
        if isinstance(node, zarr.Group) and is_multiscales(dict(node.attrs)):
            return node
    return None


def format_version(group: zarr.Group) -> str:
    """Return the OME-Zarr version that a group's attributes name, "0.4" where they do not."""
    attributes = dict(group.attrs)
    ome = ome_attributes(attributes)
    images = ome.get("multiscales")
    first = images[0] if isinstance(images, list) and images else {}
    named = first.get("version") if isinstance(first, Mapping) else None
    return str(ome.get("version") or named or "0.4")


def label_names(group: zarr.Group) -> tuple[str, ...]:
    """Return the names of the label images that a group lists; open ``PATH/labels/NAME``."""
    labels = group.get("labels")
    if not isinstance(labels, zarr.Group):
        return ()
    listed = ome_attributes(dict(labels.attrs)).get("labels")
    return tuple(str(name) for name in listed) if isinstance(listed, list) else ()


def own_attributes(group: zarr.Group) -> Mapping[str, object]:
    """Return what roiwidgets wrote beside OME-Zarr's attributes: recipe, provenance, direction."""
    own = dict(group.attrs).get(OWN_KEY)
    return own if isinstance(own, Mapping) else {}


def describe_storage(array: ZarrArray) -> str:
    """Return chunks, shards and codec of an array, for people.

    Examples
    --------
    >>> import zarr
    >>> describe_storage(zarr.create_array({}, shape=(8, 8), chunks=(4, 8), dtype="u1"))
    'chunks 4 x 8, zstd'
    """
    words = [f"chunks {_sides(array.chunks)}"]
    if array.shards is not None:
        words.append(f"shards {_sides(array.shards)}")
    names = [_codec_name(codec) for codec in array.compressors]
    return ", ".join([*words, *(names or ["not compressed"])])


def _codec_name(codec: object) -> str:
    """Return ``zstd`` for Zstandard's codec, ``blosc zstd`` for Blosc with it inside."""
    name = type(codec).__name__.removesuffix("Codec").lower()
    inner = getattr(codec, "cname", None)
    return f"{name} {getattr(inner, 'value', inner)}" if inner else name


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)

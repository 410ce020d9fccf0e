"""What stands at a path or URL: a Zarr array or group, or a file."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import zarr
from ngff_zarr import Multiscales

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.interop import from_zarr_array
from roiwidgets.images.itk_bridge import ITK_SUFFIXES, read_itk_file
from roiwidgets.images.ome_metadata import is_multiscales, is_plate
from roiwidgets.images.ome_zarr import read_multiscales, to_multiscales
from roiwidgets.images.store_paths import ZARR_FILES, local_path, open_store
from roiwidgets.images.zarr_coordinates import with_coordinates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".lsm")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pbm", ".pgm", ".ppm")
_LISTED = 12


def open_location(
    location: str,
    *,
    axes: tuple[str, ...] | None = None,
    name: str | None = None,
    storage_options: Mapping[str, object] | None = None,
) -> Multiscales:
    """Return the image at a path or URL, lazily where the format allows.

    Parameters
    ----------
    location
        A path, a ``file://`` URL, or another URL that fsspec can open (Zarr only).
    axes
        Names of the axes, where the format leaves them open.
    name
        Name of the image; that of the file or group by default.
    storage_options
        Options for fsspec.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    ImageError, UnsupportedImageError
        If what is there is no image that can be opened.
    """
    path = local_path(location)
    if path is None:
        return _open_url(location, axes, name, storage_options)
    if path.is_dir() or path.suffix == ".zip":
        return _open_folder(path, axes, name)
    return _open_file(path, axes, name)


def _open_url(
    url: str,
    axes: tuple[str, ...] | None,
    name: str | None,
    storage_options: Mapping[str, object] | None,
) -> Multiscales:
    try:
        node = zarr.open(url, mode="r", storage_options=dict(storage_options or {}))
    except ImportError as error:
        raise ImageError(
            f"{url} needs a package to be read: {error}; install fsspec and what it asks for "
            "(aiohttp for http, s3fs for s3)"
        ) from error
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"there is no Zarr array or group at {url}; other files must be downloaded first"
        ) from error
    except ValueError as error:
        raise UnsupportedImageError(f"{url} cannot be opened by fsspec: {error}") from error
    return open_zarr_node(node, axes=axes, name=name)


def _open_folder(path: Path, axes: tuple[str, ...] | None, name: str | None) -> Multiscales:
    # the image's name is that of its store, without endings such as .ome.zarr
    return open_zarr_node(open_store(path), axes=axes, name=name or path.name.split(".")[0])


def _open_file(path: Path, axes: tuple[str, ...] | None, name: str | None) -> Multiscales:
    lower = path.name.lower()
    if lower.endswith(TIFF_SUFFIXES):
        # tifffile takes 0.3 s to import
        from roiwidgets.images.tiff import read_tiff

        return read_tiff(path, axes=axes, name=name)
    if lower.endswith(ITK_SUFFIXES):
        image = read_itk_file(path, name=name)
        return to_multiscales([image], name=image.name)
    if lower.endswith(PICTURE_SUFFIXES):
        from roiwidgets.images.pillow_files import read_picture

        picture = read_picture(path, axes=axes, name=name)
        return to_multiscales([picture], name=picture.name)
    if path.name in ZARR_FILES:
        raise UnsupportedImageError(f"{path} is part of a Zarr store; give the folder it lies in")
    known = ", ".join((*TIFF_SUFFIXES, *ITK_SUFFIXES, *PICTURE_SUFFIXES))
    raise UnsupportedImageError(
        f"{path} is of a kind that cannot be opened; give a Zarr store or one of {known}"
    )


def open_zarr_node(
    node: ZarrArray | zarr.Group,
    *,
    axes: tuple[str, ...] | None = None,
    name: str | None = None,
) -> Multiscales:
    """Return the image in a Zarr array or group.

    Parameters
    ----------
    node
        An array; an OME-Zarr image; a group that holds exactly one image, however
        deep; or a group with exactly one array of two or more axes, with the coordinates
        that xarray writes beside it.
    axes, name
        As for ``open_location``; a name kept in OME-Zarr comes first.

    Raises
    ------
    UnsupportedImageError
        For plates, and for groups of several images: it lists their paths.
    """
    if isinstance(node, zarr.Array):
        image = from_zarr_array(node, axes, name=name)
        return to_multiscales([image], name=image.name)
    attributes = dict(node.attrs)
    if is_plate(attributes):
        raise UnsupportedImageError(
            f"{node.store_path} is a plate of many images; give the path of one, for example "
            f"{node.store_path}/A/1/0"
        )
    if is_multiscales(attributes):
        return read_multiscales(node)
    return _open_container(node, axes, name)


def _open_container(
    group: zarr.Group, axes: tuple[str, ...] | None, name: str | None
) -> Multiscales:
    members = dict(
        sorted(group.members(max_depth=2), key=itemgetter(0))
    )  # zarr lists in order of completion
    images = [p for p, node in members.items() if is_multiscales(dict(node.attrs))]
    top = [p for p in images if not any(p.startswith(f"{other}/") for other in images)]
    if len(top) == 1:
        return open_zarr_node(members[top[0]], axes=axes, name=name)
    arrays = [p for p, node in members.items() if isinstance(node, zarr.Array) and node.ndim >= 2]
    if not images and len(arrays) == 1:
        return _open_labelled(group, arrays[0], axes, name)
    found = ", ".join((top or arrays)[:_LISTED]) or "no array of two or more axes"
    raise UnsupportedImageError(
        f"the Zarr group {group.store_path} holds no single image but {found}; give the path of "
        "one inside it"
    )


def _open_labelled(
    group: zarr.Group, path: str, axes: tuple[str, ...] | None, name: str | None
) -> Multiscales:
    """Return the image of an array, with the coordinates beside it if it names its dimensions."""
    array = group[path]
    assert isinstance(array, zarr.Array)
    image = from_zarr_array(array, axes, name=name)
    folder = str(PurePosixPath(path).parent)
    beside = group if folder == "." else group[folder]
    if axes is None and isinstance(beside, zarr.Group):
        image = with_coordinates(image, array, beside)
    return to_multiscales([image], name=image.name)

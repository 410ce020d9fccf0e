"""Zarr arrays by location, opened by zarr-python or, faster and lighter, by Rust.

Worker processes import this module: zarr-python is loaded when an array needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from roiwidgets.errors import ImageError
from roiwidgets.images.rust_arrays import RustArray, open_rust_array

if TYPE_CHECKING:
    from typing import Any

    import zarr

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]


def open_zarr_array(
    location: str, path: str = "", storage_options: Mapping[str, object] | None = None
) -> ZarrArray:
    """Return the Zarr array at a location, opened for reading.

    Parameters
    ----------
    location
        Folder or URL of the store.
    path
        Path of the array inside the store; empty for the store itself.
    storage_options
        Options for fsspec where ``location`` is a URL.

    Raises
    ------
    ImageError
        If there is a group instead of an array.
    """
    import zarr

    options = dict(storage_options) if storage_options else None
    opened = zarr.open(location, path=path or None, mode="r", storage_options=options)
    if not isinstance(opened, zarr.Array):
        raise ImageError(f"{location}/{path} is a Zarr group; give the path of an array inside it")
    return opened


def open_array_to_read(
    location: str, path: str = "", storage_options: Mapping[str, object] | None = None
) -> RustArray | ZarrArray:
    """Return the array at a location as what reads its voxels for the least.

    Parameters and errors are those of ``open_zarr_array``.
    """
    folder = Path(location, path)
    rust = open_rust_array(str(folder)) if folder.is_dir() else None
    return rust or open_zarr_array(location, path, storage_options)


def open_local_array_to_write(folder: str) -> RustArray:
    """Return an array of an output, in its folder, opened for reading and writing.

    Raises
    ------
    ImageError
        If it is none that outputs are made of.
    """
    array = open_rust_array(folder)
    if array is None:
        raise ImageError(f"{folder} holds no array that can be written; promote to another path")
    return array

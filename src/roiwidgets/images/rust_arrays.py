"""Zarr arrays in folders, read and written by Rust, without importing zarr-python.

zarr-python reads and writes chunk by chunk in Python and takes 0.4 s and 20 MB to import
in each worker. ``zarrista``, the binding of the Rust library ``zarrs`` that ngff-zarr
reads with, takes 5 ms, and about 40 % less CPU time per voxel than the same library
behind zarr-python. What it does not know, or might decode otherwise, is zarr-python's.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import zarrista
from numpy.typing import NDArray
from zarrista.exceptions import ArrayCreateError, ZarristaError
from zarrista.store import FilesystemStore

Metadata: TypeAlias = "Mapping[str, Any]"  # JSON of an array

_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
_CODECS = ("blosc", "bytes", "crc32c", "gzip", "sharding_indexed", "transpose", "zstd")
_COMPRESSORS = ("blosc", "gzip", "zstd")
_DTYPES = (
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    *(f"float{bits}" for bits in (16, 32, 64)),
)


class RustArray:
    """A Zarr array in a folder.

    Parameters
    ----------
    folder
        Where its metadata are.
    chunks
        Shape of what is decoded in one piece: a chunk, or one inside a shard.

    Raises
    ------
    zarrista.exceptions.ArrayCreateError
        If zarrs does not know how to read it.
    """

    def __init__(self, folder: str, chunks: tuple[int, ...], dtype: np.dtype[np.generic]) -> None:
        self._folder = folder
        self._array = zarrista.Array.open(FilesystemStore(folder), "/")
        self.shape = tuple(int(n) for n in self._array.shape)
        self.chunks = chunks
        self.dtype = dtype

    def __getitem__(self, box: tuple[slice, ...]) -> NDArray[Any]:
        """Return the voxels in a box, read-only; missing chunks read as the fill value."""
        return np.asarray(self._array.retrieve_array_subset(box), dtype=self.dtype)

    def __setitem__(self, box: tuple[slice, ...], voxels: NDArray[Any]) -> None:
        """Write the voxels of a box; chunks of nothing but the fill value are not stored.

        Chunks are written in place, not atomically: whoever is killed meanwhile must
        write them again, with ``write_whole_chunks``.
        """
        line = np.ascontiguousarray(voxels, dtype=self.dtype).ravel()
        # along axes of length 1 numpy takes any stride for contiguous, zarrista does not
        self._array.store_array_subset(box, line.reshape(voxels.shape))

    def write_whole_chunks(self, box: tuple[slice, ...], voxels: NDArray[Any]) -> None:
        """Write a box of whole chunks, whatever stands there.

        Parameters
        ----------
        box
            Begins and ends where chunks (shards, where there are any) do, or at the end of
            the array.
        voxels
            What is written, in the shape of the box.

        Raises
        ------
        OSError
            If the file system refuses; with its ``errno``, such as that of a full disk.

        Notes
        -----
        Chunks that are there already are removed first. One that a kill has torn could not
        be decoded, which is tried at the end of an array, where its chunk reaches beyond it;
        and whoever still writes to an old chunk does not write to the new one.
        """
        stored = self._array.chunk_shape([0] * len(self.shape))
        ranges = (
            range(side.start // size, -(-side.stop // size))
            for side, size in zip(box, stored, strict=True)
        )
        for index in itertools.product(*ranges):
            self._array.erase_chunk(list(index))
        try:
            self[box] = voxels
        except ZarristaError as error:  # there are no other words for what the system says
            number = _SYSTEM_ERROR.search(str(error))
            if number is None:
                raise
            code = int(number[1])
            raise OSError(code, os.strerror(code), self._folder) from error


def open_rust_array(folder: str) -> RustArray | None:
    """Return the array in a folder, or None: then zarr-python must open it."""
    metadata = _read_metadata(Path(folder))
    if metadata is None:
        return None
    version = metadata.get("zarr_format")
    dtype = _dtype_v3(metadata) if version == 3 else _dtype_v2(metadata)
    if dtype is None:
        return None
    try:
        return RustArray(folder, _chunks(metadata), dtype)
    except ArrayCreateError:
        return None


def _read_metadata(folder: Path) -> Metadata | None:
    for name in ("zarr.json", ".zarray"):
        try:
            found = json.loads((folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        return found if isinstance(found, dict) and "shape" in found else None
    return None


def _dtype_v3(metadata: Metadata) -> np.dtype[np.generic] | None:
    """Return the data type of an array of Zarr 3; None if its chunks may be decoded otherwise."""
    name = metadata.get("data_type")
    is_known = (
        name in _DTYPES
        and _named(metadata.get("chunk_grid"))[0] == "regular"
        and not metadata.get("storage_transformers")
        and all(_is_known(codec) for codec in metadata.get("codecs", ()))
    )
    return np.dtype(str(name)) if is_known else None


def _dtype_v2(metadata: Metadata) -> np.dtype[np.generic] | None:
    """Return the data type of an array of Zarr 2; None if its chunks may be decoded otherwise."""
    text, compressor = metadata.get("dtype"), metadata.get("compressor")
    is_known = (
        metadata.get("zarr_format") == 2
        and isinstance(text, str)
        and metadata.get("order") == "C"
        and not metadata.get("filters")
        and (compressor is None or compressor.get("id") in _COMPRESSORS)
    )
    dtype = np.dtype(text) if is_known else None
    return dtype if dtype is not None and dtype.isnative and dtype.name in _DTYPES else None


def _is_known(codec: object) -> bool:
    name, configuration = _named(codec)
    if name == "bytes":
        return bool(configuration.get("endian", "little") == "little")
    inner = (*configuration.get("codecs", ()), *configuration.get("index_codecs", ()))
    return name in _CODECS and all(_is_known(one) for one in inner)


def _chunks(metadata: Metadata) -> tuple[int, ...]:
    """Return the shape of a chunk, inside a shard where there are shards."""
    if metadata["zarr_format"] == 2:
        return tuple(metadata["chunks"])
    shape = _named(metadata["chunk_grid"])[1]["chunk_shape"]
    for codec in metadata["codecs"]:
        name, configuration = _named(codec)
        if name == "sharding_indexed":
            shape = configuration["chunk_shape"]
    return tuple(shape)


def _named(extension: object) -> tuple[str, Metadata]:
    """Return name and configuration of a part of the metadata, which may be a name alone."""
    if isinstance(extension, Mapping):
        return str(extension.get("name")), extension.get("configuration") or {}
    return str(extension), {}

"""Summaries that a stack of ours carries beside its voxels, in the group ``summaries``."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import ZstdCodec
from zarr.storage import LocalStore

from roiwidgets.images.ome_metadata import OWN_KEY
from roiwidgets.stacks.movie import Movie
from roiwidgets.stacks.source_key import array_folder, file_lines, movie_files
from roiwidgets.stacks.summaries.summary_result import PICTURES, Summaries, summaries_of

GROUP = "summaries"
AXES = dict.fromkeys(PICTURES, ("y", "x")) | {"top_view": ("t", "x"), "right_view": ("t", "y")}

METADATA = "zarr.json"
READ_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class StoredSummaries:
    """What a stack carries.

    Parameters
    ----------
    summaries
        Of the voxels as they are now.
    is_untouched
        Whether the files are the very ones that were written; otherwise they were copied, and
        have been compared by checksum.
    """

    summaries: Summaries
    is_untouched: bool


def write_stored(found: Summaries, image: Path, level: str) -> None:
    """Write the summaries of a level beside it.

    Parameters
    ----------
    found
        Summaries of all that the level holds.
    image
        Folder of the image.
    level
        Path of its finest level, which is complete.
    """
    folder = image / GROUP
    if folder.exists():  # of a run that was stopped just before its end
        shutil.rmtree(folder)
    for name, values in found.arrays().items():
        zarr.create_array(
            LocalStore(folder / name),
            data=values,
            chunks=values.shape,
            compressors=ZstdCodec(level=1),
            dimension_names=AXES[name],
            zarr_format=3,
        )
    own = {
        "summaries_of": level,
        "files": _listed(image / level),
        "checksum": _checksum(image / level),
        "summaries_checksum": _checksum_of_arrays(folder),
    }
    zarr.create_group(LocalStore(folder), attributes={OWN_KEY: own}, zarr_format=3)


def read_stored(movie: Movie) -> StoredSummaries | None:
    """Return what a stack carries, if all of it is there and of these voxels; else None."""
    level = array_folder(movie)
    if level is None:
        return None
    folder = level.parent / GROUP
    own = _own_attributes(folder / METADATA)
    if own.get("summaries_of") != level.name:
        return None
    if own.get("summaries_checksum") != _checksum_of_arrays(folder):
        return None
    is_untouched = own.get("files") == _listed(level)
    if not is_untouched and own.get("checksum") != _checksum(level):
        return None
    arrays = {name: np.asarray(zarr.open_array(folder / name, mode="r")[...]) for name in AXES}
    return StoredSummaries(summaries_of(movie, arrays), is_untouched)


def _own_attributes(file: Path) -> Mapping[str, object]:
    """Return what we wrote into a group's metadata; nothing for what is not ours."""
    try:
        attributes = json.loads(file.read_text(encoding="utf-8")).get("attributes", {})
    except (OSError, ValueError, AttributeError):
        return {}
    own = attributes.get(OWN_KEY) if isinstance(attributes, Mapping) else None
    return own if isinstance(own, Mapping) else {}


def _listed(folder: Path) -> str:
    """Return what changes when a file is written, moved apart or copied."""
    digest = hashlib.sha256()
    for line in file_lines(folder):
        digest.update(line.encode())
    return digest.hexdigest()


def _checksum_of_arrays(group: Path) -> str:
    """Return what changes with any byte of a group's arrays."""
    return "+".join(_checksum(group / name) for name in AXES)


def _checksum(folder: Path) -> str:
    """Return what changes with any byte of any file: much cheaper than to sum up the voxels."""
    total = 0
    for file in movie_files(folder):
        total = zlib.crc32(str(file.relative_to(folder)).encode(), total)
        with file.open("rb") as opened:
            while part := opened.read(READ_BYTES):
                total = zlib.crc32(part, total)
    return f"crc32:{total:08x}"

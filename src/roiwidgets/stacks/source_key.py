"""What tells a movie on this machine's disks from another one, and from itself changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from roiwidgets.images.locations import TIFF_SUFFIXES
from roiwidgets.images.sources import VoxelSource, ZarrSource
from roiwidgets.images.tiff import TiffSource
from roiwidgets.images.transposed import FlippedSource, TransposedSource
from roiwidgets.stacks.movie import Movie


def source_key(movie: Movie) -> str | None:
    """Return a text that changes with the movie's files, by name, size and time of change.

    None for what is not in a folder or TIFF file of this machine: it may change unseen.
    """
    source, views = _without_views(movie.source)
    root = _root_of(source)
    if root is None:
        return None
    level = source.level if isinstance(source, TiffSource) else 0
    parts = (str(root), level, views, movie.plane, movie.shape, str(source.dtype))
    digest = hashlib.sha256(json.dumps(parts).encode())
    for line in file_lines(root):
        digest.update(line.encode())
    return digest.hexdigest()


def file_lines(root: Path) -> Iterator[str]:
    """Yield name, size and time of change of each file of a movie, in the order of names."""
    for file in movie_files(root):
        status = file.stat()
        yield f"{file.relative_to(root.parent)}\t{status.st_size}\t{status.st_mtime_ns}\n"


def movie_files(root: Path) -> list[Path]:
    """Return the files that a movie may be read from, in the order of names.

    Those of a Zarr array; of a TIFF file all beside it, as an OME-TIFF may go on in them.
    """
    if root.is_file():
        beside = (file for file in root.parent.iterdir() if file.is_file())
        return sorted(file for file in beside if file.name.lower().endswith(TIFF_SUFFIXES))
    return sorted(Path(folder) / name for folder, _, names in os.walk(root) for name in names)


def array_folder(movie: Movie) -> Path | None:
    """Return the folder of the Zarr array that a movie is read from as it is; else None."""
    source = movie.source
    return _root_of(source) if isinstance(source, ZarrSource) else None


def _without_views(source: VoxelSource) -> tuple[VoxelSource, list[list[object]]]:
    """Return the source that is stored, and how it is turned."""
    views: list[list[object]] = []
    while isinstance(source, TransposedSource | FlippedSource):
        turned = source.order if isinstance(source, TransposedSource) else source.flipped
        views.append([type(source).__name__, *turned])
        source = source.source
    return source, views


def _root_of(source: VoxelSource) -> Path | None:
    if isinstance(source, TiffSource):
        return Path(source.path).absolute()
    if isinstance(source, ZarrSource) and Path(source.location).is_dir():
        return Path(source.location).absolute() / source.path
    return None

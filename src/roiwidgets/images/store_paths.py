"""What a path or URL names on this machine, as far as the file system tells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import zarr
from zarr.storage import ZipStore

from roiwidgets.errors import ImageError, UnsupportedImageError

if TYPE_CHECKING:
    from typing import Any

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

PARTIAL_SUFFIX = ".partial"
"""Ending of the folder that a promotion writes to until it is complete."""

ZARR_FILES = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
"""Files of which a Zarr store has at least one at its root."""

_LISTED = 12


def local_path(location: str) -> Path | None:
    """Return the path of an existing file or folder; None for a URL that is no file's.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    ImageError
        If it is what an unfinished promotion has written.
    """
    scheme = urlsplit(location).scheme
    if len(scheme) > 1 and scheme != "file":  # one letter is a drive of Windows
        _check_finished(location, urlsplit(location).path.split("/"))
        return None
    path = Path(unquote(urlsplit(location).path)) if scheme == "file" else Path(location)
    path = path.expanduser()
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path.absolute()}; check the path")
    _check_finished(path, path.absolute().parts)
    return path


def _check_finished(location: object, parts: Sequence[str]) -> None:
    if any(part.endswith(PARTIAL_SUFFIX) for part in parts):
        raise ImageError(
            f"{location} is the unfinished output of a promotion; promote again to complete it"
        )


def open_store(path: Path) -> ZarrArray | zarr.Group:
    """Return the Zarr array or group in a folder, or in a zip file.

    Raises
    ------
    UnsupportedImageError
        If the folder is no Zarr store.
    """
    if path.is_dir() and not any((path / file).exists() for file in ZARR_FILES):
        entries = sorted(entry.name for entry in path.iterdir())
        shown = ", ".join(entries[:_LISTED]) or "nothing"
        raise UnsupportedImageError(
            f"the folder {path} is no Zarr store (it holds {shown}); give the path of a store or "
            "of one file; rw.collections.read_folder reads a folder of images"
        )
    return zarr.open(str(path) if path.is_dir() else ZipStore(path, mode="r"), mode="r")

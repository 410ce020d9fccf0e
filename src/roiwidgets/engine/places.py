"""Where workers keep small things beside the image: parts, numbers, and the record.

A place is a folder, or a prefix of an object store (``url_place``). Whatever is written
is there whole or not at all. Imported by every worker process.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.output_arrays import OutputArray

if TYPE_CHECKING:
    from zarr.abc.store import Store

END = ";"
"""Ends each entry of a record in a file: one that a kill cut off has none, and does not count."""


class Place(Protocol):
    """Named things that several processes write and read; it pickles."""

    def inside(self, name: str) -> Place:
        """Return a place inside this one."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Return what is kept under a name, to read from; ``FileNotFoundError`` if nothing is."""
        ...

    def read_part(self, name: str, start: int, stop: int) -> bytes:
        """Return some of the bytes that are kept under a name."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Keep bytes under a name; whoever reads meanwhile finds these or those before."""
        ...

    def remove(self) -> None:
        """Remove all that is in it; nothing happens if that is nothing."""
        ...

    def note(self, key: str) -> None:
        """Record that a block is finished; it stays so though all processes are killed."""
        ...

    def noted(self) -> set[str]:
        """Return the keys that all processes recorded."""
        ...

    def keys(self) -> set[str]:
        """Return the names of all that is kept in it, those of what lies inside with a slash."""
        ...

    def array(self, name: str) -> OutputArray:
        """Return where an array inside it is."""
        ...

    def zarr_store(self, name: str) -> Store:
        """Return a Zarr store inside it, to create an array or group in."""
        ...


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder that all workers see; it is made when something is first written.

    Parameters
    ----------
    folder
        Absolute path.
    """

    folder: str

    def __str__(self) -> str:
        return self.folder

    def inside(self, name: str) -> FolderPlace:
        """Return a place inside this one."""
        return FolderPlace(str(Path(self.folder, name)))

    def open(self, name: str) -> BinaryIO:
        """Return a file to read from; ``FileNotFoundError`` if there is none."""
        return Path(self.folder, name).open("rb")

    def read_part(self, name: str, start: int, stop: int) -> bytes:
        """Return some of the bytes of a file."""
        with self.open(name) as file:
            file.seek(start)
            return file.read(stop - start)

    def write(self, name: str, data: bytes) -> None:
        """Write a file, under another name until it is complete."""
        file = Path(self.folder, name)
        unfinished = file.with_name(f"{name}.{os.getpid()}.new")
        try:
            unfinished.write_bytes(data)
        except FileNotFoundError:
            file.parent.mkdir(exist_ok=True)
            unfinished.write_bytes(data)
        unfinished.replace(file)

    def remove(self) -> None:
        """Remove the folder."""
        if Path(self.folder).exists():
            shutil.rmtree(self.folder)

    def note(self, key: str) -> None:
        """Add a key to the file of this process."""
        file = Path(self.folder) / f"{socket.gethostname()}-{os.getpid()}.txt"
        with file.open("a", encoding="utf-8") as record:
            record.write(f"\n{key}{END}")  # on a line of its own, whatever a kill left before

    def noted(self) -> set[str]:
        """Return the keys in the files of all processes."""
        entries: list[str] = []
        for file in Path(self.folder).glob("*.txt"):
            entries += file.read_text(encoding="utf-8").split("\n")
        return {entry.removesuffix(END) for entry in entries if entry.endswith(END)}

    def keys(self) -> set[str]:
        """Return the paths of all files in the folder, relative to it, with slashes."""
        root = Path(self.folder)
        return {file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file()}

    def array(self, name: str) -> OutputArray:
        """Return where an array inside the folder is."""
        return OutputArray(str(Path(self.folder, name)))

    def zarr_store(self, name: str) -> Store:
        """Return a Zarr store in a folder inside this one."""
        from zarr.storage import LocalStore

        return LocalStore(Path(self.folder, name))


@dataclass(frozen=True, slots=True)
class Kept:
    """One named thing in a place.

    Parameters
    ----------
    place, name
        Where it is.
    """

    place: Place
    name: str

    def write_arrays(
        self, arrays: dict[str, NDArray[np.generic]], *, is_sparse: bool = False
    ) -> None:
        """Keep arrays by name; compressed where they hold mostly zeros."""
        buffer = io.BytesIO()
        save = np.savez_compressed if is_sparse else np.savez
        save(buffer, **arrays)  # type: ignore[arg-type] # no name is a parameter
        self.place.write(self.name, buffer.getvalue())

    def read_arrays(self, *names: str) -> list[NDArray[Any]]:
        """Return some of the arrays; ``FileNotFoundError`` if none were kept."""
        with self.place.open(self.name) as file, np.load(file) as stored:
            return [stored[name] for name in names]


def read_bytes(place: Place, name: str) -> bytes | None:
    """Return what is kept under a name; None if nothing is."""
    try:
        with place.open(name) as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_json(place: Place, name: str, value: object) -> None:
    """Keep a value under a name."""
    place.write(name, json.dumps(value, indent=1).encode())


def read_json(place: Place, name: str) -> object | None:
    """Return the value that is kept under a name; None if there is none."""
    found = read_bytes(place, name)
    return None if found is None else json.loads(found)

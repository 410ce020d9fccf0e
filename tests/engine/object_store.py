"""An object store of its own making: keys and objects, kept in a folder.

As in S3 there are neither folders nor renames, an object is put whole or not at all, and
removing many is no single step. Worker processes find it through ``fsspec``'s entry points,
as they would s3fs: see ``announce``.
"""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

import fsspec
from fsspec.spec import AbstractFileSystem

FOLDER = "OBJECT_STORE_FOLDER"
"""Environment variable that names the folder where no option does."""


def nothing(_: str, __: str) -> None:
    """Let every change pass."""


class ObjectStore(AbstractFileSystem):
    """A file system of fsspec: ``objects://bucket/key``."""

    protocol = "objects"
    root_marker = ""
    before: Callable[[str, str], None] = staticmethod(nothing)
    """Told of each change in this process before it happens: "put" or "remove", and the key."""
    lag = 0
    """The newest objects that listings do not know yet."""

    def __init__(self, folder: str | None = None, **options: object) -> None:
        super().__init__(**options)
        self._folder = Path(folder or os.environ[FOLDER])

    def _file(self, path: str) -> Path:
        return self._folder / quote(self._strip_protocol(path), safe="")

    def _listed(self, path: str) -> list[str]:
        """Return the keys that are a path, or go on from it."""
        files = [file for file in self._folder.iterdir() if not file.name.startswith(".")]
        files.sort(key=lambda file: file.stat().st_mtime_ns)
        keys = sorted(unquote(file.name) for file in files[: len(files) - self.lag])
        path = self._strip_protocol(path)
        return [key for key in keys if not path or key == path or key.startswith(f"{path}/")]

    def ls(self, path, detail=True, **_):
        path = self._strip_protocol(path)
        depth = len(path.split("/")) + 1 if path else 1
        found = {}
        for key in self._listed(path):
            name = "/".join(key.split("/")[:depth])
            kind = "file" if name == key else "directory"
            size = self._file(key).stat().st_size if kind == "file" else 0
            found[name] = {"name": name, "size": size, "type": kind}
        if not found:
            raise FileNotFoundError(path)
        return list(found.values()) if detail else list(found)

    def info(self, path, **_):
        path = self._strip_protocol(path)
        if self._file(path).is_file():
            return {"name": path, "size": self._file(path).stat().st_size, "type": "file"}
        if self._listed(path):
            return {"name": path, "size": 0, "type": "directory"}
        raise FileNotFoundError(path)

    def cat_file(self, path, start=None, end=None, **_):
        try:
            return self._file(path).read_bytes()[start:end]
        except OSError as error:  # a key that is too long for a file name is none
            raise FileNotFoundError(path) from error

    def pipe_file(self, path, value, mode="overwrite", **_):
        self.before("put", self._strip_protocol(path))
        unfinished = self._folder / f".{uuid.uuid4().hex}"
        unfinished.write_bytes(value)
        unfinished.replace(self._file(path))

    def rm_file(self, path):
        self.before("remove", self._strip_protocol(path))
        self._file(path).unlink()

    _rm = rm_file

    def rm(self, path, recursive=False, maxdepth=None):
        keys = self._listed(path) if recursive else [self._strip_protocol(path)]
        if not keys:
            raise FileNotFoundError(path)
        random.Random(len(keys)).shuffle(keys)  # no order is promised
        for key in keys:
            self.rm_file(key)

    def mv(self, *_, **__):
        raise NotImplementedError("objects cannot be renamed")


fsspec.register_implementation("objects", ObjectStore, clobber=True)


def announce(folder: Path) -> str:
    """Return a folder for ``sys.path`` that tells fsspec of the store, in any process."""
    package = folder / "object_store_of_tests-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: object-store-of-tests\nVersion: 1.0\n")
    entry = f"objects = {__name__}:ObjectStore"
    (package / "entry_points.txt").write_text(f"[fsspec.specs]\n{entry}\n")
    return str(folder)


def download(folder: Path, root: str, target: Path) -> None:
    """Write what a store holds under a root as files, as tools for downloading do."""
    for file in folder.iterdir():
        key = unquote(file.name)
        if key.startswith(f"{root}/"):
            copy = target / key.removeprefix(f"{root}/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())


def keys_in(folder: Path) -> list[str]:
    """Return all keys of a store, sorted."""
    return sorted(unquote(file.name) for file in folder.iterdir())


def chunks_in(folder: Path) -> dict[str, bytes]:
    """Return all objects but metadata by key, without the names that promotions draw."""
    found = {}
    for file in folder.iterdir():
        parts = [part for part in unquote(file.name).split("/") if not part.startswith("scales-")]
        if not parts[-1].startswith(".z") and parts[-1] != "zarr.json":
            found["/".join(parts)] = file.read_bytes()
    return found

"""A prefix of an object store: what a folder is to a promotion, at a URL of fsspec.

Objects are put whole or not at all, and there is no rename; what was put is read back at
once. Listings may lag: nothing that must be right depends on them. Imported by worker
processes; fsspec and zarr-python are loaded when something is read or written.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from roiwidgets.errors import MissingPackageError, OutputLocationError
from roiwidgets.images.output_arrays import Options, OutputArray, one_error

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from zarr.abc.store import Store


@dataclass(frozen=True)
class UrlPlace:
    """Objects whose keys begin alike.

    Parameters
    ----------
    url
        URL of the prefix.
    storage_options
        Options for fsspec. They are never shown: they may hold passwords.
    """

    url: str
    storage_options: Options = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        return self.url

    def inside(self, name: str) -> UrlPlace:
        """Return a place inside this one."""
        return UrlPlace(f"{self.url}/{name}", self.storage_options)

    def beside(self, suffix: str) -> UrlPlace:
        """Return the place whose URL has a suffix more."""
        return UrlPlace(f"{self.url}{suffix}", self.storage_options)

    def open(self, name: str) -> BinaryIO:
        """Return an object to read from; ``FileNotFoundError`` if there is none."""
        with one_error("read", f"{self.url}/{name}", is_missing_fine=True):
            system, root = self._resolve()
            return io.BytesIO(system.cat_file(f"{root}/{name}"))

    def read_part(self, name: str, start: int, stop: int) -> bytes:
        """Return some of the bytes of an object."""
        with one_error("read", f"{self.url}/{name}"):
            system, root = self._resolve()
            return bytes(system.cat_file(f"{root}/{name}", start=start, end=stop))

    def write(self, name: str, data: bytes) -> None:
        """Put an object."""
        with one_error("write to", f"{self.url}/{name}"):
            system, root = self._resolve()
            system.pipe_file(f"{root}/{name}", data)

    def names(self) -> list[str]:
        """Return what comes next in the keys; an empty name stands for an object at the URL."""
        with one_error("list", self.url, is_missing_fine=True):
            system, root = self._resolve()
            system.invalidate_cache()
            try:
                found = system.ls(root, detail=False)
            except FileNotFoundError:
                return []
        keys = {str(key).strip("/").removeprefix(root.strip("/")).strip("/") for key in found}
        # some stores list a prefix as an object of its own
        return sorted(keys - {""}) if len(keys) > 1 else sorted(keys)

    def remove(self, name: str = "") -> None:
        """Remove an object, or all whose keys go on from there."""
        with one_error("remove", f"{self.url}/{name}".rstrip("/")):
            system, root = self._resolve()
            system.invalidate_cache()
            try:
                system.rm(f"{root}/{name}".rstrip("/"), recursive=True)
            except FileNotFoundError:
                return

    def note(self, key: str) -> None:
        """Put an object that stands for a finished block: objects cannot be added to."""
        self.write(key.replace(":", "/"), b"finished")

    def noted(self) -> set[str]:
        """Return the keys that all processes noted."""
        return {key.replace("/", ":", 1) for key in self.keys()}

    def keys(self) -> set[str]:
        """Return the keys of all objects in it, relative to it."""
        with one_error("list", self.url):
            system, root = self._resolve()
            system.invalidate_cache()
            found = system.find(root)
        start = root.strip("/") + "/"
        return {str(key).strip("/").removeprefix(start) for key in found}

    def array(self, name: str) -> OutputArray:
        """Return where an array inside it is."""
        return OutputArray(f"{self.url}/{name}", self.storage_options)

    def zarr_store(self, name: str) -> Store:
        """Return a Zarr store at a prefix inside this one."""
        from zarr.storage import FsspecStore

        with one_error("write to", f"{self.url}/{name}"):
            return FsspecStore.from_url(
                f"{self.url}/{name}", storage_options=dict(self.storage_options)
            )

    def normalized(self) -> UrlPlace:
        """Return the same place with its URL as fsspec spells it.

        Raises
        ------
        MissingPackageError
            If the package of its file system is not installed.
        OutputLocationError
            If fsspec knows no such file system, or takes no such options.
        """
        system, root = self._resolve()
        return UrlPlace(system.unstrip_protocol(root).rstrip("/"), self.storage_options)

    def _resolve(self) -> tuple[AbstractFileSystem, str]:
        """Return the file system, and the path of this place in it."""
        from fsspec.core import url_to_fs

        try:
            system, root = url_to_fs(self.url, **dict(self.storage_options))
        except ImportError as error:
            raise MissingPackageError(
                f"{self.url} needs a package to be written to: {error}; install what it asks for "
                "(s3fs for s3, gcsfs for gs, adlfs for az)"
            ) from error
        except (TypeError, ValueError) as error:
            raise OutputLocationError(
                f"{self.url} cannot be opened by fsspec: {error}; check the URL and storage_options"
            ) from error
        return system, str(root).rstrip("/")

"""Where an image is promoted to: a folder or a URL, and what is asked of it beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from roiwidgets.engine.costs import Machine, machine_for
from roiwidgets.engine.output_store import (
    OutputStore,
    check_output,
    finished_blocks,
    partial_folder,
)
from roiwidgets.engine.outputs import Output
from roiwidgets.engine.source_checks import check_apart, check_apart_at_url
from roiwidgets.engine.url_output import (
    UrlOutput,
    check_url,
    finished_blocks_at,
    is_there,
    partial_place,
)
from roiwidgets.engine.url_place import UrlPlace
from roiwidgets.errors import OutputLocationError, ParameterError
from roiwidgets.images.deferred import open_later
from roiwidgets.images.output_arrays import as_options
from roiwidgets.images.sources import VoxelSource

if TYPE_CHECKING:
    from ngff_zarr import Multiscales

LOCAL_SCHEMES = ("", "file", "local")


class Destination(Protocol):
    """Where an image will stand."""

    @property
    def path(self) -> Path | str:
        """Path or URL of the image."""
        ...

    @property
    def partial(self) -> Path | str:
        """Where finished blocks are kept until the image is complete."""
        ...

    def check(self, source: VoxelSource, *, overwrite: bool) -> None:
        """Check that what a source holds may be written there.

        Raises
        ------
        OutputExistsError
            If something is there and may not be replaced.
        OutputLocationError
            If it cannot be written to, or lies inside the source.
        """
        ...

    def machine(self, *, workers: int | None = None) -> Machine:
        """Return what this machine offers for an output there."""
        ...

    def output(self, version: str) -> Output:
        """Return the output, to be begun."""
        ...

    def is_begun(self) -> bool:
        """Tell whether an unfinished image is kept there."""
        ...

    def exists(self) -> bool:
        """Tell whether a reader finds something there."""
        ...

    def finished(self) -> set[str] | None:
        """Return the keys of the finished blocks of an unfinished image; None if there is none."""
        ...

    def result(self) -> Multiscales:
        """Return the finished image; it is opened when it is first used."""
        ...


@dataclass(frozen=True, slots=True)
class FolderDestination:
    """A folder on a disk that all workers see.

    Parameters
    ----------
    path
        Absolute path.
    """

    path: Path

    @property
    def partial(self) -> Path:
        """Folder of finished blocks."""
        return partial_folder(self.path)

    def check(self, source: VoxelSource, *, overwrite: bool) -> None:
        """Check that what a source holds may be written there, without touching anything."""
        check_apart(source, self.path)
        check_output(self.path, overwrite=overwrite)

    def machine(self, *, workers: int | None = None) -> Machine:
        """Return what this machine offers, and the disk."""
        return machine_for(self.path.parent, workers=workers)

    def output(self, version: str) -> OutputStore:
        """Return the output, to be begun."""
        return OutputStore(self.path, version)

    def is_begun(self) -> bool:
        """Tell whether there is a folder of finished blocks."""
        return self.partial.is_dir()

    def exists(self) -> bool:
        """Tell whether there is a file or folder."""
        return self.path.exists()

    def finished(self) -> set[str] | None:
        """Return the keys of the finished blocks of an unfinished image; None if there is none."""
        return finished_blocks(self.partial)

    def result(self) -> Multiscales:
        """Return the finished image; it is opened when it is first used."""
        return open_later(self.path)


@dataclass(frozen=True, slots=True)
class UrlDestination:
    """A URL of a store that all workers reach through fsspec.

    Parameters
    ----------
    place
        With its URL as fsspec spells it.
    """

    place: UrlPlace

    @property
    def path(self) -> str:
        """URL of the image."""
        return self.place.url

    @property
    def partial(self) -> str:
        """URL of the plan and the record."""
        return partial_place(self.place).url

    def check(self, source: VoxelSource, *, overwrite: bool) -> None:
        """Check that what a source holds may be written there, by writing a small object."""
        check_apart_at_url(source, self.path)
        check_url(self.place, overwrite=overwrite)

    def machine(self, *, workers: int | None = None) -> Machine:
        """Return what this machine offers; of the store nothing is known."""
        return machine_for(None, workers=workers)

    def output(self, version: str) -> UrlOutput:
        """Return the output, to be begun."""
        return UrlOutput(self.place, version)

    def is_begun(self) -> bool:
        """Tell whether there is a plan or a record."""
        return bool(partial_place(self.place).names())

    def exists(self) -> bool:
        """Tell whether there is the metadata of an image or array."""
        return is_there(self.place)

    def finished(self) -> set[str] | None:
        """Return the keys of the finished blocks of an unfinished image; None if there is none."""
        return finished_blocks_at(self.place)

    def result(self) -> Multiscales:
        """Return the finished image; it is opened when it is first used."""
        return open_later(self.path, dict(self.place.storage_options))


def destination_at(
    path: str | Path, storage_options: Mapping[str, object] | None = None
) -> Destination:
    """Return the destination that a path or URL names.

    Parameters
    ----------
    path
        Path, ``file:`` URL, or any URL that fsspec can write to.
    storage_options
        Options for fsspec, with URLs only.

    Raises
    ------
    MissingPackageError
        If the package of a URL's file system is not installed.
    OutputLocationError
        If no image can stand at the URL.
    ParameterError
        If there are options for a local path.
    """
    if isinstance(path, Path) or _is_local(path):
        if storage_options:
            raise ParameterError(
                f"storage_options are for outputs at URLs, and {path} is a local path; leave them "
                "out"
            )
        return FolderDestination(local_path(path))
    if "::" in path:
        raise OutputLocationError(
            f"{path} is a chain of file systems; give the URL of one that stores objects"
        )
    place = UrlPlace(path.rstrip("/"), as_options(storage_options)).normalized()
    if "/" not in urlsplit(place.url).netloc + urlsplit(place.url).path:
        raise OutputLocationError(
            f"{path} is a whole bucket; give the URL of an image inside it, such as "
            f"{place.url}/image.ome.zarr"
        )
    return UrlDestination(place)


def disk_folder(path: str) -> Path | None:
    """Return the folder above a path; None for a URL that is on no disk of this machine."""
    return local_path(path).parent if _is_local(path) else None


def local_path(path: str | Path) -> Path:
    """Return a path or ``file:`` URL as an absolute path.

    Raises
    ------
    OutputLocationError
        If it is another URL.
    """
    if isinstance(path, Path):
        return path.expanduser().absolute()
    if not _is_local(path):
        raise OutputLocationError(
            f"{path} is no local path; write to a local folder and copy the result"
        )
    is_url = len(urlsplit(path).scheme) > 1
    return Path(urlsplit(path).path if is_url else path).expanduser().absolute()


def _is_local(path: str) -> bool:
    scheme = urlsplit(path).scheme
    return scheme in LOCAL_SCHEMES or len(scheme) == 1  # a drive of Windows

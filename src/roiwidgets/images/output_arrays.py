"""Arrays of an output: how workers find them, write whole chunks and read them back.

Imported by every worker process: zarr-python is loaded for arrays at URLs only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from numpy.typing import NDArray

from roiwidgets.errors import ImageError, OutputLocationError, RoiwidgetsError
from roiwidgets.images.sources import ZarrSource
from roiwidgets.images.zarr_arrays import open_local_array_to_write

if TYPE_CHECKING:
    import zarr

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

Options: TypeAlias = "tuple[tuple[str, object], ...]"
"""Options for fsspec, as pairs: value objects that hold them stay frozen."""


def as_options(given: Mapping[str, object] | None) -> Options:
    """Return options for fsspec as pairs."""
    return tuple(sorted((given or {}).items()))


@contextmanager
def one_error(what: str, url: str, *, is_missing_fine: bool = False) -> Iterator[None]:
    """Turn whatever a file system raises into one clear error.

    Parameters
    ----------
    what
        What is tried with the URL, such as "write to".
    url
        For the message.
    is_missing_fine
        Whether a ``FileNotFoundError`` stays as it is.

    Raises
    ------
    OutputLocationError
        With the words of the file system. Errors of its own may not even pickle, as those
        of botocore, and would break a pool of processes.
    """
    try:
        yield
    except RoiwidgetsError:
        raise
    except Exception as error:
        if is_missing_fine and isinstance(error, FileNotFoundError):
            raise
        raise OutputLocationError(
            f"cannot {what} {url} ({type(error).__name__}: {error}); check that it exists, your "
            "permissions and the network"
        ) from error


class WritableArray(Protocol):
    """An array that takes whole chunks."""

    def write_whole_chunks(self, box: tuple[slice, ...], voxels: NDArray[Any]) -> None:
        """Write a box of whole chunks, whatever stands there."""
        ...


@dataclass(frozen=True, slots=True)
class OutputArray:
    """Where an array of an output is; small, and the same in every process.

    Parameters
    ----------
    location
        Folder or URL of the Zarr array.
    storage_options
        Options for fsspec where it is a URL.
    """

    location: str
    storage_options: Options = field(default=(), compare=False, repr=False)

    @property
    def is_remote(self) -> bool:
        """Whether it is at a URL."""
        return "://" in self.location

    def open_to_write(self) -> WritableArray:
        """Return the array, opened for writing.

        Raises
        ------
        ImageError
            If there is none.
        """
        if self.is_remote:
            return RemoteArray(self.location, self.storage_options)
        return open_local_array_to_write(self.location)

    def source(self) -> ZarrSource:
        """Return what reads the array."""
        return ZarrSource(self.location, storage_options=self.storage_options or None)


class RemoteArray:
    """An array at a URL, written by zarr-python: each chunk is put whole or not at all.

    Parameters
    ----------
    url, storage_options
        As for ``OutputArray``.
    """

    def __init__(self, url: str, storage_options: Options) -> None:
        import zarr

        with one_error("open", url):
            opened = zarr.open(url, mode="r+", storage_options=dict(storage_options))
        if not isinstance(opened, zarr.Array):
            raise ImageError(f"{url} holds no array that can be written; promote to another URL")
        self._url, self._array = url, opened

    def write_whole_chunks(self, box: tuple[slice, ...], voxels: NDArray[Any]) -> None:
        """Write a box of whole chunks; those of nothing but the fill value are not stored."""
        with one_error("write to", self._url):
            self._array[box] = voxels

"""An image on disk that is opened when somebody first looks at it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from ngff_zarr import Multiscales

_LOCATION, _OPTIONS = "_deferred_location", "_deferred_options"
_OPENING = threading.RLock()
_CLASS = cast("Any", object.__dict__["__class__"])


def open_later(
    path: Path | str, storage_options: Mapping[str, object] | None = None
) -> Multiscales:
    """Return the image at a path or URL; it is opened when it is first used.

    Parameters
    ----------
    path
        Path or URL of an OME-Zarr image.
    storage_options
        Options for fsspec, with URLs only.

    Returns
    -------
    Multiscales
        What ``open_image(path)`` returns. Until something is asked of it nothing
        has been read, and ngff-zarr need not have been imported, which takes 2.5 s and
        100 MB: a script that promotes, and ends, does without.
    """
    return cast("Multiscales", _Unopened(path, storage_options))


class _Unopened:
    """Becomes a ``Multiscales``, in place, as soon as anything is asked of it."""

    def __init__(self, path: Path | str, storage_options: Mapping[str, object] | None) -> None:
        self.__dict__[_LOCATION] = path
        self.__dict__[_OPTIONS] = storage_options

    def _open(self) -> Any:
        with _OPENING:
            if _LOCATION in self.__dict__:
                from roiwidgets.images.readers import open_image

                opened = open_image(
                    self.__dict__[_LOCATION], storage_options=self.__dict__[_OPTIONS]
                )
                self.__dict__.update(vars(opened))
                del self.__dict__[_LOCATION], self.__dict__[_OPTIONS]
                _CLASS.__set__(self, type(opened))
        return self

    @property  # type: ignore[misc] # of a class that it is about to become
    def __class__(self) -> type:
        from ngff_zarr import Multiscales

        # the class must not change while isinstance() looks at it
        return cast("type", Multiscales)

    def __getattr__(self, name: str) -> object:
        return getattr(self._open(), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._open(), name, value)

    def __dir__(self) -> list[str]:
        return dir(self._open())

    def __repr__(self) -> str:
        return repr(self._open())

    def __eq__(self, other: object) -> bool:
        return bool(self._open() == other)

    __hash__ = None  # type: ignore[assignment] # as of every image of ngff-zarr

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._open().__reduce_ex__(protocol)

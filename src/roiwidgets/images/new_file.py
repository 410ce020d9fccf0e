"""Files that are complete when they appear, and replace nothing unasked."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from roiwidgets.errors import OutputExistsError, OutputLocationError


@contextmanager
def new_file(path: str | os.PathLike[str], *, overwrite: bool) -> Iterator[Path]:
    """Give a path to write to; what is there at the end becomes the file, at once.

    Parameters
    ----------
    path
        Of the file. A link is followed.
    overwrite
        Whether a file that exists is replaced; it is untouched until the new one is complete.

    Yields
    ------
    Path
        In the same folder, with the same ending, by which writers choose their format. It is
        removed if an exception passes.

    Raises
    ------
    OutputExistsError
        If the file exists and overwriting was not asked for.
    OutputLocationError
        If the path is a folder, or its folder is missing or the disk refuses.
    """
    target = Path(os.path.realpath(Path(path).expanduser()))
    partial = target.with_name(f".{uuid.uuid4().hex}.partial{target.suffix}")
    try:
        check_target(target, overwrite=overwrite)
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        if isinstance(error, (OutputExistsError, OutputLocationError)) or error.errno is None:
            raise
        raise OutputLocationError(
            f"cannot write {target}: {error.strerror or error}; choose another folder"
        ) from error
    finally:
        if os.path.lexists(partial):  # pathlib would raise anew for what the disk refuses
            partial.unlink()


def check_target(target: Path, *, overwrite: bool) -> None:
    """Raise unless a file may be written at a path.

    Raises
    ------
    OutputExistsError, OutputLocationError
        As ``new_file``.
    """
    if target.is_dir():
        raise OutputLocationError(f"{target} is a folder; give the path of a file")
    if not target.parent.is_dir():
        raise OutputLocationError(f"the folder {target.parent} does not exist; create it first")
    if target.exists() and not overwrite:
        raise OutputExistsError(
            f"{target} exists; pass overwrite=True to replace it, or choose another path"
        )

"""Folders that stand at their path only when they are complete; files: ``images/new_file.py``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from roiwidgets.errors import OutputExistsError, OutputLocationError


@contextmanager
def whole_folder(
    path: str | os.PathLike[str], *, overwrite: bool, is_ours: Callable[[Path], bool]
) -> Iterator[Path]:
    """Give an empty folder to write to, which stands at ``path`` once the block has ended.

    Parameters
    ----------
    is_ours
        Tells of a folder whether it is an earlier output, complete and nothing else.
        Any other folder is not replaced.

    Raises
    ------
    OutputExistsError
        If something is there and may not be replaced.
    OutputLocationError
        If the folder above is missing or refuses.
    """
    target = _checked_target(path, overwrite=overwrite)
    if target.exists():
        if not target.is_dir():
            raise OutputExistsError(f"{target} is a file; give the path of a folder")
        if not is_ours(target):
            raise OutputExistsError(
                f"{target} holds something else than such an output, so it is not replaced; choose "
                "another folder"
            )
    partial = target.with_name(f"{target.name}.partial-{uuid4().hex}")
    replaced = target.with_name(f".{target.name}.replaced-{uuid4().hex}")
    try:
        with _said_plainly(target):
            partial.mkdir()
            yield partial
            _exchange(target, partial, replaced)
    finally:
        for left in (partial, replaced):
            if os.path.lexists(left):  # pathlib would raise anew for what the disk refuses
                shutil.rmtree(left)


def _exchange(target: Path, partial: Path, replaced: Path) -> None:
    """Put ``partial`` in the place of ``target``; if that fails the old one stays."""
    had_old = target.exists()
    if had_old:
        target.rename(replaced)
    try:
        partial.rename(target)
    except OSError:
        if had_old:
            replaced.rename(target)
        raise


def _checked_target(path: str | os.PathLike[str], *, overwrite: bool) -> Path:
    target = Path(path).expanduser().absolute()
    if target.exists() and not overwrite:
        raise OutputExistsError(f"{target} exists; choose another path, or pass overwrite=True")
    if not target.parent.is_dir():
        raise OutputLocationError(f"the folder {target.parent} does not exist; create it first")
    return target


@contextmanager
def _said_plainly(target: Path) -> Iterator[None]:
    """Turn what the disk answers into an error that names the output."""
    try:
        yield
    except OSError as error:
        if isinstance(error, (OutputExistsError, OutputLocationError)) or error.errno is None:
            raise
        raise OutputLocationError(
            f"cannot write {target}: {error}; choose another folder"
        ) from error

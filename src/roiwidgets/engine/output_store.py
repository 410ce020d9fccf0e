"""An OME-Zarr that looks finished only when it is.

Everything goes to ``NAME.partial/`` beside the output: the arrays (without the
group that would make them an image), the plan, and an append-only record of
finished blocks. The group's metadata and the rename come last. Whatever is killed, a
later run goes on from the record; only the power of the machine must not fail.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import tempfile
import uuid
import warnings
from pathlib import Path

import zarr
from zarr.storage import LocalStore

from roiwidgets.engine.array_specs import ArraySpec, create_array
from roiwidgets.engine.claims import Claim, Owner
from roiwidgets.engine.output_lock import OutputLock
from roiwidgets.engine.outputs import (
    LOCK_FILE,
    PLAN_FILE,
    RECORD,
    REPLACED,
    WORK_PREFIX,
    DiskUse,
    check_partial,
    check_same_plan,
)
from roiwidgets.engine.places import FolderPlace
from roiwidgets.errors import OutputExistsError, OutputLocationError
from roiwidgets.images.output_arrays import OutputArray
from roiwidgets.images.store_paths import PARTIAL_SUFFIX, ZARR_FILES

DATA_FOLDER = "data"


def partial_folder(path: Path) -> Path:
    """Return where an image is written until it is complete."""
    return path.with_name(f"{path.name}{PARTIAL_SUFFIX}")


def finished_blocks(partial: Path) -> set[str] | None:
    """Return the keys of the blocks in a partial folder; None if nothing is left to complete."""
    folders = [
        folder for folder in partial.glob(f"{WORK_PREFIX}*") if (folder / DATA_FOLDER).is_dir()
    ]
    if not folders:
        return None
    return set().union(*(FolderPlace(str(folder / RECORD)).noted() for folder in folders))


def check_output(path: Path, *, overwrite: bool) -> None:
    """Check that an image may be written at ``path``, without touching anything.

    Raises
    ------
    OutputExistsError
        If something is there and may not be replaced, or ``NAME.partial`` is somebody else's.
    OutputLocationError
        If the folder above is missing or cannot be written to.
    """
    partial = partial_folder(path)
    if partial.is_dir():
        check_partial((entry.name for entry in partial.iterdir()), partial)
    replaced = partial / REPLACED  # by a promotion that was killed at its very end
    there = path if path.exists() or not replaced.exists() else replaced
    if there.exists():
        if not overwrite:
            raise OutputExistsError(
                f"{path} exists; choose another path, or pass overwrite=True to replace it once "
                "the new image is complete"
            )
        if not there.is_dir() or not any((there / name).is_file() for name in ZARR_FILES):
            raise OutputExistsError(
                f"{path} is no Zarr image, so it is not replaced; choose another path"
            )
    parent = path.parent
    if not parent.is_dir():
        raise OutputLocationError(f"the folder {parent} does not exist; create it first")
    try:
        with tempfile.TemporaryFile(dir=parent):  # leaves nothing behind, whoever is killed
            pass
    except OSError as error:
        raise OutputLocationError(
            f"cannot write to {parent}: {error.strerror}; choose another folder"
        ) from error


class OutputStore:
    """The ``.partial`` folder of one output, and its way to completion.

    Parameters
    ----------
    path
        Where the finished image will stand.
    version
        OME-Zarr version, "0.4" (Zarr 2) or "0.5" (Zarr 3).

    Notes
    -----
    What workers write lies in a folder with the promotion's token in its name. A later
    run renames it: a task of an earlier one that is still alive finds nothing to write to.
    """

    def __init__(self, path: Path, version: str) -> None:
        token = uuid.uuid4().hex
        self.path = path
        self.partial = partial_folder(path)
        self.notes = FolderPlace(str(self.partial))
        self.work = self.notes.inside(f"{WORK_PREFIX}{token}")
        self.claim = Claim(self.notes, token, self.work.inside(RECORD))
        self._format = 3 if version == "0.5" else 2
        self._lock = OutputLock(self.partial / LOCK_FILE, self.notes)

    @property
    def data(self) -> Path:
        """Folder that becomes the image."""
        return Path(self.work.folder, DATA_FOLDER)

    def array(self, level: str) -> OutputArray:
        """Return where the array of a level is while it is written."""
        return OutputArray(str(self.data / level))

    def disk_use(self) -> DiskUse:
        """Return the free space of the disk, and what the image takes of it so far."""
        files = (file for file in self.data.rglob("*") if file.is_file())
        taken = sum(file.stat().st_size for file in files)
        return DiskUse(shutil.disk_usage(self.path.parent).free, taken)

    def begin(self, plan: dict[str, object], arrays: list[ArraySpec], *, resume: bool) -> set[str]:
        """Start, or go on with the same plan; return the keys of finished blocks.

        Raises
        ------
        PromotionError
            If another plan was begun at this path, or another promotion to it is alive.
        OutputLocationError
            If the disk refuses.
        """
        try:
            self.partial.mkdir(exist_ok=True)
            self._lock.take()
            self._put_back_replaced()
            unfinished = self._find_unfinished(plan, arrays) if resume else None
            if unfinished is None:
                self._start(plan, arrays)
            else:
                unfinished.rename(self.work.folder)
            # from here on, tasks of an earlier run that are still alive refuse to write
            Owner.of_this_process(self.claim.token).write(self.notes)
            return self.claim.record.noted()
        except OSError as error:
            raise OutputLocationError(
                f"cannot write to {self.partial}: {error.strerror or error}; choose another folder"
            ) from error

    def finish(self, attributes: dict[str, object]) -> None:
        """Write the group's metadata and put the image in its place.

        Warns
        -----
        UserWarning
            If the image is complete, but what it was made from cannot be removed.
        """
        self.claim.check()
        for file in self.data.iterdir():
            if file.is_file():  # of a run that was killed right here
                file.unlink()
        zarr.create_group(LocalStore(self.data), attributes=attributes, zarr_format=self._format)  # type: ignore[arg-type] # 2 or 3
        write_to_disk(self.data)
        if os.path.lexists(self.path):
            self.path.rename(self.partial / REPLACED)
        self.data.rename(self.path)
        self.suspend()
        try:
            shutil.rmtree(self.partial)
        except OSError as error:
            warnings.warn(
                f"{self.path} is complete; {self.partial} is left over, remove it: {error}",
                stacklevel=3,
            )

    def suspend(self) -> None:
        """Let others write; what is finished stays for a later run."""
        self._lock.give_back()

    def _put_back_replaced(self) -> None:
        """Put an image back that was about to be replaced when its promotion was killed."""
        replaced = self.partial / REPLACED
        if os.path.lexists(replaced) and not os.path.lexists(self.path):
            replaced.rename(self.path)

    def _find_unfinished(self, plan: dict[str, object], arrays: list[ArraySpec]) -> Path | None:
        """Return the folder of an earlier run of the same plan; None to start anew."""
        plan_file = self.partial / PLAN_FILE
        # without a plan it died before anything was computed; without its arrays it died
        # when they were already in place: nothing is lost by a new start
        found = [
            folder
            for folder in self.partial.glob(f"{WORK_PREFIX}*")
            if all(_is_array(folder / DATA_FOLDER / array.path) for array in arrays)
        ]
        if not plan_file.is_file() or not found:
            return None
        check_same_plan(json.loads(plan_file.read_text(encoding="utf-8")), plan, self.partial)
        return found[0]

    def _start(self, plan: dict[str, object], arrays: list[ArraySpec]) -> None:
        (self.partial / PLAN_FILE).unlink(missing_ok=True)
        for entry in self.partial.iterdir():
            if entry.name != LOCK_FILE:
                _remove(entry)
        self.data.mkdir(parents=True)
        Path(self.work.folder, RECORD).mkdir()
        for array in arrays:
            create_array(LocalStore(self.data / array.path), array, self._format)
        # the plan comes last: without it the folder is no promotion to resume
        scratch = self.partial / f"{PLAN_FILE}.new"
        scratch.write_text(json.dumps(plan, indent=1), encoding="utf-8")
        scratch.rename(self.partial / PLAN_FILE)


def write_to_disk(folder: Path) -> None:
    """Have the system write what it holds of a file system in memory.

    Without it, the rename that makes an image look finished may reach the disk first.

    Raises
    ------
    OSError
        If something cannot be written, which some systems find out only now.
    """
    if os.name != "posix":
        return
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:  # not Linux
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(descriptor)


def _is_array(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ZARR_FILES)


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()

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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import BloscCodec
from zarr.storage import LocalStore

from roiwidgets.engine.claims import Claim, Owner, read_record
from roiwidgets.engine.output_lock import OutputLock
from roiwidgets.errors import OutputExistsError, OutputLocationError, PromotionError
from roiwidgets.images.store_paths import PARTIAL_SUFFIX, ZARR_FILES

PLAN_FILE = "plan.json"
OWNER_FILE = "owner.json"
LOCK_FILE = "lock"
REPLACED = "replaced"
WORK_PREFIX = "work-"
RECORD_FOLDER = "finished"
DATA_FOLDER = "data"
CHANGED_SOURCE = " (the image was changed, moved or written anew since)"


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One level of the output, in storage order.

    ``shards`` are the files that chunks lie in, for Zarr 3; None: each in its own.
    ``compression`` is Blosc's compressor, level and shuffle; None: what suits the data type.
    """

    path: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: str
    axes: tuple[str, ...]
    shards: tuple[int, ...] | None = None
    compression: tuple[str, int, str] | None = None


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
    return set().union(*(read_record(folder / RECORD_FOLDER) for folder in folders))


def check_output(path: Path, *, overwrite: bool) -> None:
    """Check that an image may be written at ``path``, without touching anything.

    Raises
    ------
    OutputExistsError
        If something is there and may not be replaced.
    OutputLocationError
        If the folder above is missing or cannot be written to.
    """
    replaced = partial_folder(path) / REPLACED  # by a promotion that was killed at its very end
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
        self.work = self.partial / f"{WORK_PREFIX}{token}"
        owner_file = self.partial / OWNER_FILE
        self.claim = Claim(str(owner_file), token, str(self.work / RECORD_FOLDER))
        self._format = 3 if version == "0.5" else 2
        self._lock = OutputLock(self.partial / LOCK_FILE, owner_file)

    @property
    def data(self) -> Path:
        """Folder that becomes the image."""
        return self.work / DATA_FOLDER

    def location(self, level: str) -> str:
        """Return the folder of a level's array while it is written."""
        return str(self.data / level)

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
                unfinished.rename(self.work)
            # from here on, tasks of an earlier run that are still alive refuse to write
            Owner.of_this_process(self.claim.token).write(Path(self.claim.path))
            return read_record(Path(self.claim.record))
        except OSError as error:
            raise OutputLocationError(
                f"cannot write to {self.partial}: {error.strerror or error}; choose another folder"
            ) from error

    def remember(self, name: str, value: object) -> None:
        """Keep what a whole pass found for a later run of the same plan."""
        scratch = self.partial / f"{name}.json.new"
        scratch.write_text(json.dumps(value), encoding="utf-8")
        scratch.replace(self.partial / f"{name}.json")

    def recall(self, name: str) -> object | None:
        """Return what an earlier run of the same plan found; None if it did not get there."""
        file = self.partial / f"{name}.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None

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
        known = json.loads(plan_file.read_text(encoding="utf-8"))
        if known != json.loads(json.dumps(plan)):
            changed = sorted(
                key for key in {*known, *plan} if known.get(key) != _as_json(plan.get(key))
            )
            why = CHANGED_SOURCE if "source" in changed else ""
            raise PromotionError(
                f"{self.partial} holds an unfinished promotion that differs in "
                f"{', '.join(changed)}{why}; delete it, pass resume=False to start over, or choose "
                "another path"
            )
        return found[0]

    def _start(self, plan: dict[str, object], arrays: list[ArraySpec]) -> None:
        (self.partial / PLAN_FILE).unlink(missing_ok=True)
        for entry in self.partial.iterdir():
            if entry.name != LOCK_FILE:
                _remove(entry)
        self.data.mkdir(parents=True)
        Path(self.claim.record).mkdir()
        for array in arrays:
            self._create(array)
        # the plan comes last: without it the folder is no promotion to resume
        scratch = self.partial / f"{PLAN_FILE}.new"
        scratch.write_text(json.dumps(plan, indent=1), encoding="utf-8")
        scratch.rename(self.partial / PLAN_FILE)

    def _create(self, array: ArraySpec) -> None:
        name, level, shuffle = array.compression or _compression(np.dtype(array.dtype))
        if self._format == 3:
            zarr.create_array(
                LocalStore(self.data / array.path),
                shape=array.shape,
                chunks=array.chunks,
                shards=array.shards,
                dtype=array.dtype,
                compressors=BloscCodec(cname=name, clevel=level, shuffle=shuffle),  # type: ignore[arg-type] # names of enumerations
                dimension_names=array.axes,
                zarr_format=3,
                fill_value=0,
            )
            return
        from numcodecs import Blosc

        modes = {"bitshuffle": Blosc.BITSHUFFLE, "noshuffle": Blosc.NOSHUFFLE}
        zarr.create_array(
            LocalStore(self.data / array.path),
            shape=array.shape,
            chunks=array.chunks,
            dtype=array.dtype,
            compressors=Blosc(cname=name, clevel=level, shuffle=modes[shuffle]),
            zarr_format=2,
            fill_value=0,
            chunk_key_encoding={"name": "v2", "separator": "/"},
        )


def _compression(dtype: np.dtype[np.generic]) -> tuple[str, int, str]:
    """Return compressor, level and shuffle that cost little for what they save.

    Measured on a gradient magnitude: LZ4 takes half of Zstandard's time for floats, at
    the same size. For bytes of noisy CT it would be 6 % larger.
    """
    if dtype.kind == "f":
        return "lz4", 5, "bitshuffle"
    return "zstd", 1, "bitshuffle" if dtype.itemsize > 1 else "noshuffle"


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


def _as_json(value: object) -> object:
    return json.loads(json.dumps(value))

"""An OME-Zarr that looks finished only when it is.

Everything goes to ``NAME.partial/`` beside the output: the arrays (without the
group that would make them an image), the plan, and an append-only record of
finished blocks. The group's metadata and the rename come last.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import zarr
from zarr.codecs import BloscCodec
from zarr.storage import LocalStore

from roiwidgets.engine.worker import Claim
from roiwidgets.errors import OutputExistsError, OutputLocationError, PromotionError

PLAN_FILE = "plan.json"
RECORD_FILE = "finished.txt"
CLAIM_FILE = "owner.txt"
DATA_FOLDER = "data"
ZARR_FILES = ("zarr.json", ".zgroup", ".zattrs", ".zarray")


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One level of the output, in storage order."""

    path: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: str
    axes: tuple[str, ...]


def check_output(path: Path, *, overwrite: bool) -> None:
    """Check that an image may be written at ``path``, without touching anything.

    Raises
    ------
    OutputExistsError
        If something is there and may not be replaced.
    OutputLocationError
        If the folder above is missing or cannot be written to.
    """
    if path.exists():
        if not overwrite:
            raise OutputExistsError(
                f"{path} exists; choose another path, or pass overwrite=True to replace it once "
                "the new image is complete"
            )
        if not path.is_dir() or not any((path / name).is_file() for name in ZARR_FILES):
            raise OutputExistsError(
                f"{path} is no Zarr image, so it is not replaced; choose another path"
            )
    parent = path.parent
    if not parent.is_dir():
        raise OutputLocationError(f"the folder {parent} does not exist; create it first")
    probe = parent / f".roiwidgets-{uuid.uuid4().hex}"
    try:
        probe.mkdir()
    except OSError as error:
        raise OutputLocationError(
            f"cannot write to {parent}: {error.strerror}; choose another folder"
        ) from error
    probe.rmdir()


class OutputStore:
    """The ``.partial`` folder of one output, and its way to completion.

    Parameters
    ----------
    path
        Where the finished image will stand.
    version
        OME-Zarr version, "0.4" (Zarr 2) or "0.5" (Zarr 3).
    """

    def __init__(self, path: Path, version: str) -> None:
        self.path = path
        self.partial = path.with_name(f"{path.name}.partial")
        self._format = 3 if version == "0.5" else 2
        self._record: TextIO | None = None
        self.claim = Claim(str(self.partial / CLAIM_FILE), uuid.uuid4().hex)

    @property
    def data(self) -> Path:
        """Folder that becomes the image."""
        return self.partial / DATA_FOLDER

    def location(self, level: str) -> str:
        """Return the folder of a level's array while it is written."""
        return str(self.data / level)

    def begin(self, plan: dict[str, object], arrays: list[ArraySpec], *, resume: bool) -> set[str]:
        """Start, or go on with the same plan; return the keys of finished blocks.

        Raises
        ------
        PromotionError
            If another plan was begun at this path.
        OutputLocationError
            If the disk refuses.
        """
        finished = self._resume(plan, arrays) if resume and self.partial.exists() else None
        try:
            if finished is None:
                self._start(plan, arrays)
                finished = set()
            # from here on, tasks of an earlier run that are still alive refuse to write
            Path(self.claim.path).write_text(self.claim.token, encoding="ascii")
            self._record = (self.partial / RECORD_FILE).open("a", encoding="utf-8")
        except OSError as error:
            raise OutputLocationError(
                f"cannot write to {self.partial}: {error.strerror or error}; choose another folder"
            ) from error
        return finished

    def note(self, key: str) -> None:
        """Record a finished block, surviving a crash of this process."""
        assert self._record is not None
        self._record.write(f"{key}\n")
        self._record.flush()

    def finish(self, attributes: dict[str, object]) -> None:
        """Write the group's metadata and put the image in its place."""
        self.claim.check()
        self.suspend()
        zarr.create_group(LocalStore(self.data), attributes=attributes, zarr_format=self._format)  # type: ignore[arg-type] # 2 or 3
        replaced = self.path.with_name(f".{self.path.name}.replaced-{uuid.uuid4().hex}")
        had_old = self.path.exists()
        if had_old:
            self.path.rename(replaced)
        self.data.rename(self.path)
        shutil.rmtree(self.partial)
        if replaced.is_symlink():
            replaced.unlink()
        elif had_old:
            shutil.rmtree(replaced)

    def suspend(self) -> None:
        """Close the record; what is finished stays for a later run."""
        if self._record is not None:
            self._record.flush()
            os.fsync(self._record.fileno())
            self._record.close()
            self._record = None

    def _resume(self, plan: dict[str, object], arrays: list[ArraySpec]) -> set[str] | None:
        plan_file = self.partial / PLAN_FILE
        # without a plan it died before anything was computed; without its arrays it died
        # when they were already in place: nothing is lost by a new start
        has_arrays = all(
            any((self.data / array.path / name).is_file() for name in ZARR_FILES)
            for array in arrays
        )
        if not plan_file.is_file() or not has_arrays:
            return None
        known = json.loads(plan_file.read_text(encoding="utf-8"))
        if known != json.loads(json.dumps(plan)):
            changed = sorted(
                key for key in {*known, *plan} if known.get(key) != _as_json(plan.get(key))
            )
            raise PromotionError(
                f"{self.partial} holds an unfinished promotion that differs in "
                f"{', '.join(changed)}; delete it, pass resume=False to start over, or choose "
                "another path"
            )
        record = self.partial / RECORD_FILE
        lines = record.read_text(encoding="utf-8") if record.exists() else ""
        # a line that was cut off by a crash has no end and does not count
        return set(lines.split("\n")[:-1])

    def _start(self, plan: dict[str, object], arrays: list[ArraySpec]) -> None:
        if self.partial.exists():
            shutil.rmtree(self.partial)
        self.data.mkdir(parents=True)
        for array in arrays:
            self._create(array)
        # the plan comes last: without it the folder is no promotion to resume
        scratch = self.partial / f"{PLAN_FILE}.new"
        scratch.write_text(json.dumps(plan, indent=1), encoding="utf-8")
        scratch.rename(self.partial / PLAN_FILE)

    def _create(self, array: ArraySpec) -> None:
        shuffle = "bitshuffle" if np.dtype(array.dtype).itemsize > 1 else "noshuffle"
        if self._format == 3:
            zarr.create_array(
                LocalStore(self.data / array.path),
                shape=array.shape,
                chunks=array.chunks,
                dtype=array.dtype,
                compressors=BloscCodec(cname="zstd", clevel=1, shuffle=shuffle),  # type: ignore[arg-type] # a name of the enumeration
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
            compressors=Blosc(cname="zstd", clevel=1, shuffle=modes[shuffle]),
            zarr_format=2,
            fill_value=0,
            chunk_key_encoding={"name": "v2", "separator": "/"},
        )


def _as_json(value: object) -> object:
    return json.loads(json.dumps(value))

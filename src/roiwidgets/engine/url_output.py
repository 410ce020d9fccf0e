"""An OME-Zarr at a URL that looks finished only when it is.

Nothing can be renamed there. Arrays are written to where they stay,
``URL/scales-TOKEN/0`` and on, and nobody finds them: the metadata of the group, which
names their paths, are put last, in one piece. Only then what stood at the URL before is
removed. The plan, the owner and the record of finished blocks lie in ``URL.partial``.

What is guaranteed, of stores that put objects whole and read them back at once (S3, Google
Cloud Storage, Azure): no reader sees an image before it is complete, and the old one stays
whole until then. Of two promotions at once on one machine, the second is refused; of two on
two machines, the later one takes over and the earlier one stops at its next block. Blocks
that the earlier one is writing then do no harm: of the same plan they are the same, of
another plan they lie elsewhere, unseen.

What is not: one that is held up between its last look at the owner and the put of the
metadata, while another one begins, completes and cleans up, would put metadata of arrays
that are gone. A reader that opened the old image finds its chunks missing later on.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import uuid
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import zarr
from zarr.abc.store import Store
from zarr.core.buffer import Buffer

from roiwidgets.engine.array_specs import ArraySpec, create_array
from roiwidgets.engine.claims import OWNER_FILE, Claim, Owner
from roiwidgets.engine.output_lock import OutputLock
from roiwidgets.engine.outputs import (
    PLAN_FILE,
    RECORD,
    WORK_PREFIX,
    check_partial,
    check_same_plan,
)
from roiwidgets.engine.places import read_bytes, read_json, write_json
from roiwidgets.engine.url_place import UrlPlace
from roiwidgets.errors import OutputExistsError, OutputLocationError
from roiwidgets.images.ome_writing import with_paths_under
from roiwidgets.images.output_arrays import OutputArray, one_error
from roiwidgets.images.store_paths import PARTIAL_SUFFIX

SCALES_PREFIX = "scales-"
PROBE_PREFIX = "probe-"
OWN_NAME = re.compile(rf"{SCALES_PREFIX}[0-9a-f]{{32}}|\.zattrs")
"""What an unfinished image has at its URL; the attributes alone make no group of Zarr 2."""

ROOT_FILES = {2: (".zattrs", ".zgroup"), 3: ("zarr.json",)}
"""Objects that make a group, by Zarr format; the last one makes it visible."""

OTHER_ROOT_FILES = (".zmetadata", ".zarray")
"""What an image that is replaced may have instead."""


def partial_place(root: UrlPlace) -> UrlPlace:
    """Return where the plan and the record of an image are kept until it is complete."""
    return root.beside(PARTIAL_SUFFIX)


def is_there(root: UrlPlace) -> bool:
    """Tell whether a reader sees an image or array at a URL."""
    return _visible_metadata(root) is not None


def finished_blocks_at(root: UrlPlace) -> set[str] | None:
    """Return the keys of the blocks of an unfinished image; None if nothing is left to complete."""
    notes = partial_place(root)
    begun = _begun_at(root)
    return (
        None if begun is None else notes.inside(f"{WORK_PREFIX}{begun[0]}").inside(RECORD).noted()
    )


def _begun_at(root: UrlPlace) -> tuple[str, Mapping[str, object]] | None:
    """Return the token and plan of an image that is begun and not complete."""
    known = read_json(partial_place(root), PLAN_FILE)
    if not isinstance(known, dict):
        return None
    begun = str(known["begun"])
    is_complete = f"{SCALES_PREFIX}{begun}".encode() in (_visible_metadata(root) or b"")
    return None if is_complete else (begun, cast("Mapping[str, object]", known["plan"]))


def check_url(root: UrlPlace, *, overwrite: bool) -> None:
    """Check that an image may be written at a URL.

    An object is put beside the URL, read and removed, to see whether that is allowed.

    Raises
    ------
    OutputExistsError
        If something is there and may not be replaced, or ``URL.partial`` is somebody else's.
    OutputLocationError
        If it cannot be read, written to or cleaned up.
    """
    foreign = [name for name in root.names() if not OWN_NAME.fullmatch(name)]
    if foreign and _visible_metadata(root) is None:
        raise OutputExistsError(
            f"{root} is no Zarr image (there is {foreign[0] or 'an object'}), so it is not "
            "replaced; choose another URL"
        )
    if foreign and not overwrite:
        raise OutputExistsError(
            f"{root} exists; choose another URL, or pass overwrite=True to replace it once the new "
            "image is complete"
        )
    place, name, data = partial_place(root), f"{PROBE_PREFIX}{uuid.uuid4().hex}", b"may I?"
    check_partial((n for n in place.names() if not n.startswith(PROBE_PREFIX)), place)
    place.write(name, data)
    if read_bytes(place, name) != data:
        raise OutputLocationError(
            f"what is written to {place} is not read back at once; choose a store that does"
        )
    place.remove(name)


def _visible_metadata(root: UrlPlace) -> bytes | None:
    """Return what a reader sees of an image or array at a URL; None if it sees none."""
    of_group = ".zattrs" if read_bytes(root, ".zgroup") is not None else ".zgroup"
    found = (read_bytes(root, name) for name in ("zarr.json", of_group, ".zgroup", ".zarray"))
    return next((data for data in found if data is not None), None)


class UrlOutput:
    """The objects of one unfinished output, and its way to completion.

    Parameters
    ----------
    root
        Where the finished image will stand.
    version
        OME-Zarr version, "0.4" (Zarr 2) or "0.5" (Zarr 3).
    """

    def __init__(self, root: UrlPlace, version: str) -> None:
        self.path = root.url
        self.notes = partial_place(root)
        self._root = root
        self._token = self._begun = uuid.uuid4().hex
        self._format = 3 if version == "0.5" else 2
        self._replaced: list[str] = []
        self._lock = OutputLock(_lock_file(root), self.notes)

    @property
    def partial(self) -> str:
        """Where the plan and the record are, for people."""
        return self.notes.url

    @property
    def work(self) -> UrlPlace:
        """Place of the record, and of what workers keep until the image is complete."""
        return self.notes.inside(f"{WORK_PREFIX}{self._begun}")

    @property
    def claim(self) -> Claim:
        """The right to write, and the record."""
        return Claim(self.notes, self._token, self.work.inside(RECORD))

    @property
    def _scales(self) -> str:
        """Name under which the arrays lie in the image."""
        return f"{SCALES_PREFIX}{self._begun}"

    def array(self, level: str) -> OutputArray:
        """Return where the array of a level is, now and for good."""
        return self._root.inside(self._scales).array(level)

    def disk_use(self) -> None:
        """Return None: no store tells what is free."""
        return

    def begin(self, plan: dict[str, object], arrays: list[ArraySpec], *, resume: bool) -> set[str]:
        """Start, or go on with the same plan; return the keys of finished blocks.

        A promotion on another machine that still writes there stops at its next block.

        Raises
        ------
        PromotionError
            If another plan was begun at this URL, or another promotion on this machine is
            writing to it.
        OutputLocationError
            If the store refuses.
        """
        self._lock.take()
        before = self._root.names()
        begun = self._find_unfinished(plan, arrays) if resume else None
        # from here on, tasks of an earlier run that are still alive refuse to write
        Owner.of_this_process(self._token).write(self.notes)
        if begun is None:
            self._start(plan, arrays)
        else:
            self._begun = begun
        self._replaced = [name for name in before if name != self._scales]
        return self.claim.record.noted()

    def finish(self, attributes: dict[str, object]) -> None:
        """Put the group's metadata, then remove what they replace.

        Warns
        -----
        UserWarning
            If the image is complete, but what it was made from cannot be removed.
        """
        self.claim.check()
        scales = self._root.inside(self._scales)
        for name, data in _group_files(self._format, {}).items():
            scales.write(name, data)
        metadata = _group_files(self._format, with_paths_under(attributes, self._scales))
        self.claim.check()
        for name, data in metadata.items():
            self._root.write(name, data)
        try:
            self._clean_up()
        except OutputLocationError as error:
            warnings.warn(
                f"{self.path} is complete, but what it replaces or was made from is left over; "
                f"remove {self.partial}: {error}",
                stacklevel=3,
            )
        self.suspend()

    def suspend(self) -> None:
        """Let others write; what is finished stays for a later run."""
        self._lock.give_back()

    def _find_unfinished(self, plan: dict[str, object], arrays: list[ArraySpec]) -> str | None:
        """Return the token that an earlier run of the same plan began with; None to start anew."""
        known = _begun_at(self._root)
        if known is None:
            return None
        begun, known_plan = known
        there = self._root.inside(f"{SCALES_PREFIX}{begun}")
        name = "zarr.json" if self._format == 3 else ".zarray"
        # what has lost its arrays is nothing to go on with
        if not all(read_bytes(there.inside(array.path), name) is not None for array in arrays):
            return None
        check_same_plan(known_plan, plan, self.partial)
        return begun

    def _start(self, plan: dict[str, object], arrays: list[ArraySpec]) -> None:
        self.notes.remove(PLAN_FILE)
        for name in self.notes.names():
            if name not in (OWNER_FILE, PLAN_FILE):
                self.notes.remove(name)
        for array in arrays:
            store = self._root.inside(self._scales).zarr_store(array.path)
            with one_error("write to", self.array(array.path).location):
                create_array(store, array, self._format)
        self.claim.check()
        # the plan comes last: without it there is no promotion to resume
        write_json(self.notes, PLAN_FILE, {"begun": self._begun, "plan": plan})

    def _clean_up(self) -> None:
        """Remove the old image, metadata first, then plan and record."""
        own = ROOT_FILES[self._format]
        every = (*ROOT_FILES[2], *ROOT_FILES[3], *OTHER_ROOT_FILES)
        first = [name for name in every if name in self._replaced and name not in own]
        rest = [name for name in self._replaced if name not in every]
        for name in (*first, *rest):
            self._root.remove(name)
        self.notes.remove(PLAN_FILE)
        self.notes.remove()


def _group_files(zarr_format: int, attributes: dict[str, object]) -> dict[str, bytes]:
    """Return the objects of a group by name, in the order in which they are put."""
    kept: dict[str, Buffer] = {}
    store = cast("Store", zarr.storage.MemoryStore(kept))
    zarr.create_group(store, attributes=attributes, zarr_format=zarr_format)  # type: ignore[arg-type] # 2 or 3
    return {name: kept[name].to_bytes() for name in ROOT_FILES[zarr_format] if name in kept}


def _lock_file(root: UrlPlace) -> Path:
    """Return the lock of an output at a URL, for the promotions of one user on this machine."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    # one URL is another place with other options (an endpoint), or in another process's memory
    process = os.getpid() if root.url.startswith("memory:") else 0
    store = f"{root.url} {root.storage_options} {process}"
    digest = hashlib.sha256(store.encode()).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"roiwidgets-{user}-{digest}.lock"

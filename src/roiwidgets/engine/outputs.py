"""What an output is to the rest of the engine, wherever it stands.

``OutputStore`` is one in a folder, ``UrlOutput`` one at a URL. Both look finished only
when they are, go on with the same plan, and refuse another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from roiwidgets.engine.array_specs import ArraySpec
from roiwidgets.engine.claims import OWNER_FILE, Claim
from roiwidgets.engine.places import Place
from roiwidgets.errors import OutputExistsError, PromotionError
from roiwidgets.images.output_arrays import OutputArray

PLAN_FILE = "plan.json"
RECORD = "finished"
LOCK_FILE = "lock"
REPLACED = "replaced"
WORK_PREFIX = "work-"
_WORK_NAME = re.compile(rf"{WORK_PREFIX}[0-9a-f]{{32}}")
CHANGED_SOURCE = " (the image was changed, moved or written anew since)"


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes that are free where an output is written, and those it takes so far."""

    free: int
    taken: int


class Output(Protocol):
    """An output while it is written. What workers need of it is known once it has begun."""

    @property
    def path(self) -> Path | str:
        """Path or URL of the finished image."""
        ...

    @property
    def partial(self) -> Path | str:
        """Where finished blocks are kept, for people."""
        ...

    @property
    def claim(self) -> Claim:
        """The right to write, and the record; workers get it with each block."""
        ...

    @property
    def notes(self) -> Place:
        """Place of what a whole pass found; a later run of the same plan finds it there."""
        ...

    @property
    def work(self) -> Place:
        """Place of what workers keep until the image is complete."""
        ...

    def array(self, level: str) -> OutputArray:
        """Return where the array of a level is while it is written."""
        ...

    def disk_use(self) -> DiskUse | None:
        """Return what the output takes of a disk, and what is free; None if that is unknown."""
        ...

    def begin(self, plan: dict[str, object], arrays: list[ArraySpec], *, resume: bool) -> set[str]:
        """Start, or go on with the same plan; return the keys of finished blocks.

        Raises
        ------
        PromotionError
            If another plan was begun there, or another promotion is alive.
        OutputLocationError
            If it cannot be written to.
        """
        ...

    def finish(self, attributes: dict[str, object]) -> None:
        """Make what is written an image, by the attributes of its group."""
        ...

    def suspend(self) -> None:
        """Let others write; what is finished stays for a later run."""
        ...


def check_partial(names: Iterable[str], where: object) -> None:
    """Raise an ``OutputExistsError`` unless what is kept somewhere is of an unfinished output.

    Parameters
    ----------
    names
        Of all that is there; nothing is fine.
    where
        For the message.
    """
    found = sorted(names)
    own = {PLAN_FILE, OWNER_FILE, LOCK_FILE, REPLACED}
    if not found or any(name in own or _WORK_NAME.fullmatch(name) for name in found):
        return
    raise OutputExistsError(
        f"{where} is needed until the output is complete, but holds something else "
        f"({found[0]}); move that away, or choose another path"
    )


def check_same_plan(known: Mapping[str, object], plan: dict[str, object], where: object) -> None:
    """Raise a ``PromotionError`` if another plan than this one was begun.

    Parameters
    ----------
    known
        The plan as it was kept, in JSON.
    plan
        The plan that wants to go on.
    where
        What holds the unfinished promotion, for the message.
    """
    wanted = json.loads(json.dumps(plan))
    if known == wanted:
        return
    changed = sorted(key for key in {*known, *wanted} if known.get(key) != wanted.get(key))
    why = CHANGED_SOURCE if "source" in changed else ""
    raise PromotionError(
        f"{where} holds an unfinished promotion that differs in {', '.join(changed)}{why}; delete "
        "it, pass resume=False to start over, or choose another path"
    )

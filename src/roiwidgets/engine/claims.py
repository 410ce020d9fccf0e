"""A promotion's right to write, and the record of the blocks that it wrote.

Workers ask for the one before they write a block and add to the other after it, so
that a kill loses no more than the blocks that are being written at that moment.
Imported by every worker process.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from roiwidgets.errors import PromotionError

END = ";"
"""Ends each entry of a record: one that a kill cut off has none, and does not count."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who writes to an output.

    Parameters
    ----------
    token
        Of the promotion, drawn anew for each.
    process
        Number of the process that runs it.
    host
        Machine that it runs on.
    """

    token: str
    process: int
    host: str

    @classmethod
    def of_this_process(cls, token: str) -> Owner:
        """Return the owner that this process is."""
        return cls(token, os.getpid(), socket.gethostname())

    def write(self, file: Path) -> None:
        """Write who it is; whoever reads meanwhile finds this owner or the one before."""
        unfinished = file.with_name(f"{file.name}.{self.token}")
        text = {"token": self.token, "process": self.process, "host": self.host}
        unfinished.write_text(json.dumps(text), encoding="utf-8")
        unfinished.replace(file)

    @classmethod
    def read(cls, file: Path) -> Owner | None:
        """Return who is named in a file; None if there is none."""
        try:
            text = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return cls(text["token"], text["process"], text["host"])


@dataclass(frozen=True, slots=True)
class Claim:
    """A promotion's right to write to an output, until another one begins there.

    A task may outlive the promotion that made it: its process may be killed while
    workers go on. What such a task would write must not mix with a later run.

    Parameters
    ----------
    path
        File that names the newest promotion.
    token
        Token of this one.
    record
        Folder of the record; each process adds to a file of its own there.
    """

    path: str
    token: str
    record: str

    def check(self) -> None:
        """Raise a ``PromotionError`` unless this promotion is the newest."""
        owner = Owner.read(Path(self.path))
        if owner is None or owner.token != self.token:
            raise PromotionError(
                f"another promotion has begun to write to {Path(self.path).parent}; run one at a "
                "time for each output"
            )

    def note(self, key: str) -> None:
        """Record that a block is written; it stays so though all processes are killed."""
        file = Path(self.record) / f"{socket.gethostname()}-{os.getpid()}.txt"
        with file.open("a", encoding="utf-8") as record:
            record.write(f"\n{key}{END}")  # on a line of its own, whatever a kill left before


def read_record(folder: Path) -> set[str]:
    """Return the keys of the blocks that all processes recorded in a folder."""
    entries: list[str] = []
    for file in folder.glob("*.txt"):
        entries += file.read_text(encoding="utf-8").split("\n")
    return {entry.removesuffix(END) for entry in entries if entry.endswith(END)}

"""A promotion's right to write, and the record of the blocks that it wrote.

Workers ask for the one before they write a block and add to the other after it, so
that a kill loses no more than the blocks that are being written at that moment.
Imported by every worker process.
"""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass

from roiwidgets.engine.places import Place, read_json, write_json
from roiwidgets.errors import PromotionError

OWNER_FILE = "owner.json"


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

    def write(self, partial: Place) -> None:
        """Write who it is; whoever reads meanwhile finds this owner or the one before."""
        write_json(partial, OWNER_FILE, asdict(self))

    @classmethod
    def read(cls, partial: Place) -> Owner | None:
        """Return who is named in the place of an unfinished output; None if nobody is."""
        found = read_json(partial, OWNER_FILE)
        return cls(**found) if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True)
class Claim:
    """A promotion's right to write to an output, until another one begins there.

    A task may outlive the promotion that made it: its process may be killed while
    workers go on. What such a task would write must not mix with a later run.

    Parameters
    ----------
    partial
        Place of the unfinished output, which names the newest promotion.
    token
        Token of this one.
    record
        Place of the record.
    """

    partial: Place
    token: str
    record: Place

    def check(self) -> None:
        """Raise a ``PromotionError`` unless this promotion is the newest."""
        owner = Owner.read(self.partial)
        if owner is None or owner.token != self.token:
            raise PromotionError(
                f"another promotion has begun to write to {self.partial}; run one at a time for "
                "each output"
            )

    def note(self, key: str) -> None:
        """Record that a block is written; it stays so though all processes are killed."""
        self.record.note(key)

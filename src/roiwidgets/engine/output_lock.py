"""One promotion to an output at a time.

The system holds the lock as long as the process that took it lives, however it ends: a
lock of a dead process does not exist.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from roiwidgets.engine.claims import Owner
from roiwidgets.engine.places import Place
from roiwidgets.errors import PromotionError


class OutputLock:
    """The lock of one output.

    Parameters
    ----------
    file
        The lock; its folder must exist when it is taken.
    partial
        Place of the unfinished output; it names who holds the lock, for the message.
    """

    def __init__(self, file: Path, partial: Place) -> None:
        self._lock = FileLock(file, timeout=0)
        self._partial = partial

    def take(self) -> None:
        """Take the lock.

        Raises
        ------
        PromotionError
            If another promotion that is alive holds it.
        """
        try:
            self._lock.acquire()
        except Timeout as error:
            owner = Owner.read(self._partial)
            who = f"process {owner.process} on {owner.host}" if owner else "another process"
            raise PromotionError(
                f"another promotion ({who}) is writing to {self._partial} and still runs; wait for "
                "its end or stop it, or choose another path"
            ) from error

    def give_back(self) -> None:
        """Let others take it; nothing happens if it is not held."""
        self._lock.release()

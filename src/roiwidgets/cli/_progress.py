"""Progress as plain lines, for logs: a bar that redraws itself is unreadable there."""

from __future__ import annotations

import time
from typing import TextIO

LINES = 20
"""About as many lines are printed, however many blocks there are."""


class PlainProgress:
    """Prints a line at the first block, at the last, and at each twentieth between them.

    Parameters
    ----------
    stream
        Where lines are printed.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started = time.monotonic()
        self._printed = -1

    def __call__(self, done: int, total: int) -> None:
        """Take the finished and all blocks."""
        step = done * LINES // max(total, 1)
        if step == self._printed:
            return
        self._printed = step
        elapsed_s = time.monotonic() - self._started
        share = round(100 * done / max(total, 1))
        line = f"{done} of {total} blocks ({share} %), {elapsed_s:.1f} s"
        print(line, file=self._stream, flush=True)

"""Run functions in the kernel's main thread, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class KernelThread:
    """Hop from worker threads to the event loop that was running at creation.

    In a notebook that is the kernel's loop, the one that owns comms and
    widgets. In a plain script there is no loop: functions then run at once in
    the calling thread.
    """

    def __init__(self) -> None:
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def call(self, function: Callable[[], None]) -> None:
        """Run ``function`` in the kernel's main thread, soon."""
        if self._loop is None or self._loop.is_closed():
            function()
        else:
            self._loop.call_soon_threadsafe(function)

"""What is computed of a movie on a thread, and sent to the browser as it is found."""

from __future__ import annotations

import functools
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from roiwidgets.stacks.movie import Movie
from roiwidgets.widgets._messages import Json, error_message

log = logging.getLogger(__name__)

Send = Callable[[Json, list[memoryview]], None]


class Feed(ABC):
    """Sends what it finds, until it is closed.

    Parameters
    ----------
    movie_id, movie
        What is worked on, and what the browser calls it.
    send
        Called with a header and its buffers, in the kernel's main thread.
    call_in_kernel
        Runs a function in the kernel's main thread.
    """

    failure: ClassVar[str]
    """What is said before the reason when the work fails."""

    def __init__(
        self,
        movie_id: str,
        movie: Movie,
        send: Send,
        *,
        call_in_kernel: Callable[[Callable[[], None]], None],
    ) -> None:
        self._id = movie_id
        self._movie = movie
        self._send = send
        self._call_in_kernel = call_in_kernel
        self._is_closed = threading.Event()

    def close(self) -> None:
        """Send nothing any more, and stop after the part that is being worked on."""
        self._is_closed.set()

    @abstractmethod
    def _work(self) -> None:
        """Find everything and send it; runs on a thread, and ends early when closed."""

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # a reader may fail in any way; it is shown and logged
            log.exception("%s: %s", self._id, self.failure)
            header = error_message(None, f"{self.failure}: {error}")
            self._call_in_kernel(functools.partial(self._send_unless_closed, header, []))

    def _send_unless_closed(self, header: Json, buffers: list[memoryview]) -> None:
        if not self._is_closed.is_set():
            self._send(header, buffers)

"""Answer requests on threads, each once, unless the browser withdraws it first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from roiwidgets.widgets._messages import Json, MessageError, error_message

MAX_PENDING = 1024
"""Requests that wait at the same time; a viewer keeps 4 in flight."""

log = logging.getLogger(__name__)

Buffers = list[memoryview]
Send = Callable[[Json, Buffers], None]
Answer = Callable[[], tuple[Json, Buffers]]


class Answers:
    """Computes answers on threads and hands them to ``send`` in whatever order they finish.

    Parameters
    ----------
    send
        Called with a header and its buffers, in the kernel's main thread.
    executor
        Where answers are computed.
    call_in_kernel
        Runs a function in the kernel's main thread.
    """

    def __init__(
        self,
        send: Send,
        *,
        executor: Executor,
        call_in_kernel: Callable[[Callable[[], None]], None],
    ) -> None:
        self.send = send
        self._executor = executor
        self._call_in_kernel = call_in_kernel
        self._pending: set[int] = set()

    def refuse(self, request_id: int | None, problem: str) -> None:
        """Answer with an error at once."""
        log.warning("request %s from the browser refused: %s", request_id, problem)
        self.send(error_message(request_id, problem), [])

    def answer_now(self, request_id: int, answer: Answer) -> None:
        """Compute an answer here, in the kernel's main thread, and send it.

        For what takes less than the way to a thread and back, a few milliseconds.
        """
        self.send(*self._guard(request_id, answer))

    def start(self, request_id: int, answer: Answer) -> None:
        """Compute an answer on a thread and send it."""
        if len(self._pending) >= MAX_PENDING:
            problem = f"more than {MAX_PENDING} requests wait for an answer; ask again later"
            self.refuse(request_id, problem)
            return
        self._pending.add(request_id)
        self._executor.submit(self._work, request_id, answer)

    def cancel(self, ids: Iterable[int]) -> None:
        """Withdraw requests; those that are not answered yet never will be."""
        self._pending.difference_update(ids)

    def _work(self, request_id: int, answer: Answer) -> None:
        if request_id not in self._pending:
            return
        header, buffers = self._guard(request_id, answer)

        def reply() -> None:
            if request_id in self._pending:
                self._pending.discard(request_id)
                self.send(header, buffers)

        self._call_in_kernel(reply)

    def _guard(self, request_id: int, answer: Answer) -> tuple[Json, Buffers]:
        """Return an answer, or the error that came instead of it."""
        try:
            return answer()
        except MessageError as error:
            log.warning("request %s refused: %s", request_id, error)
            return error_message(request_id, str(error)), []
        except Exception as error:  # a reader may fail in any way; it is shown and logged
            log.exception("request %s failed", request_id)
            return error_message(request_id, f"reading the image failed: {error}"), []

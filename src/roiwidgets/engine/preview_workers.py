"""Two warm worker processes, each of which can be replaced alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

import loky

from roiwidgets.engine.worker import WORKER_ENVIRONMENT

P = ParamSpec("P")
T = TypeVar("T")

COUNT = 2


class PreviewWorkers:
    """Pools of one process each, so that a stuck one can be killed alone."""

    def __init__(self) -> None:
        self._pools = [_new_pool() for _ in range(COUNT)]
        self._busy: dict[int, Future[object]] = {}

    @property
    def count(self) -> int:
        """Number of worker processes."""
        return len(self._pools)

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function in the worker that is idle, or in the one that will be first."""
        idle = [i for i in range(self.count) if i not in self._busy or self._busy[i].done()]
        index = idle[0] if idle else 0
        try:
            future = self._pools[index].submit(function, *args, **kwargs)
        except loky.process_executor.BrokenProcessPool:
            # the process died after its last task, for example of a lack of memory
            self._pools[index] = _new_pool()
            future = self._pools[index].submit(function, *args, **kwargs)
        self._busy[index] = future
        return future  # type: ignore[no-any-return] # loky has no types

    def replace_worker_of(self, future: Future[T]) -> None:
        """Kill the process that computes a future and start another in its place."""
        for index, known in self._busy.items():
            if known is future:
                self._pools[index].shutdown(wait=False, kill_workers=True)
                self._pools[index] = _new_pool()
                del self._busy[index]
                return

    def close(self) -> None:
        """Kill the processes."""
        for pool in self._pools:
            pool.shutdown(wait=False, kill_workers=True)


def _new_pool() -> loky.ProcessPoolExecutor:
    pool = loky.ProcessPoolExecutor(max_workers=1, timeout=None, env=WORKER_ENVIRONMENT)
    pool.submit(_import_engine)
    return pool


def _import_engine() -> None:
    """Import what every task needs, before the first one asks for it."""
    import roiwidgets.engine.worker  # noqa: F401 # imported for its effect

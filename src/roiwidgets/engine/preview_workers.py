"""Two warm worker processes, each of which can be replaced alone, and a spare one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import ParamSpec, TypeVar

import loky

from roiwidgets.engine.worker_process import WORKER_ENVIRONMENT, start_worker
from roiwidgets.errors import OperationError

P = ParamSpec("P")
T = TypeVar("T")

COUNT = 2
NICENESS = 5
"""Kernel, server and browser come first: they show what the workers have computed."""

WARM_UP_LIMIT_S = 60
"""How long a worker may take to start and to load before it counts as stuck."""


class PreviewWorkers:
    """Pools of one process each, so that a stuck one can be killed alone.

    Parameters
    ----------
    folder
        Temporary folder that workers remove if this process is killed.

    Notes
    -----
    A process needs one to two seconds to start and import: a spare one, started as
    soon as the last spare was used, takes the place of one that is killed.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self.is_closed = False
        self._preparation: Callable[[], None] | None = None
        self._warming: dict[int, tuple[Future[None], float]] = {}
        self._pools = [self._new_pool() for _ in range(COUNT)]
        self._spare: loky.ProcessPoolExecutor | None = None
        self._busy: dict[int, Future[object]] = {}

    @property
    def count(self) -> int:
        """Number of worker processes that compute."""
        return len(self._pools)

    def submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a function in the worker that is idle, or in the one that will be first."""
        with self._lock:
            if self.is_closed:
                raise OperationError("the preview is closed")
            return self._submit(function, *args, **kwargs)

    def _submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        idle = [i for i in range(self.count) if i not in self._busy or self._busy[i].done()]
        index = idle[0] if idle else 0
        try:
            future = self._pools[index].submit(function, *args, **kwargs)
        except BrokenExecutor:
            # the process died after its last task, for example of a lack of memory
            self._pools[index] = self._take_spare()
            future = self._pools[index].submit(function, *args, **kwargs)
        self._busy[index] = future
        return future  # type: ignore[no-any-return] # loky has no types

    def prepare(self, preparation: Callable[[], None]) -> None:
        """Run something in every worker, also in those to come, before what is submitted next."""
        with self._lock:
            if self.is_closed:
                return
            self._preparation = preparation
            for pool in (*self._pools, *([self._spare] if self._spare else [])):
                self._warm(pool, preparation)

    def replace_worker_of(self, future: Future[T]) -> None:
        """Kill the process that computes a future and put another in its place.

        One that is still loading is left alone: another one would have to load the
        same.
        """
        with self._lock:
            for index, known in self._busy.items():
                if known is future and not self.is_closed:
                    if self._is_warming(self._pools[index]):
                        future.cancel()
                        return
                    self._pools[index].shutdown(wait=False, kill_workers=True)
                    self._pools[index] = self._take_spare()
                    del self._busy[index]
                    return

    def close(self) -> None:
        """Kill the processes; no others are started."""
        with self._lock:
            self.is_closed = True
            for pool in (*self._pools, *([self._spare] if self._spare else [])):
                pool.shutdown(wait=True, kill_workers=True)

    def _take_spare(self) -> loky.ProcessPoolExecutor:
        taken = self._spare or self._new_pool()
        self._spare = self._new_pool()
        return taken

    def _new_pool(self) -> loky.ProcessPoolExecutor:
        pool = loky.ProcessPoolExecutor(
            max_workers=1,
            timeout=None,
            env=WORKER_ENVIRONMENT,
            initializer=start_worker,
            initargs=(os.getpid(), self._folder, NICENESS),
        )
        self._warm(pool, self._preparation or _import_engine)
        return pool

    def _warm(self, pool: loky.ProcessPoolExecutor, preparation: Callable[[], None]) -> None:
        try:
            self._warming[id(pool)] = pool.submit(preparation), time.monotonic()
        except BrokenExecutor:  # its process died: the next task finds out and replaces it
            self._warming.pop(id(pool), None)

    def _is_warming(self, pool: loky.ProcessPoolExecutor) -> bool:
        future, since = self._warming.get(id(pool), (None, 0.0))
        is_loading = future is not None and not future.done()
        return is_loading and time.monotonic() - since < WARM_UP_LIMIT_S


def _import_engine() -> None:
    """Import what every task needs, before the first one asks for it."""
    import roiwidgets.engine.worker  # noqa: F401 # imported for its effect

"""Where blocks run: a process pool of our own, or whatever the user passes."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

import loky

from roiwidgets.engine.costs import available_memory
from roiwidgets.engine.worker import BlockInput
from roiwidgets.engine.worker_process import WORKER_ENVIRONMENT, start_worker
from roiwidgets.errors import ParameterError

if TYPE_CHECKING:
    from distributed import Client

Task = TypeVar("Task", bound=BlockInput)
Result = TypeVar("Result")

IDLE_WORKERS_STAY_S = 120
RENEWED_AFTER_S = 60
"""A pool that was idle for longer is replaced: its workers may be about to leave.

One that leaves while it is given a task makes loky warn of a lack of memory.
"""
RETRIES = 2
"""How often a cluster tries a block again whose worker died."""


class Workers:
    """An executor, how many blocks it runs at once, and the memory for each.

    Parameters
    ----------
    executor
        Runs them.
    count
        Blocks at once.
    memory_bytes
        What the smallest worker of a cluster may take, or what this machine has left.
    is_alive
        Whether results can still come.
    """

    largest_bundle: float = math.inf
    """Blocks that may go to a worker as one task."""

    def __init__(
        self,
        executor: Executor,
        count: int,
        memory_bytes: int,
        is_alive: Callable[[], bool] = lambda: True,
    ) -> None:
        self.executor, self.count, self.memory_bytes = executor, count, memory_bytes
        self.is_alive = is_alive

    def submit(
        self, function: Callable[[tuple[Task, ...]], Result], tasks: tuple[Task, ...]
    ) -> Future[Result]:
        """Run a function on tasks in a worker."""
        return self.executor.submit(function, tasks)


class ClusterWorkers(Workers):
    """Workers of a ``distributed.Client``, whose dashboard shows each block by its name.

    Notes
    -----
    A key is what is done and where the block begins, such as ``("median-...", 0, 64, 128)``,
    and belongs to this promotion alone: of tasks with one key a scheduler runs the first.
    """

    largest_bundle = 1

    def __init__(
        self, executor: Executor, count: int, memory_bytes: int, is_alive: Callable[[], bool]
    ) -> None:
        super().__init__(executor, count, memory_bytes, is_alive)
        self._token = uuid4().hex

    def submit(
        self, function: Callable[[tuple[Task, ...]], Result], tasks: tuple[Task, ...]
    ) -> Future[Result]:
        """Run a function on the one task in a worker."""
        (task,) = tasks
        stage = task.key.partition(":")[0]
        key = (f"{task.title}-{self._token}-{stage}", *task.block.start)
        return self.executor.submit(function, tasks, key=key)  # type: ignore[call-arg] # distributed's own


@contextmanager
def open_workers(
    executor: Executor | Client | None, *, workers: int | None, blocks: int
) -> Iterator[Workers]:
    """Yield the executor to use.

    Parameters
    ----------
    executor
        An executor, a ``distributed.Client``, or None: the active client if there
        is one, else processes on this machine.
    workers
        Processes of the local pool; all processors by default.
    blocks
        Tasks there are: more workers than that are not started.

    Raises
    ------
    TypeError
        If ``executor`` is neither.
    ParameterError
        If ``workers`` is not positive.

    Notes
    -----
    The local pool is loky's: its workers are spawned without importing the user's
    ``__main__``, so that scripts need no guard, and a killed worker is reported.
    """
    if workers is not None and workers < 1:
        raise ParameterError(f"workers={workers} must be at least 1")
    if executor is None:
        executor = _active_client()
    if executor is None:
        count = min(workers or loky.cpu_count(), max(1, blocks))
        with _local_pool.use(count) as pool:
            yield Workers(pool, count, available_memory())
    elif isinstance(executor, Executor):
        count = workers or getattr(executor, "_max_workers", None) or 2
        yield Workers(executor, count, available_memory())
    elif hasattr(executor, "get_executor"):
        threads = executor.ncores().values()
        if any(count > 1 for count in threads):
            warnings.warn(
                "workers of the cluster have several threads, but ITK runs one filter at a time in "
                "each process; start it with threads_per_worker=1",
                stacklevel=4,
            )
        yield from _workers_of_client(executor, max(1, sum(threads)))
    else:
        raise TypeError(
            f"executor must be a concurrent.futures.Executor or a distributed.Client, got "
            f"{type(executor).__name__}"
        )


class _LocalPool:
    """loky's pool, whose workers stay for the next promotion."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._used_at = -math.inf

    @contextmanager
    def use(self, count: int) -> Iterator[Executor]:
        """Yield the pool with so many workers: the one before, unless it was idle for long."""
        with self._lock:
            is_idle = self._users == 0
            self._users += 1
            is_stale = is_idle and time.monotonic() - self._used_at > RENEWED_AFTER_S
        try:
            yield self._open(count, is_stale=is_stale)
        finally:
            with self._lock:
                self._users -= 1
                self._used_at = time.monotonic()

    def _open(self, count: int, *, is_stale: bool) -> Executor:
        pool: Executor = loky.get_reusable_executor(
            max_workers=count,
            timeout=IDLE_WORKERS_STAY_S,
            reuse=False if is_stale else "auto",
            env=WORKER_ENVIRONMENT,
            initializer=start_worker,
            initargs=(os.getpid(), None),
        )
        return pool


_local_pool = _LocalPool()


def _workers_of_client(client: Client, count: int) -> Iterator[Workers]:
    def is_alive() -> bool:
        # futures of a closed client may stay pending for ever
        return client.status not in ("closing", "closed")

    client_executor = client.get_executor(pure=False, retries=RETRIES)
    try:
        yield ClusterWorkers(client_executor, count, _memory_of(client), is_alive)
    finally:
        if is_alive():
            client_executor.shutdown(wait=False)  # whoever ran tasks has waited for them


def _memory_of(client: Client) -> int:
    """Return the memory that the smallest worker of a cluster may take."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    limits = [worker["memory_limit"] for worker in workers if worker["memory_limit"]]
    return min(limits, default=available_memory())


def _active_client() -> Client | None:
    """Return the client that the user made active, without importing distributed."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        active: Client = distributed.default_client()
    except ValueError:
        return None
    return active

"""Where blocks run: a process pool of our own, or whatever the user passes."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import loky

from roiwidgets.engine.worker_process import WORKER_ENVIRONMENT, start_worker
from roiwidgets.errors import ParameterError

if TYPE_CHECKING:
    from distributed import Client

IDLE_WORKERS_STAY_S = 120
RETRIES = 2
"""How often a cluster tries a block again whose worker died."""


@dataclass(frozen=True, slots=True)
class Workers:
    """An executor and how many blocks it runs at once."""

    executor: Executor
    count: int


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
        pool = loky.get_reusable_executor(
            max_workers=count,
            timeout=IDLE_WORKERS_STAY_S,
            env=WORKER_ENVIRONMENT,
            initializer=start_worker,
            initargs=(os.getpid(), None),
        )
        yield Workers(pool, count)
    elif isinstance(executor, Executor):
        yield Workers(executor, workers or getattr(executor, "_max_workers", None) or 2)
    elif hasattr(executor, "get_executor"):
        threads = executor.ncores().values()
        if any(count > 1 for count in threads):
            warnings.warn(
                "workers of the cluster have several threads, but ITK runs one filter at a time in "
                "each process; start it with threads_per_worker=1",
                stacklevel=4,
            )
        with executor.get_executor(pure=False, retries=RETRIES) as client_executor:
            yield Workers(client_executor, max(1, sum(threads)))
    else:
        raise TypeError(
            f"executor must be a concurrent.futures.Executor or a distributed.Client, got "
            f"{type(executor).__name__}"
        )


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

"""Where blocks run: a process pool of our own, or whatever the user passes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import loky

from roiwidgets.engine.worker import WORKER_ENVIRONMENT

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
    executor: Executor | Client | None, *, workers: int | None
) -> Iterator[Workers]:
    """Yield the executor to use.

    Parameters
    ----------
    executor
        An executor, a ``distributed.Client``, or None: the active client if there
        is one, else processes on this machine.
    workers
        Processes of the local pool; all processors by default.

    Raises
    ------
    TypeError
        If ``executor`` is neither.

    Notes
    -----
    The local pool is loky's: its workers are spawned without importing the user's
    ``__main__``, so that scripts need no guard, and a killed worker is reported.
    """
    if executor is None:
        executor = _active_client()
    if executor is None:
        count = workers or os.cpu_count() or 1
        pool = loky.get_reusable_executor(
            max_workers=count, timeout=IDLE_WORKERS_STAY_S, env=WORKER_ENVIRONMENT
        )
        yield Workers(pool, count)
    elif hasattr(executor, "get_executor"):
        with executor.get_executor(pure=False, retries=RETRIES) as client_executor:
            yield Workers(client_executor, max(1, sum(executor.ncores().values())))
    elif isinstance(executor, Executor):
        yield Workers(executor, workers or getattr(executor, "_max_workers", None) or 2)
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
        return distributed.default_client()  # type: ignore[no-any-return] # distributed has no types
    except ValueError:
        return None

"""How a worker process of our own lives: one thread, deaf to Ctrl+C, never an orphan."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
import time

import loky

from roiwidgets.operations.itk_loader import skip_unused_packages

WORKER_ENVIRONMENT = {
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**26),
}
"""One thread per worker: workers are the parallelism, threads would only compete.

The memory of a block is used again for the next one: glibc would give it back to the
system and take it anew, page by page, which costs a tenth of the time.
"""

WATCH_S = 0.5
COLLECT_S = 60.0
"""Python collects by itself as well, when there is new garbage."""


def start_worker(parent: int, folder: str | None, niceness: int = 0) -> None:
    """Prepare a worker process; run by the pool before the first task.

    Parameters
    ----------
    parent
        Process that the worker serves. When it is gone, killed kernels included,
        the worker ends as soon as its current filter returns.
    folder
        Temporary folder to remove then; None for none.
    niceness
        By how much others come first (0 to 19), where the system knows of it.
    """
    # Ctrl+C, and a notebook's interrupt, reach the whole process group; what to stop
    # is the parent's decision
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    skip_unused_packages()
    # loky takes a process that has loaded ITK, or held a large block, for a memory leak
    # and restarts it again and again
    loky.process_executor._USE_PSUTIL = False
    # instead it would collect garbage every second, through all that is imported
    loky.process_executor._MEMORY_LEAK_CHECK_DELAY = COLLECT_S
    if os.name == "posix":
        os.nice(niceness)
        # locks that libraries make on import (numcodecs does) then need no clean-up, which a
        # killed process cannot do; Python would report them as leaked
        multiprocessing.set_start_method("fork", force=True)
        # elsewhere the parent's number stays when the parent is gone
        threading.Thread(target=_watch, args=(parent, folder), daemon=True).start()


def _watch(parent: int, folder: str | None) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_S)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)

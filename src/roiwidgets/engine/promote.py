"""Run an operation on a whole image, block by block, and write a pyramid."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from pathlib import Path
from typing import TYPE_CHECKING, Never

from ngff_zarr import Multiscales
from tqdm.auto import tqdm

from roiwidgets.engine.executors import Workers, open_workers
from roiwidgets.engine.output_store import OutputStore
from roiwidgets.engine.plan import Plan, plan
from roiwidgets.engine.seam_check import check_seams
from roiwidgets.engine.tasks import array_specs, block_passes, root_attributes, seam_check
from roiwidgets.engine.worker import BlockTask, Finished, run_block
from roiwidgets.errors import PromotionCancelled, PromotionError
from roiwidgets.images.pyramid import BinKind
from roiwidgets.images.readers import open_image
from roiwidgets.operations import identity
from roiwidgets.operations.operation import Operation, Pipeline

if TYPE_CHECKING:
    from distributed import Client

POLL_S = 0.1
DIED = (
    "mostly it ran out of memory: take fewer workers, or it was killed from outside or crashed in "
    "native code"
)

OnProgress = Callable[[int, int], None]


def promote(
    image: object,
    operation: Operation | Pipeline,
    path: str | Path,
    *,
    executor: Executor | Client | None = None,
    workers: int | None = None,
    resume: bool = True,
    overwrite: bool = False,
    scale: int = 0,
    tuned_on: int | None = None,
    version: str = "0.5",
    chunks: int | tuple[int, ...] | None = None,
    binning: BinKind | None = None,
    progress: bool = True,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Multiscales:
    """Run an operation on a whole image and write the result as a multiscale OME-Zarr.

    Parameters
    ----------
    image, operation, path, scale, tuned_on, overwrite, version, chunks, binning
        As for ``plan``.
    executor
        Any ``concurrent.futures.Executor`` of processes or a ``distributed.Client``;
        None takes the active client, else a process pool on this machine. Workers of
        a cluster must see the output's folder.
    workers
        Processes of the local pool; all processors by default.
    resume
        Whether blocks that an interrupted run of the same plan finished are kept.
    progress
        Whether a progress bar is shown.
    on_progress
        Called with finished and all blocks, in the calling thread.
    cancel
        Set it from another thread to stop.

    Returns
    -------
    Multiscales
        What was written, opened lazily.

    Raises
    ------
    PromotionError
        If a block fails, or another plan was begun at this path; finished blocks are
        kept in ``PATH.partial``.
    OperationError
        If a stated halo proves too small.
    PromotionCancelled
        If ``cancel`` was set, or the run was interrupted from the keyboard.

    Notes
    -----
    Each block is read with its halo, clipped at the border of the image, so that
    the result equals the operation on the whole image. Lower levels are binned in
    the same pass as far as a block covers whole chunks of them.
    """
    checked = plan(
        image, operation, path, scale=scale, tuned_on=tuned_on, overwrite=overwrite,
        version=version, chunks=chunks, binning=binning,
    )  # fmt: skip
    attributes = root_attributes(checked)
    store = OutputStore(checked.path, checked.version)
    passes = list(block_passes(checked, store))
    total = sum(len(tasks) for tasks in passes)
    stop = cancel or threading.Event()
    bar: tqdm[Never] = tqdm(total=total, unit="block", desc=operation.name, disable=not progress)
    report = _Reporter(bar, on_progress, total)
    try:
        with open_workers(executor, workers=workers, blocks=total) as pool:
            if checked.needs_seam_check:
                _run_seam_check(checked, pool, store, stop)
            finished = store.begin(checked.identity(), array_specs(checked), resume=resume)
            for tasks in passes:
                _run(tasks, pool, store, finished, report, stop)
        store.finish(attributes)
    except KeyboardInterrupt as interrupt:
        raise PromotionCancelled(_cancelled(store)) from interrupt
    finally:
        store.suspend()
        bar.close()
    return open_image(checked.path)


def build_pyramid(
    image: object,
    path: str | Path,
    *,
    executor: Executor | Client | None = None,
    resume: bool = True,
    overwrite: bool = False,
    version: str = "0.5",
    chunks: int | tuple[int, ...] | None = None,
    binning: BinKind | None = None,
    progress: bool = True,
) -> Multiscales:
    """Write an image as a multiscale OME-Zarr without changing its voxels.

    Parameters and errors are those of ``promote``.
    """
    return promote(
        image, identity(), path, executor=executor, resume=resume, overwrite=overwrite,
        version=version, chunks=chunks, binning=binning, progress=progress,
    )  # fmt: skip


class _Reporter:
    """Counts finished blocks for the progress bar and the caller."""

    def __init__(self, bar: tqdm[Never], on_progress: OnProgress | None, total: int) -> None:
        self._bar, self._on_progress, self._total = bar, on_progress, total
        self._done = 0

    def add(self, blocks: int) -> None:
        self._done += blocks
        self._bar.update(blocks)
        if self._on_progress is not None:
            self._on_progress(self._done, self._total)


def _run_seam_check(
    checked: Plan, pool: Workers, store: OutputStore, cancel: threading.Event
) -> None:
    """Compare a block with a wider one in a worker, before anything is written."""
    check = seam_check(checked)
    try:
        future = pool.executor.submit(check_seams, check)
        while not wait([future], timeout=POLL_S).done:
            _stop_if_cancelled(cancel, store)
        future.result()
    except BrokenExecutor as error:
        raise PromotionError(f"a worker died while the halo was checked; {DIED}") from error


def _run(
    tasks: list[BlockTask],
    pool: Workers,
    store: OutputStore,
    finished: set[str],
    report: _Reporter,
    cancel: threading.Event,
) -> None:
    """Run one pass; a few blocks more than workers are in flight, never all."""
    waiting = iter([task for task in tasks if task.key not in finished])
    report.add(sum(task.key in finished for task in tasks))
    running: dict[Future[Finished], BlockTask] = {}
    try:
        while True:
            for task in itertools.islice(waiting, 2 * pool.count - len(running)):
                running[_submit(task, pool, store)] = task
            if not running:
                return
            done, _ = wait(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                store.note(_result(future, task, store).key)
                report.add(1)
            _stop_if_cancelled(cancel, store)
    finally:
        for future in running:
            future.cancel()
        # a block that is being written must not be written by two at once after a rerun
        wait([future for future in running if not future.cancelled()])


def _submit(task: BlockTask, pool: Workers, store: OutputStore) -> Future[Finished]:
    restricted = dataclasses.replace(task, source=task.source.restrict(task.block.outer))
    try:
        return pool.executor.submit(run_block, restricted)
    except BrokenExecutor as error:
        raise PromotionError(_failed(task, store, error)) from error


def _result(future: Future[Finished], task: BlockTask, store: OutputStore) -> Finished:
    try:
        return future.result()
    except (Exception, CancelledError) as error:
        raise PromotionError(_failed(task, store, error)) from error


def _failed(task: BlockTask, store: OutputStore, error: BaseException) -> str:
    what = f"{type(error).__name__}: {error}"
    if isinstance(error, BrokenExecutor):
        what = f"its worker died ({type(error).__name__}); {DIED}"
    return (
        f"the block at {task.block.start} failed, {what}; finished blocks are kept in "
        f"{store.partial}, the same call goes on from there"
    )


def _stop_if_cancelled(cancel: threading.Event, store: OutputStore) -> None:
    if cancel.is_set():
        raise PromotionCancelled(_cancelled(store))


def _cancelled(store: OutputStore) -> str:
    return f"cancelled; finished blocks are kept in {store.partial}, the same call goes on"

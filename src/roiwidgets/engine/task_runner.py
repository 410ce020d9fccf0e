"""Run tasks on workers, a few at a time, until all are done or somebody stops them."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Future,
    wait,
)
from dataclasses import dataclass
from typing import Generic, Never, TypeVar

from tqdm.auto import tqdm

from roiwidgets.engine.bundles import Bundles
from roiwidgets.engine.executors import Workers
from roiwidgets.engine.outputs import Output
from roiwidgets.engine.seam_check import SeamCheck, check_seams
from roiwidgets.engine.worker import BlockInput, BlockTask, Finished, run_blocks
from roiwidgets.errors import PromotionCancelled, PromotionError
from roiwidgets.images.reading import describe_box
from roiwidgets.regions.blocks import bounding_box

POLL_S = 0.1
DIED = (
    "mostly it ran out of memory: take fewer workers, or it was killed from outside or crashed in "
    "native code"
)

SHORT = "take fewer workers, or smaller chunks: blocks shrink with them"

OnProgress = Callable[[int, int], None]
Task = TypeVar("Task", bound=BlockInput)
Result = TypeVar("Result")


class Reporter:
    """Counts finished blocks of all passes for the progress bar and the caller."""

    def __init__(self, bar: tqdm[Never], on_progress: OnProgress | None, total: int) -> None:
        self._bar, self._on_progress, self._total = bar, on_progress, total
        self._done = 0

    def add(self, blocks: int) -> None:
        """Count blocks as done."""
        self._done += blocks
        self._bar.update(blocks)
        if self._on_progress is not None:
            self._on_progress(self._done, self._total)


@dataclass(frozen=True, slots=True)
class _Alone(Generic[Task, Result]):
    """A function of one task, for bundles of one; a class, so that it pickles."""

    function: Callable[[Task], Result]

    def __call__(self, bundle: tuple[Task, ...]) -> Result:
        (task,) = bundle
        return self.function(task)


class TaskRunner:
    """Runs the passes of one promotion.

    Parameters
    ----------
    pool
        Where tasks run.
    store
        Output that keeps the record.
    report
        Told of each finished block.
    cancel
        Set from another thread to stop.
    """

    def __init__(
        self, pool: Workers, store: Output, report: Reporter, cancel: threading.Event
    ) -> None:
        self._pool, self._store, self._cancel = pool, store, cancel
        self.report = report

    def check_seams(self, check: SeamCheck) -> None:
        """Compare a block with a wider one in a worker."""
        try:
            future = self._pool.executor.submit(check_seams, check)
            while not wait([future], timeout=POLL_S).done:
                self.check_cancelled()
            future.result()
        except BrokenExecutor as error:
            raise PromotionError(f"a worker died while the halo was checked; {DIED}") from error

    def write(self, tasks: Sequence[BlockTask], finished: set[str]) -> None:
        """Write the blocks that are not finished, neighbours together; workers record them."""
        self.report.add(sum(task.key in finished for task in tasks))
        bundles = Bundles(
            [task for task in tasks if task.key not in finished],
            self._pool.count,
            largest=self._pool.largest_bundle,
        )

        def record(bundle: tuple[BlockTask, ...], results: list[Finished]) -> None:
            bundles.learn(results)
            bundles.give_back(bundle[len(results) :])
            self.report.add(len(results))

        self._drive(bundles.take, run_blocks, record)

    def run(
        self,
        tasks: Sequence[Task],
        function: Callable[[Task], Result],
        on_result: Callable[[Task, Result], None],
    ) -> None:
        """Run one pass.

        Parameters
        ----------
        tasks
            What is done, in this order.
        function
            Run in a worker.
        on_result
            Called here with each task and its result, in the order of their end.

        Raises
        ------
        PromotionError
            If a task fails.
        PromotionCancelled
            If the promotion is cancelled.
        """
        waiting = iter(tasks)

        def record(alone: tuple[Task, ...], result: Result) -> None:
            on_result(alone[0], result)
            self.report.add(1)

        self._drive(lambda: tuple(itertools.islice(waiting, 1)), _Alone(function), record)

    def _drive(
        self,
        take: Callable[[], tuple[Task, ...]],
        function: Callable[[tuple[Task, ...]], Result],
        on_result: Callable[[tuple[Task, ...], Result], None],
    ) -> None:
        """Run bundles of tasks; a few more than workers are in flight, never all."""
        running: dict[Future[Result], tuple[Task, ...]] = {}
        try:
            while True:
                while len(running) < 2 * self._pool.count and (bundle := take()):
                    running[self._submit(bundle, function)] = bundle
                if not running:
                    return
                done, _ = wait(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for future in done:
                    bundle = running.pop(future)
                    on_result(bundle, self._result(future, bundle[0]))
                self.check_cancelled()
        finally:
            for future in running:
                future.cancel()
            # a block that is being written must not be written by two at once after a rerun
            begun = [future for future in running if not future.cancelled()]
            while wait(begun, timeout=POLL_S).not_done and self._pool.is_alive():
                pass

    def _submit(
        self, bundle: tuple[Task, ...], function: Callable[[tuple[Task, ...]], Result]
    ) -> Future[Result]:
        box = bounding_box([task.block.outer for task in bundle])
        source = bundle[0].source.restrict(box)
        restricted = tuple(dataclasses.replace(task, source=source) for task in bundle)
        try:
            return self._pool.submit(function, restricted)
        except Exception as error:  # each executor has its own for being shut down
            raise PromotionError(self._lost(error)) from error

    def _result(self, future: Future[Result], task: Task) -> Result:
        try:
            return future.result()
        except (CancelledError, BrokenExecutor) as error:
            raise PromotionError(self._lost(error)) from error
        except Exception as error:
            raise PromotionError(self._failed(task, error)) from error

    def _failed(self, task: BlockInput, error: Exception) -> str:
        what = f"{type(error).__name__}: {error}"
        if "MemoryError" in what:
            what += f" ({SHORT})"
        return f"the block {describe_box(task.block.inner)} failed, {what}; {self._goes_on}"

    def _lost(self, error: BaseException) -> str:
        what = f"{type(error).__name__}: {error}".removesuffix(": ")
        if isinstance(error, BrokenExecutor):
            return f"a worker died ({type(error).__name__}); {DIED}; {self._goes_on}"
        return (
            f"the executor takes no more blocks ({what}), as when it was shut down or its cluster "
            f"is gone; {self._goes_on} with another executor"
        )

    @property
    def _goes_on(self) -> str:
        return (
            f"finished blocks are kept in {self._store.partial}, the same call goes on from there"
        )

    def check_cancelled(self) -> None:
        """Raise if the promotion is cancelled, or no result can come any more.

        Raises
        ------
        PromotionCancelled, PromotionError
            The one or the other.
        """
        if self._cancel.is_set():
            raise PromotionCancelled(cancelled_text(self._store))
        if not self._pool.is_alive():
            raise PromotionError(self._lost(ConnectionError("the client is closed")))


def cancelled_text(store: Output) -> str:
    """Return what is said of a promotion that was stopped on purpose."""
    return f"cancelled; finished blocks are kept in {store.partial}, the same call goes on"

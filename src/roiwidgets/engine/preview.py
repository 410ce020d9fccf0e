"""Run an operation on one region, again and again, while somebody moves a slider.

ITK holds the GIL for a whole filter run, so nothing is computed in the calling
process: warm worker processes read the input once, and write results into a file
that all processes map into memory. Only the newest request counts: what waits is
dropped, and a worker that is still busy with an old one is replaced.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import math
import shutil
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from roiwidgets.engine.preview_request import (
    PreviewRequest,
    PreviewState,
    blocks_of,
    halo_of,
)
from roiwidgets.engine.preview_workers import PreviewWorkers
from roiwidgets.engine.worker import (
    SharedArray,
    SharedOperation,
    copy_into,
    run_shared,
    warm_up,
)
from roiwidgets.errors import OperationError
from roiwidgets.images.in_memory import array_behind
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.regions.blocks import (
    Block,
    Slices,
    contains,
    grow,
    relative_to,
    shape_of,
)

GRACE_S = 0.35
"""How long a worker may go on with an outdated block before it is replaced."""

FIRST_ALONE_S = 0.06
"""So long nothing else is computed once the boxes that are wanted first are ready: whoever draws
them needs the processors, and somebody who moves a slider throws the rest away."""

SPARE_HALO = 4
"""Voxels read beyond the halo, so that a somewhat larger radius needs no new read."""

T = TypeVar("T")

log = logging.getLogger(__name__)


__all__ = ["PreviewRequest", "PreviewRunner", "PreviewState"]

OnState = Callable[[PreviewState], None]
OnError = Callable[[int, BaseException], None]


@dataclass(slots=True)
class _Input:
    """A box of a source that is mapped into memory."""

    request: PreviewRequest
    box: Slices
    array: SharedArray

    def serves(self, request: PreviewRequest, outer: Slices) -> bool:
        same = self.request.source is request.source and all(
            mine == theirs
            for axis, (mine, theirs) in enumerate(
                zip(self.request.region, request.region, strict=True)
            )
            if axis not in request.spatial
        )
        return same and contains(self.box, outer)


@dataclass(slots=True)
class _Run:
    number: int
    request: PreviewRequest
    expected: int = 0
    """Blocks of the whole request."""
    started: float = field(default_factory=time.perf_counter)
    ready: list[Slices] = field(default_factory=list)
    worker_s: float = 0.0
    worker_voxels: int = 0

    @property
    def voxels_per_s(self) -> float | None:
        return self.worker_voxels / self.worker_s if self.worker_s > 0 else None


class PreviewRunner:
    """Computes the newest request in warm worker processes.

    Parameters
    ----------
    on_state
        Called on a background thread whenever more of the newest request is ready.
    on_error
        Called on a background thread with the run and the exception that ended it.

    Notes
    -----
    States and errors of overtaken requests are never delivered.
    """

    def __init__(self, *, on_state: OnState, on_error: OnError) -> None:
        self._on_state, self._on_error = on_state, on_error
        self._folder = Path(tempfile.mkdtemp(prefix="roiwidgets-preview-"))
        self._workers = PreviewWorkers(str(self._folder))
        self._numbers = itertools.count(1)
        self._condition = threading.Condition()
        self._newest = 0
        self._settled = 0
        self.last_state: PreviewState | None = None
        self._waiting: _Run | None = None
        self._closed = False
        self._prepared: tuple[str, np.dtype[np.generic], int] | None = None
        self._input: _Input | None = None
        self._files: deque[Path] = deque()
        self._thread = threading.Thread(target=self._loop, name="roiwidgets-preview", daemon=True)
        self._thread.start()
        # a session that ends without close() must not leave processes or files behind
        self._clean_up = weakref.finalize(self, _clean_up, self._workers, self._folder)
        # loky waits at the end of the interpreter for workers that may never return, before
        # `atexit` has its turn; of these hooks, the last registered is called first
        register = getattr(threading, "_register_atexit", atexit.register)
        register(self._clean_up)

    def submit(self, request: PreviewRequest) -> int:
        """Take a request in place of all earlier ones; return its number at once."""
        with self._condition:
            run = _Run(next(self._numbers), request)
            self._newest = run.number
            self._waiting = run
            self._condition.notify_all()
            return run.number

    def cancel(self) -> None:
        """Drop all requests."""
        with self._condition:
            self._newest = self._settled = next(self._numbers)
            self._waiting = None
            self._condition.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the newest request is complete or has failed; False after the timeout."""
        with self._condition:
            return self._condition.wait_for(lambda: self._settled >= self._newest, timeout_s)

    def close(self) -> None:
        """Stop the workers and remove the files; later requests are ignored."""
        with self._condition:
            self._closed = True
            self._newest = next(self._numbers)
            self._condition.notify_all()
        self._thread.join(timeout=5)
        self._clean_up()

    def _loop(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._closed or self._waiting is not None)
                if self._closed:
                    return
                run, self._waiting = self._waiting, None
            assert run is not None
            try:
                self._compute(run)
            except Exception as error:  # noqa: BLE001 # handed to the caller, who shows it
                if self._is_newest(run) and not self._workers.is_closed:
                    self._on_error(run.number, _explained(error, run.request.operation))
            self._settle(run)

    def _settle(self, run: _Run) -> None:
        with self._condition:
            self._settled = max(self._settled, run.number)
            self._condition.notify_all()

    def _is_newest(self, run: _Run) -> bool:
        return run.number == self._newest

    def _compute(self, run: _Run) -> None:
        request = run.request
        request.operation.check_dtype(request.source.dtype)
        halo = halo_of(request)
        given = self._read(run, grow(request.box, halo, request.volume_shape))
        if given is None:
            return
        self._prepare(request.operation, request.source.dtype, len(request.spatial))
        dtype = request.operation.output_dtype(request.source.dtype)
        output = self._new_array(run, shape_of(request.box), dtype)
        result = output.create()
        operation = SharedOperation.wrap(request.operation)

        def submit(block: Block) -> Future[float]:
            inside = Block(relative_to(block.inner, given.box), relative_to(block.outer, given.box))
            where = relative_to(block.inner, request.box)
            return self._workers.submit(
                run_shared, operation, given.array, inside, request.spacing, output, where
            )

        blocks = list(blocks_of(request, halo))
        run.expected = len(blocks)
        first = len(request.first) if len(blocks) > len(request.first) else 0
        self._compute_blocks(run, blocks[:first], submit, result)
        if first:
            self._wait_for_newer(run, FIRST_ALONE_S)
        self._compute_blocks(run, blocks[first:], submit, result)

    def _compute_blocks(
        self,
        run: _Run,
        blocks: Sequence[Block],
        submit: Callable[[Block], Future[float]],
        result: NDArray[np.generic],
    ) -> None:
        """Compute blocks in all workers, unless a newer request comes."""
        waiting = deque(blocks)
        running: dict[Future[float], Block] = {}
        while (waiting or running) and self._is_newest(run):
            while waiting and len(running) < self._workers.count:
                block = waiting.popleft()
                running[submit(block)] = block
            self._collect(run, running, result)
        self._abandon(running)

    def _wait_for_newer(self, run: _Run, timeout_s: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: not self._is_newest(run), timeout_s)

    def _prepare(
        self, operation: Operation | Pipeline, dtype: np.dtype[np.generic], ndim: int
    ) -> None:
        """Let the workers load an operation that they have not run yet.

        A user's function is not run on voxels that nobody gave it.
        """
        steps = operation.steps if isinstance(operation, Pipeline) else (operation,)
        if any(step.origin not in ("catalogue", "itk") for step in steps):
            return
        key = (operation.name, dtype, ndim)
        if key != self._prepared:
            self._prepared = key
            shared = SharedOperation.wrap(operation)
            self._workers.prepare(partial(warm_up, shared, dtype.name, ndim))

    def _collect(
        self,
        run: _Run,
        running: dict[Future[float], Block],
        result: NDArray[np.generic],
    ) -> None:
        done = self._wait_while_newest(run, set(running))
        for future in done:
            block = running.pop(future)
            run.worker_s += future.result()
            run.worker_voxels += math.prod(shape_of(block.outer))
            run.ready.append(relative_to(block.inner, run.request.box))
        if done and self._is_newest(run):
            elapsed = time.perf_counter() - run.started
            complete = len(run.ready) == run.expected
            state = PreviewState(
                run.number, result, tuple(run.ready), complete, elapsed, run.voxels_per_s
            )
            self.last_state = state
            self._on_state(state)

    def _wait_while_newest(self, run: _Run, futures: set[Future[T]]) -> set[Future[T]]:
        """Wait for a block; when the run is overtaken, only as long as the grace."""
        deadline: float | None = None
        while True:
            done, _ = wait(futures, timeout=0.02, return_when=FIRST_COMPLETED)
            if done:
                return done
            if not self._is_newest(run):
                deadline = deadline or time.monotonic() + GRACE_S
                if time.monotonic() > deadline:
                    return set()

    def _abandon(self, running: dict[Future[float], Block]) -> None:
        """Wait a moment for outdated blocks, then replace the workers that compute them."""
        _, busy = wait(running, timeout=GRACE_S if running else 0)
        for future in busy:
            self._workers.replace_worker_of(future)

    def _read(self, run: _Run, outer: Slices) -> _Input | None:
        """Return the input, read by a worker unless an earlier run has read it."""
        request = run.request
        if self._input is not None and self._input.serves(request, outer):
            return self._input
        spare = (SPARE_HALO,) * len(outer)
        box = grow(outer, spare, request.volume_shape)
        array = self._new_array(run, shape_of(box), request.source.dtype, name="input")
        array.create()
        whole = list(request.region)
        for axis, side in zip(request.spatial, box, strict=True):
            whole[axis] = side
        where = tuple(whole)
        if array_behind(request.source) is not None:
            # threads of the caller run while numpy copies, not while voxels are pickled
            copy_into(request.source, where, array)
            self._input = _Input(request, box, array)
            return self._input
        future = self._workers.submit(copy_into, request.source.restrict(where), where, array)
        if not self._wait_while_newest(run, {future}):
            self._workers.replace_worker_of(future)
            return None
        future.result()
        self._input = _Input(request, box, array)
        return self._input

    def _new_array(
        self, run: _Run, shape: Slices | tuple[int, ...], dtype: np.dtype[np.generic], *,
        name: str = "result",
    ) -> SharedArray:  # fmt: skip
        path = self._folder / f"{name}-{run.number}.npy"
        self._files.append(path)
        while len(self._files) > 6:
            self._remove(self._files.popleft())
        return SharedArray(str(path), tuple(shape), np.dtype(dtype).name)  # type: ignore[arg-type] # a shape

    def _remove(self, path: Path) -> None:
        if self._input is not None and path == Path(self._input.array.path):
            self._files.append(path)
            return
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            # Windows keeps files that are mapped; they go with the folder in close()
            log.debug("%s is still mapped", path)


def _explained(error: Exception, operation: Operation | Pipeline) -> Exception:
    """Return an error that says what happened where the pool's own does not."""
    if not isinstance(error, BrokenExecutor):
        return error
    explained = OperationError(
        f"the worker that computed {operation} died: mostly it ran out of memory, or crashed in "
        "native code; choose a smaller region"
    )
    explained.__cause__ = error
    return explained


def _clean_up(workers: PreviewWorkers, folder: Path) -> None:
    workers.close()
    shutil.rmtree(folder, ignore_errors=True)

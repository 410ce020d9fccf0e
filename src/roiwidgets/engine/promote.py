"""Run an operation on a whole image, block by block, and write a pyramid."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

from ngff_zarr import Multiscales
from tqdm.auto import tqdm

from roiwidgets.engine.executors import Workers, open_workers
from roiwidgets.engine.output_store import ArraySpec, OutputStore
from roiwidgets.engine.plan import Plan, describe_operation, plan
from roiwidgets.engine.worker import BlockTask, Finished, SharedOperation, Target, run_block
from roiwidgets.errors import PromotionCancelled, PromotionError
from roiwidgets.images.ome_zarr import multiscales_metadata, storage_axes
from roiwidgets.images.pyramid import BinKind, PyramidLevel
from roiwidgets.images.readers import open_image
from roiwidgets.images.transposed import TransposedSource
from roiwidgets.images.sources import VoxelSource, ZarrSource, voxel_source
from roiwidgets.operations import identity
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.regions.blocks import Block, cut_into_blocks

if TYPE_CHECKING:
    from distributed import Client

POLL_S = 0.1
RECIPE_KEY = "recipe"
RECORDED_PACKAGES = ("roiwidgets", "itk", "numpy", "zarr")

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
    image, operation, path, scale, overwrite, version, chunks, binning
        As for ``plan``.
    executor
        Any ``concurrent.futures.Executor`` of processes or a ``distributed.Client``;
        None takes the active client, else a process pool on this machine.
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
        If a block fails; finished blocks are kept in ``PATH.partial``.
    PromotionCancelled
        If ``cancel`` was set.

    Notes
    -----
    Each block is read with its halo, clipped at the border of the image, so that
    the result equals the operation on the whole image. Lower levels are binned in
    the same pass as far as a block covers whole chunks of them.
    """
    checked = plan(
        image, operation, path, scale=scale, overwrite=overwrite, version=version, chunks=chunks,
        binning=binning,
    )  # fmt: skip
    attributes = _attributes(checked)
    store = OutputStore(checked.path, checked.version)
    finished = store.begin(checked.identity(), _array_specs(checked), resume=resume)
    passes = list(_passes(checked, store))
    total = sum(len(tasks) for tasks in passes)
    bar = tqdm(total=total, unit="block", desc=operation.name, disable=not progress)
    report = _Reporter(bar, on_progress, total)
    try:
        with open_workers(executor, workers=workers) as pool:
            for tasks in passes:
                _run(tasks, pool, store, finished, report, cancel or threading.Event())
        store.finish(attributes)
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

    def __init__(self, bar: tqdm[None], on_progress: OnProgress | None, total: int) -> None:
        self._bar, self._on_progress, self._total = bar, on_progress, total
        self._done = 0

    def add(self, blocks: int) -> None:
        self._done += blocks
        self._bar.update(blocks)
        if self._on_progress is not None:
            self._on_progress(self._done, self._total)


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
                running[pool.executor.submit(run_block, _restricted(task))] = task
            if not running:
                return
            done, _ = wait(running, timeout=POLL_S, return_when=FIRST_COMPLETED)
            for future in done:
                task = running.pop(future)
                store.note(_result(future, task, store).key)
                report.add(1)
            if cancel.is_set():
                raise PromotionCancelled(
                    f"cancelled; finished blocks are kept in {store.partial}, the same call goes on"
                )
    finally:
        for future in running:
            future.cancel()
        # a block that is being written must not be written by two at once after a rerun
        wait([future for future in running if not future.cancelled()])


def _result(future: Future[Finished], task: BlockTask, store: OutputStore) -> Finished:
    try:
        return future.result()
    except Exception as error:
        name = type(error).__name__
        raise PromotionError(
            f"the block at {task.block.start} failed with {name}: {error}; finished blocks are kept "
            f"in {store.partial}, the same call goes on from there"
        ) from error


def _restricted(task: BlockTask) -> BlockTask:
    return dataclasses.replace(task, source=task.source.restrict(task.block.outer))


def _array_specs(checked: Plan) -> list[ArraySpec]:
    axes = storage_axes(checked.grid.axes)
    chunk = dict(zip(checked.grid.spatial_axes, checked.chunks, strict=True))
    specs = []
    for number, level in enumerate(checked.levels):
        sizes = dict(zip(level.grid.axes, level.grid.shape, strict=True))
        specs.append(
            ArraySpec(
                path=str(number),
                shape=tuple(sizes[axis] for axis in axes),
                chunks=tuple(min(chunk.get(axis, 1), sizes[axis]) for axis in axes),
                dtype=checked.dtype.name,
                axes=axes,
            )
        )
    return specs


def _passes(checked: Plan, store: OutputStore) -> Iterator[list[BlockTask]]:
    """Yield the blocks of the finest level, then those of levels that blocks did not cover."""
    covered = _covered_levels(checked)
    source = voxel_source(checked.image.data)
    operation = SharedOperation.wrap(checked.operation)
    yield _tasks(checked, store, source, operation, first=0, last=covered)
    for number in range(covered + 1, len(checked.levels)):
        below = _written_source(checked, store, number - 1)
        yield _tasks(checked, store, below, None, first=number, last=number)


def _covered_levels(checked: Plan) -> int:
    """Return the coarsest level whose chunks lie whole inside one block."""
    factors = (1,) * len(checked.chunks)
    for number, level in enumerate(checked.levels[1:], start=1):
        factors = tuple(
            a * b for a, b in zip(factors, _spatial_factors(checked, level), strict=True)
        )
        for block, factor, chunk, size in zip(
            checked.block_shape, factors, checked.chunks, level.grid.spatial_shape, strict=True
        ):
            whole_axis = block >= size * factor
            if not whole_axis and (block % factor or (block // factor) % min(chunk, size)):
                return number - 1
    return len(checked.levels) - 1


def _tasks(
    checked: Plan,
    store: OutputStore,
    source: VoxelSource,
    operation: SharedOperation | None,
    *,
    first: int,
    last: int,
) -> list[BlockTask]:
    """Return the blocks that read ``source`` and write the levels ``first`` to ``last``.

    With ``first`` > 0 the source is the level below: it is binned once before.
    """
    grid = checked.levels[max(first - 1, 0)].grid
    spatial = tuple(grid.axes.index(axis) for axis in grid.spatial_axes)
    own = _spatial_factors(checked, checked.levels[first])
    block_shape, halo = [1] * len(grid.axes), [0] * len(grid.axes)
    for axis, size, factor, reach in zip(
        spatial, checked.block_shape, own, checked.halo, strict=True
    ):
        block_shape[axis] = size * factor
        halo[axis] = reach if operation is not None else 0
    box = tuple(slice(0, size) for size in grid.shape)
    return [
        BlockTask(
            key=f"{first}:{','.join(map(str, block.start))}",
            source=source,
            block=block,
            spatial=spatial,
            spacing=grid.spatial_spacing,
            operation=operation,
            dtype=checked.dtype.name,
            kind=checked.kind,
            targets=tuple(_targets(checked, store, block, first, last)),
        )
        for block in cut_into_blocks(box, tuple(block_shape), tuple(halo), grid.shape)
    ]


def _targets(
    checked: Plan, store: OutputStore, block: Block, first: int, last: int
) -> Iterator[Target]:
    axes = checked.grid.axes
    order = tuple(axes.index(axis) for axis in storage_axes(axes))
    factors = (1,) * len(axes)
    for number in range(first, last + 1):
        level = checked.levels[number]
        factors = tuple(a * b for a, b in zip(factors, level.factors, strict=True))
        box = [
            slice(side.start // factor, min(-(-side.stop // factor), size))
            for side, factor, size in zip(block.inner, factors, level.grid.shape, strict=True)
        ]
        spatial = tuple(
            factor for factor, axis in zip(factors, axes, strict=True) if axis in "zyx"
        )
        yield Target(store.location(str(number)), spatial, tuple(box[i] for i in order), order)


def _spatial_factors(checked: Plan, level: PyramidLevel) -> tuple[int, ...]:
    pairs = zip(level.factors, checked.grid.axes, strict=True)
    return tuple(factor for factor, axis in pairs if axis in checked.grid.spatial_axes)


def _written_source(checked: Plan, store: OutputStore, number: int) -> VoxelSource:
    source = ZarrSource(store.location(str(number)))
    axes, stored = checked.grid.axes, storage_axes(checked.grid.axes)
    if axes == stored:
        return source
    return TransposedSource(source, tuple(stored.index(axis) for axis in axes))


def _attributes(checked: Plan) -> dict[str, object]:
    """Return the root attributes: OME-Zarr's, and where the voxels come from."""
    image = checked.image
    attributes = multiscales_metadata(
        [str(number) for number in range(len(checked.levels))],
        [level.grid for level in checked.levels],
        name=image.name,
        units=dict(image.axes_units or {}),
        version=checked.version,
        channel_names=image.channel_names,
        channel_colors=image.channel_colors,
        is_labels=checked.kind == "mode",
    )
    own = attributes.setdefault("roiwidgets", {})
    assert isinstance(own, dict)
    own[RECIPE_KEY] = checked.operation.recipe()
    own["provenance"] = {
        "operation": describe_operation(checked.operation),
        "source": checked.fingerprint,
        "halo": list(checked.halo),
        "binning": checked.kind,
        "versions": {name: version_of(name) for name in RECORDED_PACKAGES},
    }
    return attributes

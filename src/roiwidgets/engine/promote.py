"""Run an operation on a whole image, block by block, and write a pyramid."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Never

from tqdm.auto import tqdm

from roiwidgets.engine.block_memory import check_memory
from roiwidgets.engine.disk_full import raise_if_disk_full
from roiwidgets.engine.executors import open_workers
from roiwidgets.engine.global_passes import check_stated_halo, prepare_blocks
from roiwidgets.engine.plan import plan
from roiwidgets.engine.task_runner import OnProgress, Reporter, TaskRunner, cancelled_text
from roiwidgets.engine.tasks import array_specs, block_passes, root_attributes, with_found
from roiwidgets.errors import PromotionCancelled, PromotionError
from roiwidgets.images.binning import Downsampling
from roiwidgets.operations import identity
from roiwidgets.operations.operation import Operation, Pipeline

if TYPE_CHECKING:
    from distributed import Client
    from ngff_zarr import Multiscales


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
    binning: Downsampling | None = None,
    progress: bool = True,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
    storage_options: Mapping[str, object] | None = None,
) -> Multiscales:
    """Run an operation on a whole image and write the result as a multiscale OME-Zarr.

    Parameters
    ----------
    image, operation, path, scale, tuned_on, overwrite, version, chunks, binning, storage_options
        As for ``plan``.
    executor
        Any ``concurrent.futures.Executor`` of processes or a ``distributed.Client``;
        None takes the active client, else a process pool on this machine. Workers of
        a cluster must see the output's folder, or reach its URL.
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
        What was written; it is opened when it is first used.

    Raises
    ------
    PromotionError
        If a block fails, a chunk cannot be read, the disk is full or the workers are gone;
        if another plan was begun at this path, or another promotion to it still runs.
        Finished blocks are kept in ``PATH.partial`` (of a URL: beside it): the same call
        goes on from there.
    ParameterError
        If the memory of a worker is too small for one block.
    OperationError
        If a stated halo proves too small.
    PromotionCancelled
        If ``cancel`` was set, or the run was interrupted from the keyboard.

    Notes
    -----
    Chunks that the image does not store read as its fill value.

    Each block is read with its halo, clipped at the border of the image, so that
    the result equals the operation on the whole image. Lower levels are binned in
    the same pass as far as a block covers whole chunks of them. Operations that
    depend on the whole image run in passes: the first ones gather what they need,
    for each time point and channel on its own; what they found is kept with the
    output and goes into its provenance.

    At a URL, arrays lie under ``scales-TOKEN`` inside the image, and its metadata are put
    last: no reader sees an image before. Of two promotions to one URL on one machine the
    second is refused; on two machines the later one takes over, and the earlier one fails.
    """
    checked = plan(
        image, operation, path, scale=scale, tuned_on=tuned_on, overwrite=overwrite,
        version=version, chunks=chunks, binning=binning, storage_options=storage_options,
    )  # fmt: skip
    attributes = root_attributes(checked)
    store = checked.destination.output(checked.version)
    passes = block_passes(checked)
    announced = len(checked.reductions)
    total = len(passes[0]) * announced + sum(map(len, passes))
    bar: tqdm[Never] = tqdm(total=total, unit="block", desc=operation.name, disable=not progress)
    report = Reporter(bar, on_progress, total)
    try:
        with open_workers(executor, workers=workers, blocks=total) as pool:
            check_memory(checked, pool.memory_bytes)
            runner = TaskRunner(pool, store, report, cancel or threading.Event())
            check_stated_halo(checked, runner)
            finished = store.begin(checked.identity(), array_specs(checked), resume=resume)
            first, *coarser = (one.tasks(checked, store) for one in passes)
            first, found = prepare_blocks(checked, first, runner, store, finished=finished)
            for tasks in (first, *coarser):
                runner.write(tasks, finished)
        store.finish(with_found(attributes, found))
    except KeyboardInterrupt as interrupt:
        raise PromotionCancelled(cancelled_text(store)) from interrupt
    except (OSError, PromotionError) as error:
        raise_if_disk_full(error, checked, store)
        raise
    finally:
        store.suspend()
        bar.close()
    return checked.destination.result()


def build_pyramid(
    image: object,
    path: str | Path,
    *,
    executor: Executor | Client | None = None,
    resume: bool = True,
    overwrite: bool = False,
    version: str = "0.5",
    chunks: int | tuple[int, ...] | None = None,
    binning: Downsampling | None = None,
    progress: bool = True,
    storage_options: Mapping[str, object] | None = None,
) -> Multiscales:
    """Write an image as a multiscale OME-Zarr without changing its voxels.

    Parameters and errors are those of ``promote``.
    """
    return promote(
        image, identity(), path, executor=executor, resume=resume, overwrite=overwrite,
        version=version, chunks=chunks, binning=binning, progress=progress,
        storage_options=storage_options,
    )  # fmt: skip

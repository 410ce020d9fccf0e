"""What commands that write share: options, workers, progress, and the way to stop."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict, get_args

from roiwidgets.cli import _storage
from roiwidgets.cli._progress import PlainProgress
from roiwidgets.errors import MissingPackageError, PromotionCancelled, SchedulerError
from roiwidgets.images.binning import Downsampling
from roiwidgets.images.ome_writing import VERSIONS

if TYPE_CHECKING:
    from distributed import Client
    from ngff_zarr import Multiscales

    from roiwidgets.operations.operation import Operation, Pipeline

CONNECT_S = 10
"""How long a scheduler may take to answer, and to have a worker."""


class _What(TypedDict):
    """What a plan depends on, beside image, operation and path."""

    scale: int
    tuned_on: int | None
    overwrite: bool
    version: str
    chunks: int | tuple[int, ...] | None
    binning: Downsampling | None
    storage_options: dict[str, object] | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is written, and who computes it."""
    parser.add_argument(
        "--scale", type=int, default=0, metavar="N", help="scale that is read; 0 is the finest"
    )
    parser.add_argument(
        "--chunks",
        type=_chunks,
        metavar="N[,N,N]",
        help="voxels of a chunk along the spatial axes; 64 (3-D) or 512 (2-D) by default",
    )
    parser.add_argument(
        "--version", choices=VERSIONS, default="0.5", help="OME-Zarr version; 0.5 by default"
    )
    parser.add_argument(
        "--binning",
        choices=get_args(Downsampling),
        help="how coarser scales are made; the mean by default, the mode for labels and masks",
    )
    add_output_options(parser)
    _storage.add_option(parser, "--storage-options", "OUT")
    _storage.add_option(parser, "--input-options", "IN")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--workers", type=int, metavar="N", help="processes on this machine; one per processor"
    )
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="dask scheduler whose workers compute instead"
    )
    parser.add_argument(
        "--plan", action="store_true", help="print what would be done and its cost; write nothing"
    )


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what becomes of what is there already."""
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace an image at OUT, once the new one is complete",
    )
    parser.add_argument(
        "--no-resume",
        dest="resume",
        action="store_false",
        help="start over instead of going on with an interrupted run",
    )


def write(
    options: argparse.Namespace, operation: Operation | Pipeline, *, tuned_on: int | None = None
) -> int:
    """Plan, or run an operation on a whole image; return the exit code."""
    from roiwidgets.engine.plan import plan
    from roiwidgets.images.readers import open_image

    what = _What(
        scale=options.scale,
        tuned_on=tuned_on,
        overwrite=options.overwrite,
        version=options.version,
        chunks=options.chunks,
        binning=options.binning,
        storage_options=options.storage_options,
    )
    image = open_image(options.image, storage_options=options.input_options)
    if options.plan:
        print(plan(image, operation, options.output, workers=options.workers, **what))
        return 0
    started = time.monotonic()
    try:
        _promote(options, image, operation, what)
    except PromotionCancelled as stopped:
        raise PromotionCancelled(
            how_to_resume(options.output, options.storage_options)
        ) from stopped
    print(f"written in {time.monotonic() - started:.1f} s: {options.output}")
    return 0


def _promote(
    options: argparse.Namespace, image: Multiscales, operation: Operation | Pipeline, what: _What
) -> None:
    from roiwidgets.engine.promote import promote

    has_bar = sys.stderr.isatty()
    with _client(options.scheduler) as client:
        promote(
            image,
            operation,
            options.output,
            executor=client,
            workers=options.workers,
            resume=options.resume,
            progress=has_bar,
            on_progress=None if has_bar else PlainProgress(sys.stderr),
            **what,
        )


@contextmanager
def _client(address: str | None) -> Iterator[Client | None]:
    """Yield a client of the scheduler at an address; None without one."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingPackageError(
            "--scheduler needs dask.distributed: pip install 'roiwidgets[cluster]'"
        ) from error
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SchedulerError(
            f"no scheduler answers at {address}; start one with 'dask scheduler', or leave out "
            "--scheduler to compute on this machine"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
        except TimeoutError as error:
            raise SchedulerError(
                f"the scheduler at {address} has no workers; start some with 'dask worker "
                f"{address} --nthreads 1'"
            ) from error
        yield client


def how_to_resume(output: str, storage_options: dict[str, object] | None = None) -> str:
    """Return what is said of a run that was stopped on purpose."""
    from roiwidgets.engine.destinations import destination_at

    destination = destination_at(output, storage_options)
    if not destination.is_begun():
        return "stopped before anything was written"
    return (
        f"stopped; finished blocks are kept in {destination.partial}; run the same command "
        "again to go on from there"
    )


def _chunks(text: str) -> int | tuple[int, ...]:
    """Return chunk sides from words such as ``64`` and ``32,128,128``."""
    try:
        sides = tuple(int(side) for side in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected N, or one N for each spatial axis as in 32,128,128; got {text!r}"
        ) from None
    return sides[0] if len(sides) == 1 else sides

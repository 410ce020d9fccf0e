"""Write a movie once as a stack that plays, gives traces and is summed up at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Never

import numpy as np
from ngff_zarr import Multiscales
from tqdm.auto import tqdm

from roiwidgets.engine.destinations import local_path
from roiwidgets.engine.output_store import OutputStore, check_output
from roiwidgets.engine.source_checks import check_apart, fingerprint
from roiwidgets.engine.task_runner import OnProgress, Reporter, cancelled_text
from roiwidgets.errors import PromotionCancelled, PromotionError
from roiwidgets.images.binning import downsample_block
from roiwidgets.images.ome_writing import multiscales_metadata
from roiwidgets.images.readers import open_image
from roiwidgets.images.reading import describe_source
from roiwidgets.images.sources import Voxels
from roiwidgets.images.zarr_arrays import open_local_array_to_write
from roiwidgets.operations import identity
from roiwidgets.stacks.movie import Movie, open_movie
from roiwidgets.stacks.source_key import source_key
from roiwidgets.stacks.stack_layout import StackLayout, stack_layout
from roiwidgets.stacks.summaries.accumulator import Accumulator
from roiwidgets.stacks.summaries.frame_blocks import FrameBlock
from roiwidgets.stacks.summaries.stored_summaries import write_stored

VERSION = "0.5"
"""Of OME-Zarr: shards came with it."""


def to_stack(
    movie: object,
    path: str | Path,
    *,
    plane: int | None = None,
    resume: bool = True,
    overwrite: bool = False,
    progress: bool = True,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> Multiscales:
    """Write a movie as an OME-Zarr for playing and for traces, with its summaries.

    Parameters
    ----------
    movie, plane
        As for ``open_movie``; of a volume over time one plane is written.
    path
        Local path of the OME-Zarr 0.5 image to write, axes t, y, x.
    resume
        Whether frames that an interrupted run on the same movie wrote are kept.
    overwrite
        Whether an image at ``path`` is replaced, once the new one is complete.
    progress
        Whether a progress bar is shown.
    on_progress
        Called with the written and all blocks of frames, in the calling thread.
    cancel
        Set it from another thread to stop.

    Returns
    -------
    Multiscales
        What was written, opened lazily: the frames as they are, coarser levels binned along y
        and x by the mean, and a group ``summaries`` that ``summaries`` takes.

    Raises
    ------
    ImageError
        If it is no movie.
    OutputExistsError, OutputLocationError
        If the output cannot be written at ``path``.
    PromotionError
        If frames cannot be read or written, or another movie was begun at this path; what is
        written stays in ``PATH.partial``.
    PromotionCancelled
        If ``cancel`` was set, or the run was interrupted from the keyboard.

    Notes
    -----
    The movie is read once, 200 frames at a time (fewer if they are larger than 96 MiB): these
    are the shards, one file a level. Chunks of about 20 x 128 x 128 inside them make a frame and
    a small region over time equally cheap to read. A movie whose own chunks span all frames is
    decoded anew for each shard. Nothing at ``path`` is there before it is complete.
    """
    opened = open_movie(movie, plane=plane)
    output = local_path(path)
    check_apart(opened.source, output)
    check_output(output, overwrite=overwrite)
    layout = stack_layout(opened)
    store = OutputStore(output, VERSION)
    spans = layout.spans()
    bar: tqdm[Never] = tqdm(total=len(spans), unit="block", desc="stack", disable=not progress)
    report = Reporter(bar, on_progress, len(spans))
    try:
        identity_of = _identity(opened, layout)
        finished = store.begin(identity_of, layout.arrays(opened.source.dtype.name), resume=resume)
        writer = _Writer(opened, layout, store)
        for span in spans:
            if cancel is not None and cancel.is_set():
                raise PromotionCancelled(cancelled_text(store))
            writer.write(span, is_finished=_key(span) in finished)
            report.add(1)
        writer.finish(_attributes(opened, layout, identity_of))
    except KeyboardInterrupt as interrupt:
        raise PromotionCancelled(cancelled_text(store)) from interrupt
    finally:
        store.suspend()
        bar.close()
    return open_image(output)


class _Writer:
    """Takes a movie from its source to its shards, and sums it up on the way."""

    def __init__(self, movie: Movie, layout: StackLayout, store: OutputStore) -> None:
        self._movie, self._layout, self._store = movie, layout, store
        self._accumulator = Accumulator(movie)
        self._arrays = [
            open_local_array_to_write(store.array(str(number)).location)
            for number in range(len(layout.levels))
        ]

    def write(self, span: slice, *, is_finished: bool) -> None:
        """Write some frames; finished ones are read back, for the summaries."""
        if is_finished:
            with self._told(span, "cannot be read back"):
                frames = self._arrays[0][self._box(0, span)]
        else:
            with self._told(span, "cannot be read from the movie"):
                frames = self._movie.read(span)
            with self._told(span, "cannot be written"):
                self._write_levels(span, frames)
        self._accumulator.add(frames, FrameBlock(span, slice(0, frames.shape[1])))

    @contextmanager
    def _told(self, span: slice, problem: str) -> Iterator[None]:
        """Turn what codecs, stores and disks raise into an error that says what to do."""
        try:
            yield
        except Exception as error:
            raise PromotionError(
                f"frames {span.start} to {span.stop - 1} {problem}, {type(error).__name__}: "
                f"{error}; once that is mended the same call goes on: finished blocks are kept in "
                f"{self._store.partial}"
            ) from error

    def _write_levels(self, span: slice, frames: Voxels) -> None:
        self._store.claim.check()
        for number, level in enumerate(self._layout.levels):
            frames = self._binned(frames, level.factors)
            self._arrays[number].write_whole_chunks(self._box(number, span), frames)
        self._store.claim.note(_key(span))

    def _box(self, level: int, span: slice) -> tuple[slice, ...]:
        _, height, width = self._arrays[level].shape
        return span, slice(0, height), slice(0, width)

    def _binned(self, frames: Voxels, factors: tuple[int, ...]) -> Voxels:
        """Return binned frames, a chunk of them at a time: sums take more memory than pixels."""
        if max(factors) == 1:
            return frames
        step = self._layout.chunk_frames
        parts = [
            downsample_block(frames[start : start + step], factors, kind="mean")
            for start in range(0, len(frames), step)
        ]
        return np.concatenate(parts)

    def finish(self, attributes: dict[str, object]) -> None:
        """Write the summaries, then what makes all of it an image."""
        write_stored(self._accumulator.result(), self._store.data, "0")
        self._store.finish(attributes)


def _key(span: slice) -> str:
    return f"frames/{span.start}"


def _identity(movie: Movie, layout: StackLayout) -> dict[str, object]:
    """Return what must be equal for an interrupted run to be resumed."""
    grid = layout.levels[0].grid
    return {
        "source": source_key(movie) or fingerprint(movie.source),
        "plane": movie.plane,
        "shape": list(grid.shape),
        "spacing": list(grid.spacing),
        "origin": list(grid.origin),
        "dtype": movie.source.dtype.name,
        "chunk_frames": layout.chunk_frames,
        "shard_frames": layout.shard_frames,
        "versions": {"roiwidgets": version_of("roiwidgets")},
    }


def _attributes(
    movie: Movie, layout: StackLayout, identity_of: dict[str, object]
) -> dict[str, object]:
    """Return the root attributes: OME-Zarr's, and where the frames come from."""
    units = {a: unit for a, unit in (movie.level.axes_units or {}).items() if a in "tyx"}
    attributes = multiscales_metadata(
        [str(number) for number in range(len(layout.levels))],
        [level.grid for level in layout.levels],
        name=movie.level.name,
        units=units,
        version=VERSION,
    )
    own = attributes.setdefault("roiwidgets", {})
    assert isinstance(own, dict)
    own["recipe"] = identity().recipe()
    own["provenance"] = {
        "operation": "stack",
        "source": describe_source(movie.source),
        "source_digest": identity_of["source"],
        "plane": movie.plane,
        "versions": {name: version_of(name) for name in ("roiwidgets", "numpy", "zarr")},
    }
    return attributes

"""Pictures that sum a movie up, made in one pass: maximum, mean, correlation and others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import StackCancelled
from roiwidgets.stacks.movie import open_movie
from roiwidgets.stacks.summaries.accumulator import Accumulator
from roiwidgets.stacks.summaries.frame_blocks import FrameBlock, bit_reversed, frame_groups
from roiwidgets.stacks.summaries.summary_cache import SummaryCache
from roiwidgets.stacks.summaries.summary_result import Summaries

OnProgress = Callable[[int, int], None]

PAUSE = 6
"""Frames are read for at least this many times as long as the last result took to compute."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PartialSummaries:
    """Summaries of the frames that have been seen so far.

    Parameters
    ----------
    summaries
        Of those frames; ``top_view`` and ``right_view`` are 0 in the others.
    seen
        Which frames those are, one boolean per frame.
    blocks_done, blocks
        Blocks that have been read, and all.
    """

    summaries: Summaries
    seen: NDArray[np.bool_]
    blocks_done: int
    blocks: int

    @property
    def is_complete(self) -> bool:
        """Whether these are the summaries of the whole movie."""
        return self.blocks_done == self.blocks


def summaries(
    movie: object,
    *,
    progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
    cache: bool = True,
) -> Summaries:
    """Return what a movie looks like over all its frames, read once.

    Parameters
    ----------
    movie
        Anything that ``open_movie`` takes.
    progress
        Called with the blocks that have been read, and all, in this thread.
    cancel
        Set it from another thread to stop.
    cache
        Whether summaries of a movie on this machine's disks are taken from, and kept in, the
        user's cache folder (that of pooch: ``~/.cache/roiwidgets`` on Linux) or, of what
        ``to_stack`` wrote, from there. They are those of the same files, by size and time of
        change.

    Returns
    -------
    Summaries
        Maximum, minimum, argmax and both side views are exact. Mean, std and correlation of
        integers of up to 16 bits come from exact sums; of other types from compensated sums
        in float64 (relative error below 1e-10; integers beyond 2^53 are rounded).

    Raises
    ------
    ImageError
        If it is no movie, or frames cannot be read.
    StackCancelled
        If ``cancel`` was set.

    Warns
    -----
    UserWarning
        If they cannot be kept for the next time.

    Notes
    -----
    About 60 bytes per pixel of a frame are held (of floats 130), both side views, and a block of
    about 24 MiB or of one layer of chunks.

    Examples
    --------
    >>> found = summaries(np.array([[[1, 2]], [[5, 2]]], np.uint8))
    >>> found.maximum.tolist(), found.argmax.tolist(), found.mean.tolist()
    ([[5, 2]], [[1, 0]], [[3.0, 2.0]])
    """
    opened = open_movie(movie)
    kept = SummaryCache(opened) if cache else None
    known = None if kept is None else kept.load()
    if known is not None:
        return known
    accumulator, groups = Accumulator(opened), frame_groups(opened)
    for done in _passed(accumulator, groups):
        if progress is not None:
            progress(done, len(groups))
        if cancel is not None and cancel.is_set():
            raise StackCancelled("cancelled; call again to start over")
    found = accumulator.result()
    if kept is not None:
        kept.save(found)
    return found


def iter_summaries(
    movie: object, *, every_s: float = 0.5, cache: bool = True
) -> Iterator[PartialSummaries]:
    """Yield what a movie looks like over more and more of its frames.

    Parameters
    ----------
    movie, cache
        As for ``summaries``; summaries that are known are yielded at once, complete.
    every_s
        Seconds between two results, >= 0; more where results take long, so that most of the
        time goes into reading. The first comes after the first block, the last is complete.

    Yields
    ------
    PartialSummaries
        New arrays each time. Blocks of frames are taken in bit-reversed order, so that the
        frames seen are spread evenly over the movie. Stop asking to stop the work.

    Raises
    ------
    ImageError
        If it is no movie, or frames cannot be read.
    """
    opened = open_movie(movie)
    kept = SummaryCache(opened) if cache else None
    known = None if kept is None else kept.load()
    groups = frame_groups(opened)
    if known is not None:
        yield _partial(known, np.ones(opened.shape[0], bool), len(groups), len(groups))
        return
    accumulator = Accumulator(opened)
    due = -np.inf
    for done in _passed(accumulator, groups):
        started = time.monotonic()
        if done < len(groups) and started < due:
            continue
        partial = _partial(accumulator.result(), accumulator.seen, done, len(groups))
        pause = max(every_s, PAUSE * (time.monotonic() - started))
        if kept is not None and partial.is_complete:
            kept.save(partial.summaries)
        yield partial
        due = time.monotonic() + pause


def _partial(found: Summaries, seen: NDArray[np.bool_], done: int, blocks: int) -> PartialSummaries:
    return PartialSummaries(summaries=found, seen=seen, blocks_done=done, blocks=blocks)


def _passed(accumulator: Accumulator, groups: list[list[FrameBlock]]) -> Iterator[int]:
    """Take blocks of the same frames together; yield how many have been taken, after each."""
    for done, index in enumerate(bit_reversed(len(groups)), start=1):
        for block in groups[index]:
            accumulator.add(accumulator.read(block), block)
        yield done

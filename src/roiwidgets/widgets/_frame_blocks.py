"""Frames of a movie from decoded chunks that are kept: each chunk is decoded once.

A chunk of a movie holds many frames; to read one frame most codecs decode all of
them. Blocks of whole chunks are therefore kept, within a number of bytes, and
whoever asks for a block that is being decoded waits for that decoding. Of a movie in memory
nothing is kept: its frames are copied.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.in_memory import is_in_memory
from roiwidgets.stacks.movie import Movie

CACHE_BYTES = 3 * 2**27
"""Decoded blocks that are kept for one movie: a thousand frames of a miniscope."""

BLOCK_BYTES = 2**25
"""A block is not larger, unless a single chunk of one frame is."""

WORTH_ALONE = 0.5
"""A frame is read alone as long as that takes at most this share of the time of its block."""

FRAMES_AHEAD = 4
"""Frames that are read before a player asks for them: those that are on their way next."""

QUICK_S = 0.008
"""A frame that takes longer is not read before it is sure to be shown."""

QUICK_BYTES = CACHE_BYTES // 16
"""Nor is one that is larger, in bytes."""

Key = tuple[int, int, int]
"""Indices of a block along time, rows and columns."""


class FrameBlocks:
    """Reads parts of single frames of a movie.

    Parameters
    ----------
    movie
        What is read.
    limit
        Bytes of decoded blocks that are kept.
    """

    def __init__(self, movie: Movie, *, limit: int = CACHE_BYTES) -> None:
        self.movie = movie
        self._limit = limit
        self._is_in_memory = is_in_memory(movie.source)
        self._itemsize = movie.source.dtype.itemsize
        self._sides = block_sides(movie.shape, movie.chunks, self._itemsize)
        self._blocks: OrderedDict[Key, Future[NDArray[np.generic]]] = OrderedDict()
        self._kept_bytes = 0
        self._touched: set[int] = set()
        # least seconds per byte of the blocks that were read, or that a frame was read of
        self._block_pace = self._alone_pace = 0.0
        self._lock = threading.Lock()

    @property
    def kept_bytes(self) -> int:
        """Bytes of the blocks that are kept."""
        return self._kept_bytes

    def read(
        self, frame: int, rows: slice, columns: slice, *, playing: bool = False
    ) -> NDArray[np.generic]:
        """Return a part of a frame, shape (rows, columns); not to be written to.

        Parameters
        ----------
        frame, rows, columns
            Inside the movie.
        playing
            Its neighbours in time will follow, so that whole blocks are read at once.
            Else a frame of which nothing is known yet is read alone where its block takes
            longer. Most codecs decode all of a chunk, whose block is then kept. Which it is
            shows in the time that the first frame and the next block take.
        """
        if self._is_in_memory:
            return self._frame(frame, rows, columns)
        keys = list(self._keys(frame, rows, columns))
        index = frame // self._sides[0]
        if not playing and self._sides[0] > 1 and index not in self._touched:
            self._touched.add(index)
            if not self._alone_pace or self._alone_pace <= WORTH_ALONE * self._block_pace:
                return self._alone(frame, rows, columns, keys)
        if len(keys) == 1:
            return self._part(keys[0], frame, rows, columns)
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        result = np.empty(shape, self.movie.source.dtype)
        for key in keys:
            _, y, x = self._box(key)
            inner_rows, inner_columns = _overlap(y, rows), _overlap(x, columns)
            place = (_shift(inner_rows, rows.start), _shift(inner_columns, columns.start))
            result[place] = self._part(key, frame, inner_rows, inner_columns)
        return result

    def is_decoded(self, frame: int, rows: slice, columns: slice) -> bool:
        """Tell whether a part of a frame is in memory, so that it only has to be copied."""
        if self._is_in_memory:
            return True
        with self._lock:
            found = (self._blocks.get(key) for key in self._keys(frame, rows, columns))
            return all(block is not None and block.done() for block in found)

    def unread_ahead(
        self, frame: int, direction: int, rows: slice, columns: slice
    ) -> Iterator[int]:
        """Yield a frame of each block that is nearly needed by a player and is not kept.

        These are the blocks of the next frames, as many as half a block has; of blocks of
        one frame or a few, which nobody waits for while they are quickly read, ``FRAMES_AHEAD``.
        """
        if self._is_in_memory:
            return
        length = self._sides[0]
        farthest = frame + direction * self._frames_ahead(rows, columns)
        last = min(max(farthest, 0), self.movie.shape[0] - 1) // length
        for index in range(frame // length + direction, last + direction, direction):
            keys = list(self._keys(index * length, rows, columns))
            with self._lock:
                is_kept = all(key in self._blocks for key in keys)
            if not is_kept:
                yield index * length

    def _frames_ahead(self, rows: slice, columns: slice) -> int:
        half = self._sides[0] // 2
        size = sum(self._bytes(key) for key in self._keys(0, rows, columns)) / self._sides[0]
        is_quick = self._block_pace * size <= QUICK_S
        return max(half, FRAMES_AHEAD) if is_quick and size <= QUICK_BYTES else half

    def _alone(
        self, frame: int, rows: slice, columns: slice, keys: list[Key]
    ) -> NDArray[np.generic]:
        started = time.perf_counter()
        found = self._frame(frame, rows, columns)
        pace = (time.perf_counter() - started) / sum(self._bytes(key) for key in keys)
        self._alone_pace = min(self._alone_pace or pace, pace)
        return found

    def _frame(self, frame: int, rows: slice, columns: slice) -> NDArray[np.generic]:
        pixels: NDArray[np.generic] = self.movie.read(slice(frame, frame + 1), rows, columns)[0]
        return pixels

    def _part(self, key: Key, frame: int, rows: slice, columns: slice) -> NDArray[np.generic]:
        t, y, x = self._box(key)
        place = (frame - t.start, _shift(rows, y.start), _shift(columns, x.start))
        part: NDArray[np.generic] = self._block(key)[place]
        return part

    def _keys(self, frame: int, rows: slice, columns: slice) -> Iterator[Key]:
        length, height, width = self._sides
        yield from itertools.product(
            (frame // length,),
            range(rows.start // height, (rows.stop - 1) // height + 1),
            range(columns.start // width, (columns.stop - 1) // width + 1),
        )

    def _box(self, key: Key) -> tuple[slice, slice, slice]:
        t, y, x = (
            slice(i * side, min((i + 1) * side, size))
            for i, side, size in zip(key, self._sides, self.movie.shape, strict=True)
        )
        return t, y, x

    def _bytes(self, key: Key) -> int:
        sides = (each.stop - each.start for each in self._box(key))
        return int(np.prod([*sides, self._itemsize]))

    def _block(self, key: Key) -> NDArray[np.generic]:
        size = self._bytes(key)
        with self._lock:
            known = self._blocks.get(key)
            if known is not None:
                self._blocks.move_to_end(key)
            else:
                wanted: Future[NDArray[np.generic]] = Future()
                self._make_room(size)
                self._blocks[key] = wanted
                self._kept_bytes += size
        if known is not None:
            return known.result()
        started = time.perf_counter()
        try:
            block = self.movie.peek(*self._box(key))
        except BaseException as error:  # whoever waits for the block must hear of it, too
            with self._lock:
                self._forget(key)
            wanted.set_exception(error)
            raise
        pace = (time.perf_counter() - started) / size
        self._block_pace = min(self._block_pace or pace, pace)
        wanted.set_result(block)
        return block

    def _make_room(self, needed: int) -> None:
        while self._blocks and self._kept_bytes + needed > self._limit:
            self._forget(next(iter(self._blocks)))

    def _forget(self, key: Key) -> None:
        if self._blocks.pop(key, None) is not None:
            self._kept_bytes -= self._bytes(key)


def block_sides(
    shape: tuple[int, int, int], chunks: tuple[int, int, int], itemsize: int
) -> tuple[int, int, int]:
    """Return frames, rows and columns of a block: whole chunks, up to ``BLOCK_BYTES``.

    Columns come first, then rows: a frame is then read in as few blocks as possible.
    Of a chunk that is larger than that a block has fewer frames.

    Examples
    --------
    >>> block_sides((1000, 480, 752), (50, 480, 752), 1)
    (50, 480, 752)
    >>> block_sides((1000, 4096, 4096), (16, 128, 128), 2)
    (16, 256, 4096)
    """
    length, height, width = (max(min(c, n), 1) for c, n in zip(chunks, shape, strict=True))
    length = max(min(length, BLOCK_BYTES // (height * width * itemsize)), 1)
    columns = _multiple(width, BLOCK_BYTES // (length * height * itemsize), shape[2])
    rows = _multiple(height, BLOCK_BYTES // (length * columns * itemsize), shape[1])
    return length, rows, columns


def _multiple(chunk: int, most: int, size: int) -> int:
    """Return the most whole chunks within ``most`` pixels, one at least, that a side needs."""
    return min(max(most // chunk, 1), -(-size // chunk)) * chunk


def _overlap(first: slice, second: slice) -> slice:
    return slice(max(first.start, second.start), min(first.stop, second.stop))


def _shift(part: slice, start: int) -> slice:
    return slice(part.start - start, part.stop - start)

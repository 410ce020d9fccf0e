"""In which pieces, and in which order, a movie is read once from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from roiwidgets.stacks.movie import Movie

BLOCK_BYTES = 24 * 2**20
"""Pixels that are read at once, if the chunks allow it."""

BAND_BYTES = 4 * BLOCK_BYTES
"""Whole frames of one layer of chunks are read at once up to this size."""


@dataclass(frozen=True, slots=True)
class FrameBlock:
    """Some frames, all columns, and all rows or a band of them.

    Parameters
    ----------
    frames, rows
        Start and stop within the movie.
    """

    frames: slice
    rows: slice

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return int(self.frames.stop - self.frames.start)

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return int(self.rows.stop - self.rows.start)


def frame_groups(movie: Movie) -> list[list[FrameBlock]]:
    """Return blocks that cover a movie once, those of the same frames together.

    Returns
    -------
    list of list of FrameBlock
        In the order of the frames. Blocks consist of whole layers of chunks along t; where one
        layer alone is larger than ``BAND_BYTES``, as with chunks that are long in time, its
        frames are cut into bands of whole rows of chunks.
    """
    frames, height, width = movie.shape
    chunk_frames, chunk_rows, _ = movie.chunks
    row_bytes = chunk_frames * width * movie.level.data.dtype.itemsize
    layers = max(1, BLOCK_BYTES // (row_bytes * height))
    rows = height
    if row_bytes * height > BAND_BYTES:
        rows = max(1, BLOCK_BYTES // (row_bytes * chunk_rows)) * chunk_rows
    return [
        [FrameBlock(span, band) for band in _pieces(height, rows)]
        for span in _pieces(frames, layers * chunk_frames)
    ]


def bit_reversed(count: int) -> Iterator[int]:
    """Yield 0 to ``count - 1`` so that any first few are spread evenly over all.

    Examples
    --------
    >>> list(bit_reversed(8))
    [0, 4, 2, 6, 1, 5, 3, 7]
    >>> list(bit_reversed(5))
    [0, 4, 2, 1, 3]
    """
    bits = (count - 1).bit_length()
    for index in range(2**bits):
        place = int(f"{index:0{bits}b}"[::-1], 2) if bits else 0
        if place < count:
            yield place


def _pieces(size: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, size)) for start in range(0, size, step)]

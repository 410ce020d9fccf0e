"""All summaries of a movie at once, block by block in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.sources import Voxels
from roiwidgets.stacks.movie import Movie
from roiwidgets.stacks.summaries.extremes import Extremes
from roiwidgets.stacks.summaries.frame_blocks import FrameBlock
from roiwidgets.stacks.summaries.moments import MOST_FRAMES, FloatMoments, IntegerMoments, Moments
from roiwidgets.stacks.summaries.neighbour_correlation import deviation, mean_neighbour_correlation
from roiwidgets.stacks.summaries.summary_result import Summaries, summaries_of

TILE_PIXELS = 2**20
"""Pixels of a few rows over many frames that are worked on while they are in the cache."""

FIRST_FRAMES = 16
"""Frames among which the first value of each pixel is looked for."""


class Accumulator:
    """Gathers all summaries of a movie, block by block in any order.

    Parameters
    ----------
    movie
        What is summed up; of a movie of floats the first frames are read here.
    """

    def __init__(self, movie: Movie) -> None:
        self.movie = movie
        dtype = movie.source.dtype
        self._is_boolean = dtype.kind == "b"
        self._dtype = np.dtype(np.uint8) if self._is_boolean else dtype
        self._extremes = Extremes(movie.shape, self._dtype)
        self._moments = _moments(movie, self._dtype)

    def read(self, block: FrameBlock) -> Voxels:
        """Return the pixels of a block and of one row below it.

        Raises
        ------
        ImageError
            If they cannot be read or decoded; missing chunks read as the fill value.
        """
        below = min(block.rows.stop + 1, self.movie.shape[1])
        return self.movie.peek(block.frames, slice(block.rows.start, below))

    def add(self, pixels: Voxels, block: FrameBlock) -> None:
        """Take the pixels of a block, as ``read`` returns them; each block once."""
        pixels = pixels.view(np.uint8) if self._is_boolean else pixels
        frames = min(len(pixels), MOST_FRAMES)
        height = max(1, TILE_PIXELS // (frames * pixels.shape[2]))
        for start in range(0, len(pixels), frames):
            for row in range(0, block.row_count, height):
                rows = slice(row, min(row + height, block.row_count))
                inside = slice(block.rows.start + rows.start, block.rows.start + rows.stop)
                part = pixels[start : start + frames, rows.start : rows.stop + 1]
                self._moments.add(part, inside)
                first = block.frames.start + start
                self._extremes.add(part[:, : rows.stop - rows.start], first, inside)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which frames have been taken."""
        return self._extremes.seen

    def result(self) -> Summaries:
        """Return the summaries of what has been taken, as new arrays."""
        sums = self._moments.centred()
        arrays: dict[str, Voxels] = {
            "maximum": self._as_given(self._extremes.maximum),
            "minimum": self._as_given(self._extremes.minimum),
            "mean": sums.mean,
            "std": deviation(sums),
            "correlation": mean_neighbour_correlation(sums),
            "argmax": self._extremes.argmax,
            "top_view": self._as_given(self._extremes.top_view),
            "right_view": self._as_given(self._extremes.right_view),
        }
        return summaries_of(self.movie, arrays)

    def _as_given(self, values: Voxels) -> Voxels:
        return values.view(np.bool_) if self._is_boolean else values


def _moments(movie: Movie, dtype: np.dtype[np.generic]) -> Moments:
    if dtype.kind in "iu" and dtype.itemsize <= 2:
        return IntegerMoments(movie.shape, dtype)
    frames, height, _ = movie.shape
    return FloatMoments(movie.peek(slice(0, min(FIRST_FRAMES, frames)), slice(0, height)))

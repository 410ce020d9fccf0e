"""Brightest and darkest values of a movie, when they were, and both side views."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.sources import Voxels

NO_FRAME = -1
"""Stands for the brightest frame of a pixel that is NaN in all frames."""


class Extremes:
    """What only compares values: exact in the movie's own type, whatever the order of blocks.

    Parameters
    ----------
    shape
        Frames, height, width.
    dtype
        Of the pixels: integers or floats. NaN are passed over.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> None:
        frames, height, width = shape
        is_float = dtype.kind == "f"
        lowest, highest = (np.nan, np.nan) if is_float else _integer_range(dtype)
        self._larger = np.fmax if is_float else np.maximum
        self._smaller = np.fmin if is_float else np.minimum
        self._maximum = np.full((height, width), lowest, dtype)
        self._minimum = np.full((height, width), highest, dtype)
        self._argmax = np.full((height, width), frames, np.int32)
        self._top = np.full((frames, width), lowest, dtype)
        self._right = np.zeros((frames, height), dtype)
        self._seen = np.zeros(frames, bool)

    def add(self, pixels: Voxels, first_frame: int, rows: slice) -> None:
        """Take pixels (frames x rows x width), at most 255 frames, each once."""
        frames = slice(first_frame, first_frame + len(pixels))
        high = self._larger.reduce(pixels, axis=0)
        self._note_brightest(pixels, high, first_frame, rows)
        self._larger(self._maximum[rows], high, out=self._maximum[rows])
        low = self._smaller.reduce(pixels, axis=0)
        self._smaller(self._minimum[rows], low, out=self._minimum[rows])
        top = self._larger.reduce(pixels, axis=1)
        self._larger(self._top[frames], top, out=self._top[frames])
        self._right[frames, rows] = self._larger.reduce(pixels, axis=2)
        self._seen[frames] = True

    def _note_brightest(self, pixels: Voxels, high: Voxels, first_frame: int, rows: slice) -> None:
        """Keep the first frame of the maximum."""
        known, when = self._maximum[rows], self._argmax[rows]
        better = (high > known) | ((high == known) & (first_frame < when)) | (when == self._frames)
        if pixels.dtype.kind == "f":
            better &= ~np.isnan(high)
        if better.any():
            when[better] = first_frame + _first_frame_of(pixels, high)[better]

    @property
    def _frames(self) -> int:
        """Stands for no frame yet: it is later than all of them."""
        return len(self._seen)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which frames have been taken, at least in part."""
        return self._seen.copy()

    @property
    def maximum(self) -> Voxels:
        """Largest value per pixel; NaN where all are."""
        return self._maximum.copy()

    @property
    def minimum(self) -> Voxels:
        """Smallest value per pixel, likewise."""
        return self._minimum.copy()

    @property
    def argmax(self) -> NDArray[np.int32]:
        """First frame of the maximum per pixel; ``NO_FRAME`` where there is none."""
        return np.where(self._argmax == self._frames, NO_FRAME, self._argmax).astype(np.int32)

    @property
    def top_view(self) -> Voxels:
        """Largest value of each column of each frame, frames x width; 0 in frames to come."""
        return np.where(self._seen[:, None], self._top, np.zeros((), self._top.dtype))

    @property
    def right_view(self) -> Voxels:
        """Largest value of each row of each frame, frames x height; 0 in frames to come."""
        return self._right.copy()


def _first_frame_of(pixels: Voxels, high: Voxels) -> NDArray[np.int32]:
    """Return the first frame in which each pixel is ``high``, of at most 255 frames.

    Bytes that count down through the frames, and their maximum: 7 times faster than argmax.
    """
    frames = len(pixels)
    countdown = (pixels == high).view(np.uint8)
    countdown *= np.arange(frames, 0, -1, dtype=np.uint8)[:, None, None]
    first: NDArray[np.int32] = frames - countdown.max(axis=0).astype(np.int32)
    return first


def _integer_range(dtype: np.dtype[np.generic]) -> tuple[int, int]:
    limits = np.iinfo(dtype.str)
    return int(limits.min), int(limits.max)

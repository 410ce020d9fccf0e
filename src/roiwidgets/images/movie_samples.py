"""A seeded calcium movie: what every cell did, and where it is, is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import ImageError
from roiwidgets.images.geometry import make_image
from roiwidgets.images.sources import ArraySource
from roiwidgets.images.tiling import memory_chunks

GREY_LEVELS = 22
"""As in the miniscope recordings that people have: 22 of the 256 values of a byte."""

FRAME_INTERVAL_S = 0.05
SMALLEST_SIDE = 8
_DECAY_FRAMES = 12.0
_FRAMES_AT_ONCE = 16
_CANDIDATES = 20

Floats = NDArray[np.float32]


class CalciumMovie(NamedTuple):
    """A movie, and what it was made of.

    Parameters
    ----------
    movie
        uint8, axes t, y, x; values 0 to 21.
    footprints
        float32, cells x height x width: the share of a cell's light that a pixel sees, 1 at
        the cell's centre, 0 outside it.
    traces
        float32, cells x frames: the light of a cell in grey levels at its centre, >= 0.
    """

    movie: NgffImage
    footprints: Floats
    traces: Floats


def calcium_movie(
    frames: int = 200,
    shape: tuple[int, int] = (96, 128),
    cells: int = 12,
    seed: int = 0,
) -> CalciumMovie:
    """Return a movie of cells that flash and fade on an uneven ground, with the truth.

    Parameters
    ----------
    frames
        Frames, at least 1; 0.05 seconds apart.
    shape
        Pixels along y, x, each at least 8; 1 micrometre apart.
    cells
        Gaussian blobs, >= 0, kept apart where there is room.
    seed
        The same seed gives the same pixels.

    Returns
    -------
    CalciumMovie
        The movie is ``ground + traces.T @ footprints`` and noise of standard deviation 0.6,
        rounded and clipped to 0 to 21, in memory. Every cell flashes at least once, by 6 to 12
        grey levels, and fades with a time constant of 12 frames. The ground is 3 to 7.

    Raises
    ------
    ImageError
        If there would be no frame, too few pixels, or a negative number of cells.
    """
    if frames < 1 or cells < 0 or min(shape) < SMALLEST_SIDE:
        raise ImageError(
            f"a calcium movie has at least 1 frame, {SMALLEST_SIDE} pixels a side and 0 cells, got "
            f"{frames} frames of {tuple(shape)} pixels and {cells} cells"
        )
    rng = np.random.default_rng(seed)
    footprints = _footprints(shape, cells, rng)
    traces = _traces(frames, cells, rng)
    pixels = np.empty((frames, *shape), np.uint8)
    ground = _ground(shape)
    for start in range(0, frames, _FRAMES_AT_ONCE):
        part = pixels[start : start + _FRAMES_AT_ONCE]
        light = np.float32(0.6) * rng.standard_normal(part.shape, np.float32) + ground
        _add_cells(light, footprints, traces[:, start : start + _FRAMES_AT_ONCE])
        part[...] = np.clip(np.rint(light, out=light), 0, GREY_LEVELS - 1, out=light)
    return CalciumMovie(_as_movie(pixels), footprints, traces)


def _ground(shape: tuple[int, int]) -> Floats:
    y, x = np.ogrid[0 : shape[0], 0 : shape[1]]
    away = (y / shape[0] - 0.5) ** 2 + (x / shape[1] - 0.5) ** 2
    return (3 + 4 * np.exp(-away / 0.2)).astype(np.float32)


def _footprints(shape: tuple[int, int], cells: int, rng: np.random.Generator) -> Floats:
    y, x = np.ogrid[0 : shape[0], 0 : shape[1]]
    footprints = np.zeros((cells, *shape), np.float32)
    for footprint, center in zip(footprints, _centers(shape, cells, rng), strict=True):
        sigma = rng.uniform(2.0, 3.5)
        squared = (y - center[0]) ** 2 + (x - center[1]) ** 2
        light = np.exp(-squared / (2 * sigma**2))
        footprint[...] = np.where(squared <= (2.5 * sigma) ** 2, light, 0)
    return footprints


def _centers(shape: tuple[int, int], cells: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return whole pixels; each is the farthest from those before it among some candidates."""
    centers = np.zeros((cells, 2), np.int64)
    for index in range(cells):
        candidates = rng.integers((2, 2), (shape[0] - 2, shape[1] - 2), (_CANDIDATES, 2))
        apart = ((candidates[:, None] - centers[None, :index]) ** 2).sum(axis=2)
        centers[index] = candidates[apart.min(axis=1, initial=2**62).argmax()]
    return centers


def _traces(frames: int, cells: int, rng: np.random.Generator) -> Floats:
    decay = np.exp(-np.arange(frames) / _DECAY_FRAMES)
    traces = np.zeros((cells, frames), np.float32)
    for trace in traces:
        flashes = np.zeros(frames)
        count = 1 + rng.poisson(frames / 150)
        flashes[rng.integers(frames, size=count)] = rng.uniform(6, 12, count)
        trace[...] = np.minimum(np.convolve(flashes, decay)[:frames], 14)
    return traces


def _add_cells(light: Floats, footprints: Floats, traces: Floats) -> None:
    """Add the light of all cells to ``light`` (frames x height x width), which is changed."""
    for footprint, trace in zip(footprints, traces, strict=True):
        rows, columns = (np.flatnonzero(footprint.any(axis=other)) for other in (1, 0))
        box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        light[:, box[0], box[1]] += trace[:, None, None] * footprint[box]


def _as_movie(pixels: NDArray[np.uint8]) -> NgffImage:
    return make_image(
        ArraySource(pixels, memory_chunks("tyx", pixels.shape)),
        axes="tyx",
        spacing={"t": FRAME_INTERVAL_S, "y": 1.0, "x": 1.0},
        translation={},
        name="calcium movie",
        units={"t": "second", "y": "micrometer", "x": "micrometer"},
    )

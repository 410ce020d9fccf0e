"""Sums of pixels along time: each stored chunk is read once for all regions on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.grid import FloatArray
from roiwidgets.images.sources import Voxels
from roiwidgets.regions.footprints import Footprint, Mask
from roiwidgets.stacks.movie import Movie

Statistic = Literal["mean", "sum", "max"]
STATISTICS: tuple[Statistic, ...] = get_args(Statistic)

STEP_BYTES = 128_000_000
"""What one step reads, as stored chunks that are decoded: about 0.2 s of one core. Each step reads
the indices of the shards anew; with a quarter of the bytes a trace takes a fifth longer."""

WHOLE_TILE = 0.25
"""Share of a chunk from which all of it is read: a part is decoded as a whole and then copied,
which takes up to 1.6 times as long as decoding it to where it is wanted."""


@dataclass(frozen=True, slots=True)
class Part:
    """The pixels of one footprint in one column of stored chunks.

    Parameters
    ----------
    rows, columns
        Box in the frame.
    pixels
        Positions in the box, row by row.
    factors
        One per pixel of the box, row by row: 0 outside, inside 1 or a weight.
    """

    rows: slice
    columns: slice
    pixels: NDArray[np.intp]
    factors: FloatArray


Tile = tuple[int, int]
"""Row and column of a column of chunks, which reaches through all frames."""


def parts_by_tile(
    pixels: Footprint, weights: FloatArray | None, chunks: tuple[int, int, int]
) -> dict[Tile, Part]:
    """Return a footprint cut at the borders of the stored chunks.

    Parameters
    ----------
    pixels
        Footprint on the frame.
    weights
        One per pixel of the frame.
    chunks
        Frames, height and width of the stored chunks.

    Returns
    -------
    dict
        Parts that hold a pixel.
    """
    _, height, width = chunks
    found = {}
    for row in _steps(pixels.rows, height):
        for column in _steps(pixels.columns, width):
            rows = _overlap(pixels.rows, row, height)
            columns = _overlap(pixels.columns, column, width)
            mask = pixels.mask[_within(rows, pixels.rows), _within(columns, pixels.columns)]
            if mask.any():
                found[row, column] = _part(rows, columns, mask, weights)
    return found


def read_totals(
    movie: Movie,
    frames: slice,
    footprints: Sequence[dict[Tile, Part]],
    statistic: Statistic,
) -> FloatArray:
    """Return the sum (or the maximum) over the pixels of each footprint, frame by frame.

    Parameters
    ----------
    movie
        What is read.
    frames
        Start and stop.
    footprints
        Parts of each, as ``parts_by_tile`` cuts them.
    statistic
        "max" for the maximum; "sum" and "mean" for the (weighted) sum.

    Returns
    -------
    float64 array, shape (footprints, frames)
        NaN where a pixel is. Without pixels 0, or -inf for the maximum.
    """
    largest = statistic == "max"
    count = frames.stop - frames.start
    totals = np.full((len(footprints), count), -np.inf if largest else 0.0)
    for tile in sorted({tile for parts in footprints for tile in parts}):
        here = {row: parts[tile] for row, parts in enumerate(footprints) if tile in parts}
        rows, columns = _box_to_read(tile, list(here.values()), movie)
        block = movie.peek(frames, rows, columns)
        for row, part in here.items():
            box = block[:, _within(part.rows, rows), _within(part.columns, columns)]
            if largest:
                np.maximum(totals[row], _largest(box, part), out=totals[row])
            else:
                totals[row] += _summed(box, part)
    return totals


def bytes_per_frame(movie: Movie, footprints: Sequence[dict[Tile, Part]]) -> int:
    """Return the bytes of the stored chunks that footprints touch, per frame."""
    _, height, width = movie.chunks
    tiles = {tile for parts in footprints for tile in parts}
    return len(tiles) * height * width * movie.source.dtype.itemsize


def _part(rows: slice, columns: slice, mask: Mask, weights: FloatArray | None) -> Part:
    factors = mask.astype(np.float64)
    if weights is not None:
        factors *= weights[rows, columns]
    return Part(rows, columns, np.flatnonzero(mask), factors.ravel())


def _summed(box: Voxels, part: Part) -> FloatArray:
    if box.dtype.kind in "biu" and box.dtype.itemsize < 8:
        # exact without weights: sums stay below 2**53. Half the time of picking pixels first,
        # which floats need: NaN times 0 is NaN
        values = box.astype(np.float64).reshape(len(box), -1)
        return np.asarray(values @ part.factors)
    picked = box.reshape(len(box), -1).take(part.pixels, axis=1).astype(np.float64)
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, as a value and not a warning
        return np.asarray((picked * part.factors[part.pixels]).sum(axis=1))


def _largest(box: Voxels, part: Part) -> FloatArray:
    picked = box.reshape(len(box), -1).take(part.pixels, axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(picked.max(axis=1), np.float64)


def _steps(pixels: slice, size: int) -> range:
    return range(pixels.start // size, -(-pixels.stop // size))


def _overlap(pixels: slice, tile: int, size: int) -> slice:
    return slice(max(pixels.start, tile * size), min(pixels.stop, (tile + 1) * size))


def _within(inner: slice, outer: slice) -> slice:
    return slice(inner.start - outer.start, inner.stop - outer.start)


def _box_to_read(tile: Tile, parts: Sequence[Part], movie: Movie) -> tuple[slice, slice]:
    """Return the box around parts of a tile, or all of the tile where that is cheaper."""
    _, *sizes = movie.chunks
    whole = [
        slice(index * size, min((index + 1) * size, end))
        for index, size, end in zip(tile, sizes, movie.shape[1:], strict=True)
    ]
    box = [_hull([part.rows for part in parts]), _hull([part.columns for part in parts])]
    share = _area(box) / _area(whole)
    rows, columns = whole if share > WHOLE_TILE else box
    return rows, columns


def _area(box: Sequence[slice]) -> int:
    return math.prod(side.stop - side.start for side in box)


def _hull(slices: Sequence[slice]) -> slice:
    return slice(min(s.start for s in slices), max(s.stop for s in slices))

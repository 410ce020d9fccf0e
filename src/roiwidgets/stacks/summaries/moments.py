"""Sums along time, from which mean, deviation and correlation of neighbours follow.

One pass gathers, per pixel, the sum of its values, of their squares, and of the products with
the four neighbours that come after it in reading order; the other four are the same products
seen from the other side. ``numpy.einsum`` multiplies and adds without writing products down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.sources import Voxels

Floats = NDArray[np.float64]
Sums = NDArray[np.number[Any]]

NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows and columns to the neighbours that come after a pixel."""

_SUMS = 2 + len(NEIGHBOURS)


@dataclass(frozen=True, eq=False)
class CentredSums:
    """Sums over frames of values from which a constant per pixel was taken away.

    Parameters
    ----------
    mean
        Mean of the values themselves, height x width.
    frames
        Frames that were taken, as float64; height x 1.
    counts
        Frames with a value, as float64; height x 1 or height x width.
    first, second
        Sums of the values and of their squares.
    products
        For each of ``NEIGHBOURS`` the sums of products.
    missing
        For each of ``NEIGHBOURS`` five sums over the frames in which a value is missing in one
        of the two pixels: their number, values and squares here, values and squares there; None
        if no value is missing anywhere.
    """

    mean: Floats
    frames: Floats
    counts: Floats
    first: Floats
    second: Floats
    products: Floats
    missing: Floats | None = None


class Moments(Protocol):
    """What gathers sums block by block."""

    def add(self, pixels: Voxels, rows: slice) -> None:
        """Take pixels (frames x rows x width), with one row below the band if there is one."""
        ...

    def centred(self) -> CentredSums:
        """Return what was gathered."""
        ...


def pair_slices(
    shape: tuple[int, int], offset: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where the pixels are that have a neighbour at an offset, and those neighbours.

    Examples
    --------
    >>> pair_slices((3, 4), (1, -1))
    ((slice(0, 2, None), slice(1, 4, None)), (slice(1, 3, None), slice(0, 3, None)))
    """
    (height, width), (down, right) = shape, offset
    here = slice(max(0, -right), width - max(0, right))
    there = slice(max(0, right), width - max(0, -right))
    return (slice(0, height - down), here), (slice(down, height), there)


def block_sums(values: Sums, rows: int) -> Sums:
    """Return sums, sums of squares and of products with ``NEIGHBOURS`` over frames.

    Parameters
    ----------
    values
        frames x (rows, and one row below if there is one) x width, of a type that holds
        all sums that may come.
    rows
        Rows that sums are wanted of.

    Notes
    -----
    Each frame is taken as one long row, which is a fifth faster than row by row; the pairs of
    the last pixel of a row and the first of another are taken away at the end.
    """
    frames, height, width = values.shape
    lines = values.reshape(frames, height * width)
    own = lines[:, : rows * width]
    sums = np.zeros((_SUMS, rows * width), values.dtype)
    np.einsum("ti->i", own, out=sums[0])
    np.einsum("ti,ti->i", own, own, out=sums[1])
    by_row: Sums = sums.reshape(_SUMS, rows, width)
    for index, (down, right) in enumerate(NEIGHBOURS, start=2):
        step = down * width + right
        count = max(0, min(rows * width, height * width - step))
        pairs = (own[:, :count], lines[:, step : step + count])
        np.einsum("ti,ti->i", *pairs, out=sums[index, :count])
        if right:
            by_row[index, :, -1 if right > 0 else 0] = 0
    return by_row


def _pairs_of_band(
    shape: tuple[int, int], rows: int, offset: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return pairs of which the first pixel is in the first ``rows`` rows."""
    return pair_slices((rows, shape[1]) if offset[0] == 0 else shape, offset)


class IntegerMoments:
    """Exact sums of integers of up to 16 bits.

    Parameters
    ----------
    shape
        Frames, height and width.
    dtype
        Of the pixels.

    Notes
    -----
    Products of bytes are summed over at most 255 frames in float32, which is exact below
    2^24; those of 16 bits in float64, exact below 2^53; where they are small, as in recordings
    of few grey levels, over as many frames as uint16 has room for. These sums are added in
    uint32 where that holds those of all frames, else in int64.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> None:
        frames, *size = shape
        self._is_unsigned = dtype.kind == "u"
        is_small = self._is_unsigned and frames * int(np.iinfo(dtype.str).max) ** 2 < 2**32
        self._sums = np.zeros((_SUMS, *size), np.uint32 if is_small else np.int64)
        self._frames = np.zeros((size[0], 1), np.int64)
        self._exact = np.dtype(np.float32 if dtype.itemsize == 1 else np.float64)
        self._memory = np.empty(0, np.uint8)

    def add(self, pixels: Voxels, rows: slice) -> None:
        """Take pixels, at most 255 frames; as for ``Moments``."""
        assert len(pixels) <= MOST_FRAMES
        fitting = self._frames_in_uint16(pixels)
        dtype = self._exact if fitting < min(FEWEST_FRAMES, len(pixels)) else np.dtype(np.uint16)
        step = len(pixels) if dtype == self._exact else fitting
        sums = self._sums[:, rows]
        for start in range(0, len(pixels), step):
            values = self._converted(pixels[start : start + step], dtype)
            sums += block_sums(values, rows.stop - rows.start).astype(sums.dtype)
        self._frames[rows] += len(pixels)

    def _converted(self, pixels: Voxels, dtype: np.dtype[Any]) -> Sums:
        """Return pixels of another type, until the next call.

        They stay in the same memory, which is in the cache: with new memory sums take 1.14 times as
        long.
        """
        count = pixels.size * dtype.itemsize
        if count > len(self._memory):
            self._memory = np.empty(count, np.uint8)
        values: Sums = self._memory[:count].view(dtype).reshape(pixels.shape)
        np.copyto(values, pixels)
        return values

    def _frames_in_uint16(self, pixels: Voxels) -> int:
        """Return over how many frames uint16, the fastest type, holds the sums of squares."""
        if not self._is_unsigned:
            return 0
        return LARGEST_SUM // max(1, int(pixels.max()) ** 2)

    def centred(self) -> CentredSums:
        """Return sums of the differences to the rounded mean, exact but for the last digit.

        Differences are small numbers: nothing is lost when squares of means are taken away.
        """
        first, second, *products = self._sums.astype(np.int64)
        frames = np.maximum(self._frames, 1)
        mean = first / frames
        centre = np.rint(mean).astype(np.int64)
        moved = np.zeros((len(NEIGHBOURS), *first.shape))
        for result, product, offset in zip(moved, products, NEIGHBOURS, strict=True):
            here, there = pair_slices(first.shape, offset)
            result[here] = (
                product[here]
                - centre[here] * first[there]
                - centre[there] * first[here]
                + frames[here[0]] * centre[here] * centre[there]
            )
        return CentredSums(
            mean=mean,
            frames=self._frames.astype(float),
            counts=self._frames.astype(float),
            first=(first - frames * centre).astype(float),
            second=(second - 2 * centre * first + frames * centre**2).astype(float),
            products=moved,
        )


MOST_FRAMES = 255
"""Frames that may be taken at once: float32 can add 258 squares of a byte, a byte count 255."""


FEWEST_FRAMES = 16
"""Frames whose sums must fit into uint16, or adding sums up takes what it saves."""

LARGEST_SUM = 2**16 - 1
"""That uint16 holds."""


class FloatMoments:
    """Sums of floats, and of integers of more than 16 bits, in float64.

    Parameters
    ----------
    first
        The first frames of the movie: differences to the first value of each pixel are summed,
        so that no digits are lost to what a pixel has at all times.

    Notes
    -----
    What each addition loses is kept in a second sum (T. J. Dekker, 1971, "A floating-point
    technique for extending the available precision"), so that the order of blocks does not
    matter. NaN are passed over; correlation is then over the frames in which both pixels have
    a value.
    """

    def __init__(self, first: Voxels) -> None:
        self._pivot = _first_values(first.astype(np.float64))
        self._sums = np.zeros((_SUMS, *self._pivot.shape))
        self._lost = np.zeros_like(self._sums)
        self._frames = np.zeros((self._pivot.shape[0], 1))
        self._without: Floats | None = None
        self._missing: Floats | None = None

    def add(self, pixels: Voxels, rows: slice) -> None:
        """Take pixels; as for ``Moments``."""
        band = slice(rows.start, rows.start + pixels.shape[1])
        values = pixels.astype(np.float64)
        # infinite values make the sums of their pixel NaN: there is no mean of them
        with np.errstate(invalid="ignore", over="ignore"):
            values -= self._pivot[band]
            without = np.isnan(values)
            if without.any():
                self._add_missing(values, without, rows)
            self._add_sums(block_sums(values, rows.stop - rows.start), rows)
        self._frames[rows] += len(pixels)

    def _add_sums(self, sums: Sums, rows: slice) -> None:
        before = self._sums[:, rows]
        after = before + sums
        kept = after - before
        self._lost[:, rows] += (before - (after - kept)) + (sums - kept)
        self._sums[:, rows] = after

    def _add_missing(self, values: Floats, without: NDArray[np.bool_], rows: slice) -> None:
        """Gather what neighbours have where a pixel has nothing; NaN in ``values`` become 0."""
        if self._without is None or self._missing is None:
            self._without = np.zeros(self._pivot.shape)
            self._missing = np.zeros((len(NEIGHBOURS), 5, *self._pivot.shape))
        values[without] = 0
        gaps = without.astype(np.float64)
        count = rows.stop - rows.start
        self._without[rows] += gaps[:, :count].sum(axis=0)
        for sums, offset in zip(self._missing[:, :, rows], NEIGHBOURS, strict=True):
            here, there = _pairs_of_band(values.shape[1:], count, offset)
            one, other = values[(slice(None), *here)], values[(slice(None), *there)]
            no_one, no_other = gaps[(slice(None), *here)], gaps[(slice(None), *there)]
            sums[(0, *here)] += np.maximum(no_one, no_other).sum(axis=0)
            sums[(1, *here)] += np.einsum("tyx,tyx->yx", one, no_other)
            sums[(2, *here)] += np.einsum("tyx,tyx,tyx->yx", one, one, no_other)
            sums[(3, *here)] += np.einsum("tyx,tyx->yx", other, no_one)
            sums[(4, *here)] += np.einsum("tyx,tyx,tyx->yx", other, other, no_one)

    def centred(self) -> CentredSums:
        """Return the sums of differences to the pivot."""
        first, second, *products = self._sums + self._lost
        counts = self._frames if self._without is None else self._frames - self._without
        with np.errstate(invalid="ignore"):
            mean = np.where(counts > 0, self._pivot + first / np.maximum(counts, 1), np.nan)
        return CentredSums(
            mean=mean,
            frames=self._frames.copy(),
            counts=counts.copy(),
            first=first,
            second=second,
            products=np.array(products),
            missing=self._missing,
        )


def _first_values(frames: Floats) -> Floats:
    """Return the first finite value of each pixel; the median of the others where there is none."""
    finite = np.isfinite(frames)
    which = finite.argmax(axis=0)[None]
    first: Floats = np.take_along_axis(frames, which, axis=0)[0]
    known = np.take_along_axis(finite, which, axis=0)[0]
    first[~known] = np.median(first[known]) if known.any() else 0.0
    return first

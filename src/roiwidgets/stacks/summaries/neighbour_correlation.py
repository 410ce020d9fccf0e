"""Deviation along time, and how much a pixel moves together with those around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from roiwidgets.stacks.summaries.moments import NEIGHBOURS, CentredSums, Floats, pair_slices

_ROUNDING = 1e-13
"""A variance below this share of the mean square is what rounding leaves of 0."""


def deviation(sums: CentredSums) -> Floats:
    """Return the standard deviation of all frames (not of a sample) per pixel.

    NaN where there is no value in any frame, or an infinite one.
    """
    counts = np.where(sums.counts > 0, sums.counts, np.nan)
    return np.sqrt(_variance(counts, sums.first, sums.second))


def mean_neighbour_correlation(sums: CentredSums) -> Floats:
    """Return the mean of the correlations of each pixel with those around it, -1 to 1.

    Notes
    -----
    Pearson's correlation along time with each of the up to 8 neighbours, averaged over those
    that exist: 5 at an edge, 3 in a corner (S. L. Smith and M. Häusser, 2010, "Parallel
    processing of visual space by neighboring neurons in mouse visual cortex"). With a pixel
    that never changes it counts as 0. Pairs of which not the same frames have been taken are
    left out. 0 where no pair is left.
    """
    shape = (sums.first.shape[0], sums.first.shape[1])
    total, pairs = np.zeros(shape), np.zeros(shape)
    frames = np.broadcast_to(sums.frames, shape)
    alone = _spread(sums.frames, sums.first, sums.second) if sums.missing is None else None
    for index, offset in enumerate(NEIGHBOURS):
        here, there = pair_slices(shape, offset)
        counts = np.maximum(frames[here], 1)
        if alone is None:
            counts, one, other = _spreads_of_pairs(sums, index, here, there)
        else:
            one, other = alone.at(here), alone.at(there)
        found = _correlation(sums.products[index][here] / counts, one, other)
        usable = frames[here] == frames[there]
        for side in (here, there):
            total[side] += found * usable
            pairs[side] += usable
    return total / np.maximum(pairs, 1)


Box = tuple[slice, slice]


class _Spread(NamedTuple):
    """Mean and standard deviation along time."""

    mean: Floats
    deviation: Floats

    def at(self, box: Box) -> _Spread:
        return _Spread(self.mean[box], self.deviation[box])


def _spread(counts: Floats, first: Floats, second: Floats) -> _Spread:
    counts = np.maximum(counts, 1)
    return _Spread(first / counts, np.sqrt(_variance(counts, first, second)))


def _spreads_of_pairs(
    sums: CentredSums, index: int, here: Box, there: Box
) -> tuple[Floats, _Spread, _Spread]:
    """Return number and spreads over the frames in which both pixels of a pair have a value."""
    assert sums.missing is not None
    without, ones, ones_squared, others, others_squared = sums.missing[(index, ..., *here)]
    counts = np.maximum(np.broadcast_to(sums.frames, sums.first.shape)[here] - without, 1)
    one = _spread(counts, sums.first[here] - ones, sums.second[here] - ones_squared)
    other = _spread(counts, sums.first[there] - others, sums.second[there] - others_squared)
    return counts, one, other


def _correlation(product: Floats, one: _Spread, other: _Spread) -> Floats:
    """Return Pearson's correlation from the mean product; 0 where a pixel never changes."""
    scale = one.deviation * other.deviation
    found = np.zeros(scale.shape)
    np.divide(product - one.mean * other.mean, scale, out=found, where=scale > 0)
    return np.clip(found, -1, 1, out=found)


def _variance(counts: Floats, first: Floats, second: Floats) -> Floats:
    square = second / counts
    variance = square - (first / counts) ** 2
    return np.where(variance <= _ROUNDING * square, 0.0, variance)

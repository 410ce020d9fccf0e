"""A first look at a coarse level without reading all the voxels it stands for."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.pyramid import BinnedSource
from roiwidgets.images.resampled import ResampledSource
from roiwidgets.images.source_view import SourceView
from roiwidgets.images.sources import Slices, Voxels
from roiwidgets.images.transposed import FlippedSource, TransposedSource

MOST_CHUNKS = 64
"""Chunks that a look reads at most; 64^3 uint8 takes about 0.7 ms each."""


TURNED = (FlippedSource, TransposedSource, ResampledSource)
"""Sources that show another one in another direction."""


class Reader(Protocol):
    """Whatever returns the voxels of a box."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""

    def read(self, slices: Slices, /) -> Voxels:
        """Return the voxels of ``slices``."""


@dataclass(frozen=True, eq=False)
class QuickSource(SourceView):
    """Another source, of which each read is a quick look."""

    def read(self, slices: Slices) -> Voxels:
        """Return a quick look at the voxels in ``slices``."""
        return quick_look(self.source, slices)

    def restrict(self, slices: Slices) -> QuickSource:
        """Return a quick look at a restricted source."""
        return QuickSource(self.source.restrict(slices))


def voxels_read(source: Reader) -> int:
    """Return how many stored voxels are read for one voxel of a level, about."""
    while isinstance(source, TURNED):
        source = source.source
    return int(np.prod(source.factors)) if isinstance(source, BinnedSource) else 1


def quick_look(source: Reader, slices: Slices) -> Voxels:
    """Return the voxels in ``slices``, of a binned level, turned or not, approximately.

    Parameters
    ----------
    source
        A level of an image.
    slices
        A box of it, with explicit start and stop.

    Returns
    -------
    array
        What ``source.read`` returns if the level is stored. Of a level that is binned
        when it is read, each voxel is the stored voxel at the middle of its bin, or,
        where that would touch more than ``MOST_CHUNKS`` chunks, the nearest one in an
        evenly spaced choice of them.
    """
    if isinstance(source, TURNED):
        return replace(source, source=QuickSource(source.source)).read(slices)
    if not isinstance(source, BinnedSource):
        return source.read(slices)
    stored = source.source
    centres = [
        np.minimum(np.arange(s.start, s.stop) * factor + (factor - 1) // 2, size - 1)
        for s, factor, size in zip(slices, source.factors, stored.shape, strict=True)
    ]
    chunks = [min(chunk, size) for chunk, size in zip(stored.chunks, stored.shape, strict=True)]
    kept = _choose_chunks([np.unique(c // n) for c, n in zip(centres, chunks, strict=True)])
    result = np.empty([len(c) for c in centres], source.dtype)
    sides = [
        _parts(c, k, n, size)
        for c, k, n, size in zip(centres, kept, chunks, stored.shape, strict=True)
    ]
    for parts in itertools.product(*sides):
        block = stored.read(tuple(box for _, box, _ in parts))
        picked = block[np.ix_(*(inside for _, _, inside in parts))]
        result[tuple(target for target, _, _ in parts)] = picked
    return result


def _choose_chunks(chunks: list[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
    """Return evenly spaced chunks along each axis, ``MOST_CHUNKS`` together at most."""
    counts = [len(along) for along in chunks]
    while int(np.prod(counts)) > MOST_CHUNKS:
        counts[int(np.argmax(counts))] -= 1
    return [
        along[((np.arange(count) + 0.5) * len(along) / count).astype(int)]
        for along, count in zip(chunks, counts, strict=True)
    ]


def _parts(
    centres: NDArray[np.intp], kept: NDArray[np.intp], chunk: int, size: int
) -> list[tuple[slice, slice, NDArray[np.intp]]]:
    """Return, per kept chunk, which voxels it stands for, what to read, and what to pick.

    ``centres`` rise, so the voxels nearest to one chunk are a slice.
    """
    first = kept * chunk
    last = np.minimum(first + chunk, size) - 1
    nearest = np.searchsorted((last[:-1] + first[1:]) / 2, centres)
    parts = []
    for i in range(len(kept)):
        start, stop = np.searchsorted(nearest, [i, i + 1])
        if start == stop:
            continue
        picked = np.clip(centres[start:stop], first[i], last[i])
        low, high = int(picked[0]), int(picked[-1]) + 1
        parts.append((slice(int(start), int(stop)), slice(low, high), picked - low))
    return parts

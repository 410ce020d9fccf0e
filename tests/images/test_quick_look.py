"""A quick look picks stored voxels, as near as its chunks allow."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from roiwidgets.images.pyramid import BinnedSource
from roiwidgets.images.quick_look import MOST_CHUNKS, quick_look
from roiwidgets.images.sources import ArraySource


@dataclass
class CountingSource:
    """Counts the chunks that are read."""

    array: np.ndarray
    chunks: tuple[int, ...]
    touched: set = field(default_factory=set)

    @property
    def shape(self):
        return self.array.shape

    @property
    def dtype(self):
        return self.array.dtype

    def read(self, slices):
        ids = [
            range(s.start // c, (s.stop - 1) // c + 1)
            for s, c in zip(slices, self.chunks, strict=True)
        ]
        self.touched |= {tuple(index) for index in np.stack(np.meshgrid(*ids), -1).reshape(-1, 3)}
        return self.array[slices].copy()


def whole(source):
    return tuple(slice(0, n) for n in source.shape)


def indices_of_bins(shape, factor):
    """Return the flat index of the middle voxel of each bin, by a plain loop's formula."""
    axes = [
        np.minimum(np.arange(-(-n // factor)) * factor + (factor - 1) // 2, n - 1) for n in shape
    ]
    return np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), shape)


def test_a_stored_level_is_read_as_it_is():
    array = np.arange(60).reshape(3, 4, 5)
    source = ArraySource(array, (2, 2, 2))

    box = (slice(1, 3), slice(0, 4), slice(2, 3))
    np.testing.assert_array_equal(quick_look(source, box), array[box])


@pytest.mark.parametrize("shape", [(17, 12, 9), (16, 16, 16), (1, 5, 40)])
def test_few_chunks_give_the_middle_of_each_bin(shape):
    array = np.arange(np.prod(shape)).reshape(shape)
    level = BinnedSource(ArraySource(array, (4, 4, 4)), (4, 4, 4), "mean")

    np.testing.assert_array_equal(quick_look(level, whole(level)), indices_of_bins(shape, 4))


def test_many_chunks_are_sampled_evenly():
    shape = (160, 80, 80)
    ramp = np.broadcast_to(np.arange(160, dtype=np.float32)[:, None, None], shape)
    stored = CountingSource(ramp, (4, 4, 4))
    level = BinnedSource(stored, (8, 8, 8), "mean")

    look = quick_look(level, whole(level))

    assert len(stored.touched) <= MOST_CHUNKS
    assert look.shape == (20, 10, 10)
    spacing = 160 / len({index[0] for index in stored.touched})
    wanted = np.arange(20) * 8 + 3.5
    assert np.abs(look[:, 0, 0] - wanted).max() <= spacing / 2 + 8
    assert (np.diff(look[:, 0, 0]) >= 0).all()
    np.testing.assert_array_equal(look, np.broadcast_to(look[:, :1, :1], look.shape))


def test_a_part_is_looked_at_like_the_whole():
    array = np.random.default_rng(0).integers(0, 99, (24, 24, 24))
    level = BinnedSource(ArraySource(array, (8, 8, 8)), (4, 4, 4), "mean")
    box = (slice(1, 4), slice(0, 6), slice(5, 6))

    np.testing.assert_array_equal(quick_look(level, box), quick_look(level, whole(level))[box])

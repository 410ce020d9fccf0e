"""The range of values, from a sample."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from roiwidgets.errors import ImageError
from roiwidgets.images.intensity import SAMPLE_BOXES, SAMPLE_SIDE, value_range
from roiwidgets.images.pyramid import display_levels
from roiwidgets.images.readers import open_image
from roiwidgets.images.samples import ct_phantom


def test_a_few_hot_voxels_do_not_widen_the_range():
    data = np.random.default_rng(0).normal(100, 10, (100, 100)).astype(np.float32)
    data[3, 4], data[5, 6] = 1e6, -1e6

    low, high = value_range(open_image(data))

    assert 50 < low < 75
    assert 125 < high < 150
    assert value_range(open_image(data), quantiles=(0, 1)) == (-1e6, 1e6)


def test_nan_and_infinite_voxels_are_left_out():
    data = np.full((20, 20), np.nan)
    data[:5], data[5], data[6, 0], data[6, 1] = 2.0, np.inf, -np.inf, 7.0

    assert value_range(open_image(data), quantiles=(0, 1)) == (2.0, 7.0)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_without_finite_values_is_refused(value):
    with pytest.raises(ImageError, match="no finite value"):
        value_range(open_image(np.full((5, 5), value)))


def test_the_range_always_has_a_width():
    assert value_range(open_image(np.full((5, 5), 7))) == (7.0, 8.0)
    assert value_range(open_image(np.zeros((5, 5), bool))) == (0.0, 1.0)
    assert value_range(open_image(np.eye(100))) == (0.0, 1.0)
    low, high = value_range(open_image(np.full((5, 5), 1e30)))
    assert low < high


def test_a_large_image_is_sampled_not_read():
    read = []

    def block(block_info=None):
        place = block_info[None]
        read.append(place["array-location"])
        return np.full(place["chunk-shape"], len(read) % 100, np.uint8)

    data = da.map_blocks(block, chunks=((64,) * 8,) * 3, dtype=np.uint8, meta=np.empty((0,) * 3))
    image = display_levels(open_image(data))
    read.clear()

    value_range(image)

    assert 0 < len(read) <= SAMPLE_BOXES


def test_a_sample_of_a_large_image_is_close_to_the_whole():
    data = ct_phantom((192, 192, 192)).data.compute()

    low, high = value_range(open_image(data))

    assert data.size > SAMPLE_BOXES * SAMPLE_SIDE**3 > 0
    np.testing.assert_allclose((low, high), np.quantile(data, (0.001, 0.999)), atol=6)

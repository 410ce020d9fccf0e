"""Levels of a pyramid: where they lie and how they are binned."""

from __future__ import annotations

import itertools

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roiwidgets.errors import ImageError
from roiwidgets.images import binning
from roiwidgets.images.binning import downsample_block
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.pyramid import (
    BinnedSource,
    bin_grid,
    display_levels,
    pyramid_grids,
)
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import voxel_source
from tests.strategies import grids

DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "?"]


def naive_bins(block: np.ndarray, factors: tuple[int, ...], reduce) -> np.ndarray:
    shape = [-(-n // f) for n, f in zip(block.shape, factors, strict=True)]
    result = np.empty(shape, block.dtype)
    for index in np.ndindex(*shape):
        members = block[tuple(slice(i * f, i * f + f) for i, f in zip(index, factors, strict=True))]
        result[index] = reduce(members)
    return result


def naive_mean(members: np.ndarray) -> float:
    kept = members[~np.isnan(members)] if members.dtype.kind == "f" else members
    if not kept.size:
        return np.nan
    mean = kept.astype(float).sum() / kept.size
    return mean if members.dtype.kind == "f" else round(mean)


def naive_mode(members: np.ndarray) -> int:
    values, counts = np.unique(members, return_counts=True)
    return values[counts == counts.max()].max()


@st.composite
def blocks(draw, dtypes=DTYPES):
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=3, max_size=3)))
    factors = tuple(draw(st.lists(st.integers(1, 4), min_size=3, max_size=3)))
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    if dtype.kind == "f":
        block = rng.normal(0, 100, shape).astype(dtype)
        block[rng.random(shape) < 0.3] = np.nan
        return block, factors
    if dtype.kind == "b":
        return rng.random(shape) < 0.5, factors
    high = draw(st.sampled_from([3, min(2**40, np.iinfo(dtype).max)]))
    return rng.integers(0, high, shape, dtype=dtype, endpoint=True), factors


@given(blocks())
@settings(max_examples=80, deadline=None)
def test_means_equal_a_plain_loop(case):
    block, factors = case

    binned = downsample_block(block, factors, kind="mean")

    assert binned.dtype == block.dtype
    # float sums may be added in another order
    tolerance = {"f": 1e-2 if block.dtype.itemsize == 2 else 1e-5}.get(block.dtype.kind, 0)
    np.testing.assert_allclose(binned, naive_bins(block, factors, naive_mean), rtol=tolerance)


@given(blocks(["u1", "i4", "u8", "?"]))
@settings(max_examples=60, deadline=None)
def test_modes_equal_a_plain_loop(case):
    block, factors = case

    binned = downsample_block(block, factors, kind="mode")

    np.testing.assert_array_equal(binned, naive_bins(block, factors, naive_mode))


@given(blocks(["u1", "u4"]))
@settings(max_examples=30, deadline=None)
def test_nearest_keeps_values_of_the_bin(case):
    block, factors = case

    binned = downsample_block(block, factors, kind="nearest")

    modes = naive_bins(block, factors, lambda members: members.size)
    assert binned.shape == modes.shape
    assert np.isin(binned, block).all()


def test_means_of_integers_round_half_to_even():
    block = np.array([[0, 1], [1, 2], [-1, 0], [-2, -1]], np.int16)

    assert downsample_block(block, (1, 2), kind="mean").ravel().tolist() == [0, 2, 0, -2]


def test_means_of_the_largest_integers_do_not_overflow():
    for dtype in ("u1", "i2", "u4", "i4"):
        limits = np.iinfo(dtype)
        for value in (limits.min, limits.max):
            block = np.full((4, 4, 4), value, dtype)
            assert (downsample_block(block, (4, 4, 4), kind="mean") == value).all()


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "u1", "u2", "f4"])
def test_slabs_of_a_block_are_binned_as_the_whole(dtype, monkeypatch):
    monkeypatch.setattr(binning, "SLAB_VOXELS", 50)
    limits = (-100, 100) if dtype[0] in "if" else (0, 200)
    block = np.random.default_rng(0).integers(*limits, (14, 6, 8)).astype(dtype)

    for factors in ((2, 2, 2), (2, 1, 4), (4, 2, 2), (1, 3, 2)):
        expected = naive_bins(block, factors, naive_mean)
        np.testing.assert_array_equal(downsample_block(block, factors, kind="mean"), expected)


def test_infinite_values_are_binned_without_a_word():
    block = np.array([[np.inf, 1], [-np.inf, 2], [np.inf, -np.inf], [1.7e308, 1.7e308]])

    means = downsample_block(block, (1, 2), kind="mean").ravel()

    np.testing.assert_array_equal(means, [np.inf, -np.inf, np.nan, np.inf])


def test_factors_must_fit_the_block():
    with pytest.raises(ImageError, match="factors"):
        downsample_block(np.zeros((4, 4)), (2,), kind="mean")
    with pytest.raises(ImageError, match="factors"):
        downsample_block(np.zeros((4, 4)), (2, 0), kind="mean")


@given(grids(), st.integers(1, 20))
@settings(max_examples=80, deadline=None)
def test_levels_share_their_near_edge_and_cover_the_image(grid: Grid, smallest: int):
    levels = pyramid_grids(grid, smallest=smallest)

    assert levels[0].grid == grid
    for finer, (coarse, factors) in itertools.pairwise(levels):
        fine = finer.grid
        assert coarse == bin_grid(fine, factors)
        assert coarse.axes == fine.axes
        assert coarse.direction == fine.direction
        for i, axis in enumerate(grid.axes):
            assert factors[i] in ((1, 2) if axis in "zyx" else (1,))
            assert coarse.shape[i] == -(-fine.shape[i] // factors[i])
            assert coarse.spacing[i] == fine.spacing[i] * factors[i]
            near, far = coarse.edges(axis)
            slack = 1e-9 * (abs(near) + abs(far))
            assert near == pytest.approx(fine.edges(axis)[0], abs=slack)
            assert far >= fine.edges(axis)[1] - slack
    last = levels[-1].grid
    assert all(n <= smallest for a, n in zip(last.axes, last.shape, strict=True) if a in "zyx")


def test_binning_brings_voxels_closer_to_cubes():
    grid = Grid(("z", "y", "x"), (200, 2048, 2048), (4.0, 1.0, 1.0), (0.0, 0.0, 0.0))

    spacings = [level.grid.spacing for level in pyramid_grids(grid)]

    assert spacings[:4] == [(4.0, 1.0, 1.0), (4.0, 2.0, 2.0), (4.0, 4.0, 4.0), (8.0, 8.0, 8.0)]


def test_display_levels_are_lazy_and_keep_stored_levels(monkeypatch):
    image = open_image(da.zeros((4, 300, 500), chunks=100, dtype=np.uint8), axes="tyx")
    monkeypatch.setattr("roiwidgets.images.pyramid.downsample_block", None)

    levels = display_levels(image)

    assert levels.images[0] is image.images[0]
    assert [level.data.shape for level in levels.images] == [
        (4, 300, 500), (4, 150, 250), (4, 75, 125), (4, 38, 63),
    ]  # fmt: skip
    assert display_levels(levels) is levels


@pytest.mark.parametrize(("is_labels", "kind"), [(False, "mean"), (True, "mode")])
def test_display_levels_are_binned_from_the_stored_level(is_labels, kind):
    data = np.random.default_rng(0).integers(0, 9, (70, 90, 130), dtype=np.uint16)
    image = open_image(data, spacing=(2.0, 1.0, 1.0), origin=(5.0, 6.0, 7.0))

    levels = display_levels(image, is_labels=is_labels)

    factors = (1, 1, 1)
    expected = pyramid_grids(grid_of(image.images[0]))
    assert [grid_of(level) for level in levels.images] == [level.grid for level in expected]
    for level, (_, step) in zip(levels.images[1:], expected[1:], strict=True):
        factors = tuple(a * b for a, b in zip(factors, step, strict=True))
        assert isinstance(voxel_source(level.data), BinnedSource)
        np.testing.assert_array_equal(
            level.data.compute(), downsample_block(data, factors, kind=kind)
        )


def test_a_binned_read_in_slabs_equals_one_read(monkeypatch):
    data = np.random.default_rng(0).integers(0, 255, (9, 30, 21), dtype=np.uint8)
    levels = display_levels(open_image(data), smallest=4)
    whole = [level.data.compute() for level in levels.images]

    monkeypatch.setattr("roiwidgets.images.pyramid.READ_BYTES", 50)

    for level, expected in zip(levels.images, whole, strict=True):
        np.testing.assert_array_equal(level.data.compute(), expected)

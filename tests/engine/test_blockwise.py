"""Whatever the blocks, the result is that of the whole array; pyramids are bin means."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets.operations as ops
from roiwidgets.engine.promote import build_pyramid, promote
from roiwidgets.images.geometry import grid_of
from tests.engine.phantoms import SPACING, Inline, Voxels, binned, image_of, voxels_of


def reach_sum(voxels: Voxels, reach: int = 1) -> Voxels:
    """Sum of the voxels up to ``reach`` to each side of every axis, by rolling."""
    total = np.zeros(voxels.shape, np.int64)
    for axis in range(voxels.ndim):
        for step in range(-reach, reach + 1):
            moved = np.zeros(voxels.shape, np.int64)
            size = voxels.shape[axis]
            if abs(step) >= size:
                continue
            lead = (slice(None),) * axis
            there = (*lead, slice(max(0, step), size + min(0, step)))
            here = (*lead, slice(max(0, -step), size + min(0, -step)))
            moved[here] = voxels[there]
            total += (abs(step) + 1) * moved
    return total.astype(np.int32)


@st.composite
def cases(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    ndim = draw(st.sampled_from([2, 3]))
    side = 40 if ndim == 2 else 14
    shape = tuple(draw(st.integers(1, side)) for _ in range(ndim))
    chunks = tuple(draw(st.integers(max(1, n // 4), n)) for n in shape)
    return shape, chunks, draw(st.integers(0, 5))


@settings(max_examples=25, deadline=None)
@given(cases(), st.integers(0, 2**32 - 1))
def test_blocks_equal_the_whole_array(case: tuple, seed: int) -> None:
    shape, chunks, reach = case
    voxels = np.random.default_rng(seed).integers(0, 200, shape, dtype=np.uint8)
    operation = ops.operation(reach_sum, halo=reach, output_dtype="int32", reach=reach)
    image = image_of(voxels, axes="zyx"[-len(shape) :])

    with tempfile.TemporaryDirectory() as folder:
        result = promote(
            image, operation, Path(folder) / "out.zarr", executor=Inline(), chunks=chunks,
            progress=False,
        )  # fmt: skip

        np.testing.assert_array_equal(voxels_of(result.images[0]), reach_sum(voxels, reach))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize("chunks", [(5, 8, 16), (3, 7, 9), (1, 31, 64)])
@pytest.mark.parametrize("shape", [(21, 70, 131), (9, 66, 65)])
def test_every_level_is_the_bin_mean_of_the_one_below(
    dtype: str, chunks: tuple[int, ...], shape: tuple[int, ...], tmp_path: Path
) -> None:
    voxels = (np.random.default_rng(3).random(shape) * 250).astype(dtype)

    result = build_pyramid(
        image_of(voxels), tmp_path / "out.zarr", executor=Inline(), chunks=chunks, progress=False
    )

    levels = [voxels_of(level) for level in result.images]
    assert len(levels) >= 2
    np.testing.assert_array_equal(levels[0], voxels)
    pairs = zip(itertools.pairwise(levels), itertools.pairwise(result.images), strict=True)
    for (fine, coarse), (above, below) in pairs:
        factors = tuple(
            round(b / a)
            for a, b in zip(grid_of(above).spacing, grid_of(below).spacing, strict=True)
        )
        expected = binned(fine, factors)
        if dtype == "float32":
            np.testing.assert_allclose(coarse, expected, rtol=1e-6)  # one rounding to float32
        else:
            np.testing.assert_array_equal(coarse, expected)


def test_labels_keep_their_ids_in_coarser_levels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    voxels = np.kron(rng.integers(0, 5, (40, 44)) * 1000, np.ones((4, 4))).astype(np.uint32)
    image = image_of(voxels, axes="yx")

    result = build_pyramid(
        image, tmp_path / "l.zarr", executor=Inline(), binning="mode", progress=False
    )

    assert set(np.unique(voxels_of(result.images[-1]))) <= set(np.unique(voxels))
    assert "image-label" in (result.root_attributes or {})


@pytest.mark.parametrize("steps", ["threshold", "pipeline"])
def test_a_mask_stays_a_mask_in_coarser_levels(tmp_path: Path, steps: str) -> None:
    rng = np.random.default_rng(2)
    image = image_of(rng.integers(0, 255, (160, 140), dtype=np.uint8), axes="yx")
    mask = ops.binary_threshold(lower=100, inside_value=7)
    operation = mask if steps == "threshold" else ops.median(radius=1) | mask

    result = promote(image, operation, tmp_path / "m.zarr", executor=Inline(), progress=False)

    assert len(result.images) > 1
    assert set(np.unique(voxels_of(result.images[-1]))) == {0, 7}


def test_times_and_channels_are_volumes_of_their_own(tmp_path: Path) -> None:
    voxels = np.random.default_rng(1).integers(0, 255, (2, 3, 9, 20, 17), dtype=np.uint8)
    image = image_of(voxels, axes="tczyx")
    operation = ops.operation(reach_sum, halo=2, output_dtype="int32", reach=2)

    result = promote(
        image, operation, tmp_path / "out.zarr", executor=Inline(), chunks=(4, 9, 8), progress=False
    )

    found = voxels_of(result.images[0])
    for index in np.ndindex(2, 3):
        np.testing.assert_array_equal(found[index], reach_sum(voxels[index], 2))


def test_colours_are_processed_one_by_one_and_the_plan_says_so(tmp_path: Path) -> None:
    from roiwidgets.engine.plan import plan

    voxels = np.random.default_rng(1).integers(0, 255, (40, 33, 3), dtype=np.uint8)
    image = image_of(voxels, axes="yxc")
    operation = ops.operation(reach_sum, halo=1, output_dtype="int32")

    assert "one by one" in str(plan(image, operation, tmp_path / "out.zarr"))
    result = promote(
        image, operation, tmp_path / "out.zarr", executor=Inline(), chunks=16, progress=False
    )

    assert result.images[0].dims == image.images[0].dims
    for component in range(3):
        np.testing.assert_array_equal(
            voxels_of(result.images[0])[..., component], reach_sum(voxels[..., component])
        )


def test_a_coarser_scale_can_be_promoted_alone(tmp_path: Path) -> None:
    voxels = np.random.default_rng(1).integers(0, 255, (30, 140, 140), dtype=np.uint8)
    pyramid = build_pyramid(
        image_of(voxels), tmp_path / "a.zarr", executor=Inline(), progress=False
    )

    result = promote(
        pyramid, ops.identity(), tmp_path / "b.zarr", scale=1, executor=Inline(), progress=False
    )

    assert grid_of(result.images[0]) == grid_of(pyramid.images[1])
    np.testing.assert_array_equal(voxels_of(result.images[0]), voxels_of(pyramid.images[1]))


def test_the_grid_of_the_input_is_that_of_the_output(tmp_path: Path) -> None:
    direction = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0))
    from roiwidgets.images.readers import open_image

    voxels = np.zeros((5, 6, 7), np.uint8)
    image = open_image(
        voxels, axes="zyx", spacing=SPACING, origin=(1.0, 2.0, 3.0), direction=direction
    )

    result = build_pyramid(image, tmp_path / "o.zarr", executor=Inline(), progress=False)

    assert grid_of(result.images[0]) == grid_of(image.images[0])

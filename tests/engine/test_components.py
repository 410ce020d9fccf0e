"""Connected components across blocks: those of the whole array, number for number."""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets.operations as ops
from roiwidgets.engine.plan import plan
from roiwidgets.engine.promote import promote
from roiwidgets.errors import OperationError, PromotionCancelled, UnsupportedDtypeError
from roiwidgets.images.readers import open_image
from tests.engine.phantoms import Inline, Voxels, files_of, image_of, voxels_of
from tests.engine.test_failures import Counting, interrupt
from tests.engine.test_passes import Shuffled, noise, provenance


def scipy_labels(mask: Voxels, connectivity: str) -> Voxels:
    structure = scipy.ndimage.generate_binary_structure(
        mask.ndim, mask.ndim if connectivity == "full" else 1
    )
    return scipy.ndimage.label(mask, structure)[0]


def spiral(size: int) -> Voxels:
    """A path one voxel wide that winds to the middle: one component, met again and again."""
    mask = np.zeros((size, size), np.uint8)
    row = column = 0
    mask[0, 0] = 1
    shorter = [n for n in range(size - 3, 0, -2) for _ in range(2)]
    for turn, length in enumerate([size - 1] * 3 + shorter):
        down, right = ((0, 1), (1, 0), (0, -1), (-1, 0))[turn % 4]
        for _ in range(length):
            row, column = row + down, column + right
            mask[row, column] = 1
    return mask


def comb(shape: tuple[int, ...]) -> Voxels:
    """Teeth that hang together at the far end only."""
    mask = np.zeros(shape, np.uint8)
    mask[..., ::2] = 1
    mask[-1] = 1
    return mask


def checkerboard(shape: tuple[int, ...]) -> Voxels:
    return (np.indices(shape).sum(axis=0) % 2).astype(np.uint8)


@st.composite
def masks(draw: st.DrawFn) -> Voxels:
    ndim = draw(st.sampled_from([2, 3]))
    shape = tuple(draw(st.integers(1, 26 if ndim == 2 else 11)) for _ in range(ndim))
    kind = draw(st.sampled_from(["noise", "comb", "checkerboard", "ones", "empty"]))
    if kind == "comb":
        return comb(shape)
    if kind == "checkerboard":
        return checkerboard(shape)
    if kind == "noise":
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        return (rng.random(shape) < draw(st.floats(0.05, 0.95))).astype(np.uint8) * 255
    return np.full(shape, kind == "ones", np.uint8)


@settings(max_examples=60, deadline=None)
@given(masks(), st.integers(1, 9), st.sampled_from(["face", "full"]))
def test_components_are_those_of_the_whole_array(
    mask: Voxels, chunk: int, connectivity: str
) -> None:
    operation = ops.connected_components(connectivity)

    with tempfile.TemporaryDirectory() as folder:
        result = promote(
            image_of(mask, axes="zyx"[-mask.ndim :]), operation, Path(folder) / "o.zarr",
            executor=Inline(), chunks=chunk, progress=False,
        )  # fmt: skip

        found = voxels_of(result.images[0])
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, scipy_labels(mask, connectivity))
    np.testing.assert_array_equal(operation(mask), found)


@pytest.mark.parametrize("size", [9, 16, 33])
@pytest.mark.parametrize("chunk", [2, 3, 8])
def test_a_spiral_is_one_component(size: int, chunk: int, tmp_path: Path) -> None:
    mask = spiral(size)
    assert scipy_labels(mask, "face").max() == 1

    result = promote(
        image_of(mask, axes="yx"), ops.connected_components(), tmp_path / "o.zarr",
        executor=Inline(), chunks=chunk, progress=False,
    )  # fmt: skip

    np.testing.assert_array_equal(voxels_of(result.images[0]), mask)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.sampled_from(["face", "full"]))
def test_parts_of_different_values_stay_apart(seed: int, chunk: int, connectivity: str) -> None:
    labels = np.random.default_rng(seed).integers(0, 4, (9, 8, 7), dtype=np.uint16) * 300

    with tempfile.TemporaryDirectory() as folder:
        result = promote(
            image_of(labels), ops.connected_components(connectivity), Path(folder) / "o.zarr",
            executor=Inline(), chunks=chunk, progress=False,
        )  # fmt: skip
        found = voxels_of(result.images[0])

    parts = [scipy_labels(labels == value, connectivity) for value in (300, 600, 900)]
    assert found.max() == sum(part.max() for part in parts)
    for part in parts:
        pairs = np.unique(np.stack([part[part > 0], found[part > 0]]), axis=1)
        assert len(set(pairs[0])) == len(set(pairs[1])) == pairs.shape[1]


@settings(max_examples=20, deadline=None)
@given(masks(), st.integers(1, 6), st.integers(1, 12))
def test_the_largest_component_is_number_one(mask: Voxels, chunk: int, minimum: int) -> None:
    operation = ops.connected_components(minimum_size=minimum, sort_by_size=True)

    with tempfile.TemporaryDirectory() as folder:
        result = promote(
            image_of(mask, axes="zyx"[-mask.ndim :]), operation, Path(folder) / "o.zarr",
            executor=Inline(), chunks=chunk, progress=False,
        )  # fmt: skip
        found = voxels_of(result.images[0])

    all_sizes = np.bincount(scipy_labels(mask, "face").ravel())[1:]
    expected = sorted((int(n) for n in all_sizes if n >= minimum), reverse=True)
    assert np.bincount(found.ravel())[1:].tolist() == expected
    np.testing.assert_array_equal(operation(mask), found)


@settings(max_examples=20, deadline=None)
@given(masks(), st.integers(1, 6))
def test_holes_are_those_of_the_whole_array(mask: Voxels, chunk: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = promote(
            image_of(mask, axes="zyx"[-mask.ndim :]), ops.fill_holes(), Path(folder) / "o.zarr",
            executor=Inline(), chunks=chunk, progress=False,
        )  # fmt: skip
        found = voxels_of(result.images[0])

    np.testing.assert_array_equal(found == 255, scipy.ndimage.binary_fill_holes(mask))
    np.testing.assert_array_equal(ops.fill_holes()(mask), found)


def test_small_components_are_removed(tmp_path: Path) -> None:
    mask = (noise((20, 24, 26)) > 110).astype(np.uint8)
    labels = scipy_labels(mask, "face")
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0

    result = promote(
        image_of(mask), ops.remove_small_components(5, inside_value=7), tmp_path / "o.zarr",
        executor=Inline(), chunks=7, progress=False,
    )  # fmt: skip

    np.testing.assert_array_equal(voxels_of(result.images[0]), 7 * (sizes[labels] >= 5))


@pytest.mark.parametrize("axes", ["tczyx", "cyx", "yxc"])
def test_each_time_and_channel_has_components_of_its_own(axes: str, tmp_path: Path) -> None:
    shape = {"tczyx": (2, 3, 6, 9, 8), "cyx": (2, 14, 15), "yxc": (14, 15, 3)}[axes]
    mask = (noise(shape) > 100).astype(np.uint8)

    result = promote(
        image_of(mask, axes=axes), ops.connected_components("full"), tmp_path / "o.zarr",
        executor=Inline(), chunks=4, progress=False,
    )  # fmt: skip

    found = voxels_of(result.images[0])
    spatial = tuple(i for i, axis in enumerate(axes) if axis in "zyx")
    others = [i for i in range(len(axes)) if i not in spatial]
    volumes, given = np.moveaxis(found, others, range(len(others))), mask
    given = np.moveaxis(given, others, range(len(others)))
    for index in np.ndindex(*given.shape[: len(others)]):
        np.testing.assert_array_equal(volumes[index], scipy_labels(given[index], "full"))


def test_a_pipeline_ends_in_components(tmp_path: Path) -> None:
    voxels = noise((30, 32, 34))
    operation = (
        ops.median(1) | ops.binary_threshold(lower=90) | ops.connected_components(minimum_size=3)
    )
    path = tmp_path / "o.zarr"

    text = str(plan(image_of(voxels), operation, path))
    result = promote(image_of(voxels), operation, path, executor=Inline(), chunks=8, progress=False)

    np.testing.assert_array_equal(voxels_of(result.images[0]), operation(voxels, (2.0, 0.7, 1.3)))
    assert "components of each block of median(radius=1) | binary_threshold" in text
    assert str(ops.load_operation(path)) == str(operation)
    assert "image-label" in (open_image(path).root_attributes or {})
    found = provenance(path)["found"]
    labels = voxels_of(result.images[0])
    assert found[0]["step"] == "connected_components"
    assert found[0]["kept"] == labels.max()
    assert found[0]["largest_kept"] == np.bincount(labels.ravel())[1:].max()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["o.zarr"]


def test_a_threshold_of_the_whole_image_may_stand_before(tmp_path: Path) -> None:
    voxels = noise((22, 20, 24))
    operation = ops.otsu_threshold() | ops.connected_components("full", sort_by_size=True)
    done: list[tuple[int, int]] = []

    result = promote(
        image_of(voxels), operation, tmp_path / "o.zarr", executor=Inline(), chunks=6,
        progress=False, on_progress=lambda finished, total: done.append((finished, total)),
    )  # fmt: skip

    np.testing.assert_array_equal(voxels_of(result.images[0]), operation(voxels))
    assert done[-1][0] == done[-1][1]
    steps = [entry["step"] for entry in provenance(tmp_path / "o.zarr")["found"]]
    assert steps == ["otsu_threshold", "connected_components"]


def test_coarser_levels_hold_numbers_that_exist(tmp_path: Path) -> None:
    mask = (noise((160, 140)) > 110).astype(np.uint8)

    result = promote(
        image_of(mask, axes="yx"), ops.connected_components(), tmp_path / "o.zarr",
        executor=Inline(), chunks=32, progress=False,
    )  # fmt: skip

    levels = [voxels_of(level) for level in result.images]
    assert len(levels) > 1
    assert set(np.unique(levels[-1])) <= set(np.unique(levels[0]))


def test_two_tasks_for_each_block_are_enough(tmp_path: Path) -> None:
    mask = (noise((60, 60)) > 110).astype(np.uint8)
    counting = Counting()
    operation = ops.connected_components()
    blocks = plan(image_of(mask, axes="yx"), operation, tmp_path / "o.zarr", chunks=8).blocks

    promote(
        image_of(mask, axes="yx"), operation, tmp_path / "o.zarr", executor=counting, chunks=8,
        progress=False,
    )  # fmt: skip

    assert counting.count == 2 * blocks


def test_the_order_of_the_end_of_blocks_changes_no_number(tmp_path: Path) -> None:
    image = image_of((noise((20, 21, 22)) > 105).astype(np.uint8))
    operation = ops.connected_components(sort_by_size=True)
    reference = tmp_path / "a.zarr"
    promote(image, operation, reference, executor=Inline(), chunks=6, progress=False)

    for seed in range(3):
        path = tmp_path / f"b{seed}.zarr"
        promote(image, operation, path, executor=Shuffled(seed), chunks=6, progress=False)

        assert files_of(path) == files_of(reference)


@pytest.mark.parametrize("share", [0.7, 1.7])
def test_labelled_blocks_are_not_labelled_again(share: float, tmp_path: Path) -> None:
    image = image_of((noise((24, 24, 24)) > 105).astype(np.uint8))
    operation, path = ops.connected_components("full"), tmp_path / "a.zarr"
    promote(
        image, operation, tmp_path / "b.zarr", executor=(whole := Counting()), chunks=6,
        progress=False,
    )  # fmt: skip
    stop_at = int(share * whole.count / 2)
    with pytest.raises(PromotionCancelled):
        promote(
            image, operation, path, executor=Counting(stop_at, interrupt), chunks=6,
            progress=False,
        )  # fmt: skip

    promote(image, operation, path, executor=(rest := Counting()), chunks=6, progress=False)

    assert rest.count == whole.count - stop_at
    assert files_of(path) == files_of(tmp_path / "b.zarr")


def test_labelling_is_cancelled_like_any_other_pass(tmp_path: Path) -> None:
    cancel = threading.Event()
    image = image_of((noise((24, 24, 24)) > 105).astype(np.uint8))

    def stop_soon(finished: int, _: int) -> None:
        if finished == 2:
            cancel.set()

    with pytest.raises(PromotionCancelled):
        promote(
            image, ops.connected_components(), tmp_path / "a.zarr", executor=Inline(), chunks=6,
            progress=False, cancel=cancel, on_progress=stop_soon,
        )  # fmt: skip

    assert not (tmp_path / "a.zarr").exists()


def test_worker_processes_label_as_well(tmp_path: Path) -> None:
    mask = (noise((20, 20, 20)) > 105).astype(np.uint8)

    result = promote(
        image_of(mask), ops.connected_components(), tmp_path / "a.zarr", workers=2, chunks=6,
        progress=False,
    )  # fmt: skip

    np.testing.assert_array_equal(voxels_of(result.images[0]), scipy_labels(mask, "face"))


def test_components_are_the_last_step(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="must be the last step"):
        plan(
            image_of(noise((8, 8, 8))), ops.connected_components() | ops.identity(), tmp_path / "a"
        )
    twice = ops.connected_components()
    with pytest.raises(OperationError, match="must be the last step"):
        plan(image_of(noise((8, 8, 8))), twice | twice, tmp_path / "a")


def test_a_smallest_size_keeps_its_volume_on_another_scale() -> None:
    tuned = ops.connected_components(minimum_size=5)

    operation, notes = tuned.at_spacing((2.0, 2.0, 2.0), (2.0, 1.0, 1.0))

    assert operation.values["minimum_size"] == 20
    assert "minimum_size 5 voxels at spacing 2 x 2 x 2 becomes 20" in notes[0]


def test_values_that_are_no_labels_are_refused() -> None:
    with pytest.raises(UnsupportedDtypeError, match=r"float32; convert it.*astype\('uint8'\)"):
        ops.connected_components()(noise((4, 4), "float32"))


@pytest.mark.parametrize(
    "operation",
    [
        ops.connected_components("full", 9, sort_by_size=True),
        ops.remove_small_components(3, "full", 4),
        ops.fill_holes("full", 2),
    ],
)
def test_recipes_come_back(operation: ops.Operation) -> None:
    assert str(ops.load_operation(json.loads(operation.to_json()))) == str(operation)

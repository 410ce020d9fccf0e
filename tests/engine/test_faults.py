"""Bad input and faults: each is one message that a person can act on, or no problem at all."""

from __future__ import annotations

import dataclasses
import errno
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from zarrista.exceptions import ArrayError

import roiwidgets.operations as ops
from roiwidgets.engine import executors, worker
from roiwidgets.engine.output_store import OutputStore
from roiwidgets.engine.plan import plan
from roiwidgets.engine.promote import build_pyramid, promote
from roiwidgets.errors import (
    ImageError,
    OutputExistsError,
    ParameterError,
    PromotionCancelled,
    PromotionError,
)
from roiwidgets.images import output_arrays
from roiwidgets.images.readers import open_image
from roiwidgets.images.rust_arrays import RustArray
from roiwidgets.images.zarr_arrays import open_local_array_to_write
from tests.engine.phantoms import Inline, Voxels, files_of, image_of, recorded, voxels_of
from tests.engine.test_failures import Counting, interrupt

VOXELS = np.random.default_rng(0).integers(1, 200, (20, 34, 41), dtype=np.uint8)
SPACING = (2.0, 0.7, 1.3)


def run(image: object, path: Path, operation: object = None, **keywords: object):
    return promote(
        image, operation or ops.median(1), path, chunks=8, progress=False,
        **{"executor": Inline(), **keywords},
    )  # fmt: skip


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """An image in a folder, in chunks of 8^3."""
    path = tmp_path / "image.zarr"
    build_pyramid(image_of(VOXELS), path, executor=Inline(), chunks=8, progress=False)
    return path


# What is left by a kill ------------------------------------------------------------------


def test_chunks_that_a_kill_tore_are_written_again(tmp_path: Path) -> None:
    path, reference = tmp_path / "a.zarr", tmp_path / "b.zarr"
    run(image_of(VOXELS), reference)
    with pytest.raises(PromotionCancelled):
        run(image_of(VOXELS), path, executor=Counting(2, interrupt))
    (data,) = (tmp_path / "a.zarr.partial").glob("work-*/data")
    for name, whole in files_of(reference).items():
        if not (data / name).exists():
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).write_bytes(whole[: len(whole) // 2])

    run(image_of(VOXELS), path)

    assert files_of(path) == files_of(reference)


def test_a_torn_chunk_at_the_end_of_an_array_is_replaced(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a", shape=(10,), chunks=(8,), dtype="u1")
    array = open_local_array_to_write(str(tmp_path / "a"))
    array.write_whole_chunks((slice(8, 10),), np.array([1, 2], "u1"))
    chunk = tmp_path / "a" / "c" / "1"
    chunk.write_bytes(chunk.read_bytes()[:3])

    array.write_whole_chunks((slice(8, 10),), np.array([3, 4], "u1"))

    assert zarr.open_array(tmp_path / "a", mode="r")[8:].tolist() == [3, 4]


def test_an_image_that_was_about_to_be_replaced_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    run(image_of(VOXELS), path, ops.identity())
    with pytest.raises(PromotionCancelled):
        run(image_of(VOXELS), path, executor=Counting(2, interrupt), overwrite=True)
    path.rename(tmp_path / "a.zarr.partial" / "replaced")  # as a kill between two renames leaves it

    with pytest.raises(OutputExistsError):
        run(image_of(VOXELS), path)
    with pytest.raises(PromotionCancelled):
        run(image_of(VOXELS), path, executor=Counting(2, interrupt), overwrite=True)
    np.testing.assert_array_equal(voxels_of(open_image(path).images[0]), VOXELS)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_parts_of_a_reduction_are_not_gathered_again(share: float, tmp_path: Path) -> None:
    operation, path = ops.median(1) | ops.otsu_threshold(), tmp_path / "a.zarr"
    run(image_of(VOXELS), tmp_path / "b.zarr", operation, executor=(whole := Counting()))
    blocks = plan(image_of(VOXELS), operation, path, chunks=8).blocks
    stop_at = int(share * blocks)
    with pytest.raises(PromotionCancelled):
        run(image_of(VOXELS), path, operation, executor=Counting(stop_at, interrupt))

    run(image_of(VOXELS), path, operation, executor=(rest := Counting()))

    assert rest.count == whole.count - stop_at
    assert files_of(path) == files_of(tmp_path / "b.zarr")


# Disks -------------------------------------------------------------------------------------


class FullDisk(RustArray):
    """An array of the output whose disk becomes full, in the words of zarrs."""

    def __init__(self, array: RustArray, chunks_left: list[int]) -> None:
        vars(self).update(vars(array))
        self._left = chunks_left

    def __setitem__(self, box: tuple[slice, ...], voxels: Voxels) -> None:
        self._left[0] -= 1
        if self._left[0] < 0:
            raise ArrayError("No space left on device (os error 28)")
        super().__setitem__(box, voxels)


def test_a_full_disk_is_one_error_with_what_is_free_and_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, left = tmp_path / "a.zarr", [9]
    with monkeypatch.context() as patch:
        patch.setattr(
            output_arrays,
            "open_local_array_to_write",
            lambda where: FullDisk(open_array(where), left),
        )
        open_array = open_local_array_to_write
        with pytest.raises(PromotionError, match="is full") as error:
            run(image_of(VOXELS), path)
    kept = recorded(path)
    message = str(error.value)
    assert message.startswith(f"the disk of {path} is full: ")
    assert re.search(r"[\d.,]+ MiB are free.*needs about [\d.,]+ MiB; \d+% of its blocks", message)
    assert message.endswith("Free some space, and the same call goes on from there")
    assert len(kept) > 1

    run(image_of(VOXELS), path, executor=(rest := Counting()))

    run(image_of(VOXELS), tmp_path / "b.zarr", executor=(whole := Counting()))
    assert 0 < rest.count < whole.count
    assert files_of(path) == files_of(tmp_path / "b.zarr")


def test_a_record_that_does_not_fit_is_the_same_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    path = tmp_path / "a.zarr"
    with monkeypatch.context() as patch:
        patch.setattr(worker.Claim, "note", refuse)
        with pytest.raises(PromotionError, match=r"is full.* 0% of its blocks are finished"):
            run(image_of(VOXELS), path)

    result = run(image_of(VOXELS), path)

    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(VOXELS, SPACING))


def test_a_disk_that_is_full_at_the_very_end_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "a.zarr"
    with monkeypatch.context() as patch:
        patch.setattr("roiwidgets.engine.output_store.zarr.create_group", refuse)
        with pytest.raises(PromotionError, match=r"is full.*100% of its blocks"):
            run(image_of(VOXELS), path)

    run(image_of(VOXELS), path, executor=(rest := Counting()))

    assert rest.count == 0
    assert path.exists()


# The image ---------------------------------------------------------------------------------


def test_a_chunk_that_cannot_be_read_is_named(stored: Path, tmp_path: Path) -> None:
    (stored / "0" / "c" / "1" / "2" / "4").write_bytes(b"not a chunk")
    path = tmp_path / "a.zarr"
    # as the plan reads a few boxes of its own, it may meet the chunk first
    with pytest.raises((PromotionError, ImageError)) as error:
        run(stored, path, ops.identity())

    message = str(error.value)
    assert f"{stored}/0 cannot be read at [8:16, 16:24, 32:40]" in message
    assert "restore that chunk from a copy" in message


def test_a_file_that_is_cut_off_is_not_to_be_deleted(tmp_path: Path) -> None:
    file = tmp_path / "cut.tif"
    tifffile.imwrite(file, VOXELS, metadata={"axes": "ZYX"})
    file.write_bytes(file.read_bytes()[: VOXELS.nbytes // 2])

    with pytest.raises((PromotionError, ImageError)) as error:
        run(file, tmp_path / "a.zarr", ops.identity())

    message = str(error.value)
    assert "cut.tif cannot be read at [" in message
    assert "take a copy of it that is whole" in message
    assert "delete" not in message


def test_a_block_that_cannot_be_read_stops_no_other_of_its_bundle(
    stored: Path, tmp_path: Path
) -> None:
    (stored / "0" / "c" / "2" / "4" / "5").write_bytes(b"not a chunk")

    with pytest.raises(PromotionError, match=r"the block \[16:20, 32:34, 32:41\] failed"):
        run(stored, tmp_path / "a.zarr", ops.identity())

    blocks = plan(stored, ops.identity(), tmp_path / "a.zarr", chunks=8).blocks
    finished = [key for key in recorded(tmp_path / "a.zarr") if key.startswith("0:")]
    assert len(finished) == blocks - 1


def test_a_chunk_that_is_missing_reads_as_the_fill_value(stored: Path, tmp_path: Path) -> None:
    (stored / "0" / "c" / "1" / "2" / "3").unlink()
    expected = VOXELS.copy()
    expected[8:16, 16:24, 24:32] = 0

    result = run(stored, tmp_path / "a.zarr", ops.median(1))

    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(expected, SPACING))


def test_voxels_that_are_no_numbers_stay_where_they_are(tmp_path: Path) -> None:
    voxels = np.tile(VOXELS, (1, 1, 4)).astype(np.float32)
    voxels[3:9, 10:15, 20:22] = np.nan

    result = run(image_of(voxels), tmp_path / "a.zarr", ops.gradient_magnitude())

    expected = ops.gradient_magnitude()(voxels, SPACING)
    assert 0 < np.isnan(expected).sum() < expected.size / 10
    np.testing.assert_array_equal(voxels_of(result.images[0]), expected)
    coarse = voxels_of(result.images[1])
    factors = tuple(round(n / m) for n, m in zip(voxels.shape, coarse.shape, strict=True))
    for index in np.ndindex(*coarse.shape):
        box = tuple(slice(i * f, (i + 1) * f) for i, f in zip(index, factors, strict=True))
        numbers = expected[box][~np.isnan(expected[box])].astype(np.float64)
        assert (
            coarse[index] == pytest.approx(numbers.mean())
            if numbers.size
            else np.isnan(coarse[index])
        )


def test_an_image_that_changed_between_two_runs_is_refused(stored: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    with pytest.raises(PromotionCancelled):
        run(stored, path, executor=Counting(2, interrupt))
    zarr.open_array(stored / "0", mode="r+")[0, 0, 0] = 77

    with pytest.raises(PromotionError, match=r"differs in source \(the image was changed"):
        run(stored, path)

    result = run(stored, path, resume=False)
    changed = VOXELS.copy()
    changed[0, 0, 0] = 77
    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(changed, SPACING))


# Workers -----------------------------------------------------------------------------------


def test_a_block_that_does_not_fit_into_memory_is_refused_with_chunks_that_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = image_of(np.tile(VOXELS, (4, 2, 2)))
    monkeypatch.setattr(executors, "available_memory", lambda: 2**19)

    with pytest.raises(ParameterError, match=r"needs about .* MiB of memory.*pass smaller") as e:
        promote(image, ops.median(1), tmp_path / "a.zarr", executor=Inline(), progress=False)

    assert list(tmp_path.iterdir()) == []
    chunks = int(str(e.value).rsplit("chunks=")[-1])
    promote(
        image, ops.median(1), tmp_path / "a.zarr", executor=Inline(), progress=False, chunks=chunks
    )


def test_a_halo_that_does_not_fit_into_memory_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executors, "available_memory", lambda: 2**10)

    with pytest.raises(ParameterError, match="smaller chunks do not help"):
        run(image_of(VOXELS), tmp_path / "a.zarr", ops.median(9))


def test_an_operation_that_runs_out_of_memory_says_what_helps(tmp_path: Path) -> None:
    def greedy(voxels: Voxels) -> Voxels:
        np.empty(2**62, np.uint8)
        return voxels

    # as if its halo were proven: else the check of the halo would meet the error first
    operation = dataclasses.replace(ops.operation(greedy, halo=0), origin="catalogue")

    with pytest.raises(PromotionError, match=r"MemoryError.*take fewer workers, or smaller chunks"):
        run(image_of(VOXELS), tmp_path / "a.zarr", operation)


def test_an_executor_that_was_shut_down_is_told_as_such(tmp_path: Path) -> None:
    pool = ProcessPoolExecutor(1)
    pool.shutdown()

    with pytest.raises(PromotionError, match=r"takes no more blocks.*with another executor"):
        run(image_of(VOXELS), tmp_path / "a.zarr", executor=pool)

    run(image_of(VOXELS), tmp_path / "a.zarr")


def test_a_rest_that_cannot_be_removed_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    with monkeypatch.context() as patch:
        patch.setattr("roiwidgets.engine.output_store.shutil.rmtree", refuse)
        with pytest.warns(UserWarning, match="is complete; .* is left over, remove it"):
            run(image_of(VOXELS), tmp_path / "a.zarr")

    np.testing.assert_array_equal(
        voxels_of(open_image(tmp_path / "a.zarr").images[0]), ops.median(1)(VOXELS, SPACING)
    )
    assert OutputStore(tmp_path / "a.zarr", "0.5").partial.exists()

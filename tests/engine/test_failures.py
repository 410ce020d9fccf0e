"""A promotion that stops: one clear error, finished blocks kept, nothing that looks done."""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.engine.output_store import OutputStore
from roiwidgets.engine.promote import promote
from roiwidgets.errors import (
    OperationError,
    OutputExistsError,
    OutputLocationError,
    PromotionCancelled,
    PromotionError,
    RoiwidgetsError,
)
from roiwidgets.images.readers import open_image
from tests.engine.phantoms import (
    Inline,
    Voxels,
    fails_beyond,
    files_of,
    image_of,
    recorded,
    voxels_of,
)

VOXELS = np.random.default_rng(0).integers(0, 200, (24, 30, 40), dtype=np.uint8)


class Counting(Inline):
    """Counts tasks, and calls ``at`` before one of them."""

    def __init__(self, number: int = -1, at: object = None) -> None:
        self.count, self._number, self._at = 0, number, at

    def submit(self, fn, /, *args, **kwargs) -> Future[object]:
        if self.count == self._number:
            self._at()  # type: ignore[operator] # a function
        self.count += 1
        return super().submit(fn, *args, **kwargs)


def run(path: Path, executor: Executor, voxels: Voxels = VOXELS, **keywords: object):
    operation = keywords.pop("operation", ops.median(1))
    return promote(
        image_of(voxels), operation, path, executor=executor, chunks=8, progress=False, **keywords
    )


def interrupt() -> None:
    raise KeyboardInterrupt


def test_an_interrupted_promotion_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path, reference = tmp_path / "a.zarr", tmp_path / "b.zarr"
    run(reference, whole := Counting())
    with pytest.raises(PromotionCancelled, match="the same call goes on"):
        run(path, Counting(5, interrupt))
    assert not path.exists()

    run(path, rest := Counting())

    assert 0 < rest.count < whole.count
    assert files_of(path) == files_of(reference)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr", "b.zarr"]


def test_a_cancelled_promotion_keeps_its_blocks(tmp_path: Path) -> None:
    cancel = threading.Event()
    done: list[tuple[int, int]] = []

    def count(finished: int, total: int) -> None:
        done.append((finished, total))
        if finished == 3:
            cancel.set()

    with pytest.raises(PromotionCancelled):
        run(tmp_path / "a.zarr", Inline(), cancel=cancel, on_progress=count)

    assert len(recorded(tmp_path / "a.zarr")) >= 3
    run(tmp_path / "a.zarr", Inline(), on_progress=count)
    assert done[-1][0] == done[-1][1]


def test_another_plan_refuses_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    with pytest.raises(PromotionCancelled):
        run(path, Counting(5, interrupt))

    with pytest.raises(PromotionError, match="operation; delete it, pass resume=False"):
        run(path, Inline(), operation=ops.median(2))
    changed = VOXELS.copy()
    changed[11, 12, 13] += 1
    with pytest.raises(PromotionError, match="differs in source"):
        run(path, Inline(), voxels=changed)

    result = run(path, Inline(), operation=ops.identity(), resume=False)
    np.testing.assert_array_equal(voxels_of(result.images[0]), VOXELS)


def test_a_failing_block_stops_all_and_says_where(tmp_path: Path) -> None:
    voxels = VOXELS.copy()
    voxels[20, 3, 35] = 255
    # as if its halo were proven: else the check of the halo would meet the voxel first
    operation = dataclasses.replace(ops.operation(fails_beyond, halo=0), origin="catalogue")

    with pytest.raises(
        PromotionError, match=r"block \[16:24, 0:16, 32:40\] failed.*too bright"
    ) as e:
        run(tmp_path / "a.zarr", Inline(), voxels, operation=operation)

    assert isinstance(e.value.__cause__, OperationError)
    assert isinstance(e.value.__cause__.__cause__, ValueError)
    assert not (tmp_path / "a.zarr").exists()
    assert recorded(tmp_path / "a.zarr")


@pytest.mark.parametrize(
    "function", [lambda v: v[:-1], lambda v: v.astype(np.float64)], ids=["shape", "dtype"]
)
def test_a_function_that_breaks_its_promise_writes_no_image(
    function: object, tmp_path: Path
) -> None:
    with pytest.raises(RoiwidgetsError, match="returned"):
        run(tmp_path / "a.zarr", Inline(), operation=ops.operation(function, halo=0))  # type: ignore[arg-type] # any callable

    assert not (tmp_path / "a.zarr").exists()


def test_a_halo_that_is_too_small_is_found_before_anything_is_written(tmp_path: Path) -> None:
    def blur(voxels: Voxels) -> Voxels:
        return (voxels // 2 + np.roll(voxels, 2, axis=0) // 2).astype(voxels.dtype)

    with pytest.raises(OperationError, match=r"halo of \(1, 1, 1\) voxels is too small"):
        run(tmp_path / "a.zarr", Inline(), operation=ops.operation(blur, halo=1))

    assert list(tmp_path.iterdir()) == []


def test_a_function_that_looks_at_the_whole_image_is_found(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.arange(120, dtype=np.uint8), (24, 30, 120))
    stretched = ops.operation(lambda v: v - v.min(), halo=2)

    with pytest.raises(OperationError, match="too small"):
        run(tmp_path / "a.zarr", Inline(), ramp, operation=stretched)


@pytest.mark.parametrize("resume", [True, False])
def test_a_folder_of_somebody_else_is_not_taken_for_an_unfinished_output(
    resume: bool, tmp_path: Path
) -> None:
    theirs = tmp_path / "a.zarr.partial"
    theirs.mkdir()
    run(tmp_path / "a.zarr", Inline(), resume=resume)  # an empty one is nobody's
    shutil.rmtree(tmp_path / "a.zarr")

    theirs.mkdir()
    (theirs / "zarr.json").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"a\.zarr\.partial .* something else \(zarr\.json"):
        run(tmp_path / "a.zarr", Inline(), resume=resume)
    assert (theirs / "zarr.json").read_text() == "mine"
    assert not (tmp_path / "a.zarr").exists()


def test_an_output_is_replaced_only_when_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    run(path, Inline(), operation=ops.identity())
    with pytest.raises(OutputExistsError):
        run(path, Inline())
    with pytest.raises(PromotionCancelled):
        run(path, Counting(4, interrupt), overwrite=True)
    np.testing.assert_array_equal(voxels_of(open_image(path).images[0]), VOXELS)

    result = run(path, Inline(), overwrite=True)

    assert (voxels_of(result.images[0]) != VOXELS).any()
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]


def test_the_same_path_can_be_written_again_with_another_type_and_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    run(path, Inline())

    result = run(
        path, Inline(), VOXELS[:, :, :33], operation=ops.gradient_magnitude(), overwrite=True
    )

    expected = ops.gradient_magnitude()(VOXELS[:, :, :33], (2.0, 0.7, 1.3))
    np.testing.assert_array_equal(voxels_of(result.images[0]), expected)


def test_a_crash_after_the_last_rename_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    with pytest.raises(PromotionCancelled):
        run(path, Counting(4, interrupt))
    partial = tmp_path / "a.zarr.partial"
    kept = {name: (partial / name).read_text() for name in ("plan.json", "owner.json")}
    result = run(path, Inline())
    expected = voxels_of(result.images[0])
    partial.mkdir()  # as it stands when the process dies between the rename and the removal
    for name, text in kept.items():
        (partial / name).write_text(text)

    again = run(path, Inline(), overwrite=True)

    np.testing.assert_array_equal(voxels_of(again.images[0]), expected)


def test_a_record_that_a_crash_cut_off_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    with pytest.raises(PromotionCancelled):
        run(path, Counting(5, interrupt))
    (record,) = (tmp_path / "a.zarr.partial").glob("work-*/finished/*.txt")
    record.write_text(record.read_text() + "\n0:16,16,3")

    result = run(path, Inline())

    np.testing.assert_array_equal(
        voxels_of(result.images[0]), ops.median(1)(VOXELS, (2.0, 0.7, 1.3))
    )


def test_a_second_promotion_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    path, refused = tmp_path / "a.zarr", []

    def begin_another() -> None:
        with pytest.raises(
            PromotionError, match=f"process {os.getpid()} on .*still runs; wait"
        ) as e:
            run(path, Inline())
        refused.append(e)

    result = run(path, Counting(3, begin_another))

    assert len(refused) == 1
    expected = ops.median(1)(VOXELS, (2.0, 0.7, 1.3))
    np.testing.assert_array_equal(voxels_of(result.images[0]), expected)


def test_tasks_of_a_promotion_that_is_gone_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.zarr"
    kept: list[object] = []

    class Keeping(Inline):
        def submit(self, fn, /, *args, **kwargs) -> Future[object]:
            kept.append(lambda: fn(*args, **kwargs))
            return super().submit(fn, *args, **kwargs)

    with pytest.raises(PromotionCancelled):
        run(path, Keeping(), on_progress=lambda done, _: interrupt() if done == 3 else None)
    first, wrote = kept[0], []

    def begin() -> None:
        with pytest.raises(PromotionError, match="another promotion has begun"):
            first()  # type: ignore[operator] # a function
        wrote.extend(tmp_path.glob("a.zarr.partial/work-*"))

    run(path, Counting(2, begin))

    assert len(wrote) == 1  # the folder of the new one


def test_a_disk_that_refuses_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(OutputStore, "_start", refuse)
    with pytest.raises(OutputLocationError, match="Read-only file system; choose another folder"):
        run(tmp_path / "a.zarr", Inline())


def test_an_operation_that_cannot_travel_is_named(tmp_path: Path) -> None:
    lock = threading.Lock()

    def locked(voxels: Voxels) -> Voxels:
        with lock:
            return voxels

    with pytest.raises(OperationError, match="cannot be sent to worker processes"):
        run(tmp_path / "a.zarr", Inline(), operation=ops.operation(locked, halo=0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("keywords", "error"), [({"executor": "threads"}, TypeError), ({"workers": 0}, ValueError)]
)
def test_executors_are_checked(keywords: dict, error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error, match=r"must be"):
        promote(image_of(VOXELS), ops.median(), tmp_path / "a.zarr", progress=False, **keywords)
    assert list(tmp_path.iterdir()) == []

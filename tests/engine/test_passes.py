"""Operations on the whole image, in passes: found once, the same whatever the blocks."""

from __future__ import annotations

import dataclasses
import json
import random
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets.operations as ops
from roiwidgets.engine.lazy import apply
from roiwidgets.engine.plan import plan
from roiwidgets.engine.promote import promote
from roiwidgets.errors import OperationError, ParameterError, PromotionCancelled, PromotionError
from tests.engine.phantoms import Inline, Voxels, files_of, image_of, voxels_of
from tests.engine.test_failures import Counting, interrupt

SPACING = (2.0, 0.7, 1.3)
GLOBAL = {
    "rescale": ops.rescale_intensity(3, 200),
    "otsu": ops.otsu_threshold(),
    "smooth otsu": ops.median(1) | ops.otsu_threshold(inside_value=9),
    "twice": ops.rescale_intensity(0, 90) | ops.mean(1) | ops.li_threshold() | ops.median(1),
    "classes": ops.median(1) | ops.multi_otsu_threshold(3),
    "triangle": ops.gradient_magnitude() | ops.triangle_threshold(),
}


class Shuffled(Inline):
    """Runs tasks in another order than they came in: each when its result is asked for."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._waiting: list[tuple[Future[object], object]] = []
        self._max_workers = 5
        self._lock = threading.RLock()

    def submit(self, fn, /, *args, **kwargs) -> Future[object]:
        with self._lock:
            return self._keep(fn, *args, **kwargs)

    def _keep(self, fn, /, *args, **kwargs) -> Future[object]:
        future: Future[object] = Future()
        future.set_running_or_notify_cancel()
        self._waiting.append((future, lambda: fn(*args, **kwargs)))
        if len(self._waiting) >= 4:
            self._run_one()
        else:
            timer = threading.Timer(0.02, self._run_all)
            timer.daemon = True
            timer.start()
        return future

    def _run_one(self) -> None:
        if self._waiting:
            future, call = self._waiting.pop(self._random.randrange(len(self._waiting)))
            try:
                future.set_result(call())  # type: ignore[operator] # a function
            except Exception as error:  # noqa: BLE001 # handed over as executors do
                future.set_exception(error)

    def _run_all(self) -> None:
        with self._lock:
            while self._waiting:
                self._run_one()


def noise(shape: tuple[int, ...], dtype: str = "uint8", seed: int = 0) -> Voxels:
    rng = np.random.default_rng(seed)
    blobs = 90 * (rng.random(shape) > 0.6) + rng.normal(60, 15, shape)
    return blobs.clip(0, 255).astype(dtype)


def provenance(path: Path) -> dict:
    attributes = json.loads((path / "zarr.json").read_text())["attributes"]
    return attributes["roiwidgets"]["provenance"]


@pytest.mark.parametrize("name", GLOBAL)
@settings(max_examples=6, deadline=None)
@given(
    shape=st.tuples(st.integers(2, 12), st.integers(2, 14), st.integers(2, 16)),
    chunk=st.integers(2, 7),
    dtype=st.sampled_from(["uint8", "int16", "float32"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_blocks_equal_the_whole_array(
    name: str, shape: tuple[int, ...], chunk: int, dtype: str, seed: int
) -> None:
    voxels = noise(shape, dtype, seed)

    with tempfile.TemporaryDirectory() as folder:
        result = promote(
            image_of(voxels), GLOBAL[name], Path(folder) / "out.zarr", executor=Inline(),
            chunks=chunk, progress=False,
        )  # fmt: skip

        np.testing.assert_array_equal(voxels_of(result.images[0]), GLOBAL[name](voxels, SPACING))


def test_each_time_and_channel_finds_its_own_values(tmp_path: Path) -> None:
    voxels = np.stack([noise((2, 9, 12, 10), seed=seed) // (seed + 1) for seed in range(3)])
    voxels[1, 1] = 7

    result = promote(
        image_of(voxels, axes="tczyx"), ops.otsu_threshold(), tmp_path / "o.zarr",
        executor=Inline(), chunks=5, progress=False,
    )  # fmt: skip

    for index in np.ndindex(3, 2):
        np.testing.assert_array_equal(
            voxels_of(result.images[0])[index], ops.otsu_threshold()(voxels[index])
        )
    found = provenance(tmp_path / "o.zarr")["found"]
    assert [entry["volume"] for entry in found] == [list(index) for index in np.ndindex(3, 2)]
    assert found[3]["threshold"] == 7


def test_the_plan_says_which_passes_there_are(tmp_path: Path) -> None:
    operation = ops.median(1) | ops.otsu_threshold()

    exact = str(plan(image_of(noise((8, 9, 10))), operation, tmp_path / "a.zarr"))
    floats = str(plan(image_of(noise((8, 9, 10), "float32")), operation, tmp_path / "a.zarr"))

    assert "1 of 2: exact histogram of 256 bins of median(radius=1)" in exact
    assert "2 of 2: the result is written" in exact
    assert "1 of 3: minimum and maximum of median(radius=1)" in floats
    assert "2 of 3: histogram of 256 bins of median(radius=1)" in floats
    local = plan(image_of(noise((8, 9, 10))), ops.median(1), tmp_path / "a.zarr")
    assert "pass" not in [name for name, _ in local.rows()]


def test_what_is_found_goes_into_the_provenance(tmp_path: Path) -> None:
    voxels = np.array([[[10, 10, 200]] * 3] * 3, np.uint8)

    promote(
        image_of(voxels), ops.otsu_threshold(), tmp_path / "o.zarr", executor=Inline(),
        progress=False,
    )  # fmt: skip

    assert provenance(tmp_path / "o.zarr")["found"] == [{"step": "otsu_threshold", "threshold": 10}]
    again = ops.load_operation(tmp_path / "o.zarr")
    assert str(again) == str(ops.otsu_threshold())


def test_the_order_of_the_end_of_blocks_changes_nothing(tmp_path: Path) -> None:
    image = image_of(noise((20, 21, 22), "float32"))
    operation = ops.mean(1) | ops.li_threshold()
    promote(image, operation, tmp_path / "a.zarr", executor=Inline(), chunks=6, progress=False)

    for seed in range(3):
        path = tmp_path / f"b{seed}.zarr"
        promote(image, operation, path, executor=Shuffled(seed), chunks=6, progress=False)

        assert files_of(path) == files_of(tmp_path / "a.zarr")
        assert provenance(path)["found"] == provenance(tmp_path / "a.zarr")["found"]


def test_a_finished_pass_is_not_run_again(tmp_path: Path) -> None:
    image, path = image_of(noise((24, 24, 24))), tmp_path / "a.zarr"
    operation = ops.otsu_threshold()
    promote(
        image, operation, tmp_path / "b.zarr", executor=(whole := Counting()), chunks=6,
        progress=False,
    )  # fmt: skip
    blocks = plan(image, operation, path, chunks=6).blocks
    with pytest.raises(PromotionCancelled, match="the same call goes on"):
        promote(
            image, operation, path, executor=Counting(whole.count - 1, interrupt), chunks=6,
            progress=False,
        )  # fmt: skip
    done: list[tuple[int, int]] = []

    promote(
        image, operation, path, executor=(rest := Counting()), chunks=6, progress=False,
        on_progress=lambda finished, total: done.append((finished, total)),
    )  # fmt: skip

    assert 0 < rest.count < blocks
    assert done[-1] == (2 * blocks, 2 * blocks)
    assert files_of(path) == files_of(tmp_path / "b.zarr")


def test_a_pass_that_gathers_is_cancelled_like_any_other(tmp_path: Path) -> None:
    cancel = threading.Event()

    def stop_soon(finished: int, _: int) -> None:
        if finished == 2:
            cancel.set()

    with pytest.raises(PromotionCancelled):
        promote(
            image_of(noise((24, 24, 24))), ops.otsu_threshold(), tmp_path / "a.zarr",
            executor=Inline(), chunks=6, progress=False, cancel=cancel, on_progress=stop_soon,
        )  # fmt: skip

    assert not (tmp_path / "a.zarr").exists()
    assert not list((tmp_path / "a.zarr.partial").glob("reduction-*"))


def test_a_failure_in_a_pass_that_gathers_says_where(tmp_path: Path) -> None:
    def fail(voxels: Voxels) -> Voxels:
        if voxels.shape[0] == 4:
            raise ValueError("too thin")
        return voxels

    # as if its halo were proven: else the check of the halo could meet the error first
    stated = dataclasses.replace(ops.operation(fail, halo=0), origin="catalogue")
    operation = stated | ops.otsu_threshold()

    with pytest.raises(PromotionError, match=r"the block \[20:24, 0:8, 0:8\] failed.*too thin"):
        promote(
            image_of(noise((24, 8, 8))), operation, tmp_path / "a.zarr", executor=Inline(),
            chunks=5, progress=False,
        )  # fmt: skip


@pytest.mark.parametrize("first", [True, False])
def test_a_stated_halo_before_or_after_a_global_step_is_checked(
    first: bool, tmp_path: Path
) -> None:
    def shift(voxels: Voxels) -> Voxels:
        return np.roll(voxels, 2, axis=0)

    stated = ops.operation(shift, halo=1)
    operation = stated | ops.otsu_threshold() if first else ops.rescale_intensity() | stated

    with pytest.raises(OperationError, match="too small"):
        promote(
            image_of(noise((40, 12, 12))), operation, tmp_path / "a.zarr", executor=Inline(),
            chunks=8, progress=False,
        )  # fmt: skip


def test_a_range_that_the_type_lacks_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="output_maximum=300"):
        plan(
            image_of(noise((8, 8, 8))),
            ops.median(1) | ops.rescale_intensity(0, 300),
            tmp_path / "a",
        )
    assert list(tmp_path.iterdir()) == []


def test_a_lazy_array_cannot_run_in_passes() -> None:
    with pytest.raises(OperationError, match=r"otsu_threshold.*roiwidgets\.promote"):
        apply(image_of(noise((8, 8, 8))), ops.median(1) | ops.otsu_threshold())


def test_worker_processes_gather_as_well(tmp_path: Path) -> None:
    voxels = noise((20, 20, 20))
    operation = ops.median(1) | ops.otsu_threshold()

    result = promote(
        image_of(voxels), operation, tmp_path / "a.zarr", workers=2, chunks=6, progress=False
    )

    np.testing.assert_array_equal(voxels_of(result.images[0]), operation(voxels, SPACING))

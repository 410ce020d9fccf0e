"""Promotions that are killed with all their processes, at once, in the middle of their work."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from roiwidgets.engine.promote import promote
from roiwidgets.errors import PromotionError
from roiwidgets.images.readers import open_image
from tests.engine import slow_promotion as slow
from tests.engine.phantoms import Inline, files_of, image_of, voxels_of
from tests.engine.test_workers import assert_no_image, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups and their signals")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("WAIT_S", "0")
    return tmp_path / "calls"


def run(path: Path, kind: str, **keywords: object) -> None:
    promote(
        image_of(slow.voxels()), slow.operation_of(kind), path, chunks=slow.CHUNK, progress=False,
        version="0.4" if kind == "old format" else "0.5", **{"executor": Inline(), **keywords},
    )  # fmt: skip


def pool_workers() -> list[psutil.Process]:
    """Return the living workers of the local pool: loky's, without its trackers."""
    workers = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended while we looked
            if any("popen_loky" in word for word in child.cmdline()):
                workers.append(child)
    return workers


@pytest.mark.parametrize(("kind", "after"), [("local", 30), ("old format", 90), ("passes", 180)])
def test_a_killed_promotion_goes_on_and_writes_the_same_bytes(
    kind: str, after: int, calls: Path, tmp_path: Path
) -> None:
    path, reference = tmp_path / "a.zarr", tmp_path / "b.zarr"
    run(reference, kind)
    all_calls = slow.count(calls)

    def is_in_the_middle() -> bool:
        assert not path.exists()
        return calls.exists() and calls.stat().st_size >= after

    with slow.start(path, kind, calls, 0.01) as process:
        wait_until(is_in_the_middle)
        with pytest.raises(PromotionError, match=f"process {process.pid} on .*still runs"):
            run(path, kind)
        os.killpg(process.pid, signal.SIGKILL)
    computed = slow.count(calls)
    for folder in (tmp_path / "a.zarr.partial").glob("work-*/data"):
        assert_no_image(folder)
    run(path, kind)

    again = slow.count(calls)
    assert files_of(path) == files_of(reference)
    # each of two workers may have been at one block, of which it had called the operation
    assert all_calls <= computed + again <= all_calls + 2
    assert not (tmp_path / "a.zarr.partial").exists()


def test_a_killed_worker_loses_only_its_block(calls: Path, tmp_path: Path) -> None:
    path, reference = tmp_path / "a.zarr", tmp_path / "b.zarr"
    run(reference, "local")
    all_calls = slow.count(calls)

    killed: list[psutil.Process] = []

    def kill_one(done: int, _: int) -> None:
        if done >= 20 and not killed:
            killed.append(pool_workers()[0])
            killed[0].kill()

    with pytest.raises(PromotionError, match=r"a worker died.*memory.*the same call goes on"):
        run(path, "local", executor=None, workers=2, on_progress=kill_one)
    computed = slow.count(calls)
    run(path, "local")

    assert killed
    assert files_of(path) == files_of(reference)
    assert computed + slow.count(calls) <= all_calls + 2
    np.testing.assert_array_equal(
        voxels_of(open_image(path).images[0]), voxels_of(open_image(reference).images[0])
    )

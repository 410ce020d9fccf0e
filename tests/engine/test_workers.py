"""Real worker processes: pools, clusters, and processes that are killed."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import ngff_zarr
import numpy as np
import pytest
import yaozarrs
import zarr
from dask.utils import key_split
from ome_zarr_models import open_ome_zarr

import roiwidgets.operations as ops
from roiwidgets.engine import executors
from roiwidgets.engine.plan import plan
from roiwidgets.engine.promote import promote
from roiwidgets.errors import PromotionError, RoiwidgetsError
from roiwidgets.images.readers import open_image
from tests.engine.phantoms import (
    Inline,
    files_of,
    image_of,
    kills_its_worker,
    recorded,
    voxels_of,
)

if TYPE_CHECKING:
    from distributed import Client

VOXELS = np.random.default_rng(0).integers(0, 200, (40, 50, 60), dtype=np.uint8)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("reference") / "out.zarr"
    promote(image_of(VOXELS), ops.median(1), path, executor=Inline(), chunks=16, progress=False)
    return files_of(path)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as connected,
    ):
        yield connected


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of(pid: int) -> list[int]:
    result = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in result.stdout.split()]


def test_a_local_pool_writes_the_same_bytes(tmp_path: Path, reference: dict[str, bytes]) -> None:
    path = tmp_path / "out.zarr"

    promote(image_of(VOXELS), ops.median(1), path, workers=2, chunks=16, progress=False)

    assert files_of(path) == reference


def test_workers_stay_for_the_next_promotion_unless_they_were_idle_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def worker() -> int:
        with executors.open_workers(None, workers=1, blocks=1) as workers:
            pid: int = workers.executor.submit(os.getpid).result()
        return pid

    first, second = worker(), worker()
    monkeypatch.setattr(executors, "RENEWED_AFTER_S", -1)
    third = worker()

    assert first == second != third


@pytest.mark.filterwarnings("ignore")  # distributed's own, on two busy cores
@pytest.mark.parametrize("is_active", [False, True], ids=["passed", "active"])
def test_a_cluster_writes_the_same_bytes(
    is_active: bool, client: Client, tmp_path: Path, reference: dict[str, bytes]
) -> None:
    path = tmp_path / "out.zarr"
    run = {"chunks": 16, "progress": False}

    if is_active:
        with client.as_current():
            promote(image_of(VOXELS), ops.median(1), path, **run)
    else:
        promote(image_of(VOXELS), ops.median(1), path, executor=client, **run)

    assert files_of(path) == reference


@pytest.mark.filterwarnings("ignore")  # distributed's own, on two busy cores
def test_a_cluster_runs_all_passes(client: Client, tmp_path: Path) -> None:
    operation = ops.median(1) | ops.otsu_threshold() | ops.connected_components("full")

    result = promote(
        image_of(VOXELS), operation, tmp_path / "out.zarr", executor=client, chunks=16,
        progress=False,
    )  # fmt: skip

    np.testing.assert_array_equal(voxels_of(result.images[0]), operation(VOXELS, (2.0, 0.7, 1.3)))


@pytest.mark.filterwarnings("ignore")  # distributed's own, on two busy cores
def test_a_dashboard_shows_each_block_by_its_name(client: Client, tmp_path: Path) -> None:
    from distributed import get_task_stream

    operation = ops.median(1) | ops.otsu_threshold()
    checked = plan(image_of(VOXELS), operation, tmp_path / "out.zarr", chunks=8)
    starts = set(itertools.product(*map(range, (0,) * 3, VOXELS.shape, checked.block_shape)))

    with get_task_stream(client) as ran:
        for name in ("out.zarr", "again.zarr"):
            promote(
                image_of(VOXELS), operation, tmp_path / name, executor=client, chunks=8,
                progress=False,
            )  # fmt: skip

    blocks = [entry["key"][1:] for entry in ran.data]
    groups = Counter(key_split(entry["key"]) for entry in ran.data)
    assert len(starts) == checked.blocks == 3 * 4 * 4
    assert groups == {
        "exact histogram of 256 bins": 2 * len(starts),
        "median | otsu_threshold": 2 * len(starts),
    }
    assert Counter(blocks) == dict.fromkeys(starts, 4)
    assert len({entry["key"] for entry in ran.data}) == len(ran.data)


@pytest.mark.filterwarnings("ignore")  # distributed's own, on two busy cores
def test_a_worker_of_a_cluster_that_is_killed_is_made_up_for(
    client: object, tmp_path: Path, reference: dict[str, bytes]
) -> None:
    killed: list[int] = []

    def kill_one(done: int, _: int) -> None:
        if done >= 1 and not killed:
            killed.append(client.submit(os.getpid, pure=False).result())  # type: ignore[attr-defined] # a Client
            os.kill(killed[0], signal.SIGKILL)

    promote(
        image_of(VOXELS), ops.median(1), tmp_path / "out.zarr", executor=client, chunks=16,  # type: ignore[arg-type] # a Client
        progress=False, on_progress=kill_one,
    )  # fmt: skip

    assert killed
    assert files_of(tmp_path / "out.zarr") == reference


@pytest.mark.filterwarnings("ignore")  # distributed's own, on two busy cores
def test_a_client_that_is_closed_is_one_clear_error_and_the_next_one_goes_on(
    client: object, tmp_path: Path, reference: dict[str, bytes]
) -> None:
    from distributed import Client

    path = tmp_path / "out.zarr"
    address = client.scheduler.address  # type: ignore[attr-defined] # a Client
    with (
        Client(address, set_as_default=False) as closing,
        pytest.raises(PromotionError, match=r"takes no more blocks.*with another executor"),
    ):
        promote(
            image_of(VOXELS), ops.median(1), path, executor=closing, chunks=16, progress=False,
            on_progress=lambda done, _: closing.close() if done >= 5 else None,
        )  # fmt: skip
    assert len(recorded(path)) >= 5

    promote(image_of(VOXELS), ops.median(1), path, executor=client, chunks=16, progress=False)  # type: ignore[arg-type] # a Client

    assert files_of(path) == reference


def test_functions_of_a_notebook_run_in_the_pool(tmp_path: Path) -> None:
    factor = 2
    operation = ops.operation(lambda voxels: voxels // factor, halo=0)

    result = promote(
        image_of(VOXELS), operation, tmp_path / "out.zarr", workers=2, chunks=16, progress=False
    )

    np.testing.assert_array_equal(voxels_of(result.images[0]), VOXELS // 2)


def test_a_worker_that_is_killed_is_one_clear_error_and_the_next_run_works(
    tmp_path: Path,
) -> None:
    operation = ops.operation(kills_its_worker, halo=0)

    with pytest.raises(PromotionError, match=r"worker died.*memory"):
        promote(image_of(VOXELS), operation, tmp_path / "a.zarr", workers=2, progress=False)

    promote(image_of(VOXELS), ops.median(1), tmp_path / "b.zarr", workers=2, progress=False)
    assert not (tmp_path / "a.zarr").exists()


SCRIPT = """
import sys, time
import numpy as np
import roiwidgets as rw
from tests.engine.phantoms import image_of
from tests.engine.test_workers import VOXELS

def slow(voxels, wait_s=0.0):
    time.sleep(wait_s)
    return voxels // 2

# no __main__ guard on purpose: users write scripts like this one
rw.promote(image_of(VOXELS), rw.operation(slow, halo=0, wait_s=float(sys.argv[2])), sys.argv[1],
           workers=2, chunks=8, progress=False)
print("done")
"""


def start_script(path: Path, wait_s: float) -> subprocess.Popen[str]:
    script = path.parent / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.Popen(
        [sys.executable, str(script), str(path), str(wait_s)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_killed_promotion_leaves_no_image_no_orphan_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "out.zarr"
    partial = tmp_path / "out.zarr.partial"
    with start_script(path, 0.05) as process:
        wait_until(lambda: len(recorded(path)) >= 3)
        workers = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
    before = recorded(path)
    (data,) = partial.glob("work-*/data")

    assert [p.name for p in tmp_path.iterdir() if "out" in p.name] == ["out.zarr.partial"]
    for folder in (partial, data.parent, data):
        assert_no_image(folder)
    wait_until(lambda: not any(is_running(pid) for pid in workers))
    with start_script(path, 0.05) as process:
        output, errors = process.communicate(timeout=120)
    assert output == "done\n", errors
    assert len(before) >= 3
    assert not partial.exists()
    np.testing.assert_array_equal(voxels_of(open_image(path).images[0]), VOXELS // 2)


def assert_no_image(folder: Path) -> None:
    with pytest.raises(RoiwidgetsError):
        open_image(folder)
    with pytest.raises(Exception):  # noqa: B017, PT011 # whatever each reader raises
        ngff_zarr.from_ngff_zarr(folder)
    with pytest.raises(Exception):  # noqa: B017, PT011 # whatever each reader raises
        yaozarrs.validate_zarr_store(str(folder))
    with pytest.raises(Exception):  # noqa: B017, PT011 # whatever each reader raises
        open_ome_zarr(zarr.open_group(folder, mode="r"))

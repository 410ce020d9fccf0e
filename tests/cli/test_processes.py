"""Commands as a shell starts them, with worker processes, signals and schedulers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

import roiwidgets as rw
from roiwidgets.cli import _writing, main
from roiwidgets.images.readers import open_image
from tests.cli.slow_operation import halve_slowly
from tests.engine.phantoms import Inline, files_of, recorded, voxels_of
from tests.engine.test_workers import wait_until

VOXELS = np.random.default_rng(0).integers(0, 200, (24, 30, 40), dtype=np.uint8)
ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, VOXELS, metadata={"axes": "ZYX"})
    return path


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start a command in a process group of its own, as a terminal does.

    Whoever runs the tests in the background of a shell has Ctrl+C ignored, and passes that on.
    """
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.Popen(
        [sys.executable, "-m", "roiwidgets", *map(str, arguments)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=_hear_ctrl_c if os.name == "posix" else None,
    )  # fmt: skip


def _hear_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(*arguments: str | Path) -> tuple[int, str, str]:
    with start(*arguments) as process:
        output, errors = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, output, errors


def test_a_pyramid_is_written_by_worker_processes(image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zarr"

    code, output, errors = run("pyramid", image, out, "--chunks", "8", "--workers", "2")

    assert (code, output.startswith("written in ")) == (0, True), errors
    assert errors.splitlines()[-1].startswith("12 of 12 blocks (100 %)")
    np.testing.assert_array_equal(voxels_of(open_image(out).images[0]), VOXELS)


def test_a_recipe_is_promoted_by_worker_processes(image: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text((rw.operations.median(1) | rw.operations.median(2)).to_json())
    out = tmp_path / "out.zarr"

    code, _, errors = run("promote", recipe, image, out, "--chunks", "8", "--workers", "2")

    assert code == 0, errors
    expected = ndimage.median_filter(
        ndimage.median_filter(VOXELS, 3, mode="nearest"), 5, mode="nearest"
    )
    np.testing.assert_array_equal(voxels_of(open_image(out).images[0]), expected)


def test_a_failure_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    code, output, errors = run("pyramid", tmp_path / "missing.tif", tmp_path / "out.zarr")

    assert (code, output) == (1, "")
    assert (
        errors == f"roiwidgets: there is no file or folder {tmp_path}/missing.tif; check the path\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="process groups and their signals")
def test_ctrl_c_keeps_finished_blocks_and_the_same_command_goes_on(
    image: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(rw.operation(halve_slowly, halo=0, wait_s=0.1).to_json())
    out = tmp_path / "out.zarr"
    command = ("promote", recipe, image, out, "--chunks", "4", "--workers", "1")
    with start(*command) as process:
        wait_until(lambda: len(recorded(out)) >= 3)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 130
    assert errors.splitlines()[-1] == (
        f"roiwidgets: stopped; finished blocks are kept in {out}.partial; run the same command "
        "again to go on from there"
    )
    assert "Traceback" not in errors
    assert not out.exists()
    before = len(recorded(out))
    assert before >= 3

    code, _, errors = run(*command)

    assert code == 0, errors
    assert errors.startswith(f"{before} of ")
    np.testing.assert_array_equal(voxels_of(open_image(out).images[0]), VOXELS // 2)


# Schedulers -------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    import distributed

    with distributed.LocalCluster(
        n_workers=0, threads_per_worker=1, processes=True, dashboard_address=None
    ) as started:
        yield started


@pytest.mark.filterwarnings("ignore")  # distributed's own, on busy machines
def test_a_scheduler_without_workers_is_one_line(
    image: Path, tmp_path: Path, cluster: object, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(_writing, "CONNECT_S", 1)
    address = cluster.scheduler_address  # type: ignore[attr-defined] # a LocalCluster

    assert main(["pyramid", str(image), str(tmp_path / "out.zarr"), "--scheduler", address]) == 1

    error = capsys.readouterr().err
    assert error.startswith(f"roiwidgets: the scheduler at {address} has no workers; start some")
    assert error.count("\n") == 1


@pytest.mark.filterwarnings("ignore")  # distributed's own, on busy machines
def test_the_workers_of_a_scheduler_write_the_same_bytes(
    image: Path, tmp_path: Path, cluster: object
) -> None:
    by_hand, out = tmp_path / "by_hand.zarr", tmp_path / "out.zarr"
    median = rw.operations.median(1)
    rw.promote(image, median, by_hand, executor=Inline(), chunks=8, progress=False)
    cluster.scale(1)  # type: ignore[attr-defined] # a LocalCluster
    address = cluster.scheduler_address  # type: ignore[attr-defined] # a LocalCluster
    command = ["promote", str(by_hand), str(image), str(out), "--chunks", "8"]

    assert main([*command, "--scheduler", address]) == 0

    assert files_of(out) == files_of(by_hand)


@pytest.mark.filterwarnings("ignore")  # distributed's own, on busy machines
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "no://where:1"])
def test_a_dead_scheduler_is_one_line_and_exit_code_1(
    address: str, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(_writing, "CONNECT_S", 1)

    assert main(["pyramid", str(image), str(tmp_path / "out.zarr"), "--scheduler", address]) == 1

    error = capsys.readouterr().err
    assert error.startswith(f"roiwidgets: no scheduler answers at {address}; start one with")
    assert error.count("\n") == 1
    assert not (tmp_path / "out.zarr.partial").exists()


def test_without_distributed_it_says_what_to_install(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "distributed", None)

    assert main(["pyramid", str(image), str(tmp_path / "o.zarr"), "--scheduler", "tcp://a:1"]) == 1

    assert capsys.readouterr().err.endswith("pip install 'roiwidgets[cluster]'\n")

"""The newest request wins, its voxels are exact, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.engine.preview import PreviewRequest, PreviewRunner, PreviewState
from roiwidgets.errors import OperationError
from roiwidgets.images.sources import ArraySource, VoxelSource
from roiwidgets.operations import Operation
from roiwidgets.regions.blocks import Slices
from tests.engine.phantoms import Voxels, kills_its_worker
from tests.engine.test_workers import children_of, is_running, wait_until
from tests.operations.oracles import OPERATIONS, oracle, phantom

ROOT = Path(__file__).parents[2]
SPACING = (2.0, 0.7, 1.3)
VOXELS = phantom((60, 70, 80))
TIMEOUT_S = 90


class Recorder:
    """What a runner reported, with the results copied while they are valid."""

    def __init__(self) -> None:
        self.states: list[PreviewState] = []
        self.errors: list[tuple[int, BaseException]] = []
        self.results: dict[int, Voxels] = {}
        self.threads: set[str] = set()

    def on_state(self, state: PreviewState) -> None:
        self.threads.add(threading.current_thread().name)
        self.states.append(state)
        self.results[state.run] = np.array(state.result)

    def on_error(self, run: int, error: BaseException) -> None:
        self.errors.append((run, error))


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[PreviewRunner, list[Recorder]]]:
    """One runner for all tests: its processes take seconds to start."""
    current = [Recorder()]
    runner = PreviewRunner(
        on_state=lambda state: current[0].on_state(state),
        on_error=lambda run, error: current[0].on_error(run, error),
    )
    yield runner, current
    runner.close()


@pytest.fixture
def preview(shared: tuple) -> tuple[PreviewRunner, Recorder]:
    runner, current = shared
    current[0] = Recorder()
    return runner, current[0]


SOURCE = ArraySource(VOXELS, (32, 32, 32))


def box(*sides: tuple[int, int]) -> Slices:
    return tuple(slice(*side) for side in sides)


def request(
    operation: Operation,
    region: Slices,
    *,
    first: tuple[Slices, ...] = (),
    source: VoxelSource = SOURCE,
) -> PreviewRequest:
    return PreviewRequest(source, region, (0, 1, 2), SPACING, operation, first)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(
    "region", [box((0, 20), (3, 40), (50, 80)), box((20, 41), (9, 60), (7, 8))]
)
def test_a_region_equals_that_box_of_the_whole_volume(
    name: str, region: Slices, preview: tuple[PreviewRunner, Recorder]
) -> None:
    runner, recorder = preview

    run = runner.submit(request(OPERATIONS[name], region))

    assert runner.wait(TIMEOUT_S)
    assert recorder.errors == []
    assert recorder.states[-1].complete
    expected = oracle(name, VOXELS, SPACING)[region]
    np.testing.assert_array_equal(recorder.results[run], expected)


def test_what_is_visible_comes_first(preview: tuple[PreviewRunner, Recorder]) -> None:
    runner, recorder = preview
    region = box((0, 60), (0, 70), (0, 80))
    visible = (box((30, 31), (0, 70), (0, 80)), box((0, 60), (11, 12), (0, 80)))

    run = runner.submit(request(ops.median(2), region, first=visible))

    assert runner.wait(TIMEOUT_S)
    ready = recorder.states[-1].ready
    assert ready[0] in visible  # the other may take longer than a block in the other worker
    assert all(box in ready for box in visible)
    np.testing.assert_array_equal(recorder.results[run], oracle("median", VOXELS, SPACING))
    assert recorder.threads == {"roiwidgets-preview"}


def test_only_the_newest_request_is_delivered(preview: tuple[PreviewRunner, Recorder]) -> None:
    runner, recorder = preview
    region = box((0, 60), (0, 70), (0, 80))

    for radius in (3, 3, 3, 1, 2):
        last = runner.submit(request(ops.median(radius), region))

    assert runner.wait(TIMEOUT_S)
    assert recorder.errors == []
    complete = [state.run for state in recorder.states if state.complete]
    assert complete == [last]
    np.testing.assert_array_equal(recorder.results[last], oracle("median", VOXELS, SPACING))


def test_a_stuck_worker_is_replaced(
    preview: tuple[PreviewRunner, Recorder], tmp_path: Path
) -> None:
    runner, recorder = preview
    taken_up = tmp_path / "taken_up"

    def stuck(voxels: Voxels) -> Voxels:
        taken_up.touch()
        time.sleep(3600)
        return voxels

    runner.submit(request(ops.operation(stuck, halo=0), box((0, 60), (0, 70), (0, 80))))
    wait_until(taken_up.exists)
    run = runner.submit(request(ops.median(2), box((0, 9), (0, 9), (0, 9))))

    assert runner.wait(TIMEOUT_S)
    assert [state.run for state in recorder.states if state.complete] == [run]
    assert recorder.errors == []


def test_the_input_is_read_once_for_a_region(preview: tuple[PreviewRunner, Recorder]) -> None:
    runner, _ = preview
    source = ArraySource(VOXELS, (32, 32, 32))
    region = box((10, 30), (10, 30), (10, 30))
    runner.submit(request(ops.median(1), region, source=source))
    assert runner.wait(TIMEOUT_S)
    kept = runner._input

    runner.submit(request(ops.median(2), region, source=source))

    assert runner.wait(TIMEOUT_S)
    assert runner._input is kept is not None


def test_an_operation_that_fails_reports_its_error(
    preview: tuple[PreviewRunner, Recorder],
) -> None:
    runner, recorder = preview

    def explode(voxels: Voxels) -> Voxels:
        raise ValueError("no such luck")

    run = runner.submit(request(ops.operation(explode, halo=0), box((0, 9), (0, 9), (0, 9))))

    assert runner.wait(TIMEOUT_S)
    ((number, error),) = recorder.errors
    assert number == run
    assert "explode() failed with ValueError: no such luck" in str(error)


def test_a_worker_that_dies_is_explained_and_the_next_request_works(
    preview: tuple[PreviewRunner, Recorder],
) -> None:
    runner, recorder = preview
    region = box((0, 9), (0, 9), (0, 9))
    runner.submit(request(ops.operation(kills_its_worker, halo=0), region))
    assert runner.wait(TIMEOUT_S)
    ((_, error),) = recorder.errors
    assert isinstance(error, OperationError)
    assert "died" in str(error)

    run = runner.submit(request(ops.median(2), region))

    assert runner.wait(TIMEOUT_S)
    np.testing.assert_array_equal(recorder.results[run], oracle("median", VOXELS, SPACING)[region])


def test_cancel_delivers_nothing_more(preview: tuple[PreviewRunner, Recorder]) -> None:
    runner, recorder = preview

    runner.submit(request(ops.median(3), box((0, 60), (0, 70), (0, 80))))
    runner.cancel()

    assert runner.wait(TIMEOUT_S)
    assert not any(state.complete for state in recorder.states)


SCRIPT = """
import pathlib, sys, time
from tests.engine.test_workers import wait_until
from tests.engine.test_preview import PreviewRunner, box, request, ops
states = []
runner = PreviewRunner(on_state=states.append, on_error=lambda run, error: print(error))
runner.submit(request(ops.median(2), box((0, 30), (0, 30), (0, 30))))
assert runner.wait(60)
print(runner._folder, flush=True)
if sys.argv[1] == "hang":
    time.sleep(3600)
if sys.argv[1] == "busy":
    taken_up = pathlib.Path(sys.argv[2])
    stuck = ops.operation(lambda v: (taken_up.touch(), time.sleep(3600)), halo=0)
    runner.submit(request(stuck, box((0, 9), (0, 9), (0, 9))))
    wait_until(taken_up.exists)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("how", ["end", "busy", "hang"])
def test_no_process_and_no_file_outlives_its_session(how: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, how, str(tmp_path / "taken_up")],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        children = children_of(process.pid)
        if how == "hang":
            process.kill()  # as a notebook server does when it restarts a kernel
        process.wait(timeout=30)
    assert folder.name.startswith("roiwidgets-preview-")
    wait_until(lambda: not folder.exists() and not any(map(is_running, children)), timeout_s=20)

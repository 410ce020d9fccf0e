"""Undo, redo, reset, and the comparison with the input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.widgets._value_history import MERGE_S, ValueHistory
from tests.widgets.recording import RecordingViewer

VOXELS = np.random.default_rng(5).integers(0, 255, (12, 14, 16)).astype(np.uint8)
pytestmark = pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning")


class Clock:
    """Seconds as the test sets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history(clock: Clock) -> ValueHistory:
    return ValueHistory({"radius": 1, "gain": 0.5}, clock=clock)


@pytest.fixture
def viewer() -> Iterator[RecordingViewer]:
    viewer = RecordingViewer(VOXELS)
    yield viewer
    viewer.close()


def shrink(voxels: np.ndarray, divisor: int = 2, offset: int = 0) -> np.ndarray:
    return (voxels // divisor + offset).astype(voxels.dtype)


@pytest.fixture
def tuner(viewer: RecordingViewer) -> Iterator[rw.Tuner]:
    operation = rw.operation(shrink, halo=0)
    tuner = rw.tune(viewer, operation, divisor=(1, 8), offset=(0, 9))
    yield tuner
    tuner.close()


# The values ---------------------------------------------------------------------


def test_what_was_tuned_is_taken_back_and_made_again(history: ValueHistory, clock: Clock) -> None:
    for radius in (2, 3):
        clock.now += 2 * MERGE_S
        history.note({"radius": radius, "gain": 0.5})

    assert history.undo() == {"radius": 2, "gain": 0.5}
    assert history.undo() == {"radius": 1, "gain": 0.5}
    assert history.undo() is None
    assert history.redo() == {"radius": 2, "gain": 0.5}
    assert history.redo() == {"radius": 3, "gain": 0.5}
    assert history.redo() is None


def test_a_drag_is_one_step(history: ValueHistory, clock: Clock) -> None:
    for radius in range(2, 30):
        clock.now += 0.5 * MERGE_S
        history.note({"radius": radius, "gain": 0.5})

    assert history.undo() == {"radius": 1, "gain": 0.5}
    assert not history.can_undo


def test_two_controls_are_two_steps_however_fast(history: ValueHistory) -> None:
    history.note({"radius": 2, "gain": 0.5})
    history.note({"radius": 2, "gain": 0.7})

    assert history.undo() == {"radius": 2, "gain": 0.5}


def test_a_new_value_after_undo_drops_what_was_taken_back(
    history: ValueHistory, clock: Clock
) -> None:
    history.note({"radius": 2, "gain": 0.5})
    clock.now += 2 * MERGE_S
    history.note({"radius": 3, "gain": 0.5})
    history.undo()

    history.note({"radius": 9, "gain": 0.5})

    assert not history.can_redo
    assert history.undo() == {"radius": 2, "gain": 0.5}


def test_the_same_values_are_no_step(history: ValueHistory) -> None:
    history.note({"radius": 1, "gain": 0.5})

    assert not history.can_undo


# The buttons --------------------------------------------------------------------


def test_buttons_set_controls_preview_and_operation(
    viewer: RecordingViewer, tuner: rw.Tuner
) -> None:
    tuner.controls["divisor"].value = 4
    tuner.controls["offset"].value = 3

    tuner.bar.undo_button.click()
    tuner.wait()
    assert tuner.operation.values == {"divisor": 4, "offset": 0}
    np.testing.assert_array_equal(viewer.shown_preview(), VOXELS // 4)

    tuner.bar.undo_button.click()
    assert tuner.controls["divisor"].value == 2
    tuner.bar.redo_button.click()
    tuner.bar.redo_button.click()
    tuner.wait()
    assert tuner.controls["offset"].value == 3
    np.testing.assert_array_equal(viewer.shown_preview(), VOXELS // 4 + 3)


def test_reset_goes_back_to_the_start_and_can_be_undone(tuner: rw.Tuner) -> None:
    tuner.controls["divisor"].value = 4
    tuner.controls["offset"].value = 3

    tuner.bar.reset_button.click()
    assert tuner.operation.values == {"divisor": 2, "offset": 0}
    assert tuner.bar.reset_button.disabled

    tuner.undo()
    assert tuner.operation.values == {"divisor": 4, "offset": 3}


def test_buttons_that_would_do_nothing_are_disabled(tuner: rw.Tuner) -> None:
    bar = tuner.bar
    buttons = (bar.undo_button, bar.redo_button, bar.reset_button)
    assert all(button.disabled for button in buttons)

    tuner.controls["divisor"].value = 4
    assert [button.disabled for button in buttons] == [False, True, False]

    tuner.undo()
    assert [button.disabled for button in buttons] == [True, False, True]
    tuner.redo()
    tuner.redo()
    assert tuner.operation.values["divisor"] == 4


def test_undo_computes_once(tuner: rw.Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
    tuner.controls["divisor"].value = 4
    tuner.controls["offset"].value = 3
    started: list[object] = []
    monkeypatch.setattr(tuner._preview, "start", started.append)

    tuner.reset()

    assert [operation.values for operation in started] == [{"divisor": 2, "offset": 0}]  # type: ignore[attr-defined] # operations


# The input ----------------------------------------------------------------------


def test_the_input_is_shown_and_the_preview_again(viewer: RecordingViewer, tuner: rw.Tuner) -> None:
    tuner.wait()
    assert viewer.preview is not None

    tuner.input_shown = True
    assert viewer.preview is None
    assert tuner.bar.input_button.value

    tuner.input_shown = False
    np.testing.assert_array_equal(viewer.shown_preview(), VOXELS // 2)


def test_a_preview_that_ends_meanwhile_does_not_cover_the_input(
    viewer: RecordingViewer, tuner: rw.Tuner
) -> None:
    tuner.wait()
    tuner.input_shown = True

    tuner.refresh()
    tuner.wait()

    assert viewer.preview is None
    tuner.input_shown = False
    np.testing.assert_array_equal(viewer.shown_preview(), VOXELS // 2)


def test_moving_a_control_shows_its_result(viewer: RecordingViewer, tuner: rw.Tuner) -> None:
    tuner.wait()
    tuner.input_shown = True

    tuner.controls["divisor"].value = 4
    tuner.wait()

    assert not tuner.input_shown
    np.testing.assert_array_equal(viewer.shown_preview(), VOXELS // 4)

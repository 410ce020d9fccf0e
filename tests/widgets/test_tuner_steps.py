"""Steps of a pipeline are switched off and reordered; settings take the forms of interact."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import ipywidgets
import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.errors import ParameterError
from roiwidgets.operations import load_operation
from roiwidgets.widgets._step_panel import StepHeader
from tests.engine.phantoms import InlinePreviewWorkers
from tests.widgets.recording import RecordingViewer

VOXELS = np.random.default_rng(5).integers(0, 255, (6, 14, 16)).astype(np.uint8)
pytestmark = pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning")


@pytest.fixture(scope="module")
def viewer() -> Iterator[RecordingViewer]:
    """A viewer whose previews run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("roiwidgets.engine.preview.PreviewWorkers", InlinePreviewWorkers)
        viewer = RecordingViewer(VOXELS)
        yield viewer
        viewer.close()


def clamp_then_threshold() -> rw.operations.Pipeline:
    return rw.operations.clamp(0, 100) | rw.operations.binary_threshold(lower=50, upper=120)


@pytest.fixture
def tuner(viewer: RecordingViewer) -> Iterator[rw.Tuner]:
    tuner = rw.tune(viewer, clamp_then_threshold())
    yield tuner
    tuner.close()


def headers(tuner: rw.Tuner) -> list[StepHeader]:
    return [child for child in tuner.step_panel.children if isinstance(child, StepHeader)]


def shown(viewer: RecordingViewer, tuner: rw.Tuner) -> np.ndarray:
    tuner.wait()
    return viewer.shown_preview()


def test_a_step_that_is_off_does_not_run_anywhere(viewer: RecordingViewer, tuner: rw.Tuner) -> None:
    expected = rw.operations.binary_threshold(lower=50, upper=120)

    headers(tuner)[0].switch.value = False

    assert repr(tuner.operation) == repr(expected)
    assert repr(load_operation(tuner.to_json())) == repr(expected)
    np.testing.assert_array_equal(shown(viewer, tuner), expected(VOXELS))
    assert tuner.disabled_steps == ("clamp",)
    assert headers(tuner)[0].switch.description == "1. clamp (off)"
    assert tuner.controls["clamp.upper"].disabled
    assert not tuner.controls["binary_threshold.lower"].disabled
    headers(tuner)[0].switch.value = True
    assert repr(tuner.operation) == repr(clamp_then_threshold())
    assert not tuner.controls["clamp.upper"].disabled


def test_without_any_step_the_image_is_shown(viewer: RecordingViewer, tuner: rw.Tuner) -> None:
    tuner.disabled_steps = ["clamp", "binary_threshold"]

    assert repr(tuner.operation) == "identity()"
    np.testing.assert_array_equal(shown(viewer, tuner), VOXELS)


def test_steps_change_places(viewer: RecordingViewer, tuner: rw.Tuner) -> None:
    threshold, clamp = tuner.operation.steps[::-1]
    expected = (threshold | clamp)(VOXELS)
    first, second = headers(tuner)
    assert (first.up.disabled, first.down.disabled) == (True, False)

    first.down.click()

    assert tuner.steps == ("binary_threshold", "clamp")
    assert headers(tuner) == [second, first]
    assert (first.up.disabled, first.down.disabled) == (False, True)
    np.testing.assert_array_equal(shown(viewer, tuner), expected)
    assert [step.name for step in load_operation(tuner.to_json()).steps] == list(tuner.steps)
    tuner.controls["clamp.upper"].value = 70
    assert tuner.operation.steps[1].values["upper"] == 70


def test_controls_are_named_below_the_step_they_belong_to(tuner: rw.Tuner) -> None:
    children = list(tuner.step_panel.children)

    at = children.index(headers(tuner)[1])
    assert children[at + 1] is tuner.controls["binary_threshold.lower"]
    assert children[at + 1].description == "lower"


def test_buttons_of_steps_have_names(tuner: rw.Tuner) -> None:
    for header in headers(tuner):
        title = header.switch.description.split(". ")[1]
        assert header.up.tooltip == f"Move {title} up: it runs earlier"
        assert header.down.tooltip == f"Move {title} down: it runs later"
        assert header.up.description == ""  # else it would be the name


def test_undo_takes_back_order_and_switches_one_by_one(tuner: rw.Tuner) -> None:
    tuner.controls["clamp.upper"].value = 70
    headers(tuner)[0].switch.value = False
    headers(tuner)[0].down.click()

    tuner.undo()
    assert (tuner.steps, tuner.disabled_steps) == (("clamp", "binary_threshold"), ("clamp",))
    tuner.undo()
    assert tuner.disabled_steps == ()
    assert headers(tuner)[0].switch.value
    assert tuner.operation.values["clamp.upper"] == 70
    tuner.undo()
    assert tuner.operation.values["clamp.upper"] == 100
    for _ in range(3):
        tuner.redo()
    assert (tuner.steps, tuner.disabled_steps) == (("binary_threshold", "clamp"), ("clamp",))
    tuner.reset()
    assert repr(tuner.operation) == repr(clamp_then_threshold())


def test_steps_of_one_name_keep_their_values_in_another_order(viewer: RecordingViewer) -> None:
    tuner = rw.tune(viewer, rw.operations.clamp(0, 9) | rw.operations.clamp(1, 5))

    tuner.steps = ("clamp_2", "clamp")
    tuner.controls["clamp_2.upper"].value = 6

    assert [dict(step.values) for step in tuner.operation.steps] == [
        {"lower": 1, "upper": 6}, {"lower": 0, "upper": 9},
    ]  # fmt: skip
    tuner.close()


@pytest.mark.parametrize("names", [["clamp"], ["clamp", "clamp"], ["clamp", "median"], "clamp"])
def test_an_order_names_each_step_once(names: list[str], tuner: rw.Tuner) -> None:
    with pytest.raises(ParameterError, match="clamp"):
        tuner.steps = names  # type: ignore[assignment] # any sequence


def test_a_single_operation_has_no_steps_to_arrange(viewer: RecordingViewer) -> None:
    tuner = rw.tune(viewer, rw.operations.clamp(0, 9))

    assert (tuner.steps, headers(tuner)) == ((), [])
    with pytest.raises(ParameterError, match="tune a pipeline"):
        tuner.disabled_steps = ["clamp"]
    tuner.close()


def test_what_is_written_is_the_arranged_pipeline(tuner: rw.Tuner, tmp_path: Path) -> None:
    steps = dict(zip(tuner.steps, tuner.operation.steps, strict=True))
    tuner.steps = ("binary_threshold", "clamp")

    tuner._promote_in_background(
        str(tmp_path / "out.zarr"), overwrite=False, cancel=threading.Event(),
        on_progress=lambda done, total: None,
    )  # fmt: skip

    written = rw.open_image(tmp_path / "out.zarr").images[0].data.compute()
    expected = (steps["binary_threshold"] | steps["clamp"])(VOXELS)
    np.testing.assert_array_equal(written, expected)


# Settings -----------------------------------------------------------------------


def test_a_dictionary_names_choices(viewer: RecordingViewer) -> None:
    tuner = rw.tune(viewer, rw.operations.median(3), radius={"fine": 1, "coarse": 4})

    menu = tuner.controls["radius"]
    assert isinstance(menu, ipywidgets.Dropdown)
    assert (menu.label, tuner.operation.values["radius"]) == ("fine", 1)
    menu.label = "coarse"
    assert tuner.operation.values["radius"] == 4
    tuner.close()


def test_a_widget_of_the_user_sets_a_parameter(viewer: RecordingViewer) -> None:
    box = ipywidgets.BoundedIntText(value=2, min=1, max=5)
    tuner = rw.tune(viewer, rw.operations.median(1), radius=box)

    assert tuner.controls["radius"] is box
    assert box.description == "radius (voxels)"
    assert tuner.operation.values["radius"] == 2
    box.value = 3
    assert tuner.operation.values["radius"] == 3
    tuner.close()


def test_a_fixed_value_has_no_control(viewer: RecordingViewer) -> None:
    tuner = rw.tune(viewer, rw.operations.median(1), radius=ipywidgets.fixed(2))

    assert tuner.controls == {}
    assert tuner.operation.values["radius"] == 2
    tuner.close()


@pytest.mark.parametrize(
    "setting", [{}, {"none": -1}, ipywidgets.Text("three"), ipywidgets.fixed(1.5)]
)
def test_a_setting_that_does_not_fit_is_refused(viewer: RecordingViewer, setting: object) -> None:
    with pytest.raises(ParameterError, match="radius"):
        rw.tune(viewer, rw.operations.median(1), radius=setting)  # type: ignore[arg-type] # any


def test_lengths_in_the_world_take_their_range_from_the_spacing(viewer: RecordingViewer) -> None:
    tuner = rw.tune(viewer, rw.operations.discrete_gaussian(sigma=1.5))
    wide = rw.tune(viewer, rw.operations.discrete_gaussian(sigma=30))

    for each, longest in ((tuner, 10), (wide, 60)):
        slider = each.controls["sigma"]
        assert isinstance(slider, ipywidgets.FloatSlider)
        assert (slider.min, slider.max, slider.step) == (0.2, longest, 0.1)
        each.close()
    given = rw.tune(viewer, rw.operations.discrete_gaussian(sigma=1.5), sigma=(1, 20))
    assert (given.controls["sigma"].min, given.controls["sigma"].max) == (1, 20)
    given.close()


# Input and result side by side ------------------------------------------------------


def test_the_split_button_and_the_viewer_agree(viewer: RecordingViewer, tuner: rw.Tuner) -> None:
    button = tuner.bar.split_button
    assert button in tuner.bar.children

    button.value = True
    assert viewer.preview_split == 0.5
    viewer.preview_split = 0.2
    assert button.value
    viewer.preview_split = None
    assert not button.value
    tuner.close()
    viewer.preview_split = 0.7
    assert not button.value
    viewer.preview_split = None

"""Sliders, the preview they drive, and the promotion of what was tuned."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import itk
import numpy as np
import psutil
import pytest
from ipywidgets import Checkbox, Dropdown, FloatSlider, IntSlider, IntText
from numpy.typing import NDArray

import roiwidgets as rw
from roiwidgets.errors import OperationError, ParameterError
from roiwidgets.images.readers import open_image
from tests.widgets.recording import RecordingViewer

SHAPE = (20, 24, 28)
SPACING = {"z": 2.0, "y": 1.0, "x": 0.5}
BOX = (slice(4, 15), slice(3, 20), slice(6, 21))


def voxels() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, SHAPE).astype(np.uint8)


def fails_when_bright(array: NDArray[Any], limit: int = 300) -> NDArray[Any]:
    if array.max() > limit:
        raise ValueError("<b>too bright</b>")
    return array.copy()


def median(radius: int) -> NDArray[Any]:
    """ITK's median of the whole array."""
    return itk.array_from_image(
        itk.median_image_filter(itk.image_from_array(voxels()), radius=radius)
    )


@pytest.fixture(scope="module")
def viewer() -> Iterator[RecordingViewer]:
    viewer = RecordingViewer(open_image(voxels(), axes="zyx", spacing=SPACING))
    viewer.roi = tuple(
        {a: (getattr(s, side) - 0.5) * SPACING[a] for a, s in zip("zyx", BOX, strict=True)}
        for side in ("start", "stop")
    )
    assert viewer.get_roi_slice(0) == BOX
    yield viewer
    viewer.close()


@pytest.fixture(scope="module")
def tuner(viewer: RecordingViewer) -> Iterator[rw.Tuner]:
    tuner = rw.tune(viewer, rw.operations.median(radius=1), radius=(1, 6))
    yield tuner
    tuner.close()


def plain(html: str) -> str:
    return re.sub("<[^>]+>", "", html)


# Controls ---------------------------------------------------------------------


def test_pythons_full_collection_comes_before_the_first_slider_moves(
    viewer: RecordingViewer,
) -> None:
    before = gc.get_stats()[-1]["collections"]

    tuner = rw.tune(viewer, rw.operations.binary_threshold(lower=90))

    # the next one is due when a quarter more objects have grown old
    assert gc.get_stats()[-1]["collections"] > before
    tuner.close()


def test_controls_have_the_ranges_of_parameters_and_data(viewer: RecordingViewer) -> None:
    tuner = rw.tune(viewer, rw.operations.binary_threshold(lower=90))

    low, high = viewer.color_range_bounds
    lower = tuner.controls["lower"]
    assert isinstance(lower, FloatSlider)
    assert (lower.min, lower.max, lower.step, lower.value) == (low, high, 1.0, 90)
    assert isinstance(tuner.controls["inside_value"], IntSlider)
    assert "upper" not in tuner.controls  # infinite: nothing to show on a slider
    tuner.close()


def test_a_value_that_is_set_to_infinity_has_no_control(viewer: RecordingViewer) -> None:
    tuner = rw.tune(viewer, rw.operations.binary_threshold(lower=90, upper=200), upper=np.inf)

    assert tuner.operation.values["upper"] == np.inf
    assert "upper" not in tuner.controls
    tuner.close()


def test_settings_take_the_forms_of_interact(viewer: RecordingViewer) -> None:
    operation = rw.operation(_many, halo=0)

    tuner = rw.tune(viewer, operation, gain=(0.0, 3.0, 0.25), steps=[1, 2, 4])

    gain = tuner.controls["gain"]
    assert isinstance(gain, FloatSlider)
    assert (gain.min, gain.max, gain.step, gain.value) == (0.0, 3.0, 0.25, 1.5)
    assert isinstance(tuner.controls["steps"], Dropdown)
    assert tuner.controls["steps"].value == 2
    assert isinstance(tuner.controls["invert"], Checkbox)
    tuner.close()

    tuner = rw.tune(viewer, operation, gain=2.5)
    assert tuner.operation.values["gain"] == 2.5
    assert isinstance(tuner.controls["steps"], IntText)
    tuner.close()


def test_words_become_a_menu(viewer: RecordingViewer) -> None:
    operation = rw.operation(_rounded, halo=0)

    tuner = rw.tune(viewer, operation, method=["up", "down"])
    tuner.controls["method"].value = "up"
    tuner.wait()

    assert isinstance(tuner.controls["method"], Dropdown)
    assert tuner.operation.values["method"] == "up"
    np.testing.assert_array_equal(viewer.shown_preview(), voxels()[BOX] + 1)
    tuner.close()

    tuner = rw.tune(viewer, operation)
    assert list(tuner.controls) == []
    tuner.close()


def _rounded(array: NDArray[Any], method: str = "down") -> NDArray[Any]:
    return array + (method == "up")


def _many(
    array: NDArray[Any], gain: float = 1.5, steps: int = 2, invert: bool = False
) -> NDArray[Any]:
    return array


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ((5, 2), "is no range"),
        ((1, 2, 3, 4), "is no range"),
        (("a", "b"), "is no range"),
        ((-1, 5), "radius=-1 must be"),
        ([], "offers no choice"),
        ("wide", "must be an integer"),
        (2.5, "must be an integer"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(
    viewer: RecordingViewer, setting: Any, message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        rw.tune(viewer, rw.operations.median(), radius=setting)


def test_what_is_no_viewer_operation_or_parameter_is_refused(viewer: RecordingViewer) -> None:
    with pytest.raises(TypeError, match="expects a Viewer first, got ndarray"):
        rw.tune(voxels(), rw.operations.median())  # type: ignore[arg-type] # the point
    with pytest.raises(TypeError, match=r"wrap a function with rw\.operation"):
        rw.tune(viewer, np.median)  # type: ignore[arg-type] # the point
    with pytest.raises(TypeError, match="'radios'; did you mean 'radius'"):
        rw.tune(viewer, rw.operations.median(), radios=(1, 2))


# Preview ----------------------------------------------------------------------


def test_the_preview_is_the_filter_on_the_region_as_the_whole_volume_has_it(
    viewer: RecordingViewer, tuner: rw.Tuner
) -> None:
    tuner.controls["radius"].value = 2
    tuner.wait()

    np.testing.assert_array_equal(viewer.shown_preview(), median(2)[BOX])
    assert viewer.preview["level"]["spacing"] == [2.0, 1.0, 0.5]
    assert viewer.preview["level"]["origin"] == [
        s.start * SPACING[a] for a, s in zip("zyx", BOX, strict=True)
    ]
    assert re.fullmatch(r"scale 0, 11 x 17 x 15 voxels, \d+\.\d+ s", plain(tuner.status.value))


def test_ten_fast_moves_end_with_the_last_value(viewer: RecordingViewer, tuner: rw.Tuner) -> None:
    for radius in (1, 2, 3, 4, 5, 6, 5, 4, 2, 3):
        tuner.controls["radius"].value = radius

    tuner.wait()

    assert tuner.operation.values["radius"] == 3
    np.testing.assert_array_equal(viewer.shown_preview(), median(3)[BOX])


def test_another_region_is_computed_anew(viewer: RecordingViewer, tuner: rw.Tuner) -> None:
    tuner.controls["radius"].value = 1
    kept = viewer.roi
    viewer.roi = ({"x": 2.75}, {"x": 6.25})

    tuner.wait()

    box = (slice(0, 20), slice(0, 24), slice(6, 13))
    assert viewer.get_roi_slice(0) == box
    np.testing.assert_array_equal(viewer.shown_preview(), median(1)[box])
    viewer.roi = kept


def test_a_refused_value_is_told_and_the_next_one_recovers(
    viewer: RecordingViewer,
) -> None:
    operation = rw.operation(fails_when_bright, halo=0, limit=300)
    tuner = rw.tune(viewer, operation, limit=(0, 300))
    tuner.wait()
    np.testing.assert_array_equal(viewer.shown_preview(), voxels()[BOX])

    tuner.controls["limit"].value = 3
    tuner.wait()

    assert 'role="alert"' in tuner.error.value
    assert "ValueError: &lt;b&gt;too bright&lt;/b&gt;" in tuner.error.value
    tuner.controls["limit"].value = 299
    tuner.wait()
    assert tuner.error.value == ""
    np.testing.assert_array_equal(viewer.shown_preview(), voxels()[BOX])
    tuner.close()
    assert viewer.preview is None


def test_the_time_that_is_shown_is_the_one_that_is_filtered() -> None:
    frames = np.random.default_rng(4).integers(0, 256, (4, 2, 20, 24)).astype(np.uint8)
    viewer = RecordingViewer(open_image(frames, axes="tcyx"))
    viewer.time_index, viewer.channel_index = 3, 1
    tuner = rw.tune(viewer, rw.operations.median(radius=1))
    tuner.wait()
    np.testing.assert_array_equal(viewer.shown_preview()[0], plane_median(frames[3, 1]))

    viewer.time_index = 2
    tuner.wait()
    np.testing.assert_array_equal(viewer.shown_preview()[0], plane_median(frames[2, 1]))

    viewer.set_image(open_image(frames[:2], axes="tcyx"))
    tuner.wait()
    assert tuner.error.value == ""
    np.testing.assert_array_equal(viewer.shown_preview()[0], plane_median(frames[1, 1]))
    tuner.close()
    viewer.close()


def test_a_result_that_32_bits_cannot_hold_travels_in_64() -> None:
    wide = 2**40 + np.arange(3 * 4 * 5, dtype=np.int64).reshape(3, 4, 5)
    viewer = RecordingViewer(wide)
    tuner = rw.tune(viewer, rw.operation(lambda voxels: voxels + 1, halo=0))

    tuner.wait()

    np.testing.assert_array_equal(viewer.shown_preview(), wide + 1)
    tuner.close()
    viewer.close()


def plane_median(plane: NDArray[Any]) -> NDArray[Any]:
    """Median of 3 x 3 pixels, the border repeated."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(plane, 1, mode="edge"), (3, 3))
    return np.median(windows, axis=(2, 3)).astype(plane.dtype)


def test_an_image_of_colours_says_what_to_do() -> None:
    viewer = rw.view(open_image(np.zeros((8, 8, 3), np.uint8), axes="yxc"))

    tuner = rw.tune(viewer, rw.operations.median())

    assert "the image has colours; choose one channel" in plain(tuner.error.value)
    tuner.close()


def test_a_closed_tuner_leaves_no_process(viewer: RecordingViewer) -> None:
    before = {child.pid for child in psutil.Process(os.getpid()).children(recursive=True)}
    tuner = rw.tune(viewer, rw.operations.mean())
    tuner.wait()
    started = set(psutil.Process(os.getpid()).children(recursive=True)) - {
        psutil.Process(pid) for pid in before if psutil.pid_exists(pid)
    }

    tuner.close()
    tuner.close()

    gone, alive = psutil.wait_procs([c for c in started if "resource_tracker" not in _line(c)], 20)
    assert gone
    assert not alive


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


# Promotion --------------------------------------------------------------------


def test_what_was_tuned_is_what_is_written(
    viewer: RecordingViewer, tuner: rw.Tuner, tmp_path: Path
) -> None:
    tuner.controls["radius"].value = 2
    tuner.wait()
    shown = viewer.shown_preview()

    result = tuner.promote(str(tmp_path / "median.ome.zarr"), progress=False)

    written = np.asarray(result.images[0].data)
    np.testing.assert_array_equal(written, median(2))
    np.testing.assert_array_equal(written[BOX], shown)


def test_lengths_tuned_on_a_coarse_scale_are_converted(tmp_path: Path) -> None:
    smooth = np.random.default_rng(0).integers(0, 255, (96, 96, 96)).astype(np.uint8)
    viewer = RecordingViewer(smooth, memory_budget=2**20)
    viewer.loaded_scale = 1
    tuner = rw.tune(viewer, rw.operations.median(radius=1))
    tuner.wait()

    result = tuner.promote(str(tmp_path / "m.ome.zarr"), progress=False)

    expected = itk.median_image_filter(itk.image_from_array(smooth), radius=2)
    np.testing.assert_array_equal(np.asarray(result.images[0].data), itk.array_from_image(expected))
    tuner.close()
    viewer.close()


def test_the_button_writes_and_shows_the_result_and_goes_back(
    viewer: RecordingViewer, tuner: rw.Tuner, tmp_path: Path
) -> None:
    tuner.controls["radius"].value = 1
    path = tmp_path / "by_button.ome.zarr"
    tuner.promotion.path.value = str(path)

    tuner.promotion.button.click()
    tuner.promotion.join(60)

    assert plain(tuner.promotion.message.value).startswith("Written in ")
    source = viewer.image
    tuner.promotion.show_button.click()
    np.testing.assert_array_equal(np.asarray(viewer.image.images[0].data), median(1))
    assert viewer.preview is None
    assert tuner.promotion.show_button.description == "Back to source"

    tuner.promotion.show_button.click()
    tuner.wait()
    assert viewer.image is source
    assert viewer.get_roi_slice(0) == BOX
    np.testing.assert_array_equal(viewer.shown_preview(), median(1)[BOX])

    tuner.promotion.button.click()
    tuner.promotion.join(60)
    assert "OutputExistsError" in tuner.promotion.message.value
    assert "alert" in tuner.promotion.message.value


def test_an_operation_that_fails_leaves_no_output(viewer: RecordingViewer, tmp_path: Path) -> None:
    operation = rw.operation(fails_when_bright, halo=0, limit=3)
    tuner = rw.tune(viewer, operation)

    with pytest.raises((OperationError, rw.errors.PromotionError), match="too bright"):
        tuner.promote(str(tmp_path / "no.ome.zarr"), progress=False)

    assert not (tmp_path / "no.ome.zarr").exists()
    tuner.close()


def test_a_saved_notebook_shows_the_values(tuner: rw.Tuner) -> None:
    page = tuner._repr_mimebundle_()["text/html"]

    assert "<caption>median</caption>" in page
    assert "<th>radius</th>" in page

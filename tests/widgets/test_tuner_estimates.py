"""A preview of an operation on the whole image is an estimate, and says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.operations.catalog import CATALOG, whole_image
from tests.engine.phantoms import InlinePreviewWorkers
from tests.widgets.recording import RecordingViewer

VOXELS = np.random.default_rng(5).integers(0, 255, (9, 20, 24)).astype(np.uint8)
BOX = (slice(2, 6), slice(3, 15), slice(5, 20))
ESTIMATE = "an estimate: the step that looks at the whole image saw this region only"
pytestmark = pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning")


@pytest.fixture(scope="module")
def viewer() -> Iterator[RecordingViewer]:
    """A viewer whose previews run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("roiwidgets.engine.preview.PreviewWorkers", InlinePreviewWorkers)
        viewer = RecordingViewer(VOXELS)
        viewer.roi = tuple(
            {axis: getattr(side, end) - 0.5 for axis, side in zip("zyx", BOX, strict=True)}
            for end in ("start", "stop")
        )
        assert viewer.get_roi_slice(0) == BOX
        yield viewer
        viewer.close()


def told(tuner: rw.Tuner) -> tuple[str, str]:
    """Return what is said of the preview, and of the cost of promoting."""
    texts = (tuner.status.value, tuner.promotion.cost.value)
    status, cost = (re.sub("<[^>]+>", "", text) for text in texts)
    return status, cost


@pytest.mark.parametrize("name", [*whole_image.__all__, "identity", "median", "gradient_magnitude"])
def test_estimates_are_named_as_such_and_nothing_else_is(
    name: str, viewer: RecordingViewer
) -> None:
    operation = CATALOG[name]()
    tuner = rw.tune(viewer, operation)

    tuner.wait()

    status, cost = told(tuner)
    assert status.endswith(f"; {ESTIMATE}") == (name in whole_image.__all__)
    assert tuner.error.value == ""
    assert "cannot be promoted" not in cost
    assert cost.startswith("at least" if name in whole_image.__all__ else "about")
    if name in whole_image.__all__:
        np.testing.assert_array_equal(viewer.shown_preview(), operation(VOXELS[BOX]))
    tuner.close()


def test_a_pipeline_with_a_global_step_is_an_estimate(viewer: RecordingViewer) -> None:
    operation = rw.operations.median(1) | rw.operations.otsu_threshold()
    tuner = rw.tune(viewer, operation)

    tuner.wait()

    assert told(tuner)[0].endswith(ESTIMATE)
    np.testing.assert_array_equal(viewer.shown_preview(), operation(VOXELS[BOX]))
    tuner.close()

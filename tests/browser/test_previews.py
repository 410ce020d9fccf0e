"""Results of an operation that is being tuned are drawn over their source."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.browser.page.checks import ROI, TOLERANCE, assert_shows, slice_points
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import LayerData, layer, noise


def preview_of(image: LayerData, id: str, value: int, ready: list[Any] | None = None) -> Any:
    """Return a result of one value over ROI: its layer and its trait."""
    result = layer(np.full((8, 8, 8), value, dtype=np.uint8), id=id, origin=(2.0, 6.0, 4.0))
    whole = [{"start": [0, 0, 0], "shape": [8, 8, 8]}]
    trait = {
        "id": id,
        "source": image.id,
        "kind": "image",
        "dtype": "uint8",
        "level": result.level(0),
        "scale": 0,
        "value_range": [0, 255],
        "ready": whole if ready is None else ready,
        "complete": ready is None,
        "elapsed_s": 0.1,
    }
    return result, trait


@pytest.fixture
def tuned(viewer: ViewerPage) -> tuple[ViewerPage, LayerData]:
    """A viewer with a region, and the image it shows."""
    image = layer(noise((16, 16, 16), "uint8", 0, 100))
    viewer.open(image, roi=ROI, slices=image.centre((5, 8, 8)), color_range=[0, 255])
    return viewer, image


def region_and_rest(viewer: ViewerPage, image: LayerData) -> tuple[Any, Any]:
    """Return the reds of the xy slice inside the region, and whether the rest is the source."""
    points, values = slice_points(image, "z", 5)
    reds = viewer.colors("z", points)[:, 0].reshape(16, 16)
    source = np.abs(reds - values.reshape(16, 16).astype(int)) <= TOLERANCE
    inside = np.zeros((16, 16), dtype=bool)
    inside[6:14, 4:12] = True
    return reds[6:14, 4:12], bool(source[~inside].all())


def test_a_result_replaces_the_source_in_the_region_only(
    tuned: tuple[ViewerPage, LayerData],
) -> None:
    viewer, image = tuned
    result, trait = preview_of(image, "preview-1", 200)
    viewer.serve_also(result)

    viewer.set(preview=trait)

    inside, rest_is_source = region_and_rest(viewer, image)
    assert (np.abs(inside - 200) <= TOLERANCE).all()
    assert rest_is_source
    viewer.page.get_by_label("Preview").uncheck()
    viewer.wait_drawn()
    assert_shows(viewer, image, "z", 5, (0, 255))
    viewer.page.get_by_label("Preview").check()
    viewer.set(preview=None)
    assert_shows(viewer, image, "z", 5, (0, 255))


def test_a_newer_result_replaces_the_older_one_piece_by_piece(
    tuned: tuple[ViewerPage, LayerData],
) -> None:
    viewer, image = tuned
    first, old = preview_of(image, "preview-1", 200)
    half = [{"start": [0, 0, 0], "shape": [8, 4, 8]}]
    second, new = preview_of(image, "preview-2", 250, ready=half)
    viewer.serve_also(first, second)
    viewer.set(preview=old)

    viewer.page.evaluate("harness.model.kernel.isBusy = true")
    viewer.set_now(preview=new)
    before, _ = region_and_rest(viewer, image)
    viewer.page.evaluate("harness.model.kernel.wake()")
    viewer.wait_drawn()
    after, rest_is_source = region_and_rest(viewer, image)

    assert (np.abs(before - 200) <= TOLERANCE).all()
    assert (np.abs(after[:4] - 250) <= TOLERANCE).all()
    assert (np.abs(after[4:] - 200) <= TOLERANCE).all()
    assert rest_is_source


def test_the_source_shows_where_no_result_is_ready(tuned: tuple[ViewerPage, LayerData]) -> None:
    viewer, image = tuned
    slice_only = [{"start": [3, 0, 0], "shape": [1, 8, 8]}]
    result, trait = preview_of(image, "preview-1", 200, ready=slice_only)
    viewer.serve_also(result)

    viewer.set_now(preview=trait)
    viewer.wait_for(
        "harness.model.kernel.received.some(m => m.requests?.[0].image === 'preview-1')"
    )
    viewer.wait_for("harness.root().roiwidgetsTest.stats().pending === 0")
    viewer.wait_drawn()

    inside, _ = region_and_rest(viewer, image)
    assert (np.abs(inside - 200) <= TOLERANCE).all()
    points, values = slice_points(image, "x", 8)
    reds = viewer.colors("x", points)[:, 0].reshape(16, 16)
    row = np.zeros((16, 16), dtype=bool)
    row[5, 6:14] = True
    assert (np.abs(reds[row] - 200) <= TOLERANCE).all()
    assert (np.abs(reds - values.reshape(16, 16).astype(int))[~row] <= TOLERANCE).all()

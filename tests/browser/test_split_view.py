"""Input and result side by side in the region, with a divider between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.browser.page.checks import ROI, TOLERANCE, slice_points
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import LayerData, layer, noise
from tests.browser.test_previews import preview_of

RESULT = 200
DIVIDER = '.rw-split[data-plane="z"]'


@pytest.fixture
def split(viewer: ViewerPage) -> tuple[ViewerPage, LayerData]:
    """A viewer of a region whose result is one value, split a quarter from the left."""
    image = layer(noise((16, 16, 16), "uint8", 0, 100))
    viewer.open(image, roi=ROI, slices=image.centre((5, 8, 8)), color_range=[0, 255])
    result, trait = preview_of(image, "preview-1", RESULT)
    viewer.serve_also(result)
    viewer.set(preview=trait, preview_split=0.25)
    return viewer, image


def result_voxels(viewer: ViewerPage, image: LayerData, axis: str) -> Any:
    """Return which voxels of a slice show the result; the others are those of the source."""
    points, values = slice_points(image, axis, {"z": 5, "y": 8, "x": 8}[axis])
    reds = viewer.colors(axis, points)[:, 0].reshape(16, 16)
    is_result = np.abs(reds - RESULT) <= TOLERANCE
    source = np.abs(reds - values.reshape(16, 16).astype(int)) <= TOLERANCE
    assert (is_result ^ source).all()
    return is_result


@pytest.mark.parametrize(
    ("axis", "result"),
    [
        ("z", (slice(6, 14), slice(6, 12))),  # the region: y 6 to 14, x 4 to 12
        ("y", (slice(2, 10), slice(6, 12))),
        ("x", (slice(2, 10), slice(8, 14))),
    ],
)
def test_the_input_is_left_of_the_divider_in_every_plane(
    axis: str, result: tuple[slice, slice], split: tuple[ViewerPage, LayerData]
) -> None:
    expected = np.zeros((16, 16), dtype=bool)
    expected[result] = True

    np.testing.assert_array_equal(result_voxels(*split, axis), expected)


def test_the_divider_is_dragged_and_the_kernel_hears_of_it(
    split: tuple[ViewerPage, LayerData],
) -> None:
    viewer, image = split
    start, end = (viewer.at("z", {"x": x, "y": 9.2, "z": 5}) for x in (5.5, 7.5))

    viewer.drag(start, (end[0] - start[0], 0))

    assert viewer.saved("preview_split") == pytest.approx(0.5, abs=0.02)
    expected = np.zeros((16, 16), dtype=bool)
    expected[6:14, 8:12] = True
    np.testing.assert_array_equal(result_voxels(viewer, image, "z"), expected)
    assert viewer.get("roi") == ROI
    viewer.drag(end, (9000, 0))
    assert viewer.saved("preview_split") == 1
    assert not result_voxels(viewer, image, "z").any()


def test_the_keyboard_moves_the_divider(split: tuple[ViewerPage, LayerData]) -> None:
    viewer, image = split
    divider = viewer.page.locator(DIVIDER)
    divider.focus()

    for key, share in [("ArrowRight", 26), ("PageUp", 36), ("ArrowLeft", 35), ("End", 100)]:
        viewer.page.keyboard.press(key)
        assert viewer.get("preview_split") == share / 100
    viewer.wait_settled()

    assert viewer.saved("preview_split") == 1
    assert divider.get_attribute("aria-valuenow") == "100"
    assert not result_voxels(viewer, image, "z").any()
    assert viewer.get("slices") == image.centre((5, 8, 8))
    viewer.page.keyboard.press("Home")
    viewer.wait_settled()
    assert result_voxels(viewer, image, "z").sum() == 8 * 8


def test_the_value_under_the_pointer_is_that_of_its_side(
    split: tuple[ViewerPage, LayerData],
) -> None:
    viewer, image = split
    value = int(image.finest[5, 10, 4, 0])

    for x, text in [(4.0, f"value {value}"), (9.0, f"value {RESULT}")]:
        viewer.page.mouse.move(*viewer.at("z", {"x": x, "y": 10, "z": 5}))
        viewer.wait_for(
            "text => document.querySelector('.rw-probe').textContent.endsWith(text)", text
        )


def test_a_box_switches_the_split_on_and_off(split: tuple[ViewerPage, LayerData]) -> None:
    viewer, image = split

    viewer.page.get_by_label("Split").uncheck()
    viewer.wait_settled()

    assert viewer.saved("preview_split") is None
    assert not viewer.page.locator(DIVIDER).is_visible()
    assert result_voxels(viewer, image, "z").sum() == 8 * 8
    viewer.page.get_by_label("Split").check()
    viewer.wait_settled()
    assert viewer.get("preview_split") == 0.5
    assert viewer.page.locator(DIVIDER).is_visible()


def test_there_is_no_divider_without_a_result_or_beside_the_region(
    split: tuple[ViewerPage, LayerData],
) -> None:
    viewer, image = split
    divider = viewer.page.locator(DIVIDER)
    assert divider.is_visible()

    viewer.set(slices=image.centre((14, 8, 8)))
    assert not divider.is_visible()
    viewer.set(slices=image.centre((5, 8, 8)), preview=None)
    assert not divider.is_visible()
    assert not viewer.page.get_by_label("Split").is_visible()

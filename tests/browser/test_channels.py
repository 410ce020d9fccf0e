"""Channels drawn over each other: the sum of their colours, each through its own window."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.browser.page.checks import TOLERANCE
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import LayerData, noise

SHAPE = (8, 16, 16)
COLORS = ["#ff0000", "#00ff80", "#4060ff"]
RANGES = [[0.0, 1000.0], [500.0, 4000.0], [100.0, 900.0]]
Z = 3


def channels(dtype: str = "uint16") -> LayerData:
    voxels = noise((1, 3, *SHAPE, 1), dtype, 0, 1000)
    return LayerData("image-1", "image", (voxels,), value_range=(0.0, 1000.0), name="Cells")


def expected(image: LayerData, shown: list[int], colors: list[str]) -> NDArray[np.float64]:
    """What numpy says of the plane across z: light that is added up to white."""
    total = np.zeros((*SHAPE[1:], 3))
    for c in shown:
        low, high = RANGES[c]
        share = np.clip((image.levels[0][0, c, Z, ..., 0].astype(float) - low) / (high - low), 0, 1)
        color = np.frombuffer(bytes.fromhex(colors[c][1:]), np.uint8)
        total += np.round(share[..., None] * 255) / 255 * color
    return np.minimum(total, 255)


def drawn(viewer: ViewerPage, image: LayerData) -> NDArray[np.int64]:
    points = [image.centre((Z, y, x)) for y in range(SHAPE[1]) for x in range(SHAPE[2])]
    return viewer.colors("z", points).reshape(*SHAPE[1:], 3)


@pytest.fixture
def image(viewer: ViewerPage) -> LayerData:
    image = channels()
    viewer.open(
        image, roi_visible=False, slices=image.centre((Z, 8, 8)), channels_together=True,
        channel_colors=COLORS, channel_ranges=RANGES,
    )  # fmt: skip
    return image


def test_colors_of_channels_add_up(viewer: ViewerPage, image: LayerData) -> None:
    assert np.abs(drawn(viewer, image) - expected(image, [0, 1, 2], COLORS)).max() <= 3 * TOLERANCE

    viewer.set(channel_visibility=[False, True, True])
    assert np.abs(drawn(viewer, image) - expected(image, [1, 2], COLORS)).max() <= 2 * TOLERANCE

    viewer.set(channel_visibility=[False, False, False])
    assert (
        viewer.page.evaluate("harness.root().querySelectorAll('.rw-error:not([hidden])').length")
        == 0
    )


def test_one_channel_alone_again(viewer: ViewerPage, image: LayerData) -> None:
    viewer.set(channels_together=False, channel_index=2, color_range=[0, 1000])

    values = image.levels[0][0, 2, Z, ..., 0].astype(float)
    gray = np.floor(values * 0.255 + 0.5)[..., None]
    assert np.abs(drawn(viewer, image) - gray).max() <= TOLERANCE


def test_the_panel_sets_what_is_drawn(viewer: ViewerPage, image: LayerData) -> None:
    page = viewer.page
    page.get_by_role("button", name="Channels").click()

    page.get_by_label("channel 0", exact=True).uncheck()
    page.get_by_label("color of channel 1").fill("#ff00ff")
    page.get_by_label("channel 2 to").fill("500")
    page.get_by_label("channel 2 to").press("Enter")
    viewer.wait_settled()

    assert viewer.get("channel_visibility") == [False, True, True]
    assert viewer.get("channel_colors") == ["#ff0000", "#ff00ff", "#4060ff"]
    assert viewer.get("channel_ranges") == [*RANGES[:2], [100, 500]]
    page.get_by_label("Together").uncheck()
    viewer.wait_settled()
    assert viewer.get("channels_together") is False
    assert page.get_by_label("Channel", exact=True).is_visible()


def test_the_panel_says_how_many_channels_are_drawn_together(viewer: ViewerPage) -> None:
    voxels = noise((1, 18, 4, 8, 8, 1), "uint8", 0, 255)
    many = LayerData("image-1", "image", (voxels,), value_range=(0.0, 255.0), name="Lines")
    viewer.open(many, roi_visible=False, channels_together=True)

    viewer.page.get_by_role("button", name="Channels").click()

    assert viewer.page.get_by_text("The first 16 of 18 channels are drawn together").is_visible()
    viewer.set(channels_together=False)
    assert viewer.page.get_by_text("The first 16 of 18").is_hidden()


def test_the_pointer_tells_the_value_of_each_channel(viewer: ViewerPage, image: LayerData) -> None:
    viewer.page.mouse.move(*viewer.at("z", image.centre((Z, 5, 9))))

    values = image.levels[0][0, :, Z, 5, 9, 0]
    assert " · ".join(str(value) for value in values) in viewer.text(".rw-probe")


def test_dragging_with_the_right_button_moves_all_windows(
    viewer: ViewerPage, image: LayerData
) -> None:
    viewer.drag(viewer.at("z", image.centre((Z, 8, 8))), (0, 40), button="right")

    moved = viewer.get("channel_ranges")
    assert [round(low - before[0]) for (low, _), before in zip(moved, RANGES, strict=True)] == [
        100, 100, 100,
    ]  # fmt: skip


def test_channels_share_one_volume(viewer: ViewerPage) -> None:
    voxels = np.zeros((1, 2, 24, 24, 24, 1), np.uint8)
    voxels[0, 0, :, :, :12], voxels[0, 1, :, :, 12:] = 255, 255
    image = LayerData("image-1", "image", (voxels,))

    viewer.open(
        image, roi_visible=False, axes_enabled=False, channels_together=True, shading=False,
        volume_projection="maximum", channel_colors=["#ff0000", "#00ff00"],
        channel_ranges=[[0, 255], [0, 255]],
    )  # fmt: skip

    left, right = viewer.colors("volume", [image.centre((12, 12, 2)), image.centre((12, 12, 21))])
    assert left[0] > 150 > 50 > left[1]
    assert right[1] > 150 > 50 > right[0]

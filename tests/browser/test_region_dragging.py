"""The region's box is dragged in the planes and in the volume."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.page.checks import ROI
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise


@pytest.mark.parametrize(
    ("plane", "handle", "to", "changed"),
    [
        ("z", "right", {"x": 14.1}, {"upper": {"x": 13.5}}),
        ("z", "top-left", {"x": 5.9, "y": 2.2}, {"lower": {"x": 5.5, "y": 2.5}}),
        ("y", "bottom", {"z": 6.4}, {"upper": {"z": 6.5}}),
        ("x", "left", {"y": -90}, {"lower": {"y": -0.5}}),
    ],
)
def test_dragged_handles_move_sides_to_voxel_edges(
    viewer: ViewerPage,
    plane: str,
    handle: str,
    to: dict[str, float],
    changed: dict[str, dict[str, float]],
) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.open(image, roi=ROI)
    start = viewer.centre_of(f'[data-plane="{plane}"][data-handle="{handle}"]')
    sides = {side: dict(changed.get(side, {})) for side in ("lower", "upper")}
    from_point = {a: sides["lower"].get(a) or sides["upper"].get(a) or 0.0 for a in "xyz"}
    for side in ("lower", "upper"):
        from_point.update({a: ROI[side][a] for a in sides[side]})
    target = viewer.at(plane, {**from_point, **to})
    origin = viewer.at(plane, from_point)

    viewer.drag(start, (target[0] - origin[0], target[1] - origin[1]))

    expected = {side: {**ROI[side], **sides[side]} for side in ROI}
    if handle == "right":
        expected["upper"]["x"] = 14.5 if to["x"] > 14 else 13.5
    assert viewer.get("roi") == expected
    assert viewer.saved("roi") == expected


def test_the_outline_moves_the_whole_region(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.open(image, roi=ROI)
    # between two handles
    edge = viewer.at("z", {"x": 3.5, "y": 7.5, "z": 0})
    there = viewer.at("z", {"x": 5.5, "y": 6.5, "z": 0})

    viewer.drag(edge, (there[0] - edge[0], there[1] - edge[1]))

    assert viewer.get("roi") == {
        "lower": {"x": 5.5, "y": 4.5, "z": 1.5},
        "upper": {"x": 13.5, "y": 12.5, "z": 9.5},
    }


def test_a_face_is_dragged_in_the_volume(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.open(image, roi=ROI)
    handle = '[data-plane="volume"][data-handle="x-upper"]'
    centre = {"x": 11.5, "y": 9.5, "z": 5.5}
    start, end = viewer.at("volume", centre), viewer.at("volume", {**centre, "x": 8.5})

    viewer.drag(viewer.centre_of(handle), (end[0] - start[0], end[1] - start[1]))

    roi = viewer.get("roi")
    assert roi["lower"] == ROI["lower"]
    # perspective: a length on the screen is not quite a length in the world
    assert roi["upper"] == {**ROI["upper"], "x": pytest.approx(8.5, abs=1)}


def test_python_hears_of_a_drag_in_steps_and_of_its_end(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.open(image, roi=ROI)
    x, y = viewer.centre_of('[data-plane="z"][data-handle="right"]')
    mouse = viewer.page.mouse
    before = viewer.page.evaluate("harness.model.saved.length")

    mouse.move(x, y)
    mouse.down()
    for step in range(40):
        mouse.move(x + step, y)
    mouse.up()
    viewer.wait_settled()

    saves = viewer.page.evaluate("harness.model.saved.length") - before
    assert 1 <= saves < 40
    assert viewer.saved("roi") == viewer.get("roi")


def test_hidden_and_reset_from_the_toolbar(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.open(image, roi=ROI)

    viewer.page.get_by_role("checkbox", name="Region").uncheck()
    viewer.page.get_by_role("button", name="Edit region").click()
    viewer.page.get_by_role("button", name="Whole image").click()
    viewer.wait_settled()

    assert viewer.saved("roi_visible") is False
    assert viewer.get("roi")["upper"] == {"x": 15.5, "y": 15.5, "z": 15.5}
    assert not viewer.page.locator('[data-plane="z"][data-handle="right"]').is_visible()


def test_the_keyboard_reaches_and_moves_every_side_of_the_region(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.open(image, roi=ROI)

    for plane, handle in (("z", "left"), ("z", "top"), ("y", "top")):
        viewer.page.locator(f'[data-plane="{plane}"][data-handle="{handle}"]').focus()
        viewer.page.keyboard.press("ArrowRight")
    for plane, handle in (("z", "right"), ("z", "bottom"), ("y", "bottom")):
        viewer.page.locator(f'[data-plane="{plane}"][data-handle="{handle}"]').focus()
        viewer.page.keyboard.press("ArrowUp")
    viewer.wait_settled()

    assert viewer.saved("roi") == {
        "lower": {"x": 4.5, "y": 6.5, "z": 2.5},
        "upper": {"x": 10.5, "y": 12.5, "z": 8.5},
    }
    assert viewer.page.locator(".rw-grip[tabindex]").count() == 6
    right = viewer.page.get_by_role("slider", name="upper x side of the region")
    assert right.get_attribute("aria-valuenow") == "10.5"


def test_views_zoom_to_the_region_and_back(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.open(image, roi=ROI)
    before = viewer.at("z", ROI["upper"]), viewer.at("volume", ROI["upper"])
    size = drawn_sides(viewer)

    viewer.page.get_by_role("button", name="Zoom").click()
    viewer.wait_settled()
    zoomed = drawn_sides(viewer)
    viewer.page.locator('.rw-pane[data-plane="x"]').press("r")
    viewer.wait_settled()

    assert [after / side for after, side in zip(zoomed, size, strict=True)] == pytest.approx(
        [2, 2, 3**0.5 * 16 / (3**0.5 * 8)], rel=0.1
    )
    assert viewer.at("z", ROI["upper"]) == pytest.approx(before[0], abs=0.01)
    assert viewer.at("volume", ROI["upper"]) == pytest.approx(before[1], abs=0.5)


def drawn_sides(viewer: ViewerPage) -> list[float]:
    """Return the length in pixels of one edge of ROI in two planes, and of its height in 3-D."""
    lengths = []
    for viewport, axis in (("z", "x"), ("y", "z"), ("volume", "z")):
        start = {a: (ROI["lower"][a] + ROI["upper"][a]) / 2 for a in "xyz"}
        first = viewer.at(viewport, {**start, axis: ROI["lower"][axis]})
        last = viewer.at(viewport, {**start, axis: ROI["upper"][axis]})
        lengths.append(float(np.hypot(last[0] - first[0], last[1] - first[1])))
    return lengths

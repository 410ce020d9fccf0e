"""What the mouse and the keyboard do on the slice planes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.browser.page.checks import OBLIQUE, assert_shows
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise


def test_the_wheel_steps_through_slices(viewer: ViewerPage) -> None:
    image = layer(noise((9, 12, 12), "uint8", 0, 255), spacing=(3.0, 1.0, 1.0))
    viewer.open(image, slices=image.centre((4, 6, 6)))

    viewer.page.mouse.move(*viewer.at("z", image.centre((4, 2, 2))))
    viewer.page.mouse.wheel(0, 100)
    viewer.wait_for("harness.model.get('slices').z === 15")
    viewer.wait_settled()

    assert_shows(viewer, image, "z", 5, (0, 255))


def test_a_click_moves_the_crosshair_to_a_voxel_centre(viewer: ViewerPage) -> None:
    image = layer(noise((8, 16, 16), "uint8", 0, 255))
    viewer.open(image)

    viewer.page.mouse.click(*viewer.at("y", {"x": 3.2, "y": 0, "z": 1.9}))
    viewer.wait_settled()

    slices = viewer.saved("slices")
    assert (slices["x"], slices["z"]) == (3, 2)
    assert_shows(viewer, image, "x", 3, (0, 255))


def test_zoom_keeps_the_point_under_the_pointer(viewer: ViewerPage) -> None:
    image = layer(noise((8, 16, 16), "uint8", 0, 255))
    viewer.open(image)
    point = image.centre((4, 4, 10))
    place = viewer.at("z", point)

    viewer.page.mouse.move(*place)
    viewer.page.keyboard.down("Control")
    viewer.page.mouse.wheel(0, -200)
    viewer.page.keyboard.up("Control")
    viewer.wait_for("harness.model.get('camera').planes?.z !== undefined")

    # browsers round the place of a wheel event to pixels
    assert viewer.at("z", point) == pytest.approx(place, abs=1)
    other = image.centre((4, 5, 10))
    assert viewer.at("z", other)[1] - place[1] > 20
    viewer.page.keyboard.press("r")
    viewer.page.mouse.click(*viewer.at("z", point))
    viewer.page.keyboard.press("r")
    viewer.wait_for("harness.model.get('camera').planes === undefined")
    assert viewer.at("z", point) == pytest.approx(place, abs=0.01)


def test_shift_drag_pans_and_right_drag_changes_the_window(viewer: ViewerPage) -> None:
    image = layer(noise((8, 16, 16), "uint8", 0, 255))
    viewer.open(image)
    start = viewer.at("z", image.centre((4, 8, 8)))

    viewer.drag(start, (40, 0), button="right")
    viewer.page.keyboard.down("Shift")
    viewer.drag(start, (30, 10))
    viewer.page.keyboard.up("Shift")

    low, high = viewer.saved("color_range")
    assert high - low > 256
    moved = viewer.at("z", image.centre((4, 8, 8)))
    assert moved == pytest.approx((start[0] + 30, start[1] + 10), abs=0.01)


def test_keys_step_through_slices_and_a_double_click_maximises(viewer: ViewerPage) -> None:
    image = layer(noise((20, 16, 16), "uint8", 0, 255))
    viewer.open(image, slices=image.centre((10, 8, 8)))

    viewer.page.locator('.rw-pane[data-plane="z"]').focus()
    for key in ("ArrowDown", "PageUp", "ArrowLeft"):
        viewer.page.keyboard.press(key)
    viewer.wait_for("harness.model.get('slices').z === 0")
    viewer.page.mouse.dblclick(*viewer.at("z", image.centre((0, 8, 8))))
    viewer.wait_settled()

    assert not viewer.page.locator('.rw-pane[data-plane="y"]').is_visible()
    assert not viewer.page.locator('.rw-pane[data-plane="volume"]').is_visible()
    assert_shows(viewer, image, "z", 0, (0, 255))


def test_the_status_line_tells_index_world_position_and_value(viewer: ViewerPage) -> None:
    voxels = noise((8, 16, 16), "uint8", 0, 255)
    image = layer(voxels)
    viewer.open(image, scene=viewer.scene(image, direction=OBLIQUE), slices=image.centre((5, 8, 8)))

    viewer.page.mouse.move(*viewer.at("z", image.centre((5, 4, 10))))

    text = viewer.text(".rw-probe")
    place = re.search(r"x (\S+)\s+y (\S+)\s+z (\S+) mm", text)
    assert place is not None
    assert "[5, 4, 10]" in text
    assert f"value {voxels[5, 4, 10]}" in text
    world = np.reshape(OBLIQUE, (3, 3)) @ [10, 4, 5]
    assert [float(number) for number in place.groups()] == pytest.approx(world, abs=0.1)


def test_the_wheel_over_the_views_does_not_scroll_the_page(viewer: ViewerPage) -> None:
    image = layer(noise((4, 16, 16), "uint8", 0, 255))
    viewer.open(image)
    viewer.page.evaluate("document.body.style.height = '4000px'")
    viewer.page.evaluate(
        "() => { window.turned = 0; addEventListener('wheel', () => { window.turned += 1; }); }"
    )
    places = [viewer.centre_of(f'.rw-pane[data-plane="{name}"]') for name in ("z", "y", "volume")]
    left, _ = viewer.centre_of('.rw-pane[data-plane="z"]')
    right, height = viewer.centre_of('.rw-pane[data-plane="y"]')
    between = ((left + right) / 2, height)

    for place in (*places, between):
        viewer.page.mouse.move(*place)
        for _ in range(3):
            viewer.page.mouse.wheel(0, 100)
    viewer.wait_for("window.turned === 12")
    viewer.wait_settled()

    assert viewer.page.evaluate("window.scrollY") == 0


@pytest.mark.parametrize(
    "selector",
    ['.rw-pane[data-plane="z"]', '.rw-pane[data-plane="volume"]', '[data-handle="top-left"]'],
)
def test_a_right_press_opens_no_menu(viewer: ViewerPage, selector: str) -> None:
    image = layer(noise((8, 16, 16), "uint8", 0, 255))
    viewer.open(image)
    viewer.page.evaluate(
        "() => { window.menus = [];"
        " addEventListener('contextmenu', (e) => window.menus.push(e.defaultPrevented)); }"
    )

    viewer.page.mouse.click(*viewer.centre_of(selector), button="right")
    viewer.wait_for("window.menus.length === 1")

    assert viewer.page.evaluate("window.menus") == [True]


def test_a_focused_view_shows_it(viewer: ViewerPage) -> None:
    image = layer(noise((8, 16, 16), "uint8", 0, 255))
    viewer.open(image)
    viewer.page.get_by_role("button", name="Mouse and keyboard").focus()

    viewer.page.keyboard.press("Tab")

    pane = "document.activeElement"
    assert viewer.page.evaluate(f"{pane}.dataset.plane") == "z"
    assert "xy plane" in viewer.page.evaluate(f"{pane}.getAttribute('aria-label')")
    # an outline would be covered by the canvas
    style = viewer.page.evaluate(f"getComputedStyle({pane}, '::after').borderTopWidth")
    assert style == "2px"

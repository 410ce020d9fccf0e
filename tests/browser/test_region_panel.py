"""The region in numbers, undo and lock."""

from __future__ import annotations

from tests.browser.page.checks import OBLIQUE, ROI
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise

IMAGE = layer(noise((16, 16, 16), "uint8", 0, 255), scales=2)
TIMES = " \N{MULTIPLICATION SIGN} "
SMALLER = {"lower": {"x": 4.5, "y": 5.5, "z": 1.5}, "upper": ROI["upper"]}


def open_panel(viewer: ViewerPage, **traits: object) -> None:
    viewer.open(IMAGE, **{"roi": ROI, **traits})
    viewer.page.get_by_role("button", name="Edit region").click()


def enter(viewer: ViewerPage, name: str, value: str) -> None:
    field = viewer.page.get_by_label(name, exact=True)
    field.fill(value)
    field.press("Enter")
    viewer.wait_settled()


def test_numbers_set_the_region_on_voxel_edges(viewer: ViewerPage) -> None:
    open_panel(viewer)

    enter(viewer, "region x from", "4.7")

    assert viewer.saved("roi") == SMALLER
    assert viewer.page.get_by_label("region x from").input_value() == "4.50"


def test_an_edge_stays_inside_the_image_and_apart_from_the_other(viewer: ViewerPage) -> None:
    open_panel(viewer)

    enter(viewer, "region z to", "900")
    assert viewer.get("roi")["upper"]["z"] == 15.5
    enter(viewer, "region z from", "900")
    assert viewer.get("roi")["lower"]["z"] == 14.5
    enter(viewer, "region y from", "")

    assert viewer.get("roi")["lower"]["y"] == ROI["lower"]["y"]


def test_the_size_is_stated_for_each_scale(viewer: ViewerPage) -> None:
    open_panel(viewer)

    rows = viewer.page.eval_on_selector_all(
        ".rw-table:last-of-type tbody tr", "rows => rows.map(r => r.innerText.split('\\t'))"
    )
    eight, four = (TIMES.join([side] * 3) for side in "84")
    assert rows == [["0", eight, eight, "512 B"], ["1", four, eight, "64 B"]]


def test_a_drag_is_undone_and_done_again(viewer: ViewerPage) -> None:
    viewer.open(IMAGE, roi=ROI, slices=IMAGE.centre((4, 8, 8)))
    viewer.drag(viewer.centre_of('[data-plane="z"][data-handle="right"]'), (30, 0))
    dragged = viewer.get("roi")
    pane = viewer.page.locator('.rw-pane[data-plane="z"]')

    pane.press("Control+z")
    viewer.wait_settled()
    assert viewer.get("roi") == ROI
    pane.press("Control+Shift+z")
    viewer.wait_settled()

    assert viewer.get("roi") == dragged != ROI


def test_a_drag_that_pauses_on_the_way_is_one_step(viewer: ViewerPage) -> None:
    viewer.open(IMAGE, roi=ROI, slices=IMAGE.centre((4, 8, 8)))
    mouse = viewer.page.mouse
    x, y = viewer.centre_of('[data-plane="z"][data-handle="right"]')
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 20, y)
    viewer.wait_settled()  # as long as it takes to load what the region shows now
    mouse.move(x + 45, y)
    mouse.up()
    viewer.wait_settled()

    viewer.page.locator('.rw-pane[data-plane="z"]').press("Control+z")
    viewer.wait_settled()

    assert viewer.get("roi") == ROI


def test_undo_knows_regions_that_python_set(viewer: ViewerPage) -> None:
    open_panel(viewer)
    undo = viewer.page.get_by_role("button", name="Undo")
    assert undo.is_disabled()

    viewer.set(roi=SMALLER)
    undo.click()
    viewer.wait_settled()

    assert viewer.get("roi") == ROI
    assert undo.is_disabled()


def test_a_locked_region_cannot_be_changed_here(viewer: ViewerPage) -> None:
    open_panel(viewer)
    viewer.page.get_by_role("button", name="Whole image").click()
    viewer.set(roi=ROI)

    viewer.page.get_by_label("Locked").check()
    viewer.wait_settled()

    assert viewer.get("roi_locked") is True
    assert not viewer.page.locator('[data-plane="z"][data-handle="right"]').first.is_visible()
    assert viewer.page.get_by_label("region x from").is_disabled()
    viewer.page.get_by_role("button", name="Whole image").click()
    viewer.page.locator('.rw-pane[data-plane="z"]').press("Control+z")
    viewer.wait_settled()
    assert viewer.get("roi") == ROI


def test_a_turned_image_says_along_which_axes_the_edges_are(viewer: ViewerPage) -> None:
    viewer.create_model(IMAGE, scene=viewer.scene(IMAGE, direction=OBLIQUE))
    viewer.page.evaluate("harness.addView(0)")
    viewer.wait_settled()

    viewer.page.get_by_role("button", name="Edit region").click()

    assert viewer.page.get_by_text("its own axes").is_visible()

"""What the viewer draws and does, on a bare page with a kernel that serves voxels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import (
    LayerData,
    ct_phantom,
    encode_table,
    expected_colors,
    fire_table,
    gray_table,
    layer,
    noise,
)

TOLERANCE = 2
"""Grey levels; canvases may keep colours premultiplied."""

OBLIQUE = [0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, -1.0]
"""A turn about z and a flip of z, row by row in x, y, z order."""

FLIPPED = [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0]

ROI = {"lower": {"x": 3.5, "y": 5.5, "z": 1.5}, "upper": {"x": 11.5, "y": 13.5, "z": 9.5}}
"""Voxels 4-11, 6-13, 2-9 of an image with unit spacing."""


@pytest.fixture
def viewer(browser: Browser) -> Iterator[ViewerPage]:
    context = browser.new_context(viewport={"width": 900, "height": 760})
    page = ViewerPage(context)
    yield page
    context.close()
    assert page.problems == []
    assert page.elsewhere == []


def slice_points(
    image: LayerData, axis: str, index: int
) -> tuple[list[dict[str, float]], np.ndarray[Any, Any]]:
    """Return the centres of all voxels of a slice, and their values."""
    volume = image.finest[..., 0]
    i = "zyx".index(axis)
    indices = [list(range(n)) for n in volume.shape]
    indices[i] = [index]
    grid = [(z, y, x) for z in indices[0] for y in indices[1] for x in indices[2]]
    return [image.centre(each) for each in grid], np.array([volume[each] for each in grid])


def assert_shows(
    viewer: ViewerPage, image: LayerData, axis: str, index: int, window: tuple[float, float]
) -> None:
    points, values = slice_points(image, axis, index)
    expected = expected_colors(values, gray_table(), window)
    assert np.abs(viewer.colors(axis, points) - expected).max() <= TOLERANCE


# Pixels ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "low", "high", "direction"),
    [
        ("uint8", 0, 255, None),
        ("int16", -1000, 3000, OBLIQUE),
        ("uint16", 0, 65535, FLIPPED),
        ("float32", -1.5, 2.5, OBLIQUE),
    ],
)
def test_slices_show_the_voxels_of_anisotropic_turned_and_flipped_images(
    viewer: ViewerPage, dtype: str, low: float, high: float, direction: list[float] | None
) -> None:
    window = (low + 0.1 * (high - low), high - 0.2 * (high - low))
    image = layer(
        noise((9, 14, 17), dtype, low, high), spacing=(2.5, 1.0, 0.75), origin=(-40.0, 7.0, 100.25)
    )
    scene = viewer.scene(image, direction=direction or [1, 0, 0, 0, 1, 0, 0, 0, 1])

    viewer.open(image, scene=scene, color_range=list(window), slices=image.centre((3, 5, 11)))

    for axis, index in zip("zyx", (3, 5, 11), strict=True):
        assert_shows(viewer, image, axis, index, window)


def test_a_new_color_table_is_drawn_after_its_name(viewer: ViewerPage) -> None:
    image = layer(noise((4, 12, 12), "uint8", 0, 255))
    viewer.open(image, slices=image.centre((1, 6, 6)))

    viewer.page.get_by_label("Colors").select_option("magma")
    viewer.wait_drawn()
    viewer.set(color_table=encode_table(fire_table()))

    points, values = slice_points(image, "z", 1)
    assert viewer.saved("color_map") == "magma"
    expected = expected_colors(values, fire_table(), (0, 255))
    assert np.abs(viewer.colors("z", points) - expected).max() <= TOLERANCE


def test_labels_cover_the_image_exactly_and_0_is_transparent(viewer: ViewerPage) -> None:
    labels = np.zeros((6, 16, 16), dtype=np.uint32)
    labels[:, 4:9, 4:9], labels[:, 9:12, 9:12] = 1, 70_000
    image = layer(np.zeros((6, 16, 16), dtype=np.uint8))
    overlay = layer(labels, id="labels-1", kind="labels", scales=2)

    viewer.open(image, overlay, label_opacity=1, slices=image.centre((2, 6, 6)))

    points, values = slice_points(overlay, "z", 2)
    colors = viewer.colors("z", points)
    one, other = (np.unique(colors[values == id], axis=0) for id in (1, 70_000))
    assert len(one) == len(other) == 1
    assert (one != other).any()
    assert (colors[values == 0] == 0).all()


def test_colours_of_an_rgb_image_are_drawn_as_they_are(viewer: ViewerPage) -> None:
    rgb = noise((4, 10, 12, 3), "uint8", 0, 255)
    image = layer(rgb, kind="rgb")

    viewer.open(image, slices=image.centre((2, 5, 5)))

    points, _ = slice_points(image, "z", 2)
    expected = rgb[2].reshape(-1, 3).astype(int)
    assert np.abs(viewer.colors("z", points) - expected).max() <= TOLERANCE


def test_a_small_budget_is_spent_on_the_region(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), scales=3)

    viewer.open(image, roi=ROI, memory_budget=8**3 + 8**3, slices=image.centre((4, 8, 8)))

    assert viewer.saved("loaded_scale") == 0
    inside = [(4, y, x) for y in range(6, 14) for x in range(4, 12)]
    values = np.array([image.finest[each][0] for each in inside])
    colors = viewer.colors("z", [image.centre(each) for each in inside])
    assert np.abs(colors - expected_colors(values, gray_table(), (0, 255))).max() <= TOLERANCE
    outside = image.levels[1][0, 0, 2, 0, 0, 0]
    corner = viewer.colors("z", [image.centre((4, 0, 0))])
    assert np.abs(corner - int(outside)).max() <= TOLERANCE


# Region of interest ---------------------------------------------------------


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

    viewer.page.get_by_label("Region").uncheck()
    viewer.page.get_by_role("button", name="Whole image").click()
    viewer.wait_settled()

    assert viewer.saved("roi_visible") is False
    assert viewer.get("roi")["upper"] == {"x": 15.5, "y": 15.5, "z": 15.5}
    assert not viewer.page.locator('[data-plane="z"][data-handle="right"]').is_visible()


# Slices and cameras ---------------------------------------------------------


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


# Previews -------------------------------------------------------------------


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


# Loading --------------------------------------------------------------------


def test_no_more_than_four_requests_are_in_flight(viewer: ViewerPage) -> None:
    image = layer(noise((128, 128, 160), "uint16", 0, 60000), scales=3)

    viewer.open(image)

    assert viewer.page.evaluate("harness.model.kernel.mostInFlight") <= 4
    assert viewer.stats()["loadedScale"] == 0
    first = viewer.page.evaluate("harness.model.kernel.received[0].requests[0]")
    assert (first["level"], first["shape"]) == (2, [32, 32, 40])


def test_python_asks_for_a_scale_and_keeps_it(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), scales=3)
    viewer.open(image)

    viewer.set(loaded_scale=1)
    viewer.set(slices=image.centre((3, 3, 3)))

    assert viewer.get("loaded_scale") == 1
    assert "scale 1 of 0" in viewer.text(".rw-status")
    viewer.set(loaded_scale=0)
    assert viewer.stats()["loadedScale"] == 0


def test_a_scale_beyond_the_budget_is_refused_with_the_reason(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), scales=2)
    viewer.open(image, memory_budget=8**3)

    viewer.set(loaded_scale=0)

    assert viewer.saved("loaded_scale") == 1
    assert "the budget is" in viewer.text(".rw-status")


def test_a_new_image_keeps_region_and_slices(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    other = layer(255 - image.finest[..., 0], id="image-2")
    viewer.open(image, roi=ROI, slices=image.centre((4, 4, 4)))
    viewer.serve_also(other)

    viewer.page.evaluate("harness.model.kernel.isBusy = true")
    viewer.set_now(scene=viewer.scene(other))
    assert_shows(viewer, image, "z", 4, (0, 255))
    viewer.page.evaluate("harness.model.kernel.wake()")
    viewer.wait_settled()

    assert_shows(viewer, other, "z", 4, (0, 255))
    assert viewer.get("roi") == ROI


def test_time_and_channel_sliders(viewer: ViewerPage) -> None:
    frames = noise((3, 1, 4, 8, 8, 1), "uint8", 0, 255)
    movie = LayerData("image-1", "image", (frames,))
    viewer.open(movie, slices=movie.centre((1, 4, 4)))

    viewer.page.get_by_label("Time").fill("2")
    viewer.wait_settled()

    points, _ = slice_points(movie, "z", 1)
    expected = frames[2, 0, 1, :, :, 0].ravel().astype(int)
    assert viewer.saved("time_index") == 2
    assert np.abs(viewer.colors("z", points)[:, 0] - expected).max() <= TOLERANCE
    assert not viewer.page.get_by_label("Channel").is_visible()


# Errors and states ----------------------------------------------------------


def test_an_error_of_the_kernel_is_shown_until_dismissed(viewer: ViewerPage) -> None:
    image = layer(noise((8, 8, 8), "uint8", 0, 255))
    viewer.open(image, error_message="median failed: out of memory")

    assert viewer.text(".rw-error span") == "median failed: out of memory"
    viewer.page.get_by_role("button", name="Dismiss this message").click()
    viewer.wait_for("harness.model.get('error_message') === ''")
    viewer.wait_drawn()
    assert not viewer.page.locator(".rw-error").is_visible()


def test_a_request_that_fails_is_told_in_the_error_area(viewer: ViewerPage) -> None:
    image = layer(noise((8, 8, 8), "uint8", 0, 255), scales=2)
    viewer.create_model(image)
    fails = "r => r.level === 0 ? { kind: 'error', message: 'chunk 0.0.0 cannot be read' } : null"
    viewer.page.evaluate(f"() => {{ harness.model.kernel.intercept = {fails}; }}")

    viewer.page.evaluate("harness.addView(0)")
    viewer.wait_settled()

    assert viewer.text(".rw-error span") == "chunk 0.0.0 cannot be read"


def test_before_and_without_an_image(viewer: ViewerPage) -> None:
    image = layer(noise((8, 8, 8), "uint8", 0, 255))
    viewer.create_model()
    viewer.serve_also(image)
    viewer.page.evaluate("harness.addView(0)")
    viewer.wait_settled()
    assert viewer.text(".rw-note") == "No image is shown."

    viewer.page.evaluate("harness.model.kernel.isBusy = true")
    viewer.set_now(scene=viewer.scene(image), color_range=[0, 255])
    assert viewer.page.locator(".rw-loading-note").is_visible()
    viewer.page.evaluate("harness.model.kernel.wake()")
    viewer.wait_settled()

    assert not viewer.page.locator(".rw-loading-note").is_visible()


def test_a_flat_image_has_one_plane_and_no_volume(viewer: ViewerPage) -> None:
    image = layer(noise((1, 20, 30), "uint16", 0, 60000), spacing=(1.0, 0.5, 0.5))

    viewer.open(image, color_range=[0, 60000])

    assert viewer.page.locator(".rw-pane").count() == 1
    assert_shows(viewer, image, "z", 0, (0, 60000))


def test_a_narrow_viewer_has_room_for_everything(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), scales=2)

    viewer.open(image, width=500, memory_budget=2048)

    for part in (".rw-toolbar", ".rw-grid"):
        hidden = "e => e.scrollWidth - e.clientWidth"
        assert viewer.page.eval_on_selector(part, hidden) <= 0, part
    assert_shows(
        viewer, layer(image.levels[1][0, 0, ..., 0], spacing=(2.0,) * 3, origin=(0.5,) * 3),
        "z", 4, (0, 255),
    )  # fmt: skip


# The volume -----------------------------------------------------------------


def drawn_share(viewer: ViewerPage) -> float:
    """Return the share of the volume view that is not background."""
    script = """() => {
      const { data } = harness.root().roiwidgetsTest.readPixels("volume");
      let bright = 0;
      for (let i = 0; i < data.length; i += 4) bright += data[i] > 60;
      return (4 * bright) / data.length;
    }"""
    return float(viewer.page.evaluate(script))


def test_the_volume_is_drawn_and_cut_to_the_region(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250])
    whole = drawn_share(viewer)

    viewer.set(
        roi={"lower": {"x": -0.5, "y": -0.5, "z": -0.5}, "upper": {"x": 15.5, "y": 31.5, "z": 31.5}}
    )

    assert whole > 0.05
    assert 0.2 * whole < drawn_share(viewer) < 0.9 * whole


def test_bricks_reach_the_volume_as_they_arrive(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    blank = layer(np.full((32, 32, 32), -1000, dtype=np.int16))
    viewer.open(image, color_range=[-1000, 1250])
    whole = drawn_share(viewer)
    viewer.serve_also(LayerData("image-2", "image", blank.levels))

    viewer.set(scene=viewer.scene(LayerData("image-2", "image", blank.levels)))

    assert whole > 0.05
    assert drawn_share(viewer) < 0.01


def test_a_lost_graphics_context_is_told_and_can_be_asked_for_again(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250])
    before = drawn_share(viewer)

    viewer.page.evaluate(
        "harness.root().querySelector('.rw-volume canvas').getContext('webgl2')"
        ".getExtension('WEBGL_lose_context').loseContext()"
    )
    viewer.page.get_by_role("button", name="Draw the volume again").click()
    viewer.wait_settled()

    assert drawn_share(viewer) == pytest.approx(before, abs=0.02)


def test_the_volume_turns_with_the_mouse(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250])
    assert viewer.get("camera") == {}
    start = viewer.at("volume", image.centre((24, 8, 8)))

    viewer.drag(start, (60, 5))

    position = viewer.saved("camera")["volume"]["position"]
    assert len(position) == 3
    assert viewer.at("volume", image.centre((24, 8, 8))) != pytest.approx(start, abs=3)
    viewer.page.get_by_role("button", name="Reset view").click()
    viewer.wait_settled()
    assert viewer.get("camera") == {}
    assert viewer.at("volume", image.centre((24, 8, 8))) == pytest.approx(start, abs=0.5)


# Views ----------------------------------------------------------------------


def test_two_views_of_one_model_follow_each_other_and_come_to_rest(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), scales=2)
    viewer.page.set_viewport_size({"width": 900, "height": 1500})
    viewer.open(image, views=2, roi=ROI, height=400)

    viewer.drag(viewer.centre_of('[data-plane="z"][data-handle="right"]'), (20, 0))
    viewer.wait_settled(1)
    saves = viewer.page.evaluate("harness.model.saved.length")
    viewer.wait_drawn()
    viewer.wait_drawn()

    assert viewer.page.evaluate("harness.model.saved.length") == saves
    widths = viewer.page.eval_on_selector_all(
        '[data-plane="z"][data-handle="body"]', "all => all.map(e => e.getAttribute('width'))"
    )
    assert widths[0] == widths[1]
    assert viewer.get("loaded_scale") == 0


def test_views_that_come_and_go_leave_nothing_behind(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.create_model(image)
    count = """() => {
      window.listening = 0;
      for (const target of [window, document, document.body]) {
        const { addEventListener: add, removeEventListener: remove } = target;
        target.addEventListener = (...args) => {
          window.listening += 1;
          args[2]?.signal?.addEventListener?.("abort", () => { window.listening -= 1; });
          return add.apply(target, args);
        };
        target.removeEventListener = (...args) => {
          window.listening -= 1;
          return remove.apply(target, args);
        };
      }
    }"""
    viewer.page.evaluate(count)

    for _ in range(10):
        viewer.page.evaluate("harness.addView(0)")
        viewer.wait_settled()
        viewer.page.evaluate("harness.removeViews()")

    assert viewer.page.locator("canvas").count() == 0
    assert viewer.page.locator(".roiwidgets-viewer").count() == 0
    assert viewer.page.evaluate("harness.model.listenerCount") == 0
    assert viewer.page.evaluate("window.listening") <= 0


def test_the_viewer_says_so_where_there_is_no_webgl(browser: Browser) -> None:
    context = browser.new_context()
    context.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); };"
    )
    viewer = ViewerPage(context)
    image = layer(noise((16, 16, 16), "uint8", 0, 255))

    viewer.open(image, slices=image.centre((3, 4, 5)))

    assert viewer.page.get_by_text("This browser has no WebGL 2").is_visible()
    assert_shows(viewer, image, "z", 3, (0, 255))
    assert viewer.problems == []
    context.close()

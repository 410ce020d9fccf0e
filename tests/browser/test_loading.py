"""Which scale is loaded when, and what follows an image that changes."""

from __future__ import annotations

import numpy as np

from tests.browser.page.checks import ROI, TOLERANCE, assert_shows, slice_points
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import LayerData, expected_colors, gray_table, layer, noise


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
    assert "the budget leaves" in viewer.text(".rw-status")


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
    viewer.wait_for("harness.model.saved.some((values) => values.time_index === 2)")

    assert viewer.text(".rw-field:has-text('Time') output") == "2 / 2"
    points, _ = slice_points(movie, "z", 1)
    expected = frames[2, 0, 1, :, :, 0].ravel().astype(int)
    assert viewer.saved("time_index") == 2
    assert np.abs(viewer.colors("z", points)[:, 0] - expected).max() <= TOLERANCE
    assert not viewer.page.get_by_label("Channel", exact=True).is_visible()


def test_a_movie_plays_on_and_on_until_it_is_paused(viewer: ViewerPage) -> None:
    frames = noise((3, 1, 1, 8, 8, 1), "uint8", 0, 255)
    viewer.open(LayerData("image-1", "image", (frames,)))
    viewer.page.evaluate(
        """() => {
          window.seen = [];
          harness.model.on('change:time_index', () => seen.push(harness.model.get('time_index')));
        }"""
    )

    viewer.page.get_by_role("button", name="Play").click()
    viewer.wait_for("seen.length >= 4")
    viewer.page.get_by_role("button", name="Pause").click()
    viewer.wait_settled()

    assert viewer.page.evaluate("seen.slice(0, 4)") == [1, 2, 0, 1]
    shown = viewer.get("time_index")
    points, _ = slice_points(LayerData("image-1", "image", (frames,)), "z", 0)
    expected = frames[shown, 0, 0, :, :, 0].ravel().astype(int)
    assert np.abs(viewer.colors("z", points)[:, 0] - expected).max() <= TOLERANCE


def test_a_movie_stops_at_its_end_unless_it_loops(viewer: ViewerPage) -> None:
    viewer.open(LayerData("image-1", "image", (noise((4, 1, 1, 8, 8, 1), "uint8", 0, 255),)))
    viewer.page.get_by_label("Loop").uncheck()
    viewer.page.get_by_label("Frames per second").select_option("30")

    viewer.page.locator('.rw-pane[data-plane="z"]').focus()
    viewer.page.keyboard.press("Space")
    viewer.page.get_by_role("button", name="Pause").wait_for()
    viewer.page.get_by_role("button", name="Play").wait_for()

    assert viewer.get("time_index") == 3
    viewer.page.keyboard.press("Space")  # from the beginning again
    viewer.wait_for("harness.model.get('time_index') < 3")
    viewer.page.keyboard.press("Space")
    viewer.page.get_by_role("button", name="Play").wait_for()
    viewer.wait_settled()


def test_a_player_waits_for_frames_that_are_not_there(viewer: ViewerPage) -> None:
    frames = noise((9, 1, 1, 8, 8, 1), "uint8", 0, 255)
    viewer.open(LayerData("image-1", "image", (frames,)))
    viewer.page.evaluate(
        """() => {
          harness.model.kernel.isBusy = true;
          window.ticks = 0;
          const repeat = window.setInterval;
          window.setInterval = (f, ms) => repeat(() => { ticks += 1; f(); }, ms);
        }"""
    )

    viewer.page.get_by_role("button", name="Play").click()
    viewer.wait_for("ticks >= 4")

    assert viewer.get("time_index") == 1
    assert viewer.page.evaluate("harness.model.kernel.waiting.length") <= 2
    viewer.page.get_by_role("button", name="Pause").click()
    viewer.page.evaluate("harness.model.kernel.wake()")
    viewer.wait_settled()


def test_a_small_budget_is_spent_on_the_region(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), scales=3)

    viewer.open(image, roi=ROI, memory_budget=8**3 + 8**3, slices=image.centre((4, 8, 8)))

    assert viewer.saved("loaded_scale") == 0
    inside = [(4, y, x) for y in range(6, 14) for x in range(4, 12)]
    values = np.array([image.finest[each][0] for each in inside])
    colors = viewer.colors("z", [image.centre(each) for each in inside])
    assert np.abs(colors - expected_colors(values, gray_table(), (0, 255))).max() <= TOLERANCE
    assert viewer.stats()["bytes"] <= 8**3 + 8**3


def test_the_slices_on_screen_are_as_fine_as_the_screen_whatever_the_budget(
    viewer: ViewerPage,
) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), scales=3)

    viewer.open(image, memory_budget=4**3, slices=image.centre((4, 8, 8)))

    assert viewer.saved("loaded_scale") == 2
    for axis in "zyx":
        assert_shows(viewer, image, axis, 4 if axis == "z" else 8, (0, 255))
    assert requested_slices(viewer) == {0}
    viewer.set(camera={"planes": {"z": {"center": [7.5, 7.5], "height": 1000}}})
    assert requested_slices(viewer) == {0, 1}


def test_another_image_replaces_the_slices_without_a_coarse_one_between(
    viewer: ViewerPage,
) -> None:
    old = layer(noise((16, 16, 16), "uint8", 0, 100), scales=3)
    new = layer(noise((16, 16, 16), "uint8", 100, 255), id="image-2", scales=3)
    viewer.open(old, slices=old.centre((4, 8, 8)))
    viewer.serve_also(new)

    viewer.page.evaluate("harness.model.kernel.isBusy = true")
    viewer.set_now(scene=viewer.scene(new))
    assert_shows(viewer, old, "z", 4, (0, 255))
    viewer.page.evaluate("harness.model.kernel.wake()")
    viewer.wait_settled()

    assert_shows(viewer, new, "z", 4, (0, 255))


def requested_slices(viewer: ViewerPage) -> set[int]:
    """Return the levels of which single slices were asked for."""
    messages = viewer.page.evaluate("harness.model.kernel.received")
    requests = [each for message in messages for each in message.get("requests", [])]
    return {each["level"] for each in requests if 1 in each["shape"]}


def test_image_and_labels_share_the_budget(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), scales=3)
    ids = (np.arange(16**3) // 16**2 % 3).astype(np.uint32).reshape(16, 16, 16)
    labels = layer(ids, id="labels-1", kind="labels", scales=3)
    budget = 16**3

    viewer.open(
        image, labels, roi=ROI, memory_budget=budget, label_opacity=1,
        slices=image.centre((4, 8, 8)),
    )  # fmt: skip

    assert viewer.stats()["bytes"] <= budget
    assert viewer.saved("loaded_scale") == 0
    inside = [(4, y, x) for y in range(6, 14) for x in range(4, 12)]
    colors = viewer.colors("z", [image.centre(each) for each in inside])
    values = np.array([image.finest[each][0] for each in inside])
    assert set(ids[4].ravel()) == {1}
    assert len(np.unique(colors, axis=0)) == 1
    viewer.set(label_opacity=0)
    grays = viewer.colors("z", [image.centre(each) for each in inside])
    assert np.abs(grays - expected_colors(values, gray_table(), (0, 255))).max() <= TOLERANCE

"""Errors, empty viewers, flat images and narrow pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.page.checks import assert_shows
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise


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
    assert_shows(viewer, image, "z", 8, (0, 255))


def test_without_an_image_there_are_no_controls(viewer: ViewerPage) -> None:
    viewer.create_model()

    viewer.page.evaluate("harness.addView(0)")
    viewer.wait_settled()

    assert not viewer.page.locator(".rw-toolbar").is_visible()


def test_help_opens_and_closes(viewer: ViewerPage) -> None:
    image = layer(noise((8, 8, 8), "uint8", 0, 255))
    viewer.open(image, width=500)
    button = viewer.page.get_by_role("button", name="Mouse and keyboard")

    button.click()
    assert "window: sideways its width" in viewer.text(".rw-help")
    button.press("Escape")

    assert not viewer.page.locator(".rw-help").is_visible()


def test_fine_screens_get_fine_slices(browser: Browser) -> None:
    context = browser.new_context(device_scale_factor=2)
    viewer = ViewerPage(context)
    image = layer(noise((16, 16, 16), "uint8", 0, 255))

    viewer.open(image, width=601, slices=image.centre((3, 4, 5)))

    sizes = viewer.page.eval_on_selector_all(
        ".rw-canvas",
        "all => all.map(e => [e.width, 2 * e.getBoundingClientRect().width,"
        " e.height, 2 * e.getBoundingClientRect().height])",
    )
    for width, drawn_width, height, drawn_height in sizes:
        assert (width, height) == (pytest.approx(drawn_width), pytest.approx(drawn_height))
    assert_shows(viewer, image, "z", 3, (0, 255))
    assert viewer.problems == []
    context.close()


def test_a_viewer_follows_its_page_without_resize_loops(viewer: ViewerPage) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255))
    viewer.open(image, width=880, slices=image.centre((3, 4, 5)))
    viewer.page.evaluate(
        "() => { window.failures = []; addEventListener('error', e => failures.push(e.message)); }"
    )

    for width in (879, 623, 401, 760):
        viewer.page.evaluate("w => { harness.views[0].el.style.width = `${w}px`; }", width)
        viewer.wait_drawn()
    viewer.wait_settled()

    assert viewer.page.evaluate("failures") == []
    pane = viewer.page.locator('.rw-pane[data-plane="z"]').bounding_box()
    canvas = viewer.page.locator('.rw-pane[data-plane="z"] canvas').bounding_box()
    assert pane is not None
    assert canvas is not None
    assert canvas["width"] == pytest.approx(pane["width"], abs=0.5)
    assert_shows(viewer, image, "z", 3, (0, 255))

"""Errors, empty viewers, flat images and narrow pages."""

from __future__ import annotations

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
    assert_shows(
        viewer, layer(image.levels[1][0, 0, ..., 0], spacing=(2.0,) * 3, origin=(0.5,) * 3),
        "z", 4, (0, 255),
    )  # fmt: skip

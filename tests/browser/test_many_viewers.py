"""Twenty viewers in one page, and what is left of them."""

from __future__ import annotations

from tests.browser.page.checks import assert_shows
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise

VIEWERS = 20
MOST_CONTEXTS = 16
"""What Chromium keeps; it takes the oldest away."""
IMAGE = layer(noise((16, 16, 16), "uint8", 0, 255))

LIVE_CONTEXTS = """[...document.querySelectorAll('.rw-gl')]
  .filter(c => !c.getContext('webgl2').isContextLost()).length"""


def test_twenty_viewers_share_the_contexts_of_the_browser(viewer: ViewerPage) -> None:
    viewer.page.set_viewport_size({"width": 900, "height": 900})
    viewer.create_model(IMAGE, height=300)
    for _ in range(VIEWERS):
        viewer.page.evaluate("harness.addView(0)")
        # a reader's page grows while it is read
        viewer.page.evaluate("harness.views.at(-1).el.scrollIntoView()")
        viewer.wait_for(f"{LIVE_CONTEXTS} <= 8")

    viewer.page.evaluate("harness.views[0].el.scrollIntoView()")
    viewer.wait_for("harness.root(0).querySelector('.rw-gl') !== null")
    viewer.wait_settled(0)

    assert viewer.page.evaluate(LIVE_CONTEXTS) < MOST_CONTEXTS
    assert viewer.page.locator(".rw-note:visible").count() == 0
    assert_shows(viewer, IMAGE, "z", 8, (0, 255))


def test_a_camera_survives_that_a_viewer_is_out_of_sight(viewer: ViewerPage) -> None:
    viewer.page.set_viewport_size({"width": 900, "height": 700})
    viewer.open(IMAGE, height=500)
    viewer.page.locator('.rw-pane[data-plane="volume"]').press("ArrowRight")
    viewer.wait_settled()
    corner = IMAGE.centre((0, 0, 0))
    before = viewer.at("volume", corner)

    viewer.page.evaluate("document.body.style.paddingTop = '3000px'")
    viewer.wait_for("document.querySelector('.rw-gl') === null")
    viewer.page.evaluate("document.body.style.paddingTop = ''")
    viewer.wait_for("document.querySelector('.rw-gl') !== null")
    viewer.wait_settled()

    after = viewer.at("volume", corner)
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) < 1


def test_closed_viewers_leave_no_context_and_no_listener(viewer: ViewerPage) -> None:
    viewer.create_model(IMAGE, height=300)
    viewer.page.evaluate("window.contexts = []")
    remember = "contexts.push(...[...document.querySelectorAll('.rw-gl')]"
    for _ in range(VIEWERS):
        viewer.page.evaluate("harness.addView(0)")
        viewer.wait_settled(0)
        viewer.page.evaluate(f"{remember}.map(c => c.getContext('webgl2')))")
        viewer.page.evaluate("harness.removeViews()")

    assert viewer.page.evaluate("contexts.length") == VIEWERS
    viewer.wait_for("contexts.every(context => context.isContextLost())")
    assert viewer.page.evaluate("harness.model.listenerCount") == 0
    assert viewer.page.evaluate("document.querySelectorAll('.roiwidgets-viewer').length") == 0

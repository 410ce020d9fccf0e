"""Several views of one model, and views that come and go."""

from __future__ import annotations

from tests.browser.page.checks import ROI
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise


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

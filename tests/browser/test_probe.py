"""What the pointer tells: the value that is stored, however it is drawn."""

from __future__ import annotations

import numpy as np

import roiwidgets as rw
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise

SHAPE = (8, 12, 16)
POINT = {"z": 4, "y": 3, "x": 11}


def page_position(webview: WebviewPage) -> tuple[float, float]:
    place = webview.ask("worldToPage", "z", POINT)
    return place["x"], place["y"]


def test_a_value_beyond_what_a_browser_can_count_is_told_exactly(
    webview: WebviewPage,
) -> None:
    voxels = np.random.default_rng(1).integers(2**63, 2**64, SHAPE, dtype=np.uint64)
    viewer = rw.Viewer(voxels, slices=POINT)
    webview.show(viewer)

    webview.page.mouse.move(*page_position(webview))
    expected = f"value {voxels[4, 3, 11]}"
    webview.wait_until(lambda: expected in webview.page.inner_text(".rw-probe"))

    webview.page.mouse.click(*page_position(webview))
    webview.wait_until(lambda: viewer.clicked_point != {})
    assert viewer.value_at() == voxels[4, 3, 11]


def test_a_coarse_scale_is_drawn_and_the_finest_is_told(viewer: ViewerPage) -> None:
    voxels = noise((32, 32, 32), "uint8", 0, 255)
    image = layer(voxels, scales=3)
    # the largest voxels of the screen: slices are drawn from a coarse level
    viewer.open(image, memory_budget=2**12, width=300, height=160, slices=image.centre((9, 8, 8)))

    viewer.page.mouse.move(*viewer.at("z", image.centre((9, 20, 13))))

    expected = f"value {voxels[9, 20, 13]}"
    viewer.wait_for(f"document.querySelector('.rw-probe').textContent.includes('{expected}')")
    probes = "harness.model.kernel.received.filter(m => m.kind === 'probe').length"
    assert viewer.page.evaluate(probes) <= 1


def test_a_drag_is_no_click(viewer: ViewerPage) -> None:
    image = layer(noise((8, 16, 16), "uint8", 0, 255))
    viewer.open(image, roi_visible=False)

    viewer.drag(viewer.at("z", image.centre((4, 3, 3))), (60, 0))
    assert viewer.get("clicked_point") == {}
    viewer.page.mouse.click(*viewer.at("z", image.centre((4, 3, 3))))
    viewer.wait_settled()

    clicked = viewer.saved("clicked_point")
    assert [round(clicked[axis]) for axis in "yx"] == [3, 3]

"""Points as they are drawn: circles where a plane cuts them, spheres in the volume."""

from __future__ import annotations

import numpy as np

import roiwidgets as rw
from tests.browser.hosts.bridge import WebviewPage

SHAPE = (20, 30, 40)
INSIDE = {"x": 11.4, "y": 8, "z": 10}
OUTSIDE = {"x": 12.8, "y": 8, "z": 10}


def colors(webview: WebviewPage, viewport: str, *points: dict[str, float]) -> list[list[int]]:
    answer: list[list[int]] = webview.ask("colorsAt", viewport, list(points))
    return answer


def test_points_are_circles_in_planes_and_spheres_in_the_volume(webview: WebviewPage) -> None:
    viewer = rw.Viewer(
        np.zeros(SHAPE, np.uint8), color_range=(0, 255), roi_visible=False,
        slices={"x": 20.0, "y": 15.0, "z": 10.0},
    )  # fmt: skip
    viewer.set_points([[10, 8, 10], [30, 20, 3]], color="#ff8000", size=4)

    webview.show(viewer)

    inside, outside, elsewhere = colors(webview, "z", INSIDE, OUTSIDE, {"x": 30, "y": 20, "z": 10})
    assert inside == [255, 128, 0]
    assert outside == elsewhere == [0, 0, 0]
    (sphere,) = colors(webview, "volume", {"x": 30, "y": 20, "z": 3})
    assert sphere[0] > 2 * sphere[2]

    viewer.layer_visibility = {"Points": False}
    webview.wait_until(
        lambda: webview.ask("isSettled") and colors(webview, "z", INSIDE) == [[0, 0, 0]]
    )
    webview.page.get_by_role("button", name="Layers").click()
    webview.page.get_by_label("Points").check()
    webview.wait_until(lambda: viewer.layer_visibility == {"Points": True})
    webview.wait_until(lambda: colors(webview, "z", INSIDE) == [[255, 128, 0]])

"""The viewer in VS Code: its own widget manager, a strict page, and no network."""

from __future__ import annotations

import numpy as np

import roiwidgets as rw
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.page.checks import TOLERANCE

SHAPE = (8, 12, 16)


def test_slices_are_drawn_and_a_region_comes_back(webview: WebviewPage) -> None:
    voxels = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
    viewer = rw.Viewer(voxels, color_range=(0, 255), slices={"z": 3.0, "y": 6.0, "x": 8.0})

    webview.show(viewer)

    points = [{"z": 3, "y": y, "x": x} for y in range(SHAPE[1]) for x in range(SHAPE[2])]
    colors = np.array(webview.ask("colorsAt", "z", points))
    assert np.abs(colors[:, 0] - voxels[3].ravel().astype(int)).max() <= TOLERANCE
    assert viewer.loaded_scale == 0

    handle = webview.page.locator('[data-plane="z"][data-handle="right"]').first.bounding_box()
    assert handle is not None
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    webview.page.mouse.move(x, y)
    webview.page.mouse.down()
    webview.page.mouse.move(x - 60, y, steps=4)
    webview.page.mouse.up()
    webview.wait_until(lambda: viewer.get_roi_slice(0)[2].stop < SHAPE[2])

    assert viewer.get_roi_slice(0)[:2] == (slice(0, 8), slice(0, 12))


def test_what_python_sets_is_drawn(webview: WebviewPage) -> None:
    viewer = rw.Viewer(np.zeros(SHAPE, np.uint8), color_range=(0, 255))
    webview.show(viewer)

    viewer.set_image(np.full(SHAPE, 200, np.uint8))
    viewer.color_range = (0, 255)
    middle = {"z": 4, "y": 6, "x": 8}
    webview.wait_until(
        lambda: webview.ask("isSettled") and webview.ask("colorsAt", "z", [middle])[0][0] > 100
    )

    (color,) = webview.ask("colorsAt", "z", [middle])
    assert abs(color[0] - 200) <= TOLERANCE

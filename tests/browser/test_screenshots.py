"""Pictures from the browser: what is on screen, as long as it is still true."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import roiwidgets as rw
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.page.phantoms import ct_phantom


def pixels(png: bytes) -> NDArray[np.float64]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)


def has_picture(viewer: rw.Viewer) -> bool:
    return viewer.screenshot() != viewer.draw_png()


def test_a_screenshot_is_what_the_page_shows(webview: WebviewPage, tmp_path: Path) -> None:
    viewer = rw.Viewer(ct_phantom(48), color_range=(-1000, 1250))
    viewer.set_points([[24, 24, 24]], size=6)
    webview.show(viewer)
    webview.wait_until(lambda: has_picture(viewer))

    taken = pixels(viewer.screenshot())

    seen = pixels(webview.page.locator(".rw-grid").screenshot())
    height, width = (min(a, b) for a, b in zip(taken.shape[:2], seen.shape[:2], strict=True))
    assert abs(taken.shape[0] - seen.shape[0]) <= 1
    difference = np.abs(taken[:height, :width] - seen[:height, :width])
    assert np.median(difference) == 0
    assert difference.mean() < 2  # letters and lines are smoothed in another way
    assert viewer.save_png(tmp_path / "views.png").read_bytes() == viewer.screenshot()


def test_a_picture_that_is_not_true_any_more_is_not_used(webview: WebviewPage) -> None:
    viewer = rw.Viewer(ct_phantom(32), color_range=(-1000, 1250))
    webview.show(viewer)
    webview.wait_until(lambda: has_picture(viewer))
    before = viewer.screenshot()

    viewer.color_range = (0, 100)
    assert viewer.screenshot() == viewer.draw_png()
    webview.wait_until(lambda: has_picture(viewer))

    assert viewer.screenshot() != before
    viewer.set_image(ct_phantom(24))
    assert viewer.screenshot() == viewer.draw_png()


def test_the_picture_follows_what_somebody_does(webview: WebviewPage) -> None:
    viewer = rw.Viewer(ct_phantom(32), color_range=(-1000, 1250))
    webview.show(viewer)
    webview.wait_until(lambda: has_picture(viewer))
    before = viewer.picture

    webview.page.get_by_label("View", exact=True).select_option("z")
    webview.wait_until(lambda: viewer.picture != before and has_picture(viewer))

    assert viewer.picture_shows["view_mode"] == "z"

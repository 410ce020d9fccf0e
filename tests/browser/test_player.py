"""The player of movies on a page, with the kernel's own side behind it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import roiwidgets as rw
from roiwidgets.widgets.player import StackViewer
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.page.checks import TOLERANCE

SHAPE = (24, 12, 16)


def movie() -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 255, SHAPE).astype(np.uint8)


def grays(page: WebviewPage) -> NDArray[np.int64]:
    """Return the grey levels that the frame shows at each pixel of the movie."""
    pixels = [[row, column] for row in range(SHAPE[1]) for column in range(SHAPE[2])]
    return np.array(page.ask("colorsAt", pixels))[:, 0].reshape(SHAPE[1:])


def shows(page: WebviewPage, frame: int) -> bool:
    shown = page.ask("shown")
    return bool(page.ask("isSettled")) and shown == {"frame": frame, "step": 1, "isExact": True}


def press(page: WebviewPage, *keys: str) -> None:
    page.page.locator(".rw-frame").focus()
    for key in keys:
        page.page.keyboard.press(key)


def test_frames_are_drawn_pixel_by_pixel(webview: WebviewPage) -> None:
    voxels = movie()
    player = StackViewer(voxels, color_range=(0, 255), frame_index=7)

    webview.show(player)
    np.testing.assert_allclose(grays(webview), voxels[7], atol=TOLERANCE)

    player.frame_index = 20
    webview.wait_until(lambda: shows(webview, 20))
    np.testing.assert_allclose(grays(webview), voxels[20], atol=TOLERANCE)


def test_keys_step_and_python_hears_of_it(webview: WebviewPage) -> None:
    player = StackViewer(movie(), frame_index=5)
    webview.show(player)

    found = []
    for key in ("ArrowRight", "ArrowLeft", "End", "Home"):
        press(webview, key)
        webview.wait_until(lambda: bool(webview.ask("isSettled")))
        found.append(player.frame_index)

    assert found == [6, 5, SHAPE[0] - 1, 0]


@pytest.mark.parametrize("transport", ["raw", "compressed"])
def test_a_paused_movie_shows_its_frame_exactly(webview: WebviewPage, transport: str) -> None:
    voxels = movie()
    player = StackViewer(voxels, color_range=(0, 255), transport=transport, frame_rate=20)
    webview.show(player)

    press(webview, " ")
    webview.wait_until(lambda: player.playing and webview.ask("shown")["frame"] > 3)
    assert webview.ask("shown")["isExact"] == (transport == "raw")
    press(webview, " ")
    webview.wait_until(lambda: bool(webview.ask("isSettled")))

    assert not player.playing
    assert shows(webview, player.frame_index)
    np.testing.assert_allclose(grays(webview), voxels[player.frame_index], atol=TOLERANCE)


@pytest.mark.parametrize("has_decoder", [True, False])
def test_compressed_frames_show_the_grays_of_the_movie(
    webview: WebviewPage, has_decoder: bool
) -> None:
    smooth = np.add.outer(10 * np.arange(SHAPE[1]), 5 * np.arange(SHAPE[2])).astype(np.uint8)
    player = StackViewer(
        np.array([smooth] * SHAPE[0]), color_range=(0, 255), transport="compressed", frame_rate=20
    )
    webview.page.evaluate(
        """hasDecoder => {
          const [decoder, draw] = [window.ImageDecoder, window.createImageBitmap];
          window.drawn = 0;
          window.createImageBitmap = (...given) => { window.drawn++; return draw(...given); };
          if (!hasDecoder) delete window.ImageDecoder;
          window.restore = () => {
            window.createImageBitmap = draw;
            window.ImageDecoder = decoder;
            return window.drawn;
          };
        }""",
        has_decoder,
    )
    webview.show(player)

    press(webview, " ")
    webview.wait_until(lambda: not webview.ask("shown")["isExact"])
    shown = grays(webview)
    drawn = webview.page.evaluate("window.restore()")

    np.testing.assert_allclose(shown, smooth, atol=10)  # a JPEG of a smooth picture
    assert (drawn == 0) == has_decoder


def test_a_movie_played_once_ends_with_its_last_frame(webview: WebviewPage) -> None:
    player = StackViewer(movie(), play_mode="once", frame_rate=120)
    webview.show(player)

    player.playing = True
    webview.wait_until(lambda: not player.playing)
    webview.wait_until(lambda: shows(webview, SHAPE[0] - 1))

    assert player.frame_index == SHAPE[0] - 1


def test_zoom_and_contrast_send_nothing_while_they_move(webview: WebviewPage) -> None:
    player = StackViewer(movie(), color_range=(0, 255))
    webview.show(player)
    place = webview.ask("pageOf", [6, 8])
    mouse = webview.page.mouse
    webview.received.clear()

    mouse.move(place["x"], place["y"])
    mouse.down(button="right")
    for step in range(1, 9):
        mouse.move(place["x"] - 8 * step, place["y"] + 3 * step)
        webview.wait_drawn()
    assert webview.received == []
    mouse.up(button="right")
    webview.wait_until(lambda: bool(webview.ask("isSettled")))

    assert player.color_range != (0, 255)
    assert [set(m.get("state", {})) for m in webview.received] == [{"color_range"}]
    webview.received.clear()
    mouse.wheel(0, -240)
    webview.wait_until(lambda: bool(player.camera) and bool(webview.ask("isSettled")))
    assert [set(m.get("state", {})) for m in webview.received] == [{"camera"}]


def test_the_value_under_the_pointer_is_the_movies(webview: WebviewPage) -> None:
    voxels = np.round(np.random.default_rng(1).normal(0, 1, SHAPE), 5)
    player = StackViewer(voxels, frame_index=3)
    webview.show(player)
    place = webview.ask("pageOf", [4, 9])

    webview.page.mouse.move(place["x"], place["y"])

    expected = f"[3, 4, 9]   value {voxels[3, 4, 9]}"
    webview.wait_until(lambda: webview.page.inner_text(".rw-probe") == expected)


def test_planes_of_a_volume_over_time(webview: WebviewPage) -> None:
    voxels = np.random.default_rng(2).integers(0, 255, (3, 4, *SHAPE[1:])).astype(np.uint8)
    player = StackViewer(rw.open_image(voxels, axes="tzyx"), plane=1, color_range=(0, 255))
    webview.show(player)
    np.testing.assert_allclose(grays(webview), voxels[0, 1], atol=TOLERANCE)

    webview.page.get_by_label("Plane").press("ArrowRight")
    webview.wait_until(lambda: webview.ask("movie") == player.stack["id"] != "movie-1")
    webview.wait_until(lambda: bool(webview.ask("isSettled")))

    np.testing.assert_allclose(grays(webview), voxels[0, 2], atol=TOLERANCE)


def test_side_views_and_the_overlay_are_those_of_the_whole_movie(webview: WebviewPage) -> None:
    voxels = movie()
    voxels[9, 4:7, 10:13] = 255
    player = StackViewer(
        voxels, color_range=(0, 255), overlay="maximum", overlay_opacity=1, overlay_color_map="gray"
    )
    webview.show(player)
    webview.wait_until(lambda: webview.ask("share") == 1)
    webview.wait_drawn()

    lowest, highest = np.quantile(voxels.max(axis=0), (0.001, 0.999), method="nearest")
    expected = (voxels.max(axis=0) - float(lowest)) / (highest - lowest) * 255
    np.testing.assert_allclose(grays(webview), expected, atol=TOLERANCE)
    top = np.array(webview.ask("sideColors", "top"))[..., 0]
    right = np.array(webview.ask("sideColors", "right"))[..., 0]
    np.testing.assert_allclose(top, voxels.max(axis=1), atol=TOLERANCE)
    np.testing.assert_allclose(right, voxels.max(axis=2).T, atol=TOLERANCE)

    place = webview.ask("pageOf", [5, 11])
    webview.page.mouse.dblclick(place["x"], place["y"])
    webview.wait_until(lambda: shows(webview, 9))
    assert player.frame_index == 9


def test_opacity_and_indicators_send_nothing_while_they_move(webview: WebviewPage) -> None:
    player = StackViewer(movie(), overlay="mean")
    webview.show(player)
    webview.wait_until(lambda: webview.ask("share") == 1 and webview.ask("isSettled"))
    webview.received.clear()
    mouse = webview.page.mouse

    opacity = webview.page.get_by_label("Opacity").bounding_box()
    assert opacity is not None
    y = opacity["y"] + opacity["height"] / 2
    mouse.move(opacity["x"] + opacity["width"] / 2, y)
    mouse.down()
    for step in range(1, 7):
        mouse.move(opacity["x"] + opacity["width"] / 2 + 5 * step, y)
        webview.wait_drawn()
    assert webview.received == []
    mouse.up()
    webview.wait_until(lambda: player.overlay_opacity > 0.6)
    assert len(webview.received) == 1

    webview.wait_until(lambda: bool(webview.ask("isSettled")))
    webview.received.clear()
    line = webview.page.locator(".rw-side-top").bounding_box()
    assert line is not None
    x = line["x"] + 20
    mouse.move(x, line["y"] + 2)
    mouse.down()
    for row in range(3, int(line["height"]) - 4, 8):
        mouse.move(x, line["y"] + row)
        webview.wait_drawn()
    held = int(webview.page.text_content(".rw-side-top text") or "")
    assert webview.received == []
    mouse.up()
    webview.wait_until(lambda: shows(webview, held))
    assert held > SHAPE[0] / 2
    assert player.frame_index == held

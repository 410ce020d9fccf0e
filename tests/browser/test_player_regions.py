"""Regions of interest drawn with the mouse, and the traces that are plotted of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import roiwidgets as rw
from tests.browser.hosts.bridge import WebviewPage

PHANTOM = rw.samples.calcium_movie(frames=120, shape=(48, 64), cells=3, seed=2)
VOXELS = np.asarray(PHANTOM.movie.data)
CENTRES = [
    tuple(int(i) for i in np.unravel_index(np.argmax(each), each.shape))
    for each in PHANTOM.footprints
]
CORNERS = [(-3.2, -2.7), (-3.1, 2.6), (0.4, 3.9), (3.3, 2.8), (2.9, -3.4)]
"""Rows and columns around a cell, none of them on the centre of a pixel."""


def click_around(page: WebviewPage, centre: tuple[int, ...]) -> None:
    """Draw a polygon: click its corners, press Enter."""
    page.page.get_by_role("button", name="Polygon").click()
    for row, column in CORNERS:
        place = page.ask("pageOf", [centre[0] + row, centre[1] + column])
        page.page.mouse.click(place["x"], place["y"])
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Escape")


def inside(roi: rw.Annotation) -> NDArray[np.bool_]:
    """Return which pixel centres lie in a polygon, by the crossings of a ray to the right."""
    y, x = np.mgrid[: VOXELS.shape[1], : VOXELS.shape[2]].astype(float)
    crossings = np.zeros(y.shape, int)
    for (x0, y0), (x1, y1) in zip(roi.points, roi.points[1:] + roi.points[:1], strict=True):
        spans = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings += spans & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    return crossings % 2 == 1


def plotted(page: WebviewPage, roi: rw.Annotation) -> NDArray[np.float64]:
    values = page.ask("plotted", roi.id)
    return np.array([np.nan if v is None else v for v in values or [None]], float)


def is_plotted(page: WebviewPage, player: rw.StackViewer) -> bool:
    page.wait_drawn()
    return all(np.isfinite(plotted(page, roi)).all() for roi in player.rois)


def sent_traces(player: rw.StackViewer) -> list[list[str]]:
    """Keep the ids of traces that are sent from now on."""
    found: list[list[str]] = []
    send = player._traces._send

    def watch(header: dict[str, Any], buffers: list[memoryview]) -> None:
        if header["kind"] == "traces":
            found.append(header["ids"])
        send(header, buffers)

    player._traces._send = watch
    return found


def test_the_trace_of_a_drawn_cell_is_numpys_and_the_cells(
    webview: WebviewPage, tmp_path: Path
) -> None:
    player = rw.StackViewer(PHANTOM.movie)
    webview.show(player)

    for number, centre in enumerate(CENTRES[:2], start=1):
        click_around(webview, centre)
        webview.wait_until(lambda number=number: len(player.rois) == number)
    webview.wait_until(lambda: is_plotted(webview, player))

    expected = [VOXELS[:, inside(roi)].mean(axis=1) for roi in player.rois]
    for roi, values, truth in zip(player.rois, expected, PHANTOM.traces, strict=False):
        np.testing.assert_allclose(plotted(webview, roi), values, rtol=1e-12)
        assert np.corrcoef(values, truth)[0, 1] > 0.9
    np.testing.assert_allclose(player.traces().values, expected, rtol=1e-12)

    drawn = player.rois
    for name in ("cells.geojson", "cells.sqlite"):
        player.save_rois(tmp_path / name)
        player.rois = ()
        webview.wait_until(lambda: not webview.page.locator(".rw-roi-shape").count())
        player.load_rois(tmp_path / name)
        assert player.rois == drawn
        webview.wait_until(lambda: webview.page.locator(".rw-roi-shape").count() == 2)
        webview.wait_until(lambda: is_plotted(webview, player))
        for roi, values in zip(player.rois, expected, strict=True):
            np.testing.assert_allclose(plotted(webview, roi), values, rtol=1e-12)


def test_an_edit_updates_only_its_trace(webview: WebviewPage) -> None:
    around = [
        rw.Annotation("box", [(x - 3.2, y - 3.2), (x + 3.2, y + 3.2)], id=f"cell-{i}")
        for i, (y, x) in enumerate(CENTRES)
    ]
    player = rw.StackViewer(PHANTOM.movie, rois=around)
    webview.show(player)
    webview.wait_until(lambda: is_plotted(webview, player))
    before = plotted(webview, player.rois[0])
    sent = sent_traces(player)

    y, x = CENTRES[1]
    start, end = (webview.ask("pageOf", [y, x + far]) for far in (0, 6))
    webview.page.mouse.move(start["x"], start["y"])
    webview.page.mouse.down()
    webview.received.clear()
    for share in (0.3, 0.6, 1.0):
        webview.page.mouse.move(start["x"] + share * (end["x"] - start["x"]), start["y"])
        webview.wait_drawn()
    assert webview.received == []
    webview.page.mouse.up()
    webview.wait_until(lambda: player.rois[1].points != around[1].points)
    webview.wait_until(lambda: bool(sent) and is_plotted(webview, player))

    assert {name for ids in sent for name in ids} == {"cell-1"}
    np.testing.assert_array_equal(plotted(webview, player.rois[0]), before)
    expected = VOXELS[:, inside_box(player.rois[1])].mean(axis=1)
    np.testing.assert_allclose(plotted(webview, player.rois[1]), expected, rtol=1e-12)

    webview.page.keyboard.press("Control+z")
    webview.wait_until(lambda: player.rois == tuple(around))


def inside_box(roi: rw.Annotation) -> NDArray[np.bool_]:
    y, x = np.mgrid[: VOXELS.shape[1], : VOXELS.shape[2]]
    (left, top), (right, bottom) = roi.bounds
    return (x >= left) & (x <= right) & (y >= top) & (y <= bottom)


def test_boxes_ellipses_and_lines_by_hand(webview: WebviewPage) -> None:
    player = rw.StackViewer(PHANTOM.movie)
    webview.show(player)
    mouse = webview.page.mouse

    for number, tool in enumerate(("Box", "Ellipse", "Freehand"), start=1):
        webview.page.get_by_role("button", name=tool).click()
        path = [webview.ask("pageOf", pixel) for pixel in ([10, 10], [12, 30], [30, 34], [32, 12])]
        corners = path if tool == "Freehand" else path[::2]
        mouse.move(corners[0]["x"], corners[0]["y"])
        mouse.down()
        for place in corners[1:]:
            mouse.move(place["x"], place["y"], steps=4)
        mouse.up()
        webview.wait_until(lambda number=number: len(player.rois) == number)

    assert [roi.kind for roi in player.rois] == ["box", "ellipse", "freehand"]
    for roi in player.rois[:2]:
        np.testing.assert_allclose(roi.bounds, [(10, 10), (34, 30)], atol=0.3)

    webview.page.keyboard.press("Escape")
    webview.page.get_by_label("Name of ROI 2").fill("soma")
    webview.page.get_by_label("Name of ROI 2").press("Tab")
    webview.wait_until(lambda: player.rois[1].name == "soma")
    webview.page.get_by_label("Delete soma").click()
    webview.wait_until(lambda: [roi.kind for roi in player.rois] == ["box", "freehand"])


def test_a_click_in_the_plot_goes_to_its_frame(webview: WebviewPage) -> None:
    cell = rw.Annotation("box", [(10.2, 10.2), (20.2, 20.2)], id="a")
    player = rw.StackViewer(PHANTOM.movie, rois=[cell])
    webview.show(player)
    webview.wait_until(lambda: is_plotted(webview, player))

    plot = webview.page.locator(".rw-plot .u-over").bounding_box()
    assert plot is not None
    webview.page.mouse.click(plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] / 2)

    webview.wait_until(lambda: abs(player.frame_index - 60) <= 1)

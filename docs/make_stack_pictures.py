"""Draw ``docs/stack-light.png`` and ``docs/stack-dark.png``: the player of movies.

uv run python docs/make_stack_pictures.py

Each sheet has the player with regions and traces, with a projection over the frame,
zoomed in with a polygon, and on a page of 500 pixels.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

import roiwidgets as rw

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from tests.browser.chromium_finder import FLAGS, find_chromium  # noqa: E402 # after the path
from tests.browser.hosts.bridge import WebviewPage  # noqa: E402
from tests.browser.test_accessibility import THEMES, use_theme  # noqa: E402

SCALE = 0.6
GAP = 12
COLORS = ("#ffd500", "#4dabf7", "#ff8787", "#69db7c")
PHANTOM = rw.samples.calcium_movie(frames=400, shape=(160, 240), cells=20)


def cells() -> list[rw.Annotation]:
    """Return a polygon around each of the first cells."""
    turns = np.linspace(0, 2 * np.pi, 9)[:-1]
    centres = [np.unravel_index(each.argmax(), each.shape) for each in PHANTOM.footprints]
    inner = [(y, x) for y, x in centres if 10 < y < 150 and 10 < x < 230]
    return [
        rw.Annotation(
            "polygon",
            [(x + 6.3 * np.cos(t), y + 6.3 * np.sin(t)) for t in turns.tolist()],
            id=f"cell-{number}", name=f"cell {number}", group="soma", color=color,
        )
        for number, ((y, x), color) in enumerate(zip(inner, COLORS, strict=False), start=1)
    ]  # fmt: skip


def shots() -> list[tuple[int, dict[str, Any], bool]]:
    """Return width of the page, traits, and whether traces are stacked."""
    zoomed = {"center": [120.0, 70.0], "height": 90.0}
    return [
        (900, {"rois": cells(), "frame_index": 120}, True),
        (900, {"overlay": "maximum", "overlay_opacity": 0.6, "frame_index": 260}, False),
        (900, {"rois": cells(), "camera": zoomed, "color_map": "viridis"}, False),
        (500, {"rois": cells()[:3], "overlay": "correlation", "height": 340}, False),
    ]


def draw(
    browser: Browser, theme: str, width: int, traits: dict[str, Any], *, stacked: bool
) -> Image.Image:
    """Return one picture of the player."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    with pytest.MonkeyPatch.context() as patch:
        page = WebviewPage(context, patch)
        use_theme(page, theme)  # type: ignore[arg-type] # it has a page, and that is all
        player = rw.StackViewer(PHANTOM.movie, **traits)
        page.show(player)
        page.wait_until(lambda: page.ask("share") == 1)
        for roi in player.rois:
            page.wait_until(lambda roi=roi: None not in (page.ask("plotted", roi.id) or [None]))
        if stacked:
            page.page.get_by_label("Stacked").check()
        if player.rois:
            page.page.locator(".rw-roi-table tbody tr").first.click(position={"x": 4, "y": 4})
        page.wait_drawn()
        shot = page.page.locator(".roiwidgets-viewer").screenshot()
    context.close()
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    size = (round(picture.width * SCALE), round(picture.height * SCALE))
    return picture.resize(size, Image.Resampling.LANCZOS)


def main() -> None:
    """Draw a sheet for each theme."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for theme in THEMES:
            pictures = [
                draw(browser, theme, width, traits, stacked=stacked)
                for width, traits, stacked in shots()
            ]
            ground = "#ffffff" if theme == "light" else "#212121"
            columns = [pictures[:2], pictures[2:]]
            widths = [max(each.width for each in column) for column in columns]
            heights = [sum(each.height + GAP for each in column) for column in columns]
            sheet = Image.new("RGB", (sum(widths) + 3 * GAP, max(heights) + GAP), ground)
            for i, column in enumerate(columns):
                top = GAP
                for picture in column:
                    sheet.paste(picture, (GAP + i * (widths[0] + GAP), top))
                    top += picture.height + GAP
            sheet.save(DOCS / f"stack-{theme}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()

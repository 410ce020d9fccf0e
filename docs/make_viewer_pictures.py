"""Draw ``docs/viewer-light.png`` and ``docs/viewer-dark.png``: layouts and panels of the viewer.

uv run python docs/make_viewer_pictures.py
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from tests.browser.chromium_finder import FLAGS, find_chromium  # noqa: E402 # after the path
from tests.browser.page.harness import ViewerPage  # noqa: E402
from tests.browser.page.phantoms import LayerData, ct_phantom, layer  # noqa: E402
from tests.browser.test_accessibility import use_theme  # noqa: E402

SIZE = (900, 720)
COLUMNS = 3
SCALE = 0.5
WINDOW = (-1000, 1250)


@dataclass(frozen=True)
class Shot:
    """One picture of the sheet."""

    layers: tuple[LayerData, ...]
    panel: str = ""
    traits: dict[str, Any] = field(default_factory=dict)


def shots() -> list[Shot]:
    """Return what the sheet shows, row by row."""
    head = ct_phantom(96)
    image = layer(head, value_range=WINDOW, name="Fixed")
    shifted = layer(np.roll(head, 6, axis=2), id="moving-2", value_range=WINDOW, name="Moving")
    ids = ((head > 200).astype(np.uint32)) * 3
    labels = layer(ids, id="labels-1", kind="labels", name="Labels")
    region = {"lower": {"x": 20, "y": 20, "z": 20}, "upper": {"x": 60, "y": 70, "z": 80}}
    return [
        Shot((image,), traits={"roi": region}),
        Shot((image,), traits={"view_mode": "z", "color_map": "gray"}),
        Shot((image,), panel="Volume", traits={"view_mode": "volume", "roi_visible": False}),
        Shot((image,), panel="Edit region", traits={"roi": region}),
        Shot((image, labels), panel="Layers", traits={"label_outline": True}),
        Shot((image, shifted), panel="Layers", traits={"compare_method": "green-magenta"}),
        Shot((cells(),), panel="Channels", traits=CHANNELS),
        Shot((image, shifted), panel="Layers", traits={"compare_method": "checkerboard"}),
        Shot((movie(),), traits={"view_mode": "four-up", "color_range": [0, 255]}),
    ]


CHANNELS: dict[str, Any] = {
    "roi_visible": False,
    "channels_together": True,
    "channel_colors": ["#00ffff", "#ff00ff", "#ffff00"],
    "channel_ranges": [[50, 2500], [50, 900], [50, 500]],
}


def cells() -> LayerData:
    """Return three channels of blobs in noise."""
    shape = (48, 96, 96)
    places = np.indices(shape)
    rng = np.random.default_rng(0)
    channels = rng.normal(50, 20, (3, *shape))
    for channel, (count, radius, height) in enumerate(
        [(30, 5, 3000), (60, 3, 1000), (12, 10, 500)]
    ):
        for center in rng.uniform(0, shape, (count, 3)):
            distance = ((places.T - center) ** 2 * [2, 1, 1]).sum(axis=-1).T
            channels[channel] = np.maximum(
                channels[channel], height * np.exp(-distance / radius**2)
            )
    voxels = np.clip(channels, 0, 65535).astype(np.uint16)[np.newaxis, ..., np.newaxis]
    return LayerData("image-1", "image", (voxels,), spacing=(2.0, 1.0, 1.0), value_range=(0, 3000))


def movie() -> LayerData:
    """Return time points of one plane."""
    t, y, x = np.indices((8, 96, 128))
    waves = 127 + 100 * np.sin((x + 8 * t) / 9) * np.cos(y / 7)
    frames = waves.astype(np.uint8)[:, np.newaxis, np.newaxis, :, :, np.newaxis]
    return LayerData("image-1", "image", (frames,))


def main() -> None:
    """Take all pictures in both themes."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for theme in ("light", "dark"):
            pictures = [take(chromium, shot, theme) for shot in shots()]
            sheet(pictures).save(DOCS / f"viewer-{theme}.png", optimize=True)
        chromium.close()


def take(chromium: Browser, shot: Shot, theme: str) -> Image.Image:
    """Return a picture of the viewer."""
    context = chromium.new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
    viewer = ViewerPage(context)
    use_theme(viewer, theme)
    height = SIZE[1] - 200 if shot.panel else SIZE[1] - 110
    viewer.open(*shot.layers, **{"color_range": list(WINDOW), "height": height, **shot.traits})
    if shot.panel:
        viewer.page.get_by_role("button", name=shot.panel).click()
        viewer.wait_settled()
    png = viewer.page.screenshot()
    context.close()
    return Image.open(io.BytesIO(png))


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """Return the pictures side by side, reduced."""
    width, height = (round(side * SCALE) for side in SIZE)
    rows = -(-len(pictures) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * width, rows * height))
    for i, picture in enumerate(pictures):
        place = (i % COLUMNS * width, i // COLUMNS * height)
        small = picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        whole.paste(small, place)
    return whole


if __name__ == "__main__":
    main()

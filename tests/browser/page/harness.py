"""Drives the viewer on the bare page: open it, wait for it, use it as a person would."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route

from tests.browser.complaints import complaint
from tests.browser.page.phantoms import LayerData, encode_table, gray_table

ORIGIN = "http://viewer.test"
FOLDER = Path(__file__).parent
STATIC = FOLDER.parents[2] / "src" / "roiwidgets" / "widgets" / "static"
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "script-src 'self'"
)
"""No eval and nothing from elsewhere, as strict hosts have it."""
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


class ViewerPage:
    """A page with one model and its views."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.elsewhere: list[str] = []
        self.layers: dict[str, LayerData] = {}
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        self.page.route("**/*", self._serve)
        self.page.goto(f"{ORIGIN}/index.html")
        self.page.wait_for_selector("body[data-ready]", state="attached")

    # Opening ----------------------------------------------------------------

    def open(self, *layers: LayerData, views: int = 1, width: int = 0, **traits: Any) -> None:
        """Show layers in new views of a new model and wait until everything is drawn."""
        self.create_model(*layers, **traits)
        for _ in range(views):
            self.page.evaluate("width => harness.addView(width)", width)
        for view in range(views):
            self.wait_settled(view)

    def create_model(self, *layers: LayerData, **traits: Any) -> None:
        """Make a model that no view shows yet."""
        self.layers.update({layer.id: layer for layer in layers})
        planar = bool(layers) and layers[0].finest.shape[0] == 1
        image = layers[0] if layers else None
        values = {
            "scene": self.scene(*layers, planar=planar),
            "preview": None,
            "preview_split": None,
            "roi": None,
            "roi_visible": True,
            "roi_locked": False,
            "slices": {},
            "clicked_point": {},
            "camera": {},
            "color_map": "gray",
            "color_maps": ["gray", "viridis", "magma"],
            "color_table": encode_table(gray_table()),
            "color_range": list(image.value_range) if image else [0, 1],
            "view_mode": "four-up",
            "volume_projection": "composite",
            "opacity_points": [],
            "gradient_opacity": 0.3,
            "shading": True,
            "sample_distance": 0.7,
            "label_opacity": 0.5,
            "label_outline": False,
            "label_names": {},
            "hidden_labels": [],
            "label_weights": {},
            "label_color_table": "",
            "image_interpolation": False,
            "background_color": "",
            "gradient_opacity_scale": 0.5,
            "scattering": 0,
            "rotate": False,
            "layer_visibility": {},
            "selected_layer": "",
            "label_color_map": "",
            "compare_method": "blend",
            "image_mix": 0.5,
            "checkerboard_pattern": 8,
            "channels_together": False,
            "channel_colors": [],
            "channel_bounds": [],
            "channel_ranges": [],
            "channel_visibility": [],
            "point_sets": [],
            "time_index": 0,
            "channel_index": 0,
            "loaded_scale": -1,
            "memory_budget": 256 * 2**20,
            "annotations_enabled": True,
            "axes_enabled": True,
            "ui_collapsed": False,
            "picture": "",
            "picture_shows": {},
            "error_message": "",
            "height": 560,
            **traits,
        }
        sources = [layer.source() for layer in self.layers.values()]
        self.page.evaluate("([v, s]) => harness.createModel(v, s)", [values, sources])

    def scene(self, *layers: LayerData, planar: bool = False, **options: Any) -> dict[str, Any]:
        """Return a ``scene`` trait."""
        scene = {
            "unit": "mm",
            "planar": planar,
            "direction": [1, 0, 0, 0, 1, 0, 0, 0, 1],
            "layers": [layer.describe() for layer in layers],
        }
        return {**scene, **options}

    def serve_also(self, *layers: LayerData) -> None:
        """Let the fake kernel serve more layers, for example a preview."""
        self.layers.update({layer.id: layer for layer in layers})
        sources = [layer.source() for layer in layers]
        self.page.evaluate("s => harness.addSources(s)", sources)

    # Waiting ----------------------------------------------------------------

    def wait_settled(self, view: int = 0) -> None:
        """Wait until everything was loaded and drawn."""
        self.wait_for(f"harness.isSettled({view})")

    def wait_for(self, condition: str, argument: Any = None) -> None:
        """Wait until a JavaScript expression is true."""
        # an expression would be evaluated as text, which the page's policy forbids
        is_function = re.match(r"\s*(async\s*)?(\([^()]*\)|\w+)\s*=>", condition)
        body = condition if is_function else f"() => {condition}"
        self.page.wait_for_function(body, arg=argument, timeout=15_000)

    # State ------------------------------------------------------------------

    def get(self, name: str) -> Any:
        """Return a trait."""
        return self.page.evaluate("name => harness.model.get(name)", name)

    def saved(self, name: str) -> Any:
        """Return what the kernel was told last about a trait, or None."""
        script = "name => harness.model.saved.filter(s => name in s).at(-1)?.[name] ?? null"
        return self.page.evaluate(script, name)

    def set(self, **traits: Any) -> None:
        """Set traits as the kernel does, and wait until they are drawn."""
        self.page.evaluate("values => harness.model.setFromKernel(values)", traits)
        self.wait_settled()

    def set_now(self, **traits: Any) -> None:
        """Set traits as the kernel does, and wait for the next drawing only."""
        self.page.evaluate("values => harness.model.setFromKernel(values)", traits)
        self.wait_drawn()

    def wait_drawn(self) -> None:
        """Wait until what is known now has been drawn."""
        two = "r => requestAnimationFrame(() => requestAnimationFrame(r))"
        self.page.evaluate(f"() => new Promise({two})")

    def text(self, selector: str) -> str:
        """Return the text of an element."""
        return self.page.inner_text(selector)

    # Planes -----------------------------------------------------------------

    def stats(self) -> Any:
        """Return what the viewer says of itself."""
        return self.page.evaluate("harness.root().roiwidgetsTest.stats()")

    def at(self, axis: str, point: dict[str, float], view: int = 0) -> tuple[float, float]:
        """Return the page position where a plane draws a point of the frame."""
        place = self.page.evaluate("([a, p, v]) => harness.pageOf(a, p, v)", [axis, point, view])
        return place["x"], place["y"]

    def colors(self, axis: str, points: Sequence[dict[str, float]]) -> NDArray[np.int64]:
        """Return the colours that a plane draws at points of the frame, shape (n, 3)."""
        script = "([a, p]) => harness.colorsAt(a, p)"
        return np.array(self.page.evaluate(script, [axis, list(points)]))

    def drag(
        self, start: tuple[float, float], by: tuple[float, float], button: str = "left"
    ) -> None:
        """Press, move in steps, release, and wait until the result is drawn."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down(button=button)  # type: ignore[arg-type] # one of the three literals
        for step in (0.3, 0.7, 1.0):
            mouse.move(start[0] + step * by[0], start[1] + step * by[1])
        mouse.up(button=button)  # type: ignore[arg-type] # one of the three literals
        self.wait_settled()

    def centre_of(self, selector: str) -> tuple[float, float]:
        """Return the page position of the middle of the first such element."""
        box = self.page.locator(selector).first.bounding_box()
        assert box is not None, f"{selector} is not drawn"
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    # Inside -----------------------------------------------------------------

    def _note_console(self, message: ConsoleMessage) -> None:
        if (text := complaint(message)) is not None:
            self.problems.append(text)

    def _serve(self, route: Route) -> None:
        url = urlparse(route.request.url)
        if f"{url.scheme}://{url.netloc}" != ORIGIN:
            self.elsewhere.append(route.request.url)
            route.abort()
        elif url.path.startswith("/voxels/"):
            layer, level = url.path.removeprefix("/voxels/").split("/")
            route.fulfill(body=self.layers[layer].levels[int(level)].tobytes())
        else:
            name = url.path.lstrip("/")
            path = (STATIC if name.startswith("viewer.") else FOLDER) / name
            headers = {"content-security-policy": POLICY, "content-type": _TYPES[path.suffix]}
            route.fulfill(body=path.read_bytes(), headers=headers)

"""A page on which a host shows viewers, and what a person does and sees there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import ConsoleMessage, Locator, Page

CELL_TIMEOUT_MS = 120_000


class HostPage:
    """A page of a host, with everything it complained about or asked of others.

    Viewers are counted from 0, in the order of the page; they may stand in shadow roots.
    """

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.console_errors: list[str] = []
        self.foreign_requests: list[str] = []
        self._own_host = urlsplit(origin).netloc
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        page.on("request", lambda request: self._note_request(request.url))
        page.on("websocket", lambda socket: self._note_request(socket.url))

    def viewer(self, number: int = 0) -> Locator:
        """Return the root element of a viewer."""
        return self.page.locator(".roiwidgets-viewer").nth(number)

    # What a person does -----------------------------------------------------

    def place_of(self, selector: str, viewer: int = 0) -> tuple[float, float]:
        """Return the page position of the middle of an element of a viewer."""
        element = self.viewer(viewer).locator(selector).first
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        assert box is not None, f"{selector} is not drawn"
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, start: tuple[float, float], by: tuple[float, float], viewer: int = 0) -> None:
        """Press the left button, move in steps, release, and wait for the drawing."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        for step in (0.3, 0.7, 1.0):
            mouse.move(start[0] + step * by[0], start[1] + step * by[1])
        mouse.up()
        self.wait_settled(viewer)

    # What a person sees -----------------------------------------------------

    def at(self, viewport: str, point: dict[str, float], viewer: int = 0) -> tuple[float, float]:
        """Return the page position where a viewer draws a point of the frame."""
        place = self._ask(viewer, "worldToPage", viewport, point)
        return place["x"], place["y"]

    def colors(
        self, viewport: str, points: list[dict[str, float]], viewer: int = 0
    ) -> NDArray[np.int64]:
        """Return the colours that a viewer draws at points of the frame, shape (n, 3)."""
        return np.array(self._ask(viewer, "colorsAt", viewport, points))

    def slice_across_z(
        self, index: int, shape: tuple[int, int, int], viewer: int = 0
    ) -> NDArray[np.int64]:
        """Return the grey levels at the voxels of an image with unit spacing, shape (y, x)."""
        points = [{"z": index, "y": y, "x": x} for y in range(shape[1]) for x in range(shape[2])]
        return self.colors("z", points, viewer)[:, 0].reshape(shape[1:])

    def wait_settled(self, viewer: int = 0) -> None:
        """Wait until a viewer has loaded and drawn everything."""
        self.wait_for("root => root.roiwidgetsTest?.isSettled()", viewer)

    def wait_for(self, condition: str, viewer: int = 0) -> None:
        """Wait until a JavaScript function of a viewer's root element returns true."""
        self.page.wait_for_function(
            condition,
            # a selector in the page would not find it in a shadow root
            arg=self.viewer(viewer).element_handle(timeout=CELL_TIMEOUT_MS),
            timeout=CELL_TIMEOUT_MS,
        )

    # Inside -----------------------------------------------------------------

    def _ask(self, viewer: int, method: str, *arguments: object) -> Any:
        return self.viewer(viewer).evaluate(
            f"(root, given) => root.roiwidgetsTest.{method}(...given)", list(arguments)
        )

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _note_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._own_host:
            self.foreign_requests.append(url)

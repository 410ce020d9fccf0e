"""Drive a notebook in a real JupyterLab through ``window.jupyterapp``."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

LAB_TIMEOUT_MS = 60_000
CELL_TIMEOUT_MS = 120_000

_EXECUTE = """
async ({code, expression}) => {
  const panel = window.jupyterapp.shell.currentWidget;
  const kernel = panel.sessionContext.session.kernel;
  const future = kernel.requestExecute({
    code, silent: false, store_history: false, stop_on_error: true,
    user_expressions: expression ? {value: expression} : {},
  });
  let error = null;
  future.onIOPub = message => {
    if (message.header.msg_type === 'error')
      error = message.content.ename + ': ' + message.content.evalue;
  };
  const reply = await future.done;
  if (error) throw new Error(error);
  if (!expression) return null;
  const value = reply.content.user_expressions.value;
  if (value.status !== 'ok') throw new Error(value.ename + ': ' + value.evalue);
  return value.data['text/plain'];
}
"""


@dataclass(frozen=True)
class LabServer:
    """Where a JupyterLab server listens, and the folder it serves."""

    url: str
    token: str
    folder: Path

    def write_notebook(self, name: str, cells: list[str]) -> None:
        """Write a notebook of code cells into the served folder."""
        notebook = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell{number}",
                    "execution_count": None,
                    "metadata": {},
                    "outputs": [],
                    "source": source,
                }
                for number, source in enumerate(cells)
            ],
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (self.folder / name).write_text(json.dumps(notebook))


@dataclass
class NotebookPage:
    """An open notebook, with everything the page complained about or asked for."""

    page: Page
    server: LabServer
    name: str
    console_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Open the notebook and wait for its kernel."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.goto(f"{self.server.url}/lab/tree/{self.name}?reset&token={self.server.token}")
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
            "?.status === 'idle'",
            timeout=LAB_TIMEOUT_MS,
        )

    def run_all(self) -> None:
        """Run all cells and wait until the kernel is done with them."""
        done = self.page.evaluate(
            """async () => {
              await window.jupyterapp.commands.execute('notebook:run-all-cells');
              const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
              const errors = [];
              for (const cell of cells) {
                for (const output of cell.sharedModel?.toJSON().outputs ?? [])
                  if (output.output_type === 'error') errors.push(output.evalue);
              }
              return errors;
            }"""
        )
        assert done == [], f"cells of {self.name} failed: {done}"

    def execute(self, code: str) -> None:
        """Run code in the kernel, outside the notebook's cells."""
        self.page.evaluate(_EXECUTE, {"code": code, "expression": ""})

    def evaluate(self, expression: str, *, after: str = "") -> str:
        """Run ``after`` and return the repr of an expression, in one request to the kernel."""
        text = self.page.evaluate(_EXECUTE, {"code": after, "expression": expression})
        assert isinstance(text, str)
        return text

    def viewer(self) -> Locator:
        """Return the root element of the first viewer."""
        return self.page.locator(".roiwidgets-viewer").first

    # What a person does -----------------------------------------------------

    def place_of(self, selector: str) -> tuple[float, float]:
        """Return the page position of the middle of an element of the viewer."""
        element = self.viewer().locator(selector).first
        element.scroll_into_view_if_needed()
        box = element.bounding_box()
        assert box is not None, f"{selector} is not drawn"
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        """Press the left button, move in steps, release, and wait for the drawing."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        for step in (0.3, 0.7, 1.0):
            mouse.move(start[0] + step * by[0], start[1] + step * by[1])
        mouse.up()
        self.wait_settled()

    def press_on_slider(self, label: str, key: str, *, times: int) -> None:
        """Press a key on the slider with a label, as fast as the browser takes it."""
        row = self.page.locator(".widget-slider", has_text=label).first
        handle = row.locator(".noUi-handle")
        handle.focus()
        for _ in range(times):
            handle.press(key)

    # What a person sees -----------------------------------------------------

    def at(self, viewport: str, point: dict[str, float]) -> tuple[float, float]:
        """Return the page position where the viewer draws a point of the frame."""
        place = self._ask_viewer("worldToPage", viewport, point)
        return place["x"], place["y"]

    def colors(self, viewport: str, points: list[dict[str, float]]) -> NDArray[np.int64]:
        """Return the colours that the viewer draws at points of the frame, shape (n, 3)."""
        return np.array(self._ask_viewer("colorsAt", viewport, points))

    def wait_settled(self, view: int = 0) -> None:
        """Wait until a view has loaded and drawn everything."""
        self.page.wait_for_function(
            """view => document.querySelectorAll('.roiwidgets-viewer')[view]
                 ?.roiwidgetsTest?.isSettled()""",
            arg=view,
            timeout=CELL_TIMEOUT_MS,
        )

    def wait_until(self, expression: str) -> None:
        """Wait until an expression is true in the kernel."""
        self.page.evaluate(
            f"""async ([given, limit]) => {{
              const ask = {_EXECUTE.strip()};
              const end = Date.now() + limit;
              while (await ask(given) !== 'True') {{
                if (Date.now() > end) throw new Error(given.expression + ' never became true');
                await new Promise(resolve => setTimeout(resolve, 50));
              }}
            }}""",
            [{"code": "", "expression": f"bool({expression})"}, CELL_TIMEOUT_MS],
        )

    def wait_for_preview(self) -> None:
        """Wait until the newest values of the tuner are computed, sent and drawn."""
        newest = ast.literal_eval(self.evaluate("viewer.preview['id']", after="tuner.wait(60)"))
        self.page.wait_for_function(
            """id => {
              const {roiwidgetsTest: test} = document.querySelector('.roiwidgets-viewer');
              return test.stats().preview === id && test.isSettled();
            }""",
            arg=newest,
            timeout=CELL_TIMEOUT_MS,
        )

    def wait_until_enabled(self, button: Locator) -> None:
        """Wait until a button can be pressed."""
        expect(button).to_be_enabled(timeout=CELL_TIMEOUT_MS)

    def shut_down(self) -> None:
        """Stop the kernel, which would outlive the page."""
        self.page.evaluate(
            "async () => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
        )
        self.page.close()

    def _ask_viewer(self, method: str, *arguments: object) -> Any:
        return self.viewer().evaluate(
            f"(root, given) => root.roiwidgetsTest.{method}(...given)", list(arguments)
        )

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        own = f"{parts.scheme}://{parts.netloc}" == self.server.url
        if parts.scheme in ("http", "https", "ws", "wss") and not own:
            self.foreign_requests.append(request.url)

"""Drive a notebook in a real JupyterLab or Notebook 7 through ``window.jupyterapp``."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.hosts.host_page import CELL_TIMEOUT_MS, HostPage

START_TIMEOUT_MS = 60_000
MOST_RELOADS = 4
NOT_FOUND = "Error displaying widget: model not found"

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

_WAIT = """
import asyncio

async def wait_without_holding_the_loop(seconds=60):
    for _ in range(20 * seconds):
        try:
            return tuner.wait(0)
        except TimeoutError:
            await asyncio.sleep(0.05)
    return tuner.wait(0)

await wait_without_holding_the_loop()
"""


@dataclass(frozen=True)
class JupyterServer:
    """Where a Jupyter server listens, the folder it serves, and its path of notebooks."""

    url: str
    token: str
    folder: Path
    notebooks: str

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


class NotebookPage(HostPage):
    """An open notebook."""

    def __init__(self, page: Page, server: JupyterServer, name: str) -> None:
        super().__init__(page, server.url)
        self.server = server
        self.name = name

    def open(self) -> None:
        """Open the notebook and wait for its kernel."""
        folder = f"{self.server.url}/{self.server.notebooks}"
        self.page.goto(f"{folder}/{self.name}?reset&token={self.server.token}")
        self._wait_for_kernel()

    def save_and_reload(self) -> None:
        """Save the notebook and load the page anew, until its widgets are back; the kernel lives.

        JupyterLab's widget manager gives a kernel two seconds to bring a model back and then
        says "widget model not found", whose ever it is: on a busy machine its users load the
        page once more.
        """
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        for _ in range(MOST_RELOADS):
            self.page.reload()
            self._wait_for_kernel()
            self.page.wait_for_function(
                f"""() => document.querySelector('.roiwidgets-viewer')
                     || document.body.innerText.includes({json.dumps(NOT_FOUND)})""",
                timeout=CELL_TIMEOUT_MS,
            )
            if self.viewer().count():
                return
            self.console_errors = [e for e in self.console_errors if "model not found" not in e]
        raise AssertionError(f"no widget came back in {MOST_RELOADS} reloads")

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

    def press_on_slider(self, label: str, key: str, *, times: int) -> None:
        """Press a key on the slider with a label, as fast as the browser takes it."""
        row = self.page.locator(".widget-slider", has_text=label).first
        handle = row.locator(".noUi-handle")
        handle.focus()
        for _ in range(times):
            handle.press(key)

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
        newest = ast.literal_eval(self.evaluate("viewer.preview['id']", after=_WAIT))
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
        self.page.evaluate("0")  # the answer comes after all that the page said until now
        # whatever a widget has yet to say to its kernel, JupyterLab complains that it cannot
        self.page.remove_listener("console", self._note_console)
        self.page.evaluate(
            "async () => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
        )
        self.page.close()

    def _wait_for_kernel(self) -> None:
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
            "?.status === 'idle'",
            timeout=START_TIMEOUT_MS,
        )

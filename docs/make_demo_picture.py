"""Draw ``docs/demo.png``: the example notebook in JupyterLab, as `roiwidgets demo` opens it.

uv run python docs/make_demo_picture.py
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from roiwidgets import demo  # noqa: E402 # after the path of the tests
from tests.browser.chromium_finder import FLAGS, find_chromium  # noqa: E402
from tests.browser.lab import NotebookPage  # noqa: E402
from tests.browser.lab_server import running_lab  # noqa: E402

WIDTH, HEIGHT = 1200, 1340
LAST_CELL = "threshold.wait()"

_RUN_UNTIL = """async last => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  for (let i = 0; i < notebook.widgets.length; i++) {
    notebook.activeCellIndex = i;
    await window.jupyterapp.commands.execute('notebook:run-cell');
    if (notebook.widgets[i].model.sharedModel.source.startsWith(last)) return;
  }
}"""


def main() -> None:
    """Run the notebook up to its first tuner and take the picture."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        prepared = demo.prepare(Path(folder) / "notebooks")
        os.environ[demo.DATA_VARIABLE] = prepared.data
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with running_lab(Path(folder)) as server:
            page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            notebook = NotebookPage(page, server, prepared.notebook.name)
            notebook.open()
            page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
            page.evaluate(_RUN_UNTIL, LAST_CELL)
            # the first preview waits for its workers to start
            notebook.execute("threshold.controls['lower'].value = 160; threshold.wait()")
            _show_from(page, "Tune")
            notebook.wait_settled(1)
            page.locator(".jp-NotebookPanel").screenshot(path=DOCS / "demo.png")
            notebook.shut_down()
        chromium.close()


def _show_from(page: Page, heading: str) -> None:
    title = page.locator(".jp-RenderedMarkdown h2", has_text=heading).first
    title.evaluate("element => element.scrollIntoView({block: 'start'})")
    page.evaluate("document.activeElement?.blur()")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    main()

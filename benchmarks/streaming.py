"""How fast voxels stream into a viewer in JupyterLab, beside what the comm itself carries.

Prints, from one session:

- MB/s of 256^3 uint8 voxels, from the first request to the finest scale, beside that of
  plain comm messages of 2 MiB;
- the median time from ``set_image`` of another 256^3 array to all three planes showing it;
- the longest main-thread task while voxels stream and the crosshair or the volume is dragged:
  its CPU time, and its wall time, in which it also waits for the drawing of the volume (on this
  machine perhaps by the CPU, without a graphics card).

    python benchmarks/streaming.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.chromium_finder import FLAGS, find_chromium
from tests.browser.lab import NotebookPage
from tests.browser.lab_server import running_lab

RUNS = 15
SIDE = 256

_RAW = """
import anywidget, traitlets
class Raw(anywidget.AnyWidget):
    _esm = '''
    export default { render({model}) {
      window.measureRaw = count => new Promise(resolve => {
        const start = performance.now();
        let left = count;
        const take = () => {
          left -= 1;
          if (left > 0) return;
          model.off('msg:custom', take);
          resolve((performance.now() - start) / 1000);
        };
        model.on('msg:custom', take);
        model.send({count});
      });
    } };'''
raw = Raw()
block = bytes(2 * 2**20)
def answer(widget, content, buffers):
    for _ in range(content['count']):
        widget.send({}, [block])
raw.on_msg(answer)
raw
"""

_IMAGES = f"""
import numpy as np, roiwidgets as rw
rng = np.random.default_rng(0)
volumes = [rng.integers(0, 256, ({SIDE},) * 3, dtype=np.uint8) for _ in range(3)]
for number, volume in enumerate(volumes):
    volume[90:110, 90:110, 90:110] = 20 + 100 * number
viewer = rw.view(volumes[0], color_range=(0, 255), slices=dict(x=100.0, y=100.0, z=100.0))
"""

_STREAM = """async ({alone}) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const handle = document.querySelector('.roiwidgets-viewer').roiwidgetsTest;
  const allow = bytes => kernel.requestExecute({code: `viewer.memory_budget = ${bytes}`}).done;
  const until = async condition => {
    while (!condition()) await new Promise(resolve => setTimeout(resolve, 1));
    return performance.now();
  };
  await allow(2 ** 20);
  await until(() => handle.stats().loadedScale > 0 && handle.isSettled());
  // software rendering is done only when its pixels are there; out of sight there is none
  const isDrawn = document.querySelector('.rw-pane[data-plane=volume]') !== null;
  if (alone && isDrawn) handle.readPixels('volume');
  allow(2 ** 28);
  const start = await until(() => handle.stats().pending > 0);
  const end = await until(() => handle.stats().loadedScale === 0);
  await handle.settled();
  return (end - start) / 1000;
}"""

_REPLACE = """async number => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const handle = document.querySelector('.roiwidgets-viewer').roiwidgetsTest;
  const point = {x: 100, y: 100, z: 100};
  const layer = handle.stats().layers[0];
  const shows = axis => handle.stats().layers[0] !== layer && handle.isSharp(axis);
  const start = performance.now();
  kernel.requestExecute({code: `viewer.set_image(volumes[${number}])`});
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  while (!['x', 'y', 'z'].every(shows)) await frame();
  const seconds = (performance.now() - start) / 1000;
  for (const axis of ['x', 'y', 'z']) {
    const value = handle.colorsAt(axis, [point])[0][0];
    if (Math.abs(value - 20 - 100 * number) > 2) throw new Error(`${axis} shows ${value}`);
  }
  await handle.settled();
  // software rendering is done only when its pixels are there; out of sight there is none
  if (document.querySelector('.rw-pane[data-plane=volume]')) handle.readPixels('volume');
  return seconds;
}"""


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as root:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with running_lab(Path(root)) as server:
            server.write_notebook("streaming.ipynb", [_RAW, _IMAGES])
            page = chromium.new_page(viewport={"width": 1280, "height": 1000})
            notebook = NotebookPage(page, server, "streaming.ipynb")
            notebook.open()
            notebook.run_all()
            notebook.wait_settled()
            compare_streams(page)
            replace_images(page)
            drag_while_streaming(notebook)
            notebook.shut_down()
        chromium.close()


def compare_streams(page: Page) -> None:
    size = SIDE**3 / 1e6
    raw, streamed = [], []
    for _ in range(RUNS):
        raw.append(size / page.evaluate("measureRaw(8)"))
        streamed.append(size / page.evaluate(_STREAM, {"alone": True}))
    comm, viewer = float(np.median(raw)), float(np.median(streamed))
    print(f"comm, messages of 2 MiB      {comm:6.1f} MB/s")
    print(f"viewer, {SIDE}^3 uint8 to scale 0 {viewer:6.1f} MB/s, {viewer / comm:.0%} of the comm")


def drag_while_streaming(notebook: NotebookPage) -> None:
    page = notebook.page
    page.evaluate("document.querySelector('.rw-slot').scrollIntoView()")
    page.wait_for_selector(".rw-volume canvas")
    for view, pane in (("crosshair", "z"), ("volume", "volume")):
        notebook.wait_settled()
        x, y = notebook.place_of(f'.rw-pane[data-plane="{pane}"]')
        with tasks_of(page) as tasks:
            page.evaluate(
                f"window.streaming = ({_STREAM})({{alone: false}})"
                ".then(() => { window.streaming = null; })"
            )
            page.mouse.move(x, y)
            page.mouse.down()
            steps = 0
            while page.evaluate("window.streaming !== null"):
                steps += 1
                page.mouse.move(x + steps % 80, y + steps % 60)
            page.mouse.up()
        longest = max(task.get("tdur", 0) for task in tasks) / 1000
        wall = max(task["dur"] for task in tasks) / 1000
        print(f"longest task while the {view} is dragged {longest:.0f} ms of CPU, {wall:.0f} ms")


@contextmanager
def tasks_of(page: Page) -> Iterator[list[dict[str, Any]]]:
    """Collect the main thread's tasks: ``dur`` in microseconds, ``tdur`` of them on the CPU."""
    assert page.context.browser is not None
    session = page.context.browser.new_browser_cdp_session()
    events: list[dict[str, Any]] = []
    ended: list[object] = []
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    session.on("Tracing.tracingComplete", lambda told: ended.append(told))
    config = {"includedCategories": ["toplevel", "__metadata"]}
    session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    tasks: list[dict[str, Any]] = []
    yield tasks
    session.send("Tracing.end")
    while not ended:
        page.wait_for_timeout(50)
    main_threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    for event in events:
        is_task = event["name"].endswith("RunTask") and event["ph"] == "X"
        if is_task and (event["pid"], event["tid"]) in main_threads:
            tasks.append(event)


def replace_images(page: Page) -> None:
    times = [page.evaluate(_REPLACE, 1 + run % 2) for run in range(RUNS)]
    print(f"set_image until all planes show it: median {1000 * np.median(times):.0f} ms")


if __name__ == "__main__":
    main()

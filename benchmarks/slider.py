"""From a slider to the slices on screen, in JupyterLab, over a region of 256^3 voxels.

An arrow key moves a tuner's slider; the clock stops when all three planes have drawn their
slices of the new result, by the viewer's own word: polling pixels costs more than what is
measured. Then pixels where the old and the new result differ are read. Prints for a threshold
and for a median of radius 2:

- the time from the start of the cell that makes the tuner to the first result on screen;
- the median time from the key to the planes;
- the longest wait of a 20 ms ticker on the kernel's event loop from the end of that cell on,
  beside the longest garbage collection of Python in the kernel in that time (a full one looks
  through all that dask, xarray and pandas define), and beside the longest wait of the same
  ticker in a process that does nothing else: what the machine itself makes anybody wait while
  the browser draws.

    python benchmarks/slider.py
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.chromium_finder import FLAGS, find_chromium
from tests.browser.lab import JupyterServer, NotebookPage
from tests.browser.lab_server import running_lab

RUNS = 7

_VIEW = """
import asyncio, gc, time, numpy as np, roiwidgets as rw
from scipy.ndimage import median_filter
volume = np.random.default_rng(0).integers(0, 256, (256,) * 3, dtype=np.uint8)
viewer = rw.view(volume, color_range=(0, 255))
viewer.slices = {a: 100.0 for a in 'xyz'}
waits = []
async def tick():
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.02)
        waits.append((start, time.perf_counter() - start))
ticking = asyncio.get_running_loop().create_task(tick())
collections = [(time.perf_counter(), 0.0)]
def note(phase, _):
    now = time.perf_counter()
    begun = now if phase == "start" else collections.pop()[0]
    collections.append((begun, now - begun))
gc.callbacks.append(note)
"""

_TICKER = """
import time
while True:
    start = time.perf_counter()
    time.sleep(0.02)
    print(start, time.perf_counter() - start, flush=True)
"""

_TUNERS = {
    "threshold": "tuner = rw.tune(viewer, rw.operations.binary_threshold(lower=50),"
    " lower=(50, 150, 100))\nbegin = time.perf_counter()\ntuner",
    "median": "tuner = rw.tune(viewer, rw.operations.median(radius=1), radius=(1, 2))"
    "\nbegin = time.perf_counter()\ntuner",
}
"""Each slider has two values: its first one, and after the right arrow the second."""

_RESULTS = {
    "threshold": tuple(f"255 * (volume[96:105, 96:105, 96:105] >= {lower})" for lower in (50, 150)),
    "median": tuple(
        f"median_filter(volume[90:111, 90:111, 90:111], {size})[6:15, 6:15, 6:15]"
        for size in (3, 5)
    ),
}
"""What the region shows for either value around the crosshair: SciPy's word for it."""

_FIND = """
first, second = (np.asarray(result, float) for result in ({}, {}))
def place(axis):
    planes = np.moveaxis(np.abs(first - second), 'zyx'.index(axis), 0)
    index = list(np.unravel_index(np.argmax(planes[4]), planes[4].shape))
    index.insert('zyx'.index(axis), 4)
    point = {{a: float(96 + i) for a, i in zip('zyx', index)}}
    return [axis, point, float(first[tuple(index)]), float(second[tuple(index)])]
"""

_WATCH = """async ([places, which, key]) => {
  const handle = document.querySelector('.roiwidgets-viewer').roiwidgetsTest;
  const app = window.jupyterapp;
  const act = () => {
    if (!key) {
      const notebook = app.shell.currentWidget.content;
      notebook.activeCellIndex = notebook.widgets.length - 1;
      app.commands.execute('notebook:run-cell');
      return;
    }
    const slider = document.querySelector('.widget-slider .noUi-handle');
    slider.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  };
  const before = ['x', 'y', 'z'].map(axis => handle.resultIn(axis)).find(id => id !== null);
  const shows = ([axis]) => ![null, before].includes(handle.resultIn(axis));
  const start = performance.now();
  act();
  while (!places.every(shows) && performance.now() - start < 60e3) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
  const seconds = (performance.now() - start) / 1000;
  const colors = places.map(([axis, point]) => handle.colorsAt(axis, [point])[0][0]);
  if (!places.every(([, , ...values], i) => Math.abs(colors[i] - values[which]) <= 2)) {
    throw new Error(`${colors} instead of result ${which} of ${JSON.stringify(places)}`);
  }
  return seconds;
}"""


def main() -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as root:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with running_lab(Path(root)) as server:
            for name in _TUNERS:
                measure(chromium, server, name)
        chromium.close()


def measure(chromium: Browser, server: JupyterServer, name: str) -> None:
    with (
        tempfile.TemporaryFile("w+") as file,
        subprocess.Popen([sys.executable, "-c", _TICKER], stdout=file) as ticker,
    ):
        try:
            text, begin = run(chromium, server, name)
        finally:
            ticker.kill()
            ticker.wait()
        file.seek(0)
        waits = [tuple(map(float, line.split())) for line in file if line.endswith("\n")]
    idle = max(wait for start, wait in waits if start > begin)
    print(f"{text}, of an idle process {idle * 1000:.0f} ms", flush=True)


def run(chromium: Browser, server: JupyterServer, name: str) -> tuple[str, float]:
    """Return what was measured, and when the cell of the tuner ended."""
    server.write_notebook("slider.ipynb", [_VIEW, _TUNERS[name]])
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    notebook = NotebookPage(page, server, "slider.ipynb")
    notebook.open()
    page.evaluate("""async () => {
      window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0;
      await window.jupyterapp.commands.execute('notebook:run-cell');
    }""")
    notebook.wait_settled()
    found = notebook.evaluate(
        "[place(axis) for axis in 'xyz']", after=_FIND.format(*_RESULTS[name])
    )
    places = ast.literal_eval(found)
    first = page.evaluate(_WATCH, [places, 0, None])
    page.wait_for_selector(".widget-slider .noUi-handle")
    notebook.wait_for_preview()
    times = []
    for _ in range(RUNS):
        times.append(page.evaluate(_WATCH, [places, 1, "ArrowRight"]))
        notebook.wait_for_preview()
        page.evaluate(_WATCH, [places, 0, "ArrowLeft"])
        notebook.wait_for_preview()
    worst = "max(took for start, took in {} if start > begin)"
    begin, wait, collection = ast.literal_eval(
        notebook.evaluate(f"begin, {worst.format('waits')}, {worst.format('collections')}")
    )
    notebook.shut_down()
    text = (
        f"{name:>9}: first result {first:.2f} s, slider to slices {np.median(times) * 1000:.0f} ms"
        f" (median of {RUNS}), longest wait of the kernel's 20 ms ticker {wait * 1000:.0f} ms,"
        f" longest garbage collection {collection * 1000:.0f} ms"
    )
    return text, begin


if __name__ == "__main__":
    main()

"""How soon a viewer shows its first image in JupyterLab, for a small array and a large store.

Prints, side by side, the seconds from the end of the cell to the first picture in the
planes, until everything was loaded, and by how many MB the kernel grew. The large image
is a single-scale Zarr array that is written once, to the folder given:

    python benchmarks/first_image.py [SIDE=1024] [FOLDER=/tmp]
"""

from __future__ import annotations

import ast
import sys
import tempfile
from pathlib import Path

import numpy as np
import zarr
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser.chromium_finder import FLAGS, find_chromium
from tests.browser.lab import JupyterServer, NotebookPage
from tests.browser.lab_server import running_lab

CHUNK = 64
RUNS = 5

_IMPORT = """
import numpy as np, psutil, roiwidgets as rw
rw.view
def megabytes():
    return psutil.Process().memory_info().rss / 2**20
before = megabytes()
"""

_SHOW = "viewer = rw.view({image})"

_UNTIL_DRAWN = """async () => {
  const app = window.jupyterapp;
  const notebook = app.shell.currentWidget.content;
  const cells = notebook.widgets.length;
  notebook.activeCellIndex = cells - 1;
  await app.commands.execute('notebook:run-cell');
  const end = performance.now();
  const handle = () => document.querySelector('.roiwidgets-viewer')?.roiwidgetsTest;
  const isDrawn = () => {
    if (!document.querySelector('.rw-pane[data-plane=z] canvas')?.width) return false;
    const {data} = handle().readPixels('z');
    const colors = new Set();
    for (let i = 0; i < data.length && colors.size < 8; i += 4 * 97) colors.add(data[i]);
    return colors.size >= 8;
  };
  const nextFrame = () => new Promise(requestAnimationFrame);
  const until = async condition => {
    while (!condition()) await nextFrame();
    return (performance.now() - end) / 1000;
  };
  await until(isDrawn);
  // drawn is not shown yet: two more frames bring it to the screen
  for (let i = 0; i < 2; i++) await nextFrame();
  const first = await until(() => true);
  const all = await until(() => handle().isSettled());
  return [first, all, handle().stats().bytes];
}"""


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.gettempdir())
    store = folder / f"noise_{side}.zarr"
    if not store.exists():
        _write_noise(store, side)
    images = {
        "array of 64^3": "np.random.default_rng(0).integers(0, 255, (64,) * 3).astype('u1')",
        f"store of {side}^3": repr(str(store)),
    }
    seen: dict[str, list[tuple[float, ...]]] = {name: [] for name in images}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as root:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with running_lab(Path(root)) as server:
            for _ in range(RUNS):
                for name, image in images.items():
                    seen[name].append(measure(chromium, server, image))
        chromium.close()
    print(f"medians of {RUNS} runs")
    print(f"{'image':>16}  first image s  all loaded s  browser MB  kernel grew MB")
    medians = {name: np.median(runs, axis=0) for name, runs in seen.items()}
    for name, (first, loaded, held, grew) in medians.items():
        print(f"{name:>16}  {first:13.2f}  {loaded:12.2f}  {held:10.1f}  {grew:14.1f}")
    small, large = (median[0] for median in medians.values())
    print(f"first image, large / small: {large / small:.2f}")


def measure(chromium: Browser, server: JupyterServer, image: str) -> tuple[float, ...]:
    server.write_notebook("first.ipynb", [_IMPORT, _SHOW.format(image=image)])
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    notebook = NotebookPage(page, server, "first.ipynb")
    notebook.open()
    notebook.execute(_IMPORT)
    first, loaded, held = page.evaluate(_UNTIL_DRAWN)
    grew = ast.literal_eval(notebook.evaluate("megabytes() - before"))
    notebook.shut_down()
    return first, loaded, held / 2**20, grew


def _write_noise(store: Path, side: int) -> None:
    unfinished = store.with_suffix(".partial")
    array = zarr.create_array(
        unfinished, shape=(side,) * 3, chunks=(CHUNK,) * 3, dtype="uint8", overwrite=True
    )
    slab = np.random.default_rng(0).integers(0, 255, (CHUNK, side, side), dtype=np.uint8)
    for start in range(0, side, CHUNK):
        array[start : start + CHUNK] = slab
    unfinished.replace(store)


if __name__ == "__main__":
    main()

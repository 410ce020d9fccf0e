"""What a viewer must not do to a notebook: many of them, reloaded, twice, and closed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.lab import CELL_TIMEOUT_MS, JupyterServer, NotebookPage

VIEWERS = 20
MOST_CONTEXTS = 16
"""What Chromium keeps; it takes the oldest away."""

WATCH = """
(() => {
  const watch = { contexts: [], most: 0, listeners: new Set() };
  window.watch = watch;
  watch.live = () => watch.contexts.filter(context => !context.isContextLost()).length;

  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    const context = getContext.call(this, kind, ...rest);
    if (context && kind.startsWith('webgl') && !watch.contexts.includes(context)) {
      watch.contexts.push(context);
      watch.most = Math.max(watch.most, watch.live());
    }
    return context;
  };

  // widgets come from blobs, JupyterLab does not
  const isAWidgets = () => new Error().stack.includes('blob:');
  const isShared = target => [window, document, document.body].includes(target);
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (kind, listener, options) {
    const target = this ?? window;
    if (isShared(target) && isAWidgets()) {
      const entry = { target, kind, listener };
      watch.listeners.add(entry);
      add.call(options?.signal ?? new EventTarget(), 'abort', () => watch.listeners.delete(entry));
    }
    return add.call(target, kind, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (kind, listener, options) {
    const target = this ?? window;
    for (const entry of watch.listeners)
      if (entry.target === target && entry.kind === kind && entry.listener === listener)
        watch.listeners.delete(entry);
    return remove.call(target, kind, listener, options);
  };
})()
"""
"""Counts graphics contexts, and listeners of widgets on what they share with the page."""

IMPORTS = "import gc, threading, weakref\nimport numpy as np\nimport roiwidgets as rw"
NOISE = "np.random.default_rng(3).integers(0, 256, (96, 96, 96)).astype(np.uint8)"
MIDDLE = 48.0


@pytest.fixture
def notebook(lab: JupyterServer, browser: Browser) -> Iterator[NotebookPage]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.add_init_script(WATCH)
    notebook = NotebookPage(context.new_page(), lab, "manners.ipynb")
    told: list[str] = []
    notebook.page.on("console", lambda message: told.append(message.text))
    yield notebook
    notebook.shut_down()
    context.close()
    assert notebook.console_errors == []
    assert notebook.foreign_requests == []
    assert [text for text in told if "WebGL" in text and "ReadPixels" not in text] == []


def run(notebook: NotebookPage, *cells: str) -> None:
    notebook.server.write_notebook(notebook.name, [IMPORTS, *cells])
    notebook.open()
    notebook.run_all()


def value(notebook: NotebookPage, expression: str, *, after: str = "") -> Any:
    return ast.literal_eval(notebook.evaluate(expression, after=after))


def scroll_to(notebook: NotebookPage, view: int) -> None:
    script = "view => document.querySelectorAll('.roiwidgets-viewer')[view].scrollIntoView()"
    notebook.page.evaluate(script, view)


def grey_at_the_middle(notebook: NotebookPage, view: int) -> int:
    script = """view => document.querySelectorAll('.roiwidgets-viewer')[view]
      .roiwidgetsTest.colorsAt('z', [{x: 8, y: 8, z: 8}])[0][0]"""
    return int(notebook.page.evaluate(script, view))


def wait_for_volume(notebook: NotebookPage, view: int) -> None:
    script = """view => document.querySelectorAll('.roiwidgets-viewer')[view]
      .querySelector('.rw-gl') !== null"""
    notebook.page.wait_for_function(script, arg=view, timeout=CELL_TIMEOUT_MS)
    notebook.wait_settled(view)


def test_twenty_viewers_each_draw_their_image_within_the_browsers_contexts(
    notebook: NotebookPage,
) -> None:
    greys = [20 + 10 * view for view in range(VIEWERS)]
    image = "np.full((16, 16, 16), {}, np.uint8)"
    run(
        notebook,
        *(f"v = rw.view({image.format(g)}, color_range=(0, 255), height=300)" for g in greys),
    )

    for view in (*range(VIEWERS), *reversed(range(VIEWERS))):
        scroll_to(notebook, view)
        wait_for_volume(notebook, view)
        assert grey_at_the_middle(notebook, view) == pytest.approx(greys[view], abs=1)

    assert notebook.page.evaluate("watch.contexts.length") >= VIEWERS
    assert notebook.page.evaluate("watch.most") < MOST_CONTEXTS
    assert notebook.page.locator(".rw-note:visible").all_inner_texts() == []


def test_planes_stay_drawn_when_the_theme_of_the_page_changes(notebook: NotebookPage) -> None:
    run(notebook, "v = rw.view(np.full((16, 16, 16), 90, np.uint8), color_range=(0, 255))")
    notebook.wait_settled()

    for theme, is_light in (("JupyterLab Dark", "false"), ("JupyterLab Light", "true")):
        change = "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})"
        notebook.page.evaluate(change, theme)
        notebook.page.wait_for_selector(f"body[data-jp-theme-light={is_light}]", state="attached")
        # JupyterLab takes everything out of sight for a moment, and puts it back
        notebook.page.wait_for_selector(".roiwidgets-viewer .rw-pane:visible")
        notebook.wait_settled()

        assert grey_at_the_middle(notebook, 0) == pytest.approx(90, abs=1)


CHOSEN = """
viewer.roi = ({"z": 9.5, "y": 19.5, "x": 29.5}, {"z": 79.5, "y": 69.5, "x": 59.5})
viewer.slices = {"z": 40.0, "y": 30.0, "x": 50.0}
viewer.color_range = (30, 180)
viewer.color_map = "viridis"
viewer.camera = {
    "planes": {"z": {"center": [45.0, 45.0], "height": 60.0}},
    "volume": {"position": [48, 48, -250], "focal_point": [48, 48, 48], "view_up": [0, -1, 0]},
}
"""
STATE = (
    "[viewer.get_roi_region(), viewer.slices, viewer.color_range, viewer.color_map, "
    "viewer.view_mode, viewer.camera, viewer.loaded_scale, viewer.error_message]"
)


def test_a_reloaded_page_shows_what_it_showed(notebook: NotebookPage) -> None:
    run(notebook, f"viewer = rw.view({NOISE}, memory_budget=2**20, height=600)")
    notebook.wait_settled()
    notebook.execute(CHOSEN)
    notebook.wait_settled()
    notebook.wait_until("viewer.loaded_scale == 0")
    notebook.execute("viewer.view_mode = 'z'")
    notebook.wait_settled()
    points = [{"x": x, "y": y, "z": 40} for x in range(32, 58, 3) for y in range(25, 68, 3)]
    before = value(notebook, STATE), notebook.at("z", points[0])
    colors = notebook.colors("z", points)

    notebook.save_and_reload()
    notebook.wait_settled()

    assert value(notebook, STATE) == before[0]
    assert notebook.at("z", points[0]) == pytest.approx(before[1], abs=1)
    np.testing.assert_array_equal(notebook.colors("z", points), colors)
    # and it streams: another slice is that of the array
    notebook.execute("viewer.color_map = 'gray'; viewer.color_range = (0, 255)")
    notebook.execute("viewer.slices = {**viewer.slices, 'z': 70.0}")
    notebook.wait_settled()
    lit = "viewer.image.images[0].data[70, 25:68:3, 32:58:3]"
    expected = np.array(value(notebook, f"np.asarray({lit}).T.ravel().tolist()"))
    found = notebook.colors("z", [{**point, "z": 70} for point in points])[:, 0]
    np.testing.assert_allclose(found, expected, atol=2)
    notebook.execute("viewer.view_mode = 'four-up'")
    wait_for_volume(notebook, 0)
    assert value(notebook, "viewer.camera['volume']['position']") == [48, 48, -250]


def edges(notebook: NotebookPage, view: int) -> list[float]:
    """Return where a view draws the region in the slice across z, within that view."""
    script = """view => {
      const root = document.querySelectorAll('.roiwidgets-viewer')[view];
      const body = root.querySelector('[data-plane="z"][data-handle="body"]');
      return ['x', 'y', 'width', 'height'].map(name => Number(body.getAttribute(name)));
    }"""
    return list(notebook.page.evaluate(script, view))


def drag_right_side(notebook: NotebookPage, view: int, by: float) -> None:
    handle = notebook.page.locator(".roiwidgets-viewer").nth(view)
    handle = handle.locator('[data-plane="z"][data-handle="right"]').first
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    notebook.drag((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), (by, 0))


def test_two_views_of_one_viewer_stay_in_step(notebook: NotebookPage) -> None:
    region = "roi=({a: 23.5 for a in 'zyx'}, {a: 71.5 for a in 'zyx'})"
    run(notebook, f"viewer = rw.view({NOISE}, {region}, height=420)", "display(viewer)")
    for view in (0, 1):
        scroll_to(notebook, view)
        wait_for_volume(notebook, view)
    assert notebook.page.locator(".roiwidgets-viewer").count() == 2

    for view in (0, 1):
        before = edges(notebook, 0)
        stop = value(notebook, "viewer.roi.bounds()[1]['x']")
        drag_right_side(notebook, view, -20)
        notebook.wait_until(f"viewer.roi.bounds()[1]['x'] < {stop}")
        for each in (0, 1):
            notebook.wait_settled(each)
        assert edges(notebook, 0) == pytest.approx(edges(notebook, 1), abs=1e-3)
        assert edges(notebook, 0)[2] < before[2]


READERS = "[t.name for t in threading.enumerate() if t.name.startswith('roiwidgets-read')]"


def test_a_closed_viewer_leaves_nothing_behind(notebook: NotebookPage) -> None:
    run(
        notebook,
        "voxels = np.zeros((256, 256, 256), np.uint8)\nfreed = weakref.ref(voxels)",
        "viewer = rw.view(voxels, height=420)\ndel voxels",
        "viewer",
    )
    for view in (0, 1):
        scroll_to(notebook, view)
        wait_for_volume(notebook, view)
    assert value(notebook, READERS) != []
    assert notebook.page.evaluate("watch.live()") > 0
    assert notebook.page.evaluate("watch.listeners.size") > 0

    notebook.execute("viewer.close()")  # the notebook still knows it, and its Out

    notebook.wait_until(f"{READERS} == []")
    notebook.wait_until("gc.collect() is not None and freed() is None")
    notebook.page.wait_for_function(
        "() => document.querySelector('.roiwidgets-viewer') === null && watch.live() === 0"
    )
    left = "[...watch.listeners].map(({ target, kind }) => `${kind} on ${target}`)"
    assert notebook.page.evaluate(left) == []
    assert value(notebook, "viewer.get_state()['color_map']") == "gray"

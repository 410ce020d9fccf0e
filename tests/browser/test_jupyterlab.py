"""The main job, as a person does it: in JupyterLab, with a mouse, on a real CT."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.lab import JupyterServer, NotebookPage

OPEN = """
import numpy as np
import roiwidgets as rw
if rw.samples.data_folder():
    image = rw.samples.open_real("ct_bonsai")
else:
    image = rw.samples.ct_phantom((96, 96, 96))
viewer = rw.view(image, height=1300)
level = viewer.image.images[0]
size = level.data.shape[2]
first_answers = viewer.get_roi_slice(0), viewer.get_roi_image(0).data.shape
"""

REGION = """
start, stop, middle = round(0.25 * size), round(0.5 * size), round(0.375 * size)
grid = viewer.image_grid
viewer.roi = rw.Region.from_bounds(
    *({a: grid.along(a)[2] + (edge - 0.5) * grid.along(a)[1] for a in "zyx"}
      for edge in (start, stop)), direction=grid.direction)
viewer.slices = dict(zip("zyx", map(float, grid.index_to_world([middle] * 3))))
"""

FIRST = 40
"""Value at which the slider starts."""

TUNE = f"""
tuner = rw.tune(viewer, rw.operations.binary_threshold(lower={FIRST}), lower=(0, 255, 1))
tuner
"""


@pytest.fixture
def notebook(lab: JupyterServer, browser: Browser) -> Iterator[NotebookPage]:
    name = "main_job.ipynb"
    lab.write_notebook(name, [OPEN, REGION, TUNE])
    context = browser.new_context(viewport={"width": 1280, "height": 1500})
    notebook = NotebookPage(context.new_page(), lab, name)
    notebook.open()
    notebook.run_all()
    notebook.wait_settled()
    yield notebook
    notebook.shut_down()
    context.close()
    assert notebook.console_errors == []
    assert notebook.foreign_requests == []


def value(notebook: NotebookPage, expression: str, *, after: str = "") -> Any:
    return ast.literal_eval(notebook.evaluate(expression, after=after))


def shown_result(notebook: NotebookPage, index: int) -> np.ndarray[Any, Any]:
    """Return the grey levels at the voxels of the region in the slice across z."""
    sides = value(notebook, "[(s.start, s.stop) for s in viewer.get_roi_slice(0)]")
    along = value(notebook, "[viewer.image_grid.along(a)[1:] for a in 'zyx']")
    _, y, x = (
        [o + i * step for i in range(*side)] for side, (step, o) in zip(sides, along, strict=True)
    )
    across = along[0][1] + index * along[0][0]
    return notebook.colors("z", [{"z": across, "y": v, "x": u} for v in y for u in x])[:, 0]


def expected_result(notebook: NotebookPage, index: int, lower: int) -> np.ndarray[Any, Any]:
    """Return where numpy, in the kernel, says that the threshold is reached."""
    plane = f"np.asarray(level.data[({index}, *viewer.get_roi_slice(0)[1:])])"
    digits = value(notebook, f"({plane} >= {lower}).astype('u1').tobytes()")
    return np.frombuffer(digits, dtype=bool)


def crossed_slice(notebook: NotebookPage) -> int:
    return int(value(notebook, "middle"))


def test_look_choose_tune_promote(notebook: NotebookPage) -> None:
    # look: the getters answered in the cell that made the viewer
    whole = value(notebook, "first_answers[1]")
    assert value(notebook, "level.data.shape") == whole

    # choose: drag the right side of the region to a voxel edge with the mouse
    size = int(value(notebook, "size"))
    edge = size // 2 + size // 8
    stop = value(notebook, "viewer.roi.bounds()[1]")
    _, spacing, origin = value(notebook, "grid.along('x')")
    target = origin + (edge - 0.5) * spacing
    start = notebook.place_of('[data-plane="z"][data-handle="right"]')
    here, there = notebook.at("z", stop), notebook.at("z", {**stop, "x": target})
    notebook.drag(start, (there[0] - here[0], there[1] - here[1]))

    quarter, half = round(0.25 * size), round(0.5 * size)
    notebook.wait_until(f"viewer.get_roi_slice(0)[2].stop == {edge}")
    box, shape = value(
        notebook,
        "[(s.start, s.stop) for s in viewer.get_roi_slice(0)], viewer.get_roi_image(0).data.shape",
    )
    assert box == [(quarter, half), (quarter, half), (quarter, edge)]
    assert shape == (half - quarter, half - quarter, edge - quarter)

    # tune: what the slider's value makes of the region is what the slice shows
    index, lower = crossed_slice(notebook), FIRST + 12
    notebook.wait_for_preview()
    before = shown_result(notebook, index)
    notebook.press_on_slider("lower", "ArrowRight", times=12)
    notebook.wait_until(f"tuner.controls['lower'].value == {lower}")
    notebook.wait_for_preview()
    after = shown_result(notebook, index)
    assert (after != before).any()
    assert np.array_equal(after > 127, expected_result(notebook, index, lower))

    # promote: press the button, open the result
    notebook.viewer().page.get_by_role("button", name="Promote").click()
    opened = notebook.page.get_by_role("button", name="Open result")
    notebook.wait_until_enabled(opened)
    opened.click()
    notebook.wait_settled()
    same = value(
        notebook,
        "bool((np.asarray(written) == np.where(np.asarray(level.data) >= lower, 255, 0)).all()), "
        "written.shape",
        after=f"lower = {lower}; "
        "written = rw.open_image('binary_threshold.ome.zarr').images[0].data",
    )
    assert same == (True, whole)
    assert value(notebook, "viewer.image.images[0].data.shape") == whole
    shown = shown_result(notebook, index)
    assert np.array_equal(shown > 127, expected_result(notebook, index, lower))


def test_ten_fast_moves_end_with_the_last_value(notebook: NotebookPage) -> None:
    index = crossed_slice(notebook)
    notebook.wait_for_preview()

    notebook.press_on_slider("lower", "ArrowRight", times=10)

    last = FIRST + 10
    notebook.wait_until(f"tuner.controls['lower'].value == {last}")
    notebook.wait_for_preview()
    assert value(notebook, "tuner.operation.values['lower']") == last
    shown = shown_result(notebook, index)
    assert np.array_equal(shown > 127, expected_result(notebook, index, last))

"""The viewer in Notebook 7: JupyterLab's widget manager in an application of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.lab import JupyterServer, NotebookPage
from tests.browser.lab_server import running_notebook
from tests.browser.page.checks import TOLERANCE

SHAPE = (8, 12, 16)
VOXELS = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
OF_NOTEBOOK_ITSELF = "Cannot read properties of undefined (reading 'schema')"
"""A race of its keyboard shortcuts at the start, with any notebook: jupyter/notebook#7862."""

SHOW = """
import numpy as np
import roiwidgets as rw
viewer = rw.view(np.load("voxels.npy"), color_range=(0, 255), slices={"z": 3, "y": 6, "x": 8})
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with running_notebook(tmp_path_factory.mktemp("notebook7")) as running:
        yield running


@pytest.fixture
def notebook(server: JupyterServer, browser: Browser) -> Iterator[NotebookPage]:
    name = "look.ipynb"
    np.save(server.folder / "voxels.npy", VOXELS)
    server.write_notebook(name, [SHOW])
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    notebook = NotebookPage(context.new_page(), server, name)
    notebook.open()
    yield notebook
    notebook.shut_down()
    context.close()
    assert [each for each in notebook.console_errors if each != OF_NOTEBOOK_ITSELF] == []
    assert notebook.foreign_requests == []


def test_a_cell_shows_the_voxels_of_its_array(notebook: NotebookPage) -> None:
    notebook.run_all()
    notebook.wait_settled()

    shown = notebook.slice_across_z(3, SHAPE)
    assert np.abs(shown - VOXELS[3]).max() <= TOLERANCE
    notebook.wait_until("viewer.loaded_scale == 0")

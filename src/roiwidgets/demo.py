"""Prepare and run the example notebook on a phantom or on the user's image."""

from __future__ import annotations

import base64
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roiwidgets.errors import DemoError, UnsupportedImageError

if TYPE_CHECKING:
    from nbformat import NotebookNode

DATA_VARIABLE = "ROIWIDGETS_DEMO_DATA"
"""Environment variable that tells the notebook which image to open."""

NOTEBOOK = "filter_microct.ipynb"
OTHERS = ("look_and_compare.ipynb", "image_collections.ipynb", "deep_image_stack.ipynb")
"""Notebooks that lie beside it; they make their own images."""

PHANTOM_SHAPE = (160, 160, 160)
TIMEOUT_S = 900

_TEMPLATE = """{% extends "lab/index.html.j2" %}
{% block html_head_js %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
"""
"""A page without the scripts that nbconvert loads from other hosts."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What ``prepare`` wrote: the notebook, and the image that it opens."""

    folder: Path
    notebook: Path
    data: str


@dataclass(frozen=True, slots=True)
class Report:
    """What ``run_headless`` left behind."""

    html: Path
    pictures: tuple[Path, ...]
    stores: tuple[Path, ...]


def prepare(folder: Path, *, data: str | None = None) -> Demo:
    """Write the notebooks, and the phantom unless ``data`` names an image.

    Parameters
    ----------
    folder
        Created where missing. Notebooks that are already there are kept: the user
        may have edited them.
    data
        Path or URL of an image; None writes a seeded CT phantom.

    Raises
    ------
    UnsupportedImageError
        If ``data`` cannot be opened.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (NOTEBOOK, *OTHERS):
        if not (folder / name).exists():
            shutil.copyfile(example_path(name), folder / name)
    notebook = folder / NOTEBOOK
    if data is not None:
        return Demo(folder, notebook, _checked(data))
    phantom = folder / "phantom.ome.zarr"
    if not phantom.exists():
        _write_phantom(phantom)
    return Demo(folder, notebook, str(phantom))


def run_headless(demo: Demo) -> Report:
    """Execute the notebook and return the report, its pictures and the stores it wrote.

    Raises
    ------
    DemoError
        If a cell of the notebook raises.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter

    notebook = nbformat.read(demo.notebook, as_version=4)  # type: ignore[no-untyped-call] # untyped
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(demo.folder)}},
    )
    try:
        client.execute(env={**os.environ, DATA_VARIABLE: demo.data})
    except CellExecutionError as error:
        raise DemoError(f"a cell of {demo.notebook} failed:\n{error}") from error
    _drop_widgets(notebook)
    exporter = HTMLExporter(raw_template=_TEMPLATE)  # type: ignore[no-untyped-call] # untyped
    page, _ = exporter.from_notebook_node(notebook)
    html = demo.folder / "report.html"
    html.write_text(page, encoding="utf-8")
    pictures = _save_pictures(notebook, demo.folder)
    stores = tuple(sorted(p for p in demo.folder.glob("*.ome.zarr") if str(p) != demo.data))
    return Report(html, pictures, stores)


def example_path(name: str) -> Path:
    """Return the path of an example notebook, in the wheel or in the repository."""
    package = Path(__file__).parent
    for folder in (package / "examples", package.parents[1] / "examples"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"the example {name} is missing from this installation")


def _checked(data: str) -> str:
    from roiwidgets.images.readers import open_image

    if "://" not in data:
        data = str(Path(data).absolute())
    image = open_image(data)
    if "x" not in image.images[0].dims:
        raise UnsupportedImageError(f"{data} has no spatial axes; give an image")
    return data


def _write_phantom(path: Path) -> None:
    from ngff_zarr import to_ngff_zarr

    from roiwidgets.images.ome_zarr import to_multiscales
    from roiwidgets.images.samples import ct_phantom

    # one scale, as scanners write it: the notebook shows how a pyramid is made
    unfinished = path.with_name(f"{path.name}.partial")
    if unfinished.exists():  # of a run that was cut short
        shutil.rmtree(unfinished)
    to_ngff_zarr(str(unfinished), to_multiscales([ct_phantom(PHANTOM_SHAPE)]), version="0.5")
    unfinished.rename(path)


def _drop_widgets(notebook: NotebookNode) -> None:
    """Drop live views, which scripts from other hosts would draw; their pictures stay."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        kept = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            is_view = data.pop("application/vnd.jupyter.widget-view+json", None) is not None
            if not is_view or {"image/png", "text/html"} & set(data):
                kept.append(output)
        cell["outputs"] = kept


def _save_pictures(notebook: NotebookNode, folder: Path) -> tuple[Path, ...]:
    pictures: list[Path] = []
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            encoded = output.get("data", {}).get("image/png")
            if encoded:
                path = folder / f"cell-{number:02d}-{len(pictures):02d}.png"
                path.write_bytes(base64.b64decode(encoded))
                pictures.append(path)
    return tuple(pictures)

"""``roiwidgets demo``: what it prepares, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from roiwidgets import demo
from roiwidgets.cli import main
from roiwidgets.images.readers import open_image

NOTEBOOKS = (
    "deep_image_stack.ipynb",
    "filter_microct.ipynb",
    "image_collections.ipynb",
    "look_and_compare.ipynb",
)


def test_preparing_twice_keeps_what_the_user_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "image.npy.tif"
    tifffile.imwrite(image, np.zeros((5, 6, 7), np.uint16))
    folder = tmp_path / "demo"
    arguments = ["demo", "--prepare-only", "--output", str(folder), "--data", str(image)]
    assert main(arguments) == 0
    notebook = folder / "filter_microct.ipynb"
    notebook.write_text("mine")

    assert main(arguments) == 0

    assert notebook.read_text() == "mine"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [*NOTEBOOKS]
    assert f"prepared {notebook}" in capsys.readouterr().out


def test_preparing_without_data_writes_a_phantom_that_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PHANTOM_SHAPE", (20, 22, 24))
    arguments = ["demo", "--prepare-only", "--output", str(tmp_path / "demo")]
    assert main(arguments) == 0
    phantom = tmp_path / "demo" / "phantom.ome.zarr"
    written = (phantom / "zarr.json").stat().st_mtime_ns

    assert main(arguments) == 0

    image = open_image(phantom)
    assert image.images[0].data.shape == (20, 22, 24)
    assert len(np.unique(np.asarray(image.images[0].data))) > 10
    assert (phantom / "zarr.json").stat().st_mtime_ns == written
    names = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert names == [*NOTEBOOKS, "phantom.ome.zarr"]


def test_a_phantom_whose_writing_was_cut_short_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PHANTOM_SHAPE", (20, 22, 24))
    unfinished = tmp_path / "phantom.ome.zarr.partial"
    unfinished.mkdir()
    (unfinished / "zarr.json").write_text("{")

    assert main(["demo", "--prepare-only", "--output", str(tmp_path)]) == 0

    assert open_image(tmp_path / "phantom.ome.zarr").images[0].data.shape == (20, 22, 24)
    assert not unfinished.exists()


def test_a_file_that_is_no_image_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not an image")

    assert main(["demo", "--prepare-only", "--output", str(tmp_path), "--data", str(path)]) == 1

    error = capsys.readouterr().err
    assert error.startswith("roiwidgets: ")
    assert str(path) in error
    assert error.count("\n") == 1


def test_an_output_folder_that_is_a_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "taken"
    path.write_text("")

    assert main(["demo", "--prepare-only", "--output", str(path)]) == 1

    error = capsys.readouterr().err
    assert str(path) in error
    assert error.count("\n") == 1

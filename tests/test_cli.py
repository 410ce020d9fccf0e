"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

import roiwidgets as rw
from roiwidgets import demo
from roiwidgets.cli import main
from roiwidgets.images.readers import open_image
from tests.engine.phantoms import Inline


def test_info_tells_shape_spacing_and_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, np.zeros((5, 6, 7), np.uint16), metadata={"axes": "ZYX"})

    assert main(["info", str(path)]) == 0

    assert "scale 0: z 5 x 1, y 6 x 1, x 7 x 1; uint16" in capsys.readouterr().out


def test_info_tells_every_scale_with_its_spacing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = open_image(
        np.zeros((64, 128, 256), np.uint8),
        axes="zyx",
        spacing={"z": 2.0, "y": 0.5, "x": 0.25},
    )
    path = tmp_path / "image.ome.zarr"
    rw.build_pyramid(image, path, executor=Inline(), chunks=64, progress=False)

    assert main(["info", str(path)]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "scale 0: z 64 x 2, y 128 x 0.5, x 256 x 0.25; uint8, 2.0 MiB",
        "scale 1: z 64 x 2, y 128 x 0.5, x 128 x 0.5; uint8, 1.0 MiB",
        "scale 2: z 64 x 2, y 64 x 1, x 64 x 1; uint8, 0.2 MiB",
    ]


@pytest.mark.parametrize("command", [["info"], ["demo", "--prepare-only", "--data"]])
def test_a_missing_image_is_one_line_and_exit_code_1(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)

    assert main([*command, "missing.nii.gz"]) == 1

    error = capsys.readouterr().err
    assert error.startswith("roiwidgets: there is no file or folder")
    assert error.count("\n") == 1


def test_wrong_usage_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["promenade"])

    assert stopped.value.code == 2
    assert "invalid choice: 'promenade'" in capsys.readouterr().err


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
    assert [path.name for path in folder.iterdir()] == ["filter_microct.ipynb"]
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
    assert names == ["filter_microct.ipynb", "phantom.ome.zarr"]


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

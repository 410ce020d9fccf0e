"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from roiwidgets.cli import main


def test_info_tells_shape_spacing_and_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, np.zeros((5, 6, 7), np.uint16), metadata={"axes": "ZYX"})

    assert main(["info", str(path)]) == 0

    assert "scale 0: z 5 x 1, y 6 x 1, x 7 x 1; uint16" in capsys.readouterr().out


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

"""``roiwidgets pyramid`` and ``promote``: the same voxels as the same call in Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

import roiwidgets as rw
from roiwidgets.cli import main
from roiwidgets.engine import task_runner as engine
from roiwidgets.images.readers import open_image
from tests.engine.phantoms import Inline, files_of, image_of, recorded, voxels_of

VOXELS = np.random.default_rng(0).integers(0, 200, (24, 30, 40), dtype=np.uint8)
MEDIAN = '{"operation": "median", "values": {"radius": 1}}'

pytestmark = pytest.mark.usefixtures("inline")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of one scale, as a microscope writes it."""
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, VOXELS, metadata={"axes": "ZYX"})
    return path


def finest(path: Path) -> np.ndarray:
    return voxels_of(open_image(path).images[0])


# What is written --------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_a_pyramid_is_that_of_build_pyramid(version: str, image: Path, tmp_path: Path) -> None:
    by_hand = tmp_path / "by_hand.zarr"
    rw.build_pyramid(
        image, by_hand, executor=Inline(), chunks=(4, 8, 8), version=version, binning="gaussian",
        progress=False,
    )  # fmt: skip
    out = tmp_path / "out.zarr"
    options = ["--chunks", "4,8,8", "--version", version, "--binning", "gaussian"]

    assert main(["pyramid", str(image), str(out), *options]) == 0

    np.testing.assert_array_equal(finest(out), VOXELS)
    assert files_of(out) == files_of(by_hand)
    assert (out / "zarr.json").exists() == (version == "0.5")


@pytest.mark.parametrize("kind", ["text", "file", "image"])
def test_a_recipe_is_run_wherever_it_stands(kind: str, image: Path, tmp_path: Path) -> None:
    by_hand = tmp_path / "by_hand.zarr"
    rw.promote(image, rw.operations.median(1), by_hand, executor=Inline(), chunks=8, progress=False)
    file = tmp_path / "recipe.json"
    file.write_text(rw.operations.median(1).to_json())
    recipe = {"text": MEDIAN, "file": str(file), "image": str(by_hand)}[kind]
    out = tmp_path / "out.zarr"

    assert main(["promote", recipe, str(image), str(out), "--chunks", "8"]) == 0

    np.testing.assert_array_equal(finest(out), ndimage.median_filter(VOXELS, 3, mode="nearest"))
    assert files_of(out) == files_of(by_hand)


def test_another_scale_is_read_and_lengths_are_converted(tmp_path: Path) -> None:
    source = tmp_path / "in.zarr"
    spacing = {"z": 1, "y": 1, "x": 1}
    large = np.random.default_rng(1).integers(0, 200, (66, 66, 66), dtype=np.uint8)
    levels = rw.build_pyramid(
        image_of(large, spacing), source, executor=Inline(), chunks=16, progress=False
    ).images
    coarse, fine = tmp_path / "coarse.zarr", tmp_path / "fine.zarr"

    assert main(["promote", MEDIAN, str(source), str(coarse), "--scale", "1"]) == 0
    assert main(["promote", MEDIAN, str(source), str(fine), "--tuned-on", "1"]) == 0

    expected = ndimage.median_filter(voxels_of(levels[1]), 3, mode="nearest")
    np.testing.assert_array_equal(finest(coarse), expected)
    np.testing.assert_array_equal(finest(fine), rw.operations.median(2)(large))


def test_an_image_is_replaced_only_when_asked(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zarr"
    assert main(["pyramid", str(image), str(out)]) == 0

    assert main(["promote", MEDIAN, str(image), str(out)]) == 1
    assert "or pass --overwrite to replace it" in capsys.readouterr().err
    np.testing.assert_array_equal(finest(out), VOXELS)

    assert main(["promote", MEDIAN, str(image), str(out), "--overwrite"]) == 0
    assert (finest(out) != VOXELS).any()


# What is printed --------------------------------------------------------------


def test_a_plan_is_printed_and_nothing_written(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zarr"

    assert main(["promote", MEDIAN, str(image), str(out), "--plan"]) == 0

    text = capsys.readouterr().out
    assert text == f"{rw.plan(image, rw.operations.median(1), out)}\n"
    assert "median(radius=1)" in text
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_progress_is_plain_lines_where_nobody_watches(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zarr"

    assert main(["pyramid", str(image), str(out), "--chunks", "4"]) == 0

    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert 2 < len(lines) <= 22
    assert lines[-1].startswith("60 of 60 blocks (100 %), ")
    assert "\r" not in captured.err
    assert captured.out.startswith("written in ")
    assert captured.out.endswith(f" s: {out}\n")


def test_progress_is_a_bar_on_a_terminal(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert main(["pyramid", str(image), str(tmp_path / "out.zarr"), "--chunks", "8"]) == 0

    assert "12/12" in capsys.readouterr().err


# What is refused --------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("missing.json", "is neither a recipe nor an image"),
        ('{"operation": "sharpen"}', "unknown operation 'sharpen'; known are"),
        ('{"operation": "median", "values": {"radios": 2}}', "did you mean 'radius'?"),
        ('{"operation": "median", "values": {"radius": -1}}', "radius=-1 must be"),
        ('{"operation": "median", "vaules": {"radius": 3}}', "did you mean 'values'?"),
        ('{"operation": "median", "values": [1]}', "are names with their values, got [1]"),
        ('{"pipeline": [], "steps": 1}', "a recipe has no 'steps', it has pipeline"),
        ('{"operation": "median"', "the recipe is no JSON"),
        ('{"pipeline": 3}', "is no recipe that can be run"),
        ("{}", "a recipe names an operation"),
        ('{"operation": "f", "rerunnable": false, "source": "def f(x):"}', "cannot be rerun"),
        ('{"operation": "f", "origin": "no_such_package:f"}', "install the package"),
    ],
)
def test_a_bad_recipe_is_one_line_and_exit_code_1(
    recipe: str, message: str, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", recipe, str(image), str(tmp_path / "out.zarr")]) == 1

    error = capsys.readouterr().err
    assert error.startswith("roiwidgets: ")
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scale", "7"], "scale 7 does not exist"),
        (["--chunks", "8,8"], "chunks=(8, 8) must be"),
        (["--workers", "0"], "workers=0 must be at least 1"),
    ],
)
def test_options_that_do_not_fit_the_image_are_one_line(
    options: list[str], message: str, image: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert main(["pyramid", str(image), str(tmp_path / "out.zarr"), *options]) == 1

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_folder_that_does_not_exist_is_one_line(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pyramid", str(image), str(tmp_path / "no" / "out.zarr")]) == 1

    assert "does not exist; create it first" in capsys.readouterr().err


# Ctrl+C -----------------------------------------------------------------------


def test_a_stopped_run_says_how_to_go_on_and_does(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    out = tmp_path / "out.zarr"
    command = ["promote", MEDIAN, str(image), str(out), "--chunks", "8"]
    with monkeypatch.context() as patched:
        patched.setattr(engine, "run_blocks", Interrupted(after=5))
        assert main(command) == 130
    stopped = capsys.readouterr().err.splitlines()[-1]
    finished = len(recorded(out))
    assert 4 <= finished < 12

    assert stopped == (
        f"roiwidgets: stopped; finished blocks are kept in {out}.partial; run the same command "
        "again to go on from there"
    )
    assert main(["promote", MEDIAN.replace("1", "2"), *command[2:]]) == 1
    assert "operation; delete it, pass --no-resume" in capsys.readouterr().err
    assert main(command) == 0

    done, _, rest = capsys.readouterr().err.partition(" of 12 blocks")
    assert int(done) >= finished, rest
    np.testing.assert_array_equal(finest(out), ndimage.median_filter(VOXELS, 3, mode="nearest"))


def test_a_run_that_is_stopped_at_once_says_that_nothing_was_written(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("loky.get_reusable_executor", _interrupt)

    assert main(["pyramid", str(image), str(tmp_path / "out.zarr")]) == 130

    assert capsys.readouterr().err == "roiwidgets: stopped before anything was written\n"


def test_no_resume_starts_over(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.zarr"
    with monkeypatch.context() as patched:
        patched.setattr(engine, "run_blocks", Interrupted(after=5))
        assert main(["pyramid", str(image), str(out), "--chunks", "8"]) == 130

    command = ["promote", MEDIAN, str(image), str(out), "--chunks", "8", "--no-resume"]
    assert main(command) == 0

    recipe = json.loads((out / "zarr.json").read_text())["attributes"]["roiwidgets"]["recipe"]
    assert recipe["operation"] == "median"


class Interrupted:
    """A worker during whose work the user presses Ctrl+C."""

    def __init__(self, *, after: int) -> None:
        self._left, self._run = after, engine.run_blocks

    def __call__(self, tasks: object) -> object:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        return self._run(tasks)  # type: ignore[arg-type] # of BlockTask


def _interrupt(**_: object) -> None:
    raise KeyboardInterrupt

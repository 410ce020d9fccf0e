"""What was tuned as a recipe, a script and a command: run, they write the same bytes."""

from __future__ import annotations

import math
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

import roiwidgets as rw
from roiwidgets.engine.script import promotion_script
from roiwidgets.errors import ImageError, OperationError
from roiwidgets.images.readers import open_image
from roiwidgets.images.stored_group import image_location
from tests.cli.slow_operation import halve_slowly
from tests.engine.phantoms import Inline, files_of
from tests.widgets.recording import RecordingViewer

VOXELS = np.random.default_rng(5).integers(0, 255, (70, 80, 90)).astype(np.uint8)
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "in put's.ome.zarr"  # a name that needs quoting
    rw.build_pyramid(VOXELS, path, executor=Inline(), chunks=16, progress=False)
    return path


@pytest.fixture
def viewer(store: Path) -> Iterator[RecordingViewer]:
    viewer = RecordingViewer(str(store))
    yield viewer
    viewer.close()


def run(*command: str, cwd: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    result = subprocess.run(
        [sys.executable, *command], cwd=cwd, env=environment, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def command_of(script: str) -> list[str]:
    """Return the words of the command that a script names."""
    (line,) = [line for line in script.splitlines() if line.startswith("#   roiwidgets ")]
    return shlex.split(line.removeprefix("#   "))


def test_script_and_command_write_what_the_tuner_does(
    viewer: RecordingViewer, tmp_path: Path
) -> None:
    operation = rw.operations.median(1) | rw.operations.binary_threshold(lower=90)
    viewer.loaded_scale = 1  # a radius of 1 is one of 2 at the finest scale
    tuner = rw.tune(viewer, operation)
    tuner.controls["binary_threshold.lower"].value = 120
    script = tuner.to_script("by_script.ome.zarr")
    by_command = tuner.to_script("by_command.ome.zarr")
    (tmp_path / "redo.py").write_text(script)

    tuner.promote(str(tmp_path / "tuned.ome.zarr"), progress=False)
    run("redo.py", cwd=tmp_path)
    run("-m", *command_of(by_command), cwd=tmp_path)
    tuner.close()

    expected = files_of(tmp_path / "tuned.ome.zarr")
    assert expected
    assert "'radius': 2" in script
    assert files_of(tmp_path / "by_script.ome.zarr") == expected
    assert files_of(tmp_path / "by_command.ome.zarr") == expected


def test_the_recipe_is_that_of_the_finest_scale(viewer: RecordingViewer) -> None:
    viewer.loaded_scale = 1
    tuner = rw.tune(viewer, rw.operations.median(3))

    operation = rw.load_operation(tuner.to_json())
    tuner.close()

    assert operation.values == {"radius": 6}


def test_a_function_that_cannot_be_imported_has_no_script(viewer: RecordingViewer) -> None:
    tuner = rw.tune(viewer, rw.operation(lambda voxels: voxels // 2, halo=0))

    with pytest.raises(OperationError, match="put it into a module"):
        tuner.to_json()
    with pytest.raises(OperationError, match="put it into a module"):
        tuner.to_script("out.ome.zarr")
    tuner.close()


def test_a_function_of_a_module_is_imported_by_the_script(store: Path, tmp_path: Path) -> None:
    operation = rw.operation(halve_slowly, halo=0)
    script = promotion_script(open_image(store), operation, tmp_path / "out.zarr")
    (tmp_path / "redo.py").write_text(script)

    run("redo.py", cwd=tmp_path)

    written = np.asarray(open_image(tmp_path / "out.zarr").images[0].data)
    np.testing.assert_array_equal(written, VOXELS // 2)


def test_infinity_survives(store: Path) -> None:
    operation = rw.operations.binary_threshold(lower=90)

    script = promotion_script(open_image(store), operation, "out.zarr")

    recipe = command_of(script)[2]
    assert rw.load_operation(recipe).values["upper"] == math.inf


def test_an_image_that_was_placed_when_it_was_opened_is_placed_again(tmp_path: Path) -> None:
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, VOXELS, metadata={"axes": "ZYX"})
    image = open_image(path, spacing={"z": 2.0, "y": 0.5, "x": 0.3}, origin={"z": -1.0})

    script = promotion_script(image, rw.operations.median(1), "out.zarr")

    (line,) = [line for line in script.splitlines() if line.startswith("image = ")]
    again = eval(line.removeprefix("image = "), {"rw": rw})
    assert again.images[0].scale == image.images[0].scale
    assert again.images[0].translation == image.images[0].translation
    assert "no command line does the same" in script


def test_an_array_of_the_session_needs_its_path(store: Path, tmp_path: Path) -> None:
    image, operation = open_image(VOXELS), rw.operations.median(1)

    with pytest.raises(ImageError, match="image='PATH'"):
        promotion_script(image, operation, "out.zarr")
    with pytest.raises(ImageError, match="is not the image that is shown"):
        promotion_script(open_image(VOXELS[1:]), operation, "out.zarr", location=store)

    assert repr(str(store)) in promotion_script(image, operation, "out.zarr", location=store)


def test_an_image_knows_where_it_was_opened(store: Path, tmp_path: Path) -> None:
    tiff = tmp_path / "in.tif"
    tifffile.imwrite(tiff, VOXELS)

    assert image_location(open_image(store)) == str(store)
    assert image_location(open_image(store / "0")) == f"{store}/0"
    assert image_location(open_image(tiff)) == str(tiff)
    assert image_location(open_image(VOXELS)) is None

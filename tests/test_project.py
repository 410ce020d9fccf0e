"""The checks that keep the project in shape, as every contributor runs them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import roiwidgets
from roiwidgets import demo
from tests.browser.chromium_finder import install_packages, npm_command, npm_lock

ROOT = Path(__file__).parents[1]
MAX_LINES = 400
MAX_BUNDLE_BYTES = 1_600_000
MAX_STACK_BYTES = 250_000
"""The player has no vtk.js in it."""


def run(*command: str) -> None:
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("importlinter.cli", "lint"),
    ],
    ids=["ruff", "format", "mypy", "layers"],
)
def test_python_checks_pass(command: tuple[str, ...]) -> None:
    if command[0] == "importlinter.cli":
        run(str(Path(sys.executable).with_name("lint-imports")))
    else:
        run(sys.executable, "-m", *command)


@pytest.mark.parametrize("script", ["check", "test"])
def test_front_end_checks_pass(script: str) -> None:
    npm, environment = npm_command()
    folder = ROOT / "js"
    install_packages(folder, "vitest")
    with npm_lock(folder):
        result = subprocess.run(
            [*npm, "run", script], cwd=folder, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_files_hold_one_idea_each() -> None:
    folders = ("src", "tests", "js/src", "js/test", "benchmarks")
    found = [p for folder in folders for p in (ROOT / folder).rglob("*.[pt][ys]")]
    files = [path for path in found if "node_modules" not in path.parts]
    long = {str(p): n for p in files if (n := len(p.read_text().splitlines())) > MAX_LINES}

    assert files
    assert long == {}


def test_every_public_name_exists() -> None:
    for name in roiwidgets.__all__:
        assert getattr(roiwidgets, name) is not None
    assert set(roiwidgets.__all__) <= set(dir(roiwidgets))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'veiw'"):
        roiwidgets.veiw  # noqa: B018 # access is the point


@pytest.mark.parametrize(
    "module", ["engine.promote", "engine.preview", "engine.worker", "operations", "images.readers"]
)
def test_importing_the_engine_loads_no_jupyter_package(module: str) -> None:
    code = (
        f"import sys, roiwidgets.{module}\n"
        "found = {'IPython', 'ipywidgets', 'anywidget', 'ipykernel'} & set(sys.modules)\n"
        "assert not found, found"
    )

    run(sys.executable, "-c", code)


def test_workers_import_neither_dask_arrays_nor_any_zarr_of_python() -> None:
    code = (
        "import sys, roiwidgets.engine.worker\n"
        "unwanted = {'dask.array', 'ngff_zarr', 'zarr', 'distributed', 'pandas', 'xarray'}\n"
        "found = unwanted & set(sys.modules)\n"
        "assert not found, found"
    )

    run(sys.executable, "-c", code)


def test_a_promotion_between_paths_imports_neither_dask_arrays_nor_ngff_zarr(tmp_path) -> None:
    source, output = str(tmp_path / "in.zarr"), str(tmp_path / "out.zarr")
    roiwidgets.build_pyramid(np.zeros((4, 5, 6), "u1"), source, progress=False)
    code = (
        "import sys, roiwidgets as rw\n"
        f"out = rw.promote({source!r}, rw.operations.median(), {output!r}, progress=False)\n"
        "found = {'dask', 'ngff_zarr', 'pandas', 'xarray', 'scipy', 'itk'} & set(sys.modules)\n"
        "assert not found, found\n"
        "assert out.images[0].data.shape == (4, 5, 6)"
    )

    run(sys.executable, "-c", code)


def test_workers_load_filters_without_what_itk_only_converts_to() -> None:
    code = (
        "import sys, numpy, roiwidgets.operations as ops\n"
        "from roiwidgets.operations.itk_loader import skip_unused_packages\n"
        "skip_unused_packages()\n"
        "ops.median()(numpy.zeros((4, 4, 4), 'u1'))\n"
        "found = {'xarray', 'distributed', 'pandas', 'torch'} & set(sys.modules)\n"
        "assert not found, found"
    )

    run(sys.executable, "-c", code)


def test_the_wheel_holds_the_bundle_and_the_examples(tmp_path: Path) -> None:
    with npm_lock(ROOT / "js"):  # a build installs the packages anew if a source was edited
        run(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}

    assert 100_000 < sizes["roiwidgets/widgets/static/viewer.js"] < MAX_BUNDLE_BYTES
    assert 20_000 < sizes["roiwidgets/widgets/static/stack.js"] < MAX_STACK_BYTES
    for name in ("viewer", "stack"):
        assert sizes[f"roiwidgets/widgets/static/{name}.css"] > 0
    for name in ("filter_microct", *(Path(other).stem for other in demo.OTHERS)):
        assert f"roiwidgets/examples/{name}.ipynb" in sizes
    assert "roiwidgets/py.typed" in sizes


def test_lock_files_name_no_registry() -> None:
    locks = [ROOT / "js" / "package-lock.json", *ROOT.glob("tests/**/package-lock.json")]

    for lock in locks:
        if "node_modules" in lock.parts:
            continue
        packages = json.loads(lock.read_text())["packages"]
        assert all("resolved" not in package for package in packages.values()), lock


def test_layers_can_be_imported_alone() -> None:
    for layer in (
        "errors",
        "images",
        "regions",
        "operations",
        "engine",
        "stacks",
        "widgets",
        "cli",
    ):
        importlib.import_module(f"roiwidgets.{layer}")

"""The example notebook, executed as ``roiwidgets demo --headless`` does it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import itk
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image
from scipy import ndimage

from roiwidgets import demo
from roiwidgets.cli import main

pytestmark = pytest.mark.notebook


def voxels(store: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    """Read the finest level with zarr alone."""
    group = zarr.open_group(store, mode="r")
    path = group.attrs["ome"]["multiscales"][0]["datasets"][0]["path"]  # type: ignore[index,call-overload] # JSON
    return np.asarray(group[path])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo leaves behind."""
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--headless", "--output", str(folder)]) == 0
    return folder


def test_the_promoted_median_is_that_of_the_whole_volume(folder: Path) -> None:
    phantom = voxels(folder / "phantom.ome.zarr")
    expected = itk.median_image_filter(itk.image_from_array(phantom), radius=1)

    assert phantom.shape == demo.PHANTOM_SHAPE
    np.testing.assert_array_equal(
        voxels(folder / "median.ome.zarr"), itk.array_from_image(expected)
    )


def test_every_store_of_the_story_is_complete(folder: Path) -> None:
    stores = {path.name for path in folder.iterdir() if path.name.endswith(".zarr")}

    assert stores == {
        f"{name}.ome.zarr"
        for name in ("phantom", "ct", "threshold", "median", "gradient", "bilateral", "particles")
    }
    assert not list(folder.glob("*.partial"))
    assert voxels(folder / "gradient.ome.zarr").dtype == np.float32


def test_the_particles_of_a_promotion_that_was_stopped_are_those_of_the_whole(folder: Path) -> None:
    smooth = itk.median_image_filter(itk.image_from_array(voxels(folder / "ct.ome.zarr")), radius=1)
    otsu = itk.OtsuThresholdImageFilter.New(smooth, InsideValue=0, OutsideValue=1)
    otsu.SetNumberOfHistogramBins(256)
    otsu.Update()
    numbers, _ = ndimage.label(itk.array_from_image(otsu.GetOutput()))
    sizes = np.bincount(numbers.ravel())
    kept = np.flatnonzero(sizes >= 20)[1:]
    expected = np.searchsorted(kept, numbers, side="left") + 1
    expected[~np.isin(numbers, kept)] = 0

    np.testing.assert_array_equal(voxels(folder / "particles.ome.zarr"), expected)
    assert "finished blocks are kept" in (folder / "report.html").read_text()


def test_the_report_shows_pictures_and_asks_no_other_host(folder: Path) -> None:
    page = (folder / "report.html").read_text()

    assert len(re.findall(r"<img[^>]+data:image/png", page)) == 5
    assert "the promoted region equals the tuned one" in page
    assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:)[^\"#]+", page) == []


def test_the_pictures_are_files_of_their_own(folder: Path) -> None:
    pictures = sorted(folder.glob("*.png"))

    assert len(pictures) == 5
    for path in pictures:
        image = Image.open(io.BytesIO(path.read_bytes()))
        assert image.width > 600
        assert len(np.unique(np.asarray(image))) > 50


def test_a_notebook_that_fails_says_in_which_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = demo.prepare(tmp_path)
    text = prepared.notebook.read_text()
    prepared.notebook.write_text(text.replace("viewer = rw.view(ct)", "viewer = rw.veiw(ct)"))

    assert main(["demo", "--headless", "--output", str(tmp_path)]) == 1

    assert "no attribute 'veiw'" in capsys.readouterr().err


def test_the_tour_of_the_viewer_runs_and_shows_pictures(tmp_path: Path) -> None:
    prepared = demo.prepare(tmp_path, data=str(_small_image(tmp_path)))
    tour = replace(prepared, notebook=tmp_path / demo.OTHERS[0])

    report = demo.run_headless(tour)

    assert len(report.pictures) == 3
    assert (tmp_path / "compared.png").stat().st_size > 1000
    assert "label 5" in report.html.read_text()


def test_the_collections_run_and_show_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROIWIDGETS_DATA", str(tmp_path / "absent"))  # the phantom it is
    prepared = demo.prepare(tmp_path, data=str(_small_image(tmp_path)))
    collections = replace(prepared, notebook=tmp_path / demo.OTHERS[1])

    report = demo.run_headless(collections)

    assert len(report.pictures) == 4
    for path in report.pictures:
        assert len(np.unique(np.asarray(Image.open(path)))) > 50
    assert len(list((tmp_path / "pictures").glob("export*.png"))) == 20
    assert "the same 264480 values" in report.html.read_text()


def test_the_deep_image_stack_runs_and_shows_the_player(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROIWIDGETS_DATA", str(tmp_path))  # nothing real: the phantom
    prepared = demo.prepare(tmp_path, data=str(_small_image(tmp_path)))
    stack = replace(prepared, notebook=tmp_path / demo.OTHERS[2])

    report = demo.run_headless(stack)

    assert len(report.pictures) == 2


def _small_image(folder: Path) -> Path:
    path = folder / "image.tif"
    tifffile.imwrite(path, np.zeros((5, 6, 7), np.uint16))
    return path

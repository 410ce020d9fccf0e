"""Thunder's tutorial, step by step, on its own zebrafish images and on a seeded phantom.

What each step must give is written out here with numpy, from files read by tifffile:
integers exactly, floats to 1e-12.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import xarray
from numpy.typing import NDArray
from PIL import Image

import roiwidgets as rw
from roiwidgets.images.samples import data_folder
from tests.stacks.phantoms import blinking_cells, write_folder

FISH = (data_folder() or Path("absent")) / "thunder_fish"
needs_fish = pytest.mark.skipif(
    not FISH.is_dir(), reason="no folder of real images with thunder_fish (ROIWIDGETS_DATA)"
)
TOLERANCE = 1e-12


@pytest.fixture(params=["phantom", pytest.param("fish", marks=needs_fish)])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Twenty TIFF files of two pages of 76 x 87 pixels."""
    if request.param == "fish":
        return FISH / "images"
    return write_folder(tmp_path / "images", blinking_cells())


@pytest.fixture
def images(folder: Path) -> xarray.DataArray:
    """The collection."""
    return rw.collections.read_folder(folder, "*.tif")


@pytest.fixture
def array(folder: Path) -> NDArray[np.uint8]:
    """The same as Thunder orders it: t, y, x, z."""
    pages = [tifffile.imread(file) for file in sorted(folder.glob("*.tif"))]
    return np.moveaxis(np.stack(pages), 1, -1)


def in_thunders_order(stack: xarray.DataArray) -> NDArray[np.generic]:
    order = [dim for dim in ("sample", "t", "y", "x", "z") if dim in stack.dims]
    return stack.transpose(*order).values


def test_images_are_the_files_sorted_by_name(images: xarray.DataArray, array) -> None:
    assert images.chunks is not None
    assert images.sizes == {"t": 20, "z": 2, "y": 76, "x": 87}
    assert in_thunders_order(images)[0].shape == (76, 87, 2)
    np.testing.assert_array_equal(in_thunders_order(images), array)


def test_a_maximum_projection_along_the_planes(images: xarray.DataArray, array) -> None:
    projected = rw.collections.project(images, "z", "max")

    assert projected.dtype == np.uint8
    np.testing.assert_array_equal(in_thunders_order(projected), array.max(axis=3))


def test_one_plane(images: xarray.DataArray, array) -> None:
    # Thunder: images.planes(0, 0)
    plane = rw.collections.planes(images, 0, 1).squeeze("z")

    np.testing.assert_array_equal(in_thunders_order(plane), array[:, :, :, 0])


def test_every_fifth_pixel(images: xarray.DataArray, array) -> None:
    # Thunder: images.subsample([5, 5, 1])
    thinned = rw.collections.subsample(images, {"y": 5, "x": 5, "z": 1})

    np.testing.assert_array_equal(in_thunders_order(thinned), array[:, ::5, ::5])


def test_the_standard_deviation_across_images(images: xarray.DataArray, array) -> None:
    deviation = rw.collections.std(images)

    wide = array.astype(np.float64)
    expected = np.sqrt(((wide - wide.mean(axis=0)) ** 2).mean(axis=0))
    assert deviation.dtype == np.float64
    np.testing.assert_allclose(
        in_thunders_order(deviation), expected, rtol=TOLERANCE, atol=TOLERANCE
    )


def test_png_files_with_the_contrast_of_each_image(
    images: xarray.DataArray, array, tmp_path: Path
) -> None:
    files = rw.collections.export_png(
        rw.collections.project(images, "z", "max"), tmp_path / "pictures"
    )

    assert [file.name for file in files] == [f"export{i:05d}.png" for i in range(20)]
    for file, image in zip(files, array.max(axis=3).astype(np.float64), strict=True):
        grey = np.rint((image - image.min()) * 255 / (image.max() - image.min()))
        np.testing.assert_array_equal(np.asarray(Image.open(file)), grey)


def test_series_normalized_sampled_saved_and_loaded(
    images: xarray.DataArray, array, tmp_path: Path
) -> None:
    series = rw.collections.to_series(images)
    np.testing.assert_array_equal(
        series.transpose("y", "x", "z", "t").values, np.moveaxis(array, 0, -1)
    )
    baseline = np.percentile(array, 20, axis=0)  # linear interpolation is numpy's own
    expected = np.moveaxis((array - baseline) / (baseline + 0.1), 0, -1)

    normalized = rw.series.normalize(series)

    np.testing.assert_allclose(
        normalized.transpose("y", "x", "z", "t").values, expected, rtol=TOLERANCE, atol=TOLERANCE
    )
    chosen = rw.series.sample(normalized, 50, threshold=0.05, seed=1)
    where = tuple(chosen.coords[f"{axis}_index"].values for axis in "yxz")
    assert len(set(zip(*where, strict=True))) == 50
    assert (expected[where].std(axis=1) > 0.05).all()
    np.testing.assert_allclose(
        chosen.transpose("sample", "t").values, expected[where], rtol=TOLERANCE, atol=TOLERANCE
    )

    rw.series.write_thunder_series(series, tmp_path / "binary")
    rw.series.write_thunder_series(normalized, tmp_path / "normalized")
    again = rw.series.read_thunder_series(tmp_path / "binary")
    floats = rw.series.read_thunder_series(tmp_path / "normalized")

    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again.values, np.moveaxis(array, 0, -1))
    np.testing.assert_array_equal(floats.values, normalized.transpose("y", "x", "z", "t").values)
    np.testing.assert_array_equal(
        rw.series.to_images(again).transpose("t", "y", "x", "z").values, array
    )


@needs_fish
def test_the_series_that_thunder_wrote_are_its_records() -> None:
    (file,) = (FISH / "series").glob("*.bin")
    records = np.fromfile(file, np.uint8).reshape(76 * 87 * 2, 3 * 2 + 240)
    keys = records[:, :6].copy().view("<i2")

    series = rw.series.read_thunder_series(FISH / "series")

    assert series.sizes == {"y": 76, "x": 87, "z": 2, "t": 240}
    expected = np.zeros((76, 87, 2, 240), np.uint8)
    expected[tuple(keys.T)] = records[:, 6:]
    np.testing.assert_array_equal(series.values, expected)


@needs_fish
def test_series_are_written_byte_for_byte_as_thunder_does(tmp_path: Path) -> None:
    (original,) = (FISH / "series").glob("*.bin")

    rw.series.write_thunder_series(
        rw.series.read_thunder_series(FISH / "series"), tmp_path / "copy"
    )

    assert (tmp_path / "copy" / original.name).read_bytes() == original.read_bytes()

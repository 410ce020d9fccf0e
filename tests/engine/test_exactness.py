"""Promoted voxels against ITK on the whole volume, bit for bit, borders included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from roiwidgets.engine.lazy import apply
from roiwidgets.engine.promote import promote
from roiwidgets.images.samples import data_folder
from tests.engine.phantoms import Inline, Voxels, image_of, voxels_of
from tests.operations.oracles import OPERATIONS, oracle, phantom

SPACING = {"z": 2.0, "y": 0.7, "x": 1.3}


def bonsai_crop() -> Voxels:
    folder = data_folder()
    if folder is None or not (folder / "ct_bonsai" / "bonsai.nii.gz").is_file():
        pytest.skip("the bonsai is not there: set ROIWIDGETS_DATA to the shared data")
    from roiwidgets.images.readers import open_image

    whole = open_image(folder / "ct_bonsai" / "bonsai.nii.gz").images[0].data
    return np.asarray(whole[96:167, 100:170, 90:159].compute())


@pytest.mark.parametrize("name", OPERATIONS)
def test_blocks_of_an_odd_phantom_equal_the_whole(name: str, tmp_path: Path) -> None:
    voxels = phantom((37, 43, 51))

    result = promote(
        image_of(voxels, SPACING), OPERATIONS[name], tmp_path / "out.zarr", executor=Inline(),
        chunks=(7, 13, 16), progress=False,
    )  # fmt: skip

    expected = oracle(name, voxels, (2.0, 0.7, 1.3))
    assert result.images[0].data.dtype == expected.dtype
    np.testing.assert_array_equal(voxels_of(result.images[0]), expected)


@pytest.mark.parametrize("name", ["median", "discrete_gaussian", "gradient_magnitude"])
def test_blocks_of_the_bonsai_equal_the_whole(name: str, tmp_path: Path) -> None:
    voxels = bonsai_crop()
    spacing = {"z": 1.0, "y": 1.0, "x": 1.0}

    result = promote(
        image_of(voxels, spacing), OPERATIONS[name], tmp_path / "out.zarr", executor=Inline(),
        chunks=16, progress=False,
    )  # fmt: skip

    np.testing.assert_array_equal(
        voxels_of(result.images[0]), oracle(name, voxels, (1.0, 1.0, 1.0))
    )


@pytest.mark.parametrize("name", ["median", "discrete_gaussian", "bilateral"])
def test_two_dimensions_work_alike(name: str, tmp_path: Path) -> None:
    voxels = phantom((61, 75), "float32")

    result = promote(
        image_of(voxels, SPACING, axes="yx"), OPERATIONS[name], tmp_path / "out.zarr",
        executor=Inline(), chunks=(17, 11), progress=False,
    )  # fmt: skip

    np.testing.assert_array_equal(voxels_of(result.images[0]), oracle(name, voxels, (0.7, 1.3)))


@pytest.mark.parametrize("name", ["median", "gradient_magnitude", "bilateral"])
def test_a_lazy_array_equals_the_whole(name: str) -> None:
    voxels = phantom((19, 26, 23))
    image = image_of(voxels, SPACING)
    image.images[0].data = image.images[0].data.rechunk((5, 9, 23))

    result = apply(image, OPERATIONS[name])

    np.testing.assert_array_equal(voxels_of(result), oracle(name, voxels, (2.0, 0.7, 1.3)))


def test_a_lazy_array_thinner_than_the_halo_equals_the_whole() -> None:
    voxels = phantom((3, 26, 23))

    result = apply(image_of(voxels, SPACING), OPERATIONS["bilateral"])

    np.testing.assert_array_equal(voxels_of(result), oracle("bilateral", voxels, (2.0, 0.7, 1.3)))

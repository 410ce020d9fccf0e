"""What was written, as other readers and validators see it."""

from __future__ import annotations

from pathlib import Path

import itk
import ngff_zarr
import numpy as np
import pytest
import yaozarrs
import zarr
from ome_zarr_models import open_ome_zarr

import roiwidgets.operations as ops
from roiwidgets.engine.promote import promote
from roiwidgets.images.geometry import grid_of
from tests.engine.phantoms import SPACING, Inline, image_of, voxels_of

VOXELS = np.random.default_rng(0).integers(0, 4000, (40, 90, 150), dtype=np.uint16)


@pytest.fixture(params=["0.4", "0.5"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "out.ome.zarr"
    operation = ops.median(1) | ops.threshold(lower=100)
    promote(
        image_of(VOXELS), operation, path, version=request.param, executor=Inline(),
        progress=False,
    )  # fmt: skip
    return path


def test_validators_accept_the_store(store: Path) -> None:
    yaozarrs.validate_zarr_store(str(store))
    assert open_ome_zarr(zarr.open_group(store, mode="r")) is not None


@pytest.mark.filterwarnings("ignore")  # what ngff-zarr warns of is its own affair
def test_ngff_zarr_reads_the_same_voxels_in_the_same_place(store: Path) -> None:
    from roiwidgets.images.readers import open_image

    ours, theirs = open_image(store), ngff_zarr.from_ngff_zarr(store)

    assert len(ours.images) == len(theirs.images) >= 2
    for mine, other in zip(ours.images, theirs.images, strict=True):
        np.testing.assert_array_equal(voxels_of(mine), np.asarray(other.data))
        assert dict(mine.scale) == pytest.approx(dict(other.scale))
        assert dict(mine.translation) == pytest.approx(dict(other.translation))


def test_nothing_but_the_image_is_left(store: Path) -> None:
    assert [path.name for path in store.parent.iterdir()] == ["out.ome.zarr"]


def test_the_recipe_in_the_store_reruns(store: Path) -> None:
    again = ops.load_operation(store)

    assert str(again) == str(ops.median(1) | ops.threshold(lower=100))


def test_the_store_says_where_it_comes_from(store: Path) -> None:
    provenance = zarr.open_group(store, mode="r").attrs["roiwidgets"]["provenance"]  # type: ignore[index,call-overload] # JSON

    assert provenance["halo"] == [1, 1, 1]
    assert "median" in provenance["operation"]
    assert {"roiwidgets", "itk", "zarr", "numpy"} <= set(provenance["versions"])


def test_a_notebooks_function_is_recorded_with_its_text(tmp_path: Path) -> None:
    operation = ops.operation(lambda voxels: voxels // 2, name="halved", halo=0)

    promote(image_of(VOXELS), operation, tmp_path / "o.zarr", executor=Inline(), progress=False)

    recipe = zarr.open_group(tmp_path / "o.zarr", mode="r").attrs["roiwidgets"]["recipe"]  # type: ignore[index,call-overload] # JSON
    assert recipe["rerunnable"] is False
    assert "voxels // 2" in recipe["source"]


def test_a_promoted_store_can_be_promoted_again(store: Path, tmp_path: Path) -> None:
    result = promote(
        store, ops.gradient_magnitude(), tmp_path / "b.zarr", executor=Inline(), progress=False
    )

    assert grid_of(result.images[0]).spacing == pytest.approx(tuple(SPACING[a] for a in "zyx"))
    assert result.images[0].data.dtype == np.float32


def test_an_image_of_itk_keeps_its_direction(tmp_path: Path) -> None:
    image = itk.image_from_array(VOXELS[:8, :20, :30].copy())
    image.SetDirection(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    image.SetSpacing([0.5, 0.6, 3.0])
    image.SetOrigin([1.0, 2.0, 3.0])

    result = promote(image, ops.median(1), tmp_path / "o.zarr", executor=Inline(), progress=False)

    from roiwidgets.images.readers import open_image

    assert grid_of(result.images[0]) == grid_of(open_image(image).images[0])
    assert grid_of(result.images[0]).direction is not None

from __future__ import annotations

from pathlib import Path

import itk
import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.engine.output_store import check_output
from roiwidgets.engine.plan import Plan, plan
from roiwidgets.engine.promote import build_pyramid
from roiwidgets.errors import (
    ImageError,
    MissingPackageError,
    OperationError,
    OutputExistsError,
    OutputLocationError,
    ParameterError,
    UnsupportedDtypeError,
)
from tests.engine.phantoms import Inline, image_of

VOXELS = np.arange(40 * 50 * 60, dtype=np.uint16).reshape(40, 50, 60)


def test_a_plan_says_what_will_happen_and_writes_nothing(tmp_path: Path) -> None:
    found = plan(image_of(VOXELS), ops.gradient_magnitude(), tmp_path / "out.zarr", chunks=16)

    assert found.halo == (1, 1, 1)
    assert found.dtype == np.float32
    assert found.block_shape == (32, 32, 32)
    assert found.blocks == 2 * 2 * 2
    assert found.output_bytes >= VOXELS.size * 4
    text = str(found)
    for part in ("gradient_magnitude", "40 x 50 x 60 uint16", "the result is float32", "MiB"):
        assert part in text
    assert "<table>" in found._repr_html_()
    assert list(tmp_path.iterdir()) == []


def test_blocks_grow_until_the_halo_is_cheap(tmp_path: Path) -> None:
    image = image_of(np.zeros((260, 260, 260), np.uint8), {"z": 1, "y": 1, "x": 1})

    near = plan(image, ops.median(1), tmp_path / "a.zarr")
    far = plan(image, ops.bilateral(domain_sigma=4.0), tmp_path / "b.zarr")

    assert near.block_shape == (128, 128, 128)
    assert near.halo_overhead < 1.1
    assert far.block_shape == (128, 128, 128)
    assert far.halo_overhead <= 1.6


def test_the_plan_converts_lengths_between_scales_and_says_so(tmp_path: Path) -> None:
    image = build_pyramid(
        image_of(np.zeros((80, 130, 130), np.uint8), {"z": 1, "y": 1, "x": 1}),
        tmp_path / "in.zarr", executor=Inline(), progress=False,
    )  # fmt: skip

    found = plan(image, ops.median(2), tmp_path / "out.zarr", tuned_on=1)

    assert found.operation.values["radius"] == 4
    assert found.halo == (4, 4, 4)
    assert "radius 2 voxels at spacing 2 x 2 x 2 becomes 4" in str(found)


@pytest.mark.parametrize(
    ("operation", "error", "message"),
    [
        (ops.operation(lambda v: v), OperationError, "state halo=0"),
        (np.median, ParameterError, "roiwidgets.operation"),
        (ops.operation(lambda v: v, halo=(1, 2)), OperationError, "2 entries"),
    ],
)
def test_operations_that_cannot_run_in_blocks_are_refused(
    operation: object, error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        plan(image_of(VOXELS), operation, tmp_path / "out.zarr")  # type: ignore[arg-type] # bad input


def test_filters_of_the_whole_image_are_refused(tmp_path: Path) -> None:
    operation = ops.operation(itk.otsu_threshold_image_filter)

    with pytest.raises(OperationError, match="whole image"):
        plan(image_of(VOXELS), operation, tmp_path / "out.zarr")


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"scale": 3}, ImageError, "scale 3 does not exist"),
        ({"tuned_on": -1}, ImageError, "scale -1 does not exist"),
        ({"version": "0.3"}, ParameterError, "version must be one of 0.4, 0.5"),
        ({"chunks": 0}, ParameterError, "chunks=0"),
        ({"chunks": (1, 2)}, ParameterError, "3 spatial axes"),
    ],
)
def test_keywords_are_checked(
    keywords: dict, error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        plan(image_of(VOXELS), ops.median(), tmp_path / "out.zarr", **keywords)


def test_types_that_the_operation_lacks_are_refused(tmp_path: Path) -> None:
    image = image_of(VOXELS.astype(np.int64))

    with pytest.raises(UnsupportedDtypeError, match=r"int64; convert it.*astype\('float32'\)"):
        plan(image, ops.median(), tmp_path / "out.zarr")


def test_images_without_a_number_are_refused(tmp_path: Path) -> None:
    voxels = np.full((40, 40, 40), np.nan, np.float32)
    with pytest.raises(ImageError, match="no finite value"):
        plan(image_of(voxels), ops.median(), tmp_path / "out.zarr")

    voxels[39, 39, 39] = 1
    assert isinstance(plan(image_of(voxels), ops.median(), tmp_path / "out.zarr"), Plan)


def test_empty_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="voxel"):
        plan(np.zeros((0, 4, 4), np.uint8), ops.median(), tmp_path / "out.zarr")


def test_outputs_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    image = image_of(VOXELS)
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "diary.txt").write_text("precious")

    with pytest.raises(OutputLocationError, match="does not exist; create it first"):
        plan(image, ops.median(), tmp_path / "no" / "out.zarr")
    with pytest.raises(OutputLocationError):
        plan(image, ops.median(), tmp_path / "file" / "out.zarr")
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        plan(image, ops.median(), tmp_path / "folder")
    with pytest.raises(OutputExistsError, match="no Zarr image, so it is not replaced"):
        plan(image, ops.median(), tmp_path / "folder", overwrite=True)
    with pytest.raises(MissingPackageError, match="s3fs"):
        plan(image, ops.median(), "s3://bucket/out.zarr")


def test_a_read_only_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(OutputLocationError, match="Read-only file system; choose another"):
        check_output(tmp_path / "out.zarr", overwrite=False)


def test_output_and_input_must_lie_apart(tmp_path: Path) -> None:
    store = tmp_path / "in.zarr"
    build_pyramid(image_of(VOXELS), store, executor=Inline(), progress=False)
    link = tmp_path / "link"
    link.symlink_to(store, target_is_directory=True)

    for path in (store / "labels" / "new", link / "new", store, store / "0" / "c"):
        with pytest.raises(OutputLocationError, match="inside each other"):
            plan(store, ops.median(), path, overwrite=True)
    with pytest.raises(OutputLocationError, match="inside each other"):
        plan(store, ops.median(), tmp_path, overwrite=True)

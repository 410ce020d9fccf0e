"""``roiwidgets validate``: sound images pass, each kind of damage is named."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr

import roiwidgets as rw
from roiwidgets.engine.validation import check_scales
from roiwidgets.errors import PromotionCancelled
from roiwidgets.images.grid import Grid
from tests.cli.told import told
from tests.engine.phantoms import Inline, image_of, recorded
from tests.engine.test_failures import Counting, interrupt

VOXELS = np.random.default_rng(0).integers(1, 200, (40, 70, 80), dtype=np.uint8)
SPACING = {"z": 1.0, "y": 1.0, "x": 1.0}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return write(tmp_path / "out.zarr")


def write(path: Path, voxels: np.ndarray = VOXELS, version: str = "0.5") -> Path:
    """Promote a pyramid of two scales."""
    rw.promote(
        image_of(voxels, SPACING), rw.operations.median(1), path, executor=Inline(), chunks=16,
        version=version, progress=False,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_what_was_promoted_is_complete_and_valid(
    version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "out.zarr", version=version)

    code, text = told(capsys, "validate", str(path), "--every-chunk")

    assert code == 0
    assert text.splitlines() == [
        f"     ok  valid OME-Zarr {version} for yaozarrs",
        "     ok  2 scales, shapes and spacings agree",
        "     ok  scale 0: 75 of 75 stored chunks decoded",
        "     ok  scale 1: 27 of 27 stored chunks decoded",
        "     ok  its recipe can be run again: median(radius=1)",
        f"{path} is a complete and valid OME-Zarr",
    ]


def test_a_promotion_that_did_not_end_is_not_complete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.zarr"
    with pytest.raises(PromotionCancelled):
        rw.promote(
            VOXELS, rw.operations.median(1), path, executor=Counting(5, interrupt), chunks=16,
            progress=False,
        )  # fmt: skip

    finished = len(recorded(path))  # of the blocks that went to workers together, too
    assert finished >= 5

    for asked in (path, tmp_path / "out.zarr.partial"):
        code, text = told(capsys, "validate", str(asked))

        assert code == 1
        assert f"problem  the promotion has not ended: {finished} blocks are finished" in text
        assert f"roiwidgets: {asked} is not a complete and valid OME-Zarr: 1 problem\n" in text


def test_an_image_that_is_being_replaced_is_still_valid(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PromotionCancelled):
        rw.promote(
            VOXELS, rw.operations.mean(1), store, executor=Counting(5, interrupt), chunks=16,
            overwrite=True, progress=False,
        )  # fmt: skip

    code, text = told(capsys, "validate", str(store))

    assert code == 0
    assert "   note  another promotion to this path was begun and has not ended" in text


def test_a_chunk_that_cannot_be_decoded_is_named(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (store / "0" / "c" / "0" / "0" / "1").write_bytes(b"broken")

    code, text = told(capsys, "validate", str(store), "--every-chunk")

    assert code == 1
    assert "problem  scale 0: the chunk (0, 0, 1) cannot be decoded: " in text
    # it is not among the few that are tried by default
    assert told(capsys, "validate", str(store))[0] == 0


def test_many_broken_chunks_are_counted(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for chunk in (store / "0" / "c" / "1").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(b"")

    code, text = told(capsys, "validate", str(store), "--every-chunk")

    assert code == 1
    assert text.count("cannot be decoded: ") == 3
    assert "problem  scale 0: 22 more chunks cannot be decoded" in text


def test_chunks_that_are_not_stored_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voxels = VOXELS.copy()
    voxels[:20] = 0
    path = write(tmp_path / "out.zarr", voxels)

    code, text = told(capsys, "validate", str(path))

    assert code == 0
    assert "scale 0: 25 of 75 chunks are not stored; they read as 0, as empty space does" in text


def test_a_chunk_that_was_lost_is_told_from_empty_space(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voxels = VOXELS.copy()
    voxels[:20] = 0
    path = write(tmp_path / "out.zarr", voxels)
    (path / "0" / "c" / "1" / "2" / "3").unlink()

    code, text = told(capsys, "validate", str(path))

    assert code == 1
    assert "scale 0: 26 of 75 chunks are not stored" in text
    assert "problem  scale 0: the chunk (1, 2, 3) was lost" in text
    assert "so are 1 of 26 missing ones" in text


def test_a_scale_that_is_missing_is_a_problem(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(store / "1")

    code, text = told(capsys, "validate", str(store))

    assert code == 1
    assert "it cannot be opened: " in text
    assert "lists the level '1', but there is no array of it" in text


def test_metadata_that_the_format_does_not_allow_are_a_problem(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def forget_scale(ome: dict) -> None:
        del ome["multiscales"][0]["datasets"][1]["coordinateTransformations"]

    edit(store, forget_scale)

    code, text = told(capsys, "validate", str(store))

    assert code == 1
    assert "problem  yaozarrs does not accept its metadata: " in text
    assert "multiscales.0.datasets.1.coordinateTransformations" in text


def test_a_scale_with_another_spacing_than_its_shape_is_a_problem(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stretch(ome: dict) -> None:
        transforms = ome["multiscales"][0]["datasets"][1]["coordinateTransformations"]
        transforms[0]["scale"][2] *= 2

    edit(store, stretch)

    code, text = told(capsys, "validate", str(store))

    assert code == 1
    assert "problem  scale 1: 40 voxels of 4 along x do not span the 80 of 1 at scale 0" in text


def edit(store: Path, change: object) -> None:
    file = store / "zarr.json"
    content = json.loads(file.read_text())
    change(content["attributes"]["ome"])  # type: ignore[operator] # a function
    file.write_text(json.dumps(content))


def test_scales_that_are_shifted_are_noted() -> None:
    finest = Grid(("y", "x"), (8, 9), (1.0, 1.0), (0.0, 0.0))
    binned = Grid(("y", "x"), (4, 5), (2.0, 2.0), (0.5, 0.5))
    strided = Grid(("y", "x"), (4, 5), (2.0, 2.0), (0.0, 0.5))

    (good,) = check_scales([finest, binned])
    shifted, agreed = check_scales([finest, strided])

    assert (good.verdict, agreed.verdict) == ("ok", "ok")
    assert shifted.verdict == "note"
    assert "begins -0.5 voxels of scale 0 away from scale 0 along y" in shifted.text


def test_an_image_of_another_tool_has_no_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "out.zarr")
    group = zarr.open_group(path, mode="r+")
    del group.attrs["roiwidgets"]

    code, text = told(capsys, "validate", str(path))

    assert code == 0
    assert "   note  it holds no recipe: it was not promoted by roiwidgets" in text


def test_a_recipe_that_cannot_be_run_again_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "out.zarr"
    mine = rw.operation(lambda voxels: voxels // 2, halo=0)
    rw.promote(VOXELS, mine, path, executor=Inline(), progress=False)

    code, text = told(capsys, "validate", str(path))

    assert code == 0
    assert "   note  its recipe cannot be run again: function was defined in a notebook" in text


def test_a_folder_that_is_no_zarr_is_not_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = told(capsys, "validate", str(tmp_path))

    assert code == 1
    assert "problem  yaozarrs does not accept its metadata: " in text


def test_where_nothing_is_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "none.zarr"

    assert told(capsys, "validate", str(path)) == (
        1,
        f"roiwidgets: there is no image {path}; check the path\n",
    )


def test_without_the_validator_it_says_what_to_install(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaozarrs", None)

    code, text = told(capsys, "validate", str(store))

    assert code == 1
    assert text.endswith("pip install 'roiwidgets[validate]'\n")

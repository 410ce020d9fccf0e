"""The command line at URLs: what was promoted is validated, options reach the file system."""

from __future__ import annotations

import json
from pathlib import Path

import fsspec
import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.cli import main
from roiwidgets.engine.promote import build_pyramid, promote
from roiwidgets.errors import PromotionCancelled
from tests.cli.told import told
from tests.engine.object_store import ObjectStore, keys_in
from tests.engine.phantoms import Inline, image_of
from tests.engine.test_failures import Counting, interrupt

VOXELS = np.random.default_rng(0).integers(1, 200, (40, 70, 80), dtype=np.uint8)
SPACING = {"z": 1.0, "y": 1.0, "x": 1.0}
URL = "objects://bucket/a.zarr"
pytestmark = pytest.mark.usefixtures("objects")


def write(url: str = URL, **keywords: object) -> None:
    promote(
        image_of(VOXELS, SPACING), ops.median(1), url, chunks=16, progress=False,
        **{"executor": Inline(), **keywords},
    )  # fmt: skip


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_what_was_promoted_to_a_url_is_complete_and_valid(
    version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(version=version)

    code, text = told(capsys, "validate", URL, "--every-chunk")

    assert code == 0, text
    assert text.splitlines() == [
        f"     ok  valid OME-Zarr {version} for yaozarrs",
        "     ok  2 scales, shapes and spacings agree",
        "     ok  scale 0: 75 of 75 stored chunks decoded",
        "     ok  scale 1: 27 of 27 stored chunks decoded",
        "     ok  its recipe can be run again: median(radius=1)",
        f"{URL} is a complete and valid OME-Zarr",
    ]


def test_a_promotion_to_a_url_that_has_not_ended_is_no_image(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(PromotionCancelled):
        write(executor=Counting(3, interrupt))

    for url in (URL, f"{URL}.partial"):
        code, text = told(capsys, "validate", url)

        assert code == 1
        assert f"blocks are finished in {URL}.partial; promote again" in text


def test_another_promotion_to_a_complete_image_is_noted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write()
    with pytest.raises(PromotionCancelled):
        write(overwrite=True, version="0.4", executor=Counting(3, interrupt))

    code, text = told(capsys, "validate", URL)

    assert code == 0
    assert "another promotion to this path was begun and has not ended" in text


def test_damaged_and_lost_chunks_at_a_url_are_named(
    objects: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write()
    lost, damaged = (
        next(key for key in keys_in(objects) if key.endswith(f"0/c/{index}"))
        for index in ("1/2/3", "0/0/0")
    )
    system = fsspec.filesystem("objects")
    system.rm(lost)
    system.pipe_file(damaged, b"not a chunk")

    code, text = told(capsys, "validate", URL, "--every-chunk")

    assert code == 1
    assert "scale 0: the chunk (1, 2, 3) was lost" in text
    assert "scale 0: the chunk (0, 0, 0) cannot be decoded" in text


@pytest.mark.parametrize("url", ["objects://bucket/none.zarr", f"{URL}.partial"])
def test_nothing_at_a_url_is_one_sentence(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    write()

    code, text = told(capsys, "validate", url)

    assert code == 1
    assert f"there is no image {url}; check the path" in text


def test_a_store_that_lists_nothing_is_validated_as_far_as_it_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("listing is not allowed")

    monkeypatch.setattr(ObjectStore, "ls", refuse)
    monkeypatch.setattr(ObjectStore, "find", refuse)
    code, text = told(capsys, "validate", URL)

    assert code == 0, text
    assert "whether a promotion is under way is not known" in text
    assert "chunks are not looked at" in text


def test_options_on_the_command_line_reach_the_file_system(
    tmp_path: Path, objects: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = []
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
        folders.append(json.dumps({"folder": str(tmp_path / name)}))
    build_pyramid(
        image_of(VOXELS, SPACING), URL, executor=Inline(), progress=False,
        storage_options=json.loads(folders[0]),
    )  # fmt: skip
    written = "objects://bucket/b.zarr"

    both = ("--input-options", folders[0], "--storage-options", folders[1])
    code, text = told(capsys, "pyramid", URL, written, "--plan", *both)
    assert code == 0, text
    code, text = told(capsys, "validate", URL, "--storage-options", folders[0])
    assert code == 0, text
    code, text = told(capsys, "info", URL, "--storage-options", folders[0])
    assert code == 0
    assert "axes: z" in text
    assert told(capsys, "validate", URL, "--storage-options", folders[1])[0] == 1
    assert keys_in(objects) == []


@pytest.mark.parametrize("words", ["{anon: true}", "[1]", "anon=true"])
def test_options_that_are_no_json_object_are_refused(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["validate", URL, "--storage-options", words])

    assert stopped.value.code == 2
    assert "expected a JSON object" in capsys.readouterr().err

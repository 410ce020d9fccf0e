"""``roiwidgets info``: what it tells of images of several kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

import roiwidgets as rw
from roiwidgets.cli import main
from roiwidgets.images.readers import open_image
from tests.engine.phantoms import Inline


def told(path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert main(["info", str(path)]) == 0
    return capsys.readouterr().out.splitlines()


def test_info_tells_shape_spacing_and_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, np.zeros((5, 6, 7), np.uint16), metadata={"axes": "ZYX"})

    assert told(path, capsys) == [
        "name: image",
        "axes: z, y, x",
        "origin: z 0, y 0, x 0",
        "scale 0: z 5 x 1, y 6 x 1, x 7 x 1; uint16, 0.0 MiB",
    ]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_info_tells_every_scale_with_its_spacing_and_storage(
    version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = open_image(
        np.zeros((64, 128, 256), np.uint8),
        axes="zyx",
        spacing={"z": 2.0, "y": 0.5, "x": 0.25},
        origin={"z": -3.0, "y": 0.0, "x": 1.5},
    )
    path = tmp_path / "image.ome.zarr"
    rw.build_pyramid(
        image, path, executor=Inline(), chunks=(32, 64, 64), progress=False, version=version
    )

    lines = told(path, capsys)

    stored = "chunks 32 x 64 x 64, blosc zstd"
    assert lines[:5] == [
        "name: image",
        "axes: z, y, x",
        "origin: z -3, y 0, x 1.5",
        f"scale 0: z 64 x 2, y 128 x 0.5, x 256 x 0.25; uint8, 2.0 MiB; {stored}",
        f"scale 1: z 64 x 2, y 128 x 0.5, x 128 x 0.5; uint8, 1.0 MiB; {stored}",
    ]
    assert f"format: OME-Zarr {version}" in lines


def test_info_tells_what_was_promoted_from_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.ome.zarr"
    rw.build_pyramid(np.zeros((8, 9, 10), np.uint8), source, executor=Inline(), progress=False)
    path = tmp_path / "out.ome.zarr"
    rw.promote(source, rw.operations.median(2), path, executor=Inline(), progress=False)

    lines = told(path, capsys)

    assert "recipe: median(radius=2)" in lines
    assert f"promoted from: {source}/0" in lines
    assert any(line.startswith("promoted with: roiwidgets ") for line in lines)


@pytest.mark.parametrize("version", [2, 3])
def test_info_tells_units_channels_and_labels(
    version: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cells.ome.zarr"
    write_cells(path, version)

    lines = told(path, capsys)

    assert "axes: c, y in micrometer, x in micrometer" in lines
    assert "channels: DAPI, GFP" in lines
    assert "labels: nuclei, cells" in lines
    assert any(line.endswith("chunks 1 x 4 x 8, not compressed") for line in lines)


def write_cells(path: Path, version: int) -> None:
    """Write an image of two channels that lists two label images, as other tools do."""
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": a, "type": "space", "unit": "micrometer"} for a in "yx"]
    scale = [{"type": "scale", "scale": [1.0, 0.5, 0.5]}]
    ome = {
        "multiscales": [
            {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
        ],
        "omero": {"channels": [{"label": n, "color": "FFFFFF"} for n in ("DAPI", "GFP")]},
    }
    listed = {"labels": ["nuclei", "cells"]}
    is_new = version == 3
    group = zarr.create_group(path, zarr_format=version)
    group.attrs.update({"ome": {"version": "0.5", **ome}} if is_new else ome)
    group.create_array("0", shape=(2, 8, 8), chunks=(1, 4, 8), dtype="u1", compressors=None)
    labels = group.create_group("labels")
    labels.attrs.update({"ome": {"version": "0.5", **listed}} if is_new else listed)

"""What promoting takes, beside the Promote button."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.engine import costs
from roiwidgets.engine.costs import Machine
from tests.widgets.recording import RecordingViewer

VOXELS = np.random.default_rng(5).integers(0, 255, (32, 40, 48)).astype(np.uint8)
pytestmark = pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning")


def told(tuner: rw.Tuner) -> str:
    return re.sub("<[^>]+>", " ", tuner.promotion.cost.value)


def test_the_cost_follows_the_measured_preview(tmp_path: Path) -> None:
    viewer = RecordingViewer(VOXELS)
    tuner = rw.tune(viewer, rw.operations.median(1))
    tuner.promotion.path.value = str(tmp_path / "out.zarr")

    tuner.wait()

    assert re.fullmatch(
        r"about \d+\.\d s on \d+ workers?, at most 0 MiB on disk", told(tuner).strip()
    )
    tuner.close()
    viewer.close()


def test_too_little_room_is_told_beside_the_button(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Machine(workers=2, memory_bytes=0, disk_bytes=0)
    monkeypatch.setattr("roiwidgets.engine.estimate.machine_for", lambda *_, **__: full)
    viewer = RecordingViewer(VOXELS)
    tuner = rw.tune(viewer, rw.operations.median(1))

    tuner.wait()

    assert "the disk has 0 MiB free" in told(tuner)
    assert "var(--jp-warn-color0, inherit)" in tuner.promotion.cost.value
    tuner.close()
    viewer.close()


def test_an_operation_that_cannot_be_promoted_says_why() -> None:
    viewer = RecordingViewer(VOXELS)
    tuner = rw.tune(viewer, rw.operation(lambda voxels: voxels - voxels.min()))

    tuner.wait()

    assert told(tuner).startswith("cannot be promoted: how far function looks around")
    tuner.close()
    viewer.close()


def test_the_disk_is_that_of_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Path] = []

    def usage(folder: Path) -> object:
        asked.append(folder)
        return type("Usage", (), {"free": 2**40})

    monkeypatch.setattr(costs.shutil, "disk_usage", usage)
    viewer = RecordingViewer(VOXELS)
    tuner = rw.tune(viewer, rw.operations.median(1))

    tuner.promotion.path.value = str(tmp_path / "later" / "out.zarr")

    assert asked[-1] == tmp_path
    tuner.close()
    viewer.close()

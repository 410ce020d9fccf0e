"""What a plan says a promotion takes, and when it warns."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.engine import costs
from roiwidgets.engine.block_layout import lay_out
from roiwidgets.engine.costs import Cost, Machine, available_memory, machine_for
from roiwidgets.engine.destinations import FolderDestination
from roiwidgets.engine.plan import Plan, plan
from roiwidgets.engine.preview import PreviewRequest, PreviewRunner
from roiwidgets.images.grid import Grid
from roiwidgets.images.sources import ArraySource
from tests.engine.phantoms import image_of

VOXELS = np.zeros((128, 128, 128), np.uint8)
ISOTROPIC = {"z": 1.0, "y": 1.0, "x": 1.0}
ROOMY = Machine(workers=4, memory_bytes=2**40, disk_bytes=2**40)


def cost(machine: Machine = ROOMY, **keywords: object) -> Cost:
    """Return what 8 blocks of 64 voxels a side with a halo of 2 take."""
    grid = Grid(("z", "y", "x"), (128, 128, 128), (1.0,) * 3, (0.0,) * 3)
    layout = lay_out(grid, (2, 2, 2), 32)
    assert layout.block_shape == (64, 64, 64)
    dtype = np.dtype(np.uint8)
    return Cost.of(layout, dtype, np.dtype(np.float32), machine, **keywords)  # type: ignore[arg-type] # as given


def planned(folder: Path, machine: Machine, **keywords: object) -> Plan:
    found = plan(image_of(VOXELS, ISOTROPIC), ops.median(2), folder / "out.zarr", **keywords)  # type: ignore[arg-type] # as given
    return dataclasses.replace(found, cost=dataclasses.replace(found.cost, machine=machine))


def test_time_is_what_is_read_over_the_measured_speed_of_all_workers() -> None:
    found = cost(voxels_per_s=1e6)

    assert found.seconds == pytest.approx(128**3 * (68 / 64) ** 3 / 1e6 / 4, rel=1e-6)
    assert cost().seconds is None


def test_more_workers_than_blocks_do_not_make_it_faster() -> None:
    few = cost(dataclasses.replace(ROOMY, workers=8), voxels_per_s=1e6)
    many = cost(dataclasses.replace(ROOMY, workers=64), voxels_per_s=1e6)

    assert few.blocks == 8
    assert many.seconds == few.seconds


def test_a_machine_with_room_gets_no_warning() -> None:
    assert cost().warnings == ()


def test_a_disk_that_is_too_small_is_a_warning() -> None:
    found = cost(dataclasses.replace(ROOMY, disk_bytes=2**20))

    (warning,) = found.warnings
    voxels = 128**3 + 64**3
    assert found.output_bytes == voxels * 4
    assert warning.startswith("the output may need 9 MiB, the disk has 1 MiB free")


def test_too_little_memory_for_all_workers_is_a_warning() -> None:
    block = 68**3 * (1 + 4 + 2 * 4)

    enough = cost(dataclasses.replace(ROOMY, memory_bytes=4 * block))
    short = cost(dataclasses.replace(ROOMY, memory_bytes=4 * block - 1))

    assert enough.warnings == ()
    (warning,) = short.warnings
    assert warning.startswith("4 workers need about 16 MiB of memory")
    assert warning.endswith("take fewer workers")


def test_a_plan_says_time_and_warnings_as_text_and_as_a_table(tmp_path: Path) -> None:
    small = Machine(workers=1, memory_bytes=0, disk_bytes=0)

    found = planned(tmp_path, small, voxels_per_s=1e4)

    text, page = str(found), found._repr_html_()
    assert re.search(r"time  about 3 min \d+ s on 1 worker\n", text)
    assert text.count("\n   warning  ") == 2
    assert page.count(">warning</th>") == 2
    assert "the disk has 0 MiB free" in page
    assert found.warnings == found.cost.warnings


def test_a_plan_without_a_measurement_says_nothing_of_time(tmp_path: Path) -> None:
    assert "time" not in dict(planned(tmp_path, ROOMY).rows())


def test_a_time_measured_on_a_coarse_scale_is_the_least(tmp_path: Path) -> None:
    image = image_of(VOXELS, ISOTROPIC)
    fine = plan(image, ops.median(2), tmp_path / "a.zarr", tuned_on=0, voxels_per_s=1e6)

    coarse = dataclasses.replace(fine.cost, is_lower_bound=True)

    assert fine.cost.time_text.startswith("about ")
    assert coarse.time_text.startswith("at least ")


def test_the_table_is_escaped_and_takes_its_colours_from_the_theme(tmp_path: Path) -> None:
    small = Machine(workers=1, memory_bytes=0, disk_bytes=0)
    nasty = dataclasses.replace(
        planned(tmp_path, small), destination=FolderDestination(Path("/<script>alert(1)</script>"))
    )

    page = nasty._repr_html_()

    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert re.findall(r"color:([^;']+)", page) == ["var(--jp-warn-color0, inherit)"] * 4
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b|rgb\(", page)


def test_the_machine_is_asked_about_a_folder_that_is_yet_to_be_made(tmp_path: Path) -> None:
    found = machine_for(tmp_path / "no" / "such", workers=3)

    assert found.workers == 3
    assert found.disk_bytes > 0
    assert found.memory_bytes > 0


def test_a_container_has_what_its_limit_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = type("Memory", (), {"available": 8 * 2**30})
    monkeypatch.setattr(costs.psutil, "virtual_memory", lambda: whole)
    (tmp_path / "memory.max").write_text(f"{2 * 2**30}\n")
    (tmp_path / "memory.current").write_text(f"{2**30}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {2**28}\n")

    assert available_memory(tmp_path) == 2**30 + 2**28
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory(tmp_path) == 8 * 2**30
    assert available_memory(tmp_path / "none") == 8 * 2**30


def test_a_preview_measures_the_speed_of_one_worker() -> None:
    source = ArraySource(np.zeros((64, 64, 64), np.uint8), (64, 64, 64))
    request = PreviewRequest(
        source=source,
        region=(slice(0, 64),) * 3,
        spatial=(0, 1, 2),
        spacing=(1.0, 1.0, 1.0),
        operation=ops.median(1),
    )
    runner = PreviewRunner(on_state=lambda _: None, on_error=lambda *_: None)

    runner.submit(request)
    assert runner.wait(60)
    state = runner.last_state
    runner.close()

    assert state is not None
    assert state.voxels_per_s is not None
    # two workers cannot have been slower than all of it took one
    assert state.voxels_per_s > 64**3 / (2 * state.elapsed_s)

"""Blocks that go to a worker together: neighbours, each once, never for long."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.engine import bundles
from roiwidgets.engine.bundles import Bundles
from roiwidgets.engine.output_store import OutputStore
from roiwidgets.engine.plan import plan
from roiwidgets.engine.promote import promote
from roiwidgets.engine.tasks import array_specs, block_passes
from roiwidgets.engine.worker import BlockTask, Finished, run_blocks
from roiwidgets.errors import OperationError
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import voxel_source
from tests.engine.phantoms import Inline, fails_beyond, files_of, image_of, voxels_of

VOXELS = np.random.default_rng(0).integers(0, 200, (50, 70, 40), dtype=np.uint8)
BLOCK = 16


def tasks_of(folder: Path, operation: ops.Operation | None = None) -> list[BlockTask]:
    checked = plan(image_of(VOXELS), operation or ops.median(1), folder / "out.zarr", chunks=8)
    assert checked.block_shape == (BLOCK,) * 3
    store = OutputStore(checked.path, checked.version)
    store.begin(checked.identity(), array_specs(checked), resume=False)
    store.suspend()
    return block_passes(checked)[0].tasks(checked, store)


def taken(waiting: Bundles, *, cpu_s: float) -> list[tuple[BlockTask, ...]]:
    found = []
    while bundle := waiting.take():
        waiting.learn([Finished(task.key, cpu_s) for task in bundle])
        found.append(bundle)
    return found


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_block_is_handed_out_once_and_with_neighbours_only(
    workers: int, tmp_path: Path
) -> None:
    tasks = tasks_of(tmp_path)

    found = taken(Bundles(tasks, workers), cpu_s=0.1)

    keys = [task.key for bundle in found for task in bundle]
    assert sorted(keys) == sorted(task.key for task in tasks)
    for bundle in found:
        assert len({tuple(i // (2 * BLOCK) for i in task.block.start) for task in bundle}) == 1
    assert len(found[0]) == 1
    assert max(map(len, found)) > 1


def test_bundles_become_smaller_towards_the_end_unless_they_are_quick(tmp_path: Path) -> None:
    tasks = tasks_of(tmp_path)

    slow, quick = (taken(Bundles(tasks, 1), cpu_s=cpu_s) for cpu_s in (0.21, 0.001))

    assert len(slow[-1]) == 1
    assert len(quick) < len(slow)


def test_blocks_that_take_long_go_alone(tmp_path: Path) -> None:
    found = taken(Bundles(tasks_of(tmp_path), 1), cpu_s=1.5)

    assert max(map(len, found)) == 1


def test_blocks_that_are_large_together_go_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "LARGEST_BYTES", 0)

    found = taken(Bundles(tasks_of(tmp_path), 1), cpu_s=0.01)

    assert max(map(len, found)) == 1


def test_a_block_that_is_given_back_comes_next(tmp_path: Path) -> None:
    waiting = Bundles(tasks_of(tmp_path), 1)
    first, second = waiting.take(), waiting.take()

    waiting.give_back(second)
    waiting.give_back(first)

    assert waiting.take() == first
    assert waiting.take() == second


def test_a_bundle_ends_before_the_block_that_fails(tmp_path: Path) -> None:
    operation = dataclasses.replace(ops.operation(fails_beyond, halo=1), origin="catalogue")
    tasks = tasks_of(tmp_path, operation)[:4]
    voxels = VOXELS.copy()
    voxels[tasks[2].block.inner] = 255
    source = voxel_source(image_of(voxels).images[0].data)
    bad = tuple(dataclasses.replace(task, source=source) for task in tasks)

    assert [block.key for block in run_blocks(bad)] == [tasks[0].key]
    with pytest.raises(OperationError, match="too bright"):
        run_blocks(bad[2:])


def test_bundles_write_what_single_blocks_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(name: str) -> Path:
        promote(
            image_of(VOXELS), ops.median(2), tmp_path / name, executor=Inline(), chunks=8,
            progress=False,
        )  # fmt: skip
        return tmp_path / name

    together = write("together.zarr")
    monkeypatch.setattr(bundles, "LARGEST_BYTES", 0)
    alone = write("alone.zarr")

    assert files_of(together) == files_of(alone)
    expected = ops.median(2)(VOXELS)
    np.testing.assert_array_equal(voxels_of(open_image(together).images[0]), expected)

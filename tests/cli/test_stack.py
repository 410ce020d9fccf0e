"""``roiwidgets stack``: what ``rw.to_stack`` writes, with progress and exit codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from roiwidgets.cli import main
from roiwidgets.images.readers import open_image
from roiwidgets.stacks import layout, stack_layout
from roiwidgets.stacks.summaries import summaries
from tests.engine.phantoms import voxels_of

FRAMES = np.random.default_rng(0).integers(0, 22, (45, 30, 40), dtype=np.uint8)


@pytest.fixture
def movie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(stack_layout, "SHARD_FRAMES", 20)
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, FRAMES, metadata={"axes": "TYX"})
    return path


def test_a_movie_becomes_a_stack(movie, tmp_path, capsys):
    out = tmp_path / "stack.ome.zarr"

    assert main(["stack", str(movie), str(out)]) == 0

    np.testing.assert_array_equal(voxels_of(open_image(out).images[0]), FRAMES)
    np.testing.assert_array_equal(summaries(out).maximum, FRAMES.max(axis=0))
    printed = capsys.readouterr()
    assert printed.out.startswith("written in ")
    assert "3 of 3 blocks (100 %)" in printed.err
    assert main(["validate", str(out), "--every-chunk"]) == 0


def test_a_stack_is_replaced_only_when_asked(movie, tmp_path, capsys):
    command = ["stack", str(movie), str(tmp_path / "stack.ome.zarr")]
    assert main(command) == 0

    assert main(command) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main([*command, "--overwrite"]) == 0


def test_a_stopped_run_says_how_to_go_on(movie, tmp_path, capsys, monkeypatch):
    out = tmp_path / "stack.ome.zarr"
    written = layout.downsample_block
    calls: list[object] = []

    def stop_in_the_second_block(*given: object, **options: object) -> object:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return written(*given, **options)

    wide = np.repeat(FRAMES, 2, axis=2)
    tifffile.imwrite(movie, wide, metadata={"axes": "TYX"})
    monkeypatch.setattr(layout, "downsample_block", stop_in_the_second_block)

    assert main(["stack", str(movie), str(out)]) == 130
    assert "run the same command again" in capsys.readouterr().err
    assert not out.exists()
    assert main(["stack", str(movie), str(out)]) == 0
    np.testing.assert_array_equal(voxels_of(open_image(out).images[0]), wide)


def test_an_image_that_is_no_movie_is_refused(tmp_path, capsys):
    path = tmp_path / "plane.tif"
    tifffile.imwrite(path, FRAMES[0])

    assert main(["stack", str(path), str(tmp_path / "out.zarr")]) == 1
    assert "a movie has axes t, y, x" in capsys.readouterr().err

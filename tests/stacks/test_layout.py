"""A stack holds the movie's frames, as other readers and validators see it, or is not there."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import ngff_zarr
import numpy as np
import pytest
import yaozarrs
import zarr
from ome_zarr_models import open_ome_zarr

import roiwidgets as rw
from roiwidgets.engine.validation import validate_image
from roiwidgets.errors import (
    ImageError,
    OutputExistsError,
    OutputLocationError,
    PromotionCancelled,
    PromotionError,
)
from roiwidgets.images.samples import calcium_movie
from roiwidgets.stacks import layout, stack_layout
from roiwidgets.stacks.movie import Movie, open_movie
from roiwidgets.stacks.summaries import summaries
from tests.engine.phantoms import binned, voxels_of
from tests.stacks.oracles import Array, assert_summaries

SHAPE = (50, 70, 150)


@pytest.fixture
def array() -> Array:
    return np.random.default_rng(0).integers(0, 22, SHAPE, dtype=np.uint8)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_layout, "CHUNK_FRAMES", 4)
    monkeypatch.setattr(stack_layout, "SHARD_FRAMES", 16)
    monkeypatch.setattr(stack_layout, "CHUNK_SIDE", 40)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stack.ome.zarr"


def movie_of(array: Array) -> Movie:
    spacing = {"t": 0.1, "y": 2.0, "x": 2.0}
    image = rw.open_image(array, axes="tyx", spacing=spacing, origin={"y": 5.0}, name="cells")
    return open_movie(image)


def written(array: Array, path: Path, **options: object) -> Path:
    rw.to_stack(movie_of(array), path, progress=False, **options)
    return path


def stopped_after(blocks: int, cancel: threading.Event) -> Callable[[int, int], None]:
    def on_progress(done: int, total: int) -> None:
        if done == blocks:
            cancel.set()

    return on_progress


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "bool"])
def test_frames_and_coarser_levels_are_those_of_the_movie(array, path, dtype):
    array = (array > 11) if dtype == "bool" else array.astype(dtype)

    image = rw.to_stack(movie_of(array), path, progress=False)

    shapes = [level.data.shape for level in image.images]
    assert shapes == [SHAPE, (50, 35, 75), (50, 35, 38)]
    np.testing.assert_array_equal(voxels_of(image.images[0]), array)
    fine = array
    for finer, level in zip(image.images, image.images[1:], strict=False):
        factors = tuple(round(level.scale[axis] / finer.scale[axis]) for axis in "tyx")
        fine = binned(fine[::17], factors)
        np.testing.assert_allclose(voxels_of(level)[::17], fine, rtol=1e-6)
        fine = voxels_of(level)
    assert image.images[0].scale == {"t": 0.1, "y": 2.0, "x": 2.0}
    assert image.images[0].translation["y"] == 5.0
    assert image.metadata.name == "cells"


def test_chunks_are_small_and_shards_are_whole_frames(array, path):
    finest = zarr.open_array(written(array, path) / "0")

    assert finest.chunks == (4, 35, 38)
    assert finest.shards == (16, 70, 152)
    assert len(list((path / "0" / "c").rglob("0"))) >= 4


@pytest.mark.filterwarnings("ignore")  # what ngff-zarr warns of is its own affair
def test_validators_and_ngff_zarr_accept_it(array, path):
    written(array, path)

    yaozarrs.validate_zarr_store(str(path))
    assert open_ome_zarr(zarr.open_group(path, mode="r")) is not None
    theirs = ngff_zarr.from_ngff_zarr(path)
    np.testing.assert_array_equal(np.asarray(theirs.images[0].data), array)
    assert tuple(theirs.images[0].dims) == ("t", "y", "x")
    assert validate_image(path, every_chunk=True).problems == ()
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_its_summaries_are_taken_without_reading_a_frame(array, path, monkeypatch):
    written(array, path)
    monkeypatch.setattr(Movie, "peek", lambda *_: pytest.fail("frames were read"))

    assert_summaries_quickly(summaries(path), array)
    assert zarr.open_array(path / "summaries" / "maximum")[3, 4] == array[:, 3, 4].max()


def assert_summaries_quickly(found: object, array: Array) -> None:
    """Without the correlation, which the oracle computes pixel by pixel."""
    for name, wanted in {
        "maximum": array.max(axis=0), "argmax": array.argmax(axis=0), "mean": array.mean(axis=0),
        "top_view": array.max(axis=1), "right_view": array.max(axis=2),
    }.items():  # fmt: skip
        np.testing.assert_array_equal(getattr(found, name), wanted)
    np.testing.assert_allclose(found.std, array.std(axis=0), rtol=1e-10)


def test_a_copied_stack_keeps_its_summaries_and_a_changed_one_does_not(array, path, monkeypatch):
    written(array, path)
    copied = path.with_name("copied.ome.zarr")
    shutil.copytree(path, copied, copy_function=shutil.copyfile)
    with monkeypatch.context() as no_reading:
        no_reading.setattr(Movie, "peek", lambda *_: pytest.fail("frames were read"))
        for _ in range(2):
            assert_summaries_quickly(summaries(copied), array)
    changed = array.copy()
    changed[17, 30, 40] = 200

    zarr.open_array(path / "0", mode="r+")[17, 30, 40] = 200

    assert_summaries_quickly(summaries(path), changed)


@pytest.mark.parametrize("damage", ["lost", "broken", "no JSON", "another"])
def test_damaged_summaries_of_a_stack_are_not_taken(array, path, damage):
    group = written(array, path) / "summaries"
    chunk = group / "maximum" / "c" / "0" / "0"
    if damage == "lost":
        chunk.unlink()  # Zarr reads zeros in its place
    elif damage == "broken":
        chunk.write_bytes(chunk.read_bytes()[:-5])
    else:
        (group / "zarr.json").write_text("[]" if damage == "another" else "{")

    assert_summaries_quickly(summaries(path), array)


def test_summaries_of_a_stack_are_those_of_numpy(path):
    small = np.random.default_rng(1).integers(0, 22, (21, 9, 11), dtype=np.uint8)

    assert_summaries(summaries(written(small, path)), small)


def test_a_cancelled_run_goes_on_where_it_stopped(array, path, monkeypatch):
    cancel = threading.Event()
    with pytest.raises(PromotionCancelled, match=r"stack.ome.zarr.partial"):
        written(array, path, cancel=cancel, on_progress=stopped_after(2, cancel))
    assert not path.exists()
    read: list[slice] = []
    whole = Movie.read
    monkeypatch.setattr(Movie, "read", lambda movie, span, *at: read.append(span) or whole(
        movie, span, *at
    ))  # fmt: skip

    written(array, path)

    assert [span.start for span in read] == [32, 48]
    np.testing.assert_array_equal(voxels_of(rw.open_image(path).images[0]), array)
    monkeypatch.undo()
    assert_summaries_quickly(summaries(path), array)


def test_a_run_on_another_movie_does_not_go_on(array, path):
    cancel = threading.Event()
    with pytest.raises(PromotionCancelled):
        written(array, path, cancel=cancel, on_progress=stopped_after(1, cancel))

    with pytest.raises(PromotionError, match="differs in source"):
        written(array + 1, path)
    written(array + 1, path, resume=False)

    np.testing.assert_array_equal(voxels_of(rw.open_image(path).images[0]), array + 1)


def test_frames_that_cannot_be_read_leave_no_image(array, path, tmp_path):
    source = tmp_path / "movie.zarr"
    zarr.create_array(source, data=array, chunks=(16, 70, 150))
    (source / "c" / "2" / "0" / "0").write_bytes(b"no chunk")

    with pytest.raises(PromotionError, match="frames 32 to 47 cannot be read from"):
        rw.to_stack(rw.open_image(source, axes="tyx"), path, progress=False)

    assert not path.exists()
    with pytest.raises(ImageError, match="unfinished output"):
        rw.open_image(f"{path}.partial")


def test_a_full_disk_or_the_like_is_said(array, path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layout, "downsample_block", refuse)

    with pytest.raises(
        PromotionError, match=r"frames 0 to 15 cannot be written, OSError: .*No space"
    ):
        written(array, path)
    assert not path.exists()


def test_an_existing_image_is_replaced_only_when_asked(array, path):
    written(array, path)
    with pytest.raises(OutputExistsError, match="overwrite=True"):
        written(array + 1, path)

    written(array + 1, path, overwrite=True)

    np.testing.assert_array_equal(voxels_of(rw.open_image(path).images[0]), array + 1)
    assert_summaries_quickly(summaries(path), array + 1)


def test_a_movie_is_not_written_into_itself(array, path):
    written(array, path)

    with pytest.raises(OutputLocationError, match="lie inside each other"):
        rw.to_stack(path, path / "again.zarr", progress=False)


def test_one_plane_of_a_volume_over_time(path):
    volumes = np.random.default_rng(2).integers(0, 99, (5, 3, 10, 12), dtype=np.uint16)

    rw.to_stack(rw.open_image(volumes, axes="tzyx"), path, plane=2, progress=False)

    image = rw.open_image(path)
    assert image.images[0].dims == ("t", "y", "x")
    np.testing.assert_array_equal(voxels_of(image.images[0]), volumes[:, 2])
    assert_summaries(summaries(path), volumes[:, 2])


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 90, 3), (7, 1, 5)])
def test_small_movies(shape, path):
    array = np.random.default_rng(3).integers(0, 99, shape, dtype=np.uint8)

    written(array, path)

    np.testing.assert_array_equal(voxels_of(rw.open_image(path).images[0]), array)
    yaozarrs.validate_zarr_store(str(path))


def test_large_frames_make_small_shards(monkeypatch):
    monkeypatch.setattr(stack_layout, "SHARD_BYTES", 7 * 70 * 150)

    found = layout.stack_layout(movie_of(np.zeros(SHAPE, np.uint8)))
    wide = layout.stack_layout(movie_of(np.zeros((3, 700, 160), np.uint8)))

    assert (found.chunk_frames, found.shard_frames) == (4, 4)
    assert (wide.chunk_frames, wide.shard_frames) == (1, 1)


def test_units_and_time_are_kept(path):
    movie, _, _ = calcium_movie(20, (16, 18), cells=1)

    level = rw.to_stack(movie, path, progress=False).images[0]

    assert level.scale["t"] == 0.05
    assert level.axes_units == {"t": "second", "y": "micrometer", "x": "micrometer"}

"""Summaries are taken from the cache only if the movie is still what it was."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

import roiwidgets as rw
from roiwidgets.images.sources import ZarrSource
from roiwidgets.stacks.movie import Movie, open_movie
from roiwidgets.stacks.summaries import iter_summaries, summaries, summary_cache
from tests.stacks.oracles import Array, assert_summaries


@pytest.fixture
def array() -> Array:
    return np.random.default_rng(0).integers(0, 50, (12, 5, 6), dtype=np.uint8)


@pytest.fixture
def stored(array: Array, tmp_path: Path) -> Path:
    path = tmp_path / "movie.zarr"
    zarr.create_array(path, data=array, chunks=(4, 5, 6))
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The boxes that were read of Zarr arrays."""
    seen: list[object] = []
    peek = ZarrSource.peek  # which read calls, too

    def counted(source: ZarrSource, slices: tuple[slice, ...]) -> Array:
        seen.append(slices)
        return peek(source, slices)

    monkeypatch.setattr(ZarrSource, "peek", counted)
    return seen


def movie_at(path: Path) -> Movie:
    return open_movie(rw.open_image(path, axes="tyx"))


def test_a_movie_is_summed_up_once(stored, array, reads):
    first = summaries(movie_at(stored))
    read = len(reads)

    again = summaries(movie_at(stored))
    (partial,) = iter_summaries(movie_at(stored))

    assert read > 0
    assert len(reads) == read
    assert partial.is_complete
    assert partial.seen.all()
    for found in (first, again, partial.summaries):
        assert_summaries(found, array)


def test_without_the_cache_nothing_is_kept_or_taken(stored, reads, cache_folder):
    summaries(movie_at(stored), cache=False)
    list(iter_summaries(movie_at(stored), cache=False))

    assert not cache_folder.exists()
    assert len(reads) == 2


def test_a_changed_movie_is_summed_up_again(stored, array):
    summaries(movie_at(stored))
    array[3, 2, 1] = 200
    zarr.open_array(stored, mode="r+")[...] = array

    assert_summaries(summaries(movie_at(stored)), array)


def test_a_movie_that_changes_while_it_is_read_is_not_kept(stored, array, cache_folder):
    def change(done: int, total: int) -> None:
        if done == total:
            zarr.open_array(stored, mode="r+")[...] = array + 1

    summaries(movie_at(stored), progress=change)

    assert not list(cache_folder.glob("*"))


def test_planes_and_turned_axes_of_a_movie_are_kept_apart(tmp_path):
    array = np.random.default_rng(1).integers(0, 50, (5, 4, 4, 4), dtype=np.uint8)
    zarr.create_array(tmp_path / "volume.zarr", data=array, chunks=(5, 4, 4, 4))
    image = rw.open_image(tmp_path / "volume.zarr", axes="tzyx")
    turned = rw.open_image(tmp_path / "volume.zarr", axes="ztyx")

    for plane in (0, 1, 0):
        assert_summaries(summaries(open_movie(image, plane=plane)), array[:, plane])
    assert_summaries(summaries(open_movie(turned, plane=1)), array[1])


@pytest.mark.parametrize("damage", ["cut off", "another", "empty"])
def test_a_damaged_file_is_not_taken(stored, array, cache_folder, damage):
    summaries(movie_at(stored))
    (file,) = cache_folder.iterdir()
    content = file.read_bytes()
    if damage == "another":
        np.savez(file, maximum=np.zeros((5, 6)))
    else:
        file.write_bytes(content[: len(content) // 2 if damage == "cut off" else 0])

    assert_summaries(summaries(movie_at(stored)), array)
    assert [kept.read_bytes() for kept in cache_folder.iterdir()] == [content]


def test_a_tiff_movie_is_kept_until_a_file_beside_it_changes(tmp_path, array, cache_folder):
    tifffile.imwrite(tmp_path / "movie.tif", array, photometric="minisblack")
    summaries(movie_at(tmp_path / "movie.tif"))
    summaries(movie_at(tmp_path / "movie.tif"))
    kept_once = len(list(cache_folder.iterdir()))
    tifffile.imwrite(tmp_path / "movie_2.tif", array, photometric="minisblack")

    summaries(movie_at(tmp_path / "movie.tif"))

    assert kept_once == 1
    assert len(list(cache_folder.iterdir())) == 2


def test_only_the_movies_used_last_are_kept(stored, array, tmp_path, cache_folder, monkeypatch):
    monkeypatch.setattr(summary_cache, "KEPT", 2)
    for index in range(4):
        zarr.create_array(tmp_path / f"{index}.zarr", data=array[index:], chunks=(4, 5, 6))
        summaries(movie_at(tmp_path / f"{index}.zarr"))
        for age, file in enumerate(cache_folder.iterdir()):
            os.utime(file, (age, age))

    assert len(list(cache_folder.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_said_and_nothing_is_lost(stored, array, cache_folder):
    cache_folder.parent.mkdir(parents=True)
    cache_folder.write_text("a file in the way")

    with pytest.warns(UserWarning, match="cannot be kept"):
        found = summaries(movie_at(stored))

    assert_summaries(found, array)


def test_a_movie_in_memory_is_not_kept(array, cache_folder):
    summaries(rw.open_image(array, axes="tyx"))

    assert not cache_folder.exists()

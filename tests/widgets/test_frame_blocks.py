"""Blocks of a movie are decoded once, and before a player needs them."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from roiwidgets.images.sources import Slices
from roiwidgets.stacks.movie import Movie
from roiwidgets.widgets._frame_blocks import FrameBlocks, block_sides
from roiwidgets.widgets._frame_server import serve_movie
from tests.widgets.served_movies import SHAPE, CountingSource, Kernel, counted


def test_any_part_of_any_frame_is_the_arrays(stored: Movie, voxels: NDArray[np.uint16]) -> None:
    rng = np.random.default_rng(3)
    for limit in (0, 10_000, 2**20):
        blocks = FrameBlocks(stored, limit=limit)
        for _ in range(40):
            frame = int(rng.integers(SHAPE[0]))
            rows, columns = (slice(*sorted(rng.choice(n + 1, 2, False))) for n in SHAPE[1:])

            part = blocks.read(frame, rows, columns, playing=bool(rng.integers(2)))

            np.testing.assert_array_equal(part, voxels[frame, rows, columns])
            assert blocks.kept_bytes <= max(limit, 2 * np.prod((5, *SHAPE[1:])))


def test_a_playing_movie_decodes_each_chunk_once_and_before_it_is_needed(
    voxels: NDArray[np.uint16],
) -> None:
    source, movie = counted(voxels)
    kernel = Kernel(serve_movie((movie,), np.dtype("uint16")))

    decoded = []
    for frame in range(SHAPE[0]):
        kernel.ask(frame=frame, ahead=1)
        decoded.append(max(part[0].stop for part in source.reads))

    assert [part[0].start for part in source.reads] == [0, 5, 10, 15, 20]
    # the chunk after frames 0 to 4 is there four frames before frame 5 is asked for
    assert decoded[:7] == [5, 10, 10, 10, 10, 10, 15]


@pytest.mark.parametrize(
    ("seconds_per_frame", "ahead"),
    [(0.001, [3, 4, 5, 6, 7]), (1.0, [3])],
    ids=["quick: the next four", "slow: none that may be passed over"],
)
def test_chunks_of_one_frame_are_read_before_a_player_asks_for_them(
    voxels: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch, seconds_per_frame: float,
    ahead: list[int],
) -> None:  # fmt: skip
    source, movie = counted(voxels)
    source.chunks = (1, *SHAPE[1:])
    now = 0.0

    def read_slowly(slices: Slices) -> NDArray[np.uint16]:
        nonlocal now
        now += seconds_per_frame
        return CountingSource.read(source, slices)

    monkeypatch.setattr(source, "read", read_slowly)
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    kernel = Kernel(serve_movie((movie,), np.dtype("uint16")))

    kernel.ask(frame=3, ahead=1)

    assert [part[0].start for part in source.reads] == ahead


@pytest.mark.parametrize(
    ("frame", "ahead", "found"),
    [(20, 1, [21, 22]), (22, 1, []), (2, -1, [1, 0]), (0, -1, [])],
)
def test_no_frame_is_read_ahead_beyond_the_ends_of_a_movie(
    voxels: NDArray[np.uint16], frame: int, ahead: int, found: list[int]
) -> None:
    source, movie = counted(voxels)
    source.chunks = (1, *SHAPE[1:])
    blocks = FrameBlocks(movie)

    unread = blocks.unread_ahead(frame, ahead, slice(0, 30), slice(0, 41))

    assert list(unread) == found


def test_a_single_frame_is_read_alone_and_its_neighbours_with_their_chunk(
    voxels: NDArray[np.uint16],
) -> None:
    source, movie = counted(voxels)
    kernel = Kernel(serve_movie((movie,), np.dtype("uint16")))

    for frame in (7, 8, 9):
        kernel.ask(frame=frame)

    assert [(part[0].start, part[0].stop) for part in source.reads] == [(7, 8), (5, 10)]


@pytest.mark.parametrize(
    ("seconds_per_frame", "read"),
    [
        (1.0, [(7, 8), (0, 5), (12, 13), (16, 17)]),  # a codec that decodes parts
        (0.0, [(7, 8), (0, 5), (10, 15), (15, 20)]),  # one that decodes all of a chunk
    ],
)
def test_frames_are_read_alone_where_that_is_quicker_than_their_chunk(
    voxels: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch, seconds_per_frame: float,
    read: list[tuple[int, int]],
) -> None:  # fmt: skip
    source, movie = counted(voxels)
    now = 0.0

    def read_slowly(slices: Slices) -> NDArray[np.uint16]:
        nonlocal now
        now += 1 + seconds_per_frame * (slices[0].stop - slices[0].start - 1)
        return CountingSource.read(source, slices)

    monkeypatch.setattr(source, "read", read_slowly)
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    kernel = Kernel(serve_movie((movie,), np.dtype("uint16")))

    for frame in (7, 2, 12, 16):
        _, (pixels,) = kernel.ask(frame=frame)
        np.testing.assert_array_equal(np.frombuffer(pixels, "<u2"), voxels[frame].ravel())

    assert [(part[0].start, part[0].stop) for part in source.reads] == read


def test_blocks_hold_whole_chunks_of_a_bounded_size() -> None:
    assert block_sides((1000, 480, 752), (50, 480, 752), 1) == (50, 480, 752)
    assert block_sides((1, 1, 1), (16, 128, 128), 8) == (1, 1, 1)
    length, rows, columns = block_sides((9, 9000, 9000), (9, 9000, 9000), 8)
    assert (length, rows, columns) == (1, 9000, 9000)

"""Frames are those of the movie, read from blocks that are decoded once."""

from __future__ import annotations

import io
import time
import zlib
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray
from PIL import Image

from roiwidgets.images.geometry import Grid, image_on_grid
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import Slices, source_array
from roiwidgets.stacks.movie import Movie, open_movie
from roiwidgets.widgets._frame_blocks import FrameBlocks, block_sides
from roiwidgets.widgets._frame_messages import FramesMessage, parse_frame_message
from roiwidgets.widgets._frame_server import FrameServer, ServedMovie, serve_movie, to_grays

SHAPE = (23, 30, 41)
CHUNKS = (5, 16, 17)


@pytest.fixture
def voxels() -> NDArray[np.uint16]:
    return np.random.default_rng(0).integers(0, 60000, SHAPE).astype(np.uint16)


@pytest.fixture
def stored(tmp_path: Path, voxels: NDArray[np.uint16]) -> Movie:
    array = zarr.create_array(tmp_path / "movie.zarr", shape=SHAPE, chunks=CHUNKS, dtype="uint16")
    array[:] = voxels
    return open_movie(tmp_path / "movie.zarr")


class AtOnce(Executor):
    """Runs what is submitted before it returns; a failure stays in the future."""

    def submit(self, function: Any, /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **options))
        except Exception as error:  # noqa: BLE001 # as executors do
            future.set_exception(error)
        return future


class Kernel:
    """A server without a browser; keeps what it sends."""

    def __init__(self, movie: ServedMovie) -> None:
        self.sent: list[tuple[dict[str, Any], list[memoryview]]] = []
        self.server = FrameServer(
            lambda header, buffers: self.sent.append((header, buffers)),
            executor=AtOnce(),
            call_in_kernel=lambda function: function(),
        )
        self.server.show("movie-1", movie)

    def ask(self, frame: int = 0, **fields: Any) -> tuple[dict[str, Any], list[memoryview]]:
        message = {
            "kind": "frames", "requests": [[1, frame]], "movie": "movie-1", "start": [0, 0],
            "shape": list(SHAPE[1:]), "step": 1, "encoding": "raw", "quality": 0, "window": None,
            "ahead": 0, **fields,
        }  # fmt: skip
        parsed = parse_frame_message(message)
        assert isinstance(parsed, FramesMessage)
        self.server.handle(parsed)
        return self.sent[-1]


@pytest.fixture
def kernel(stored: Movie) -> Kernel:
    return Kernel(serve_movie((stored,), np.dtype("uint16")))


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


class CountingSource:
    """Counts the frames that are read of an array."""

    def __init__(self, array: NDArray[np.uint16]) -> None:
        self.array = array
        self.reads: list[Slices] = []
        self.shape = array.shape
        self.dtype = array.dtype
        self.chunks = (5, *array.shape[1:])

    def read(self, slices: Slices) -> NDArray[np.uint16]:
        self.reads.append(slices)
        return self.array[slices].copy()

    def restrict(self, slices: Slices) -> CountingSource:
        return self


def counted(voxels: NDArray[np.uint16]) -> tuple[CountingSource, Movie]:
    source = CountingSource(voxels)
    grid = Grid(("t", "y", "x"), voxels.shape, (1.0,) * 3, (0.0,) * 3)
    like = open_image(voxels, axes="tyx").images[0]
    return source, Movie(image_on_grid(like, source_array(source), grid))


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


def test_decoded_pixels_are_sent_at_once_and_all_else_from_threads(
    kernel: Kernel, voxels: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.ask(frame=6, ahead=1)
    monkeypatch.setattr(AtOnce, "submit", lambda *_: Future())  # threads that never come to it
    kernel.sent.clear()

    _, (pixels,) = kernel.ask(frame=7, start=[3, 4], shape=[20, 30])
    np.testing.assert_array_equal(
        np.frombuffer(pixels, "<u2").reshape(20, 30), voxels[7, 3:23, 4:34]
    )
    for later in (
        {"frame": 17}, {"step": 2}, {"encoding": "packed"}, {"movie": "movie-7"}, {"frame": 23},
        {"encoding": "jpeg", "quality": 50, "window": [0, 9]},
    ):  # fmt: skip
        kernel.ask(**{"frame": 7, **later})
    assert len(kernel.sent) == 1


def test_frames_in_memory_are_sent_at_once_and_not_kept(
    voxels: NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch
) -> None:
    movie = serve_movie((open_movie(open_image(voxels, axes="tyx")),), np.dtype("uint16"))
    kernel = Kernel(movie)
    monkeypatch.setattr(AtOnce, "submit", lambda *_: Future())  # threads that never come to it

    for frame in (22, 0, 7):
        _, (pixels,) = kernel.ask(frame=frame, start=[3, 4], shape=[20, 30], ahead=1)
        np.testing.assert_array_equal(
            np.frombuffer(pixels, "<u2").reshape(20, 30), voxels[frame, 3:23, 4:34]
        )

    header, _ = kernel.ask(frame=23)
    assert header["message"] == "frame 23 does not exist; there are 23"
    assert movie.finest.kept_bytes == 0


def test_frames_of_a_mapped_file_may_have_to_be_read_and_come_from_threads(
    voxels: NDArray[np.uint16], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "movie.npy", voxels)
    mapped = np.load(tmp_path / "movie.npy", mmap_mode="r")
    kernel = Kernel(serve_movie((open_movie(open_image(mapped, axes="tyx")),), mapped.dtype))

    _, (pixels,) = kernel.ask(frame=7)
    np.testing.assert_array_equal(np.frombuffer(pixels, "<u2").reshape(SHAPE[1:]), voxels[7])
    monkeypatch.setattr(AtOnce, "submit", lambda *_: Future())  # threads that never come to it
    kernel.ask(frame=8)
    assert len(kernel.sent) == 1


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


@pytest.mark.parametrize(("step", "start", "shape"), [(2, (4, 6), (20, 30)), (4, (0, 0), (30, 41))])
def test_reduced_frames_are_means(
    kernel: Kernel, voxels: NDArray[np.uint16], step: int, start: tuple[int, int],
    shape: tuple[int, int],
) -> None:  # fmt: skip
    header, (buffer,) = kernel.ask(frame=6, step=step, start=list(start), shape=list(shape))

    pixels = np.frombuffer(buffer, "<u2").reshape(header["shape"])
    part = voxels[6, start[0] : start[0] + shape[0], start[1] : start[1] + shape[1]]
    expected = [
        [np.rint(part[y : y + step, x : x + step].mean()) for x in range(0, shape[1], step)]
        for y in range(0, shape[0], step)
    ]
    np.testing.assert_array_equal(pixels, expected)


def test_stored_levels_are_used_where_they_do(voxels: NDArray[np.uint16]) -> None:
    even = voxels[:, :, :40]
    coarse = even.reshape(SHAPE[0], 15, 2, 20, 2).mean(axis=(2, 4)).astype(np.uint16)
    fine_source, fine = counted(even)
    coarse_source, reduced = counted(coarse)
    kernel = Kernel(serve_movie((fine, reduced), np.dtype("uint16")))

    header, (buffer,) = kernel.ask(frame=2, step=2, shape=[30, 40])

    np.testing.assert_array_equal(np.frombuffer(buffer, "<u2").reshape(header["shape"]), coarse[2])
    assert len(coarse_source.reads) == 1
    assert fine_source.reads == []


def test_a_compressed_frame_is_a_jpeg_of_the_window(
    kernel: Kernel, voxels: NDArray[np.uint16]
) -> None:
    smooth = np.add.outer(np.arange(30), np.arange(41)).astype(np.uint16) * 100
    kernel.server.show("movie-1", serve_movie((open_movie(smooth[None]),), np.dtype("uint16")))

    header, (buffer,) = kernel.ask(encoding="jpeg", quality=90, window=[1000, 6000], ahead=1)

    assert header["encoding"] == "jpeg"
    colors = np.asarray(Image.open(io.BytesIO(bytes(buffer))))
    picture = colors[..., 0]
    np.testing.assert_array_equal(colors, np.repeat(picture[..., None], 3, axis=2))
    expected = np.clip((smooth.astype(float) - 1000) / 5000, 0, 1) * 255
    assert np.abs(picture - expected).mean() < 2  # a JPEG of quality 90 of a smooth ramp


def test_a_packed_frame_has_every_pixel_and_floats_come_raw(
    kernel: Kernel, voxels: NDArray[np.uint16]
) -> None:
    header, (packed,) = kernel.ask(frame=3, encoding="packed")

    assert (header["encoding"], header["window"], header["dtype"]) == ("packed", None, "uint16")
    planes = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(2, *SHAPE[1:])
    differences = planes[0] + 256 * planes[1].astype(np.uint16)
    np.testing.assert_array_equal(np.cumsum(differences, axis=1, dtype=np.uint16), voxels[3])

    floats = voxels.astype(np.float32)
    kernel.server.show("movie-1", serve_movie((open_movie(floats),), np.dtype("float32")))
    header, (buffer,) = kernel.ask(frame=3, encoding="packed")
    assert header["encoding"] == "raw"
    np.testing.assert_array_equal(np.frombuffer(buffer, "<f4").reshape(SHAPE[1:]), floats[3])


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "uint16", "int32", "float32"])
def test_grays_are_shares_of_the_window(dtype: str) -> None:
    values = np.array([[-100, -5, 0, 5, 100, 127]]).astype(dtype)

    grays = to_grays(values, (-10.0, 110.0))

    expected = np.floor(np.clip((values.astype(float) + 10) / 120, 0, 1) * 255 + 0.5)
    np.testing.assert_array_equal(grays, expected)


def test_nan_is_black_and_infinity_white() -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 0.5]])

    assert to_grays(values, (0.0, 1.0)).tolist() == [[0, 255, 0, 128]]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"frame": 23}, "frame 23 does not exist; there are 23"),
        ({"start": [20, 0]}, "rows 20 to 50 leave the movie, which has 30"),
        ({"shape": [30, 42]}, "columns 0 to 42 leave the movie, which has 41"),
        ({"movie": "movie-7"}, "movie 'movie-7' is not shown any more"),
    ],
)
def test_what_cannot_be_served_is_told(
    kernel: Kernel, fields: dict[str, object], problem: str
) -> None:
    header, buffers = kernel.ask(**fields)

    assert header == {"kind": "error", "id": 1, "message": problem}
    assert buffers == []


def test_a_request_for_too_many_pixels_is_refused() -> None:
    huge = np.broadcast_to(np.uint8(1), (2, 20000, 30000))
    kernel = Kernel(serve_movie((open_movie(huge),), np.dtype("uint8")))

    header, _ = kernel.ask(shape=[20000, 30000])

    assert header["kind"] == "error"
    assert "ask for a part" in header["message"]


def test_a_chunk_that_cannot_be_read_is_an_error_of_its_frames(
    voxels: NDArray[np.uint16],
) -> None:
    source, movie = counted(voxels)
    kernel = Kernel(serve_movie((movie,), np.dtype("uint16")))
    working = source.read

    def broken(slices: Slices) -> NDArray[np.uint16]:
        if slices[0].start == 5:
            raise OSError("the disk is gone")
        return working(slices)

    source.read = broken  # type: ignore[method-assign] # a disk that fails
    headers = [kernel.ask(frame=frame, ahead=1)[0] for frame in (3, 5, 10)]

    assert [header["kind"] for header in headers] == ["frame", "error", "frame"]
    assert "the disk is gone" in headers[1]["message"]
    source.read = working  # type: ignore[method-assign] # it is back
    assert kernel.ask(frame=5, ahead=1)[0]["kind"] == "frame"


def test_blocks_hold_whole_chunks_of_a_bounded_size() -> None:
    assert block_sides((1000, 480, 752), (50, 480, 752), 1) == (50, 480, 752)
    assert block_sides((1, 1, 1), (16, 128, 128), 8) == (1, 1, 1)
    length, rows, columns = block_sides((9, 9000, 9000), (9, 9000, 9000), 8)
    assert (length, rows, columns) == (1, 9000, 9000)

"""Frames are those of the movie, read from blocks that are decoded once."""

from __future__ import annotations

import io
import zlib
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import Slices
from roiwidgets.stacks.movie import Movie, open_movie
from roiwidgets.widgets._frame_server import serve_movie, to_grays
from tests.widgets.served_movies import SHAPE, AtOnce, Kernel, counted


@pytest.fixture
def kernel(stored: Movie) -> Kernel:
    return Kernel(serve_movie((stored,), np.dtype("uint16")))


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

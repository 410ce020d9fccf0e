"""A movie reads the frames of the array it is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

import roiwidgets as rw
from roiwidgets.errors import ImageError
from roiwidgets.stacks.movie import open_movie


def test_frames_are_those_of_the_array() -> None:
    array = np.arange(5 * 4 * 3, dtype=np.uint16).reshape(5, 4, 3)

    movie = open_movie(array)

    assert movie.shape == (5, 4, 3)
    np.testing.assert_array_equal(movie.read(slice(1, 3)), array[1:3])
    np.testing.assert_array_equal(
        movie.read(slice(0, 5), slice(1, 2), slice(0, 2)), array[:, 1:2, 0:2]
    )


def test_a_plane_of_a_volume_over_time() -> None:
    array = np.arange(2 * 3 * 4 * 5, dtype=np.int16).reshape(2, 3, 4, 5)
    image = rw.open_image(array, axes=("t", "z", "y", "x"))

    movies = [open_movie(image, plane=z) for z in range(3)]

    for z, movie in enumerate(movies):
        np.testing.assert_array_equal(movie.read(slice(0, 2)), array[:, z])
    assert open_movie(image).plane == 1


@pytest.mark.parametrize("axes", [("t", "y", "x"), ("t", "z", "y", "x")])
def test_what_is_looked_at_is_what_is_read(tmp_path: Path, axes: tuple[str, ...]) -> None:
    array = np.arange(5 * 3 * 4 * 6, dtype=np.uint16).reshape(5, 3, 4, 6)
    stored = array if len(axes) == 4 else array[:, 1]
    zarr.create_array(tmp_path / "movie.zarr", data=stored, chunks=(2,) * stored.ndim)
    box = (slice(1, 4), slice(1, 3), slice(0, 5))

    for image in (tmp_path / "movie.zarr", stored):
        movie = open_movie(rw.open_image(image, axes=axes))

        np.testing.assert_array_equal(movie.peek(*box), array[:, 1][box])
        np.testing.assert_array_equal(movie.peek(slice(0, 5)), array[:, 1])


@pytest.mark.parametrize(
    ("shape", "axes"), [((4, 5), ("y", "x")), ((2, 2, 4, 5), ("t", "c", "y", "x"))]
)
def test_other_images_are_refused(shape: tuple[int, ...], axes: tuple[str, ...]) -> None:
    image = rw.open_image(np.zeros(shape, np.uint8), axes=axes)

    with pytest.raises(ImageError, match="a movie has axes t, y, x"):
        open_movie(image)


def test_a_plane_that_is_not_there_is_refused() -> None:
    image = rw.open_image(np.zeros((2, 3, 4, 5), np.uint8), axes=("t", "z", "y", "x"))

    with pytest.raises(ImageError, match="plane must be 0 to 2, got 3"):
        open_movie(image, plane=3)


def test_a_recording_that_was_cut_off_is_an_error_that_names_file_and_frame(tmp_path: Path) -> None:
    path = tmp_path / "cut.tif"
    frames = np.random.default_rng(0).integers(0, 4000, (60, 64, 64), dtype=np.uint16)
    tifffile.imwrite(path, frames, metadata={"axes": "TYX"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    movie = open_movie(path)

    np.testing.assert_array_equal(movie.read(slice(0, 29)), frames[:29])
    for read in (movie.read, movie.peek):
        with pytest.raises(ImageError, match=r"cut.tif cannot be read at \[(29|30):.* cut off"):
            read(slice(0, 60))
    with pytest.raises(ImageError, match=r"cut\.tif cannot be read at"):
        rw.view(path)

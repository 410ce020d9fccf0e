"""Coordinates that xarray wrote beside an array place the image as they place the array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr

import roiwidgets as rw
from roiwidgets.images.geometry import grid_of

VOXELS = np.random.default_rng(0).integers(0, 255, (6, 4, 5), dtype=np.uint8)


def labelled(**times: object) -> xarray.DataArray:
    coords = {
        "frame": ("frame", 0.5 + 0.1 * np.arange(6), {"units": "s"}),
        "height": ("height", 10 - 2.0 * np.arange(4), {"units": "um"}),
        "width": ("width", 3 + 2.0 * np.arange(5), {"units": "um"}),
        **times,
    }
    return xarray.DataArray(VOXELS, dims=("frame", "height", "width"), coords=coords, name="F")


def written(array: xarray.DataArray, path: Path, version: int = 2) -> Path:
    array.to_dataset().to_zarr(path, zarr_format=version, consolidated=False)
    return path


@pytest.mark.parametrize("version", [2, 3])
def test_a_path_opens_as_the_array_does(tmp_path: Path, version: int) -> None:
    path = written(labelled(), tmp_path / "movie.zarr", version)

    (found,), (given,) = rw.open_image(path).images, rw.open_image(labelled()).images

    assert (found.dims, found.scale, found.axes_units) == (
        given.dims,
        given.scale,
        given.axes_units,
    )
    assert found.translation == pytest.approx({"t": 0.5, "y": 4.0, "x": 3.0})
    np.testing.assert_array_equal(found.data.compute(), VOXELS[:, ::-1])
    np.testing.assert_array_equal(given.data.compute(), VOXELS[:, ::-1])


def test_series_written_here_keep_their_places(tmp_path: Path) -> None:
    rw.series.write_series(rw.series.to_series(labelled()), tmp_path / "series.zarr")

    found = grid_of(rw.open_image(tmp_path / "series.zarr").images[0])

    assert found.axes == ("t", "y", "x")
    assert found.spacing == pytest.approx((0.1, 2, 2))
    assert found.origin == pytest.approx((0.5, 4, 3))


def test_dates_count_from_the_first(tmp_path: Path) -> None:
    times = np.datetime64("2024-05-01T10:00", "ns") + np.arange(6) * np.timedelta64(250, "ms")
    path = written(labelled(frame=("frame", times)), tmp_path / "movie.zarr")

    image = rw.open_image(path).images[0]

    assert (image.scale["t"], image.translation["t"]) == (250, 0)
    assert image.axes_units is not None
    assert image.axes_units["t"] == "millisecond"


def test_coordinates_that_are_not_uniform_are_left_out_with_a_warning(tmp_path: Path) -> None:
    path = written(labelled(frame=("frame", [0.0, 1, 2, 5, 6, 7])), tmp_path / "movie.zarr")

    with pytest.warns(UserWarning, match=r"along t are not uniform.*voxels are counted"):
        image = rw.open_image(path).images[0]

    assert (image.scale["t"], image.scale["y"]) == (1, 2)


def test_what_only_looks_like_coordinates_is_passed_over(tmp_path: Path) -> None:
    path = written(labelled(), tmp_path / "movie.zarr")
    group = zarr.open_group(path, mode="a")
    group.create_array("frame", data=np.arange(3.0), overwrite=True)
    group.create_array("height", data=np.array([True] * 4), overwrite=True)
    del group["width"]

    image = rw.open_image(path).images[0]

    assert (image.scale, image.axes_units) == ({"t": 1, "y": 1, "x": 1}, None)
    np.testing.assert_array_equal(image.data.compute(), VOXELS)


@pytest.mark.parametrize("times", [np.round(np.arange(6) / 30, 3), [0, 1.09, 2, 2.91, 4, 5]])
def test_times_of_a_camera_may_jitter(times: object) -> None:
    image = rw.open_image(labelled(frame=("frame", times))).images[0]

    assert image.scale["t"] == pytest.approx((np.asarray(times)[-1]) / 5)


@pytest.mark.parametrize("times", [[0, 1.2, 2, 3, 4, 5], [0, 1, 2, 4, 5, 6], [0, 2, 1, 3, 4, 5]])
def test_times_beside_the_beat_are_refused_and_places_may_not_jitter(times: list[float]) -> None:
    with pytest.raises(rw.errors.ImageError, match="along t are not uniform"):
        rw.open_image(labelled(frame=("frame", times)))
    with pytest.raises(rw.errors.ImageError, match="along x are not uniform"):
        rw.open_image(labelled(width=("width", [0, 1.05, 2, 3, 4])))

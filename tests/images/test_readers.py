"""open_image: everything that is an image, and clear words for what is not."""

from __future__ import annotations

import pickle

import dask.array as da
import numpy as np
import pytest
import tifffile
import xarray as xr
import zarr
from ngff_zarr import NgffImage

from roiwidgets.errors import (
    GeometryError,
    ImageError,
    UnsupportedDtypeError,
    UnsupportedImageError,
)
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.ome_writing import multiscales_metadata
from roiwidgets.images.readers import open_image


def counting(*shape: int, dtype: str = "uint16") -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def only(x, **options):
    """Return the single level of an opened image."""
    (level,) = open_image(x, **options).images
    return level


@pytest.mark.parametrize(
    ("shape", "dtype", "axes"),
    [
        ((4, 5), "uint8", "yx"),
        ((4, 5, 3), "uint16", "zyx"),
        ((4, 5, 3), "uint8", "yxc"),
        ((4, 5, 4), "uint8", "yxc"),
        ((2, 4, 5, 3), "uint8", "zyxc"),
        ((2, 4, 5, 6), "uint16", "czyx"),
        ((7, 4, 5, 6), "uint16", "tzyx"),
        ((2, 3, 4, 5, 6), "float32", "tczyx"),
    ],
)
def test_axes_of_plain_arrays_are_guessed_as_documented(shape, dtype, axes):
    data = counting(*shape, dtype=dtype)

    for array in (data, da.from_array(data), zarr.array(data)):
        level = only(array)
        assert "".join(level.dims) == axes
        assert level.data.dtype == data.dtype
        np.testing.assert_array_equal(level.data.compute(), data)


def test_axes_in_another_order_are_transposed():
    data = counting(6, 5, 4, 2)

    level = only(data, axes="xyzc", spacing={"x": 3.0})

    assert level.dims == ("c", "z", "y", "x")
    assert level.scale["x"] == 3.0
    np.testing.assert_array_equal(level.data.compute(), data.transpose(3, 2, 1, 0))


def test_explicit_geometry_overrides_what_is_stored():
    turned = ((0.0, -1.0), (1.0, 0.0))
    image = open_image(counting(40, 50), spacing=(2.0, 3.0), origin=(1.0, 2.0), direction=turned)

    again = open_image(image, spacing=1.5, name="b")

    assert image.images[0].translation == {"y": 1.0, "x": 2.0}
    assert grid_of(image.images[0]).direction == turned
    assert grid_of(again.images[0]).spacing == (1.5, 1.5)
    assert again.images[0].translation == {"y": 1.0, "x": 2.0}
    assert again.metadata.name == again.images[0].name == "b"


def test_coarser_levels_follow_the_finest():
    fine = NgffImage(da.zeros((8, 8)), ("y", "x"), {"y": 1, "x": 1}, {"y": 0, "x": 0})
    coarse = NgffImage(da.zeros((4, 4)), ("y", "x"), {"y": 2, "x": 2}, {"y": 0.5, "x": 0.5})
    levels = open_image(fine).images + open_image(coarse).images
    from roiwidgets.images.ome_zarr import to_multiscales

    image = open_image(to_multiscales(levels), spacing=10, origin={"y": 100})

    assert grid_of(image.images[1]).spacing == (20.0, 20.0)
    assert grid_of(image.images[1]).origin == (105.0, 5.0)


@pytest.mark.parametrize("dtype", ["bool", "float16", "int64", "uint64", ">u2", ">f8", "int8"])
def test_every_real_number_type_is_opened(dtype):
    data = (counting(4, 5) % 2).astype(dtype)

    for array in (data, da.from_array(data), zarr.array(data)):
        level = only(array)
        assert level.data.dtype == data.dtype.newbyteorder("=")
        np.testing.assert_array_equal(level.data.compute(), data)


@pytest.mark.parametrize("dtype", ["complex64", "S3", "O", [("a", "u1")]])
def test_other_types_are_refused(dtype):
    data = np.zeros((4, 5), dtype)

    for array in (data, da.from_array(data, chunks=-1, asarray=False)):
        with pytest.raises(UnsupportedDtypeError, match="convert first"):
            open_image(array)


@pytest.mark.parametrize("x", [None, 3, [1, 2], object(), {"a": 1}, b"bytes"])
def test_objects_that_are_no_image_are_named(x):
    with pytest.raises(UnsupportedImageError, match=type(x).__name__):
        open_image(x)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"axes": "yx"}, ImageError, "each of the 3 axes"),
        ({"axes": "qyx"}, GeometryError, "distinct names"),
        ({"axes": "tcx"}, GeometryError, "must contain y, x"),
        ({"spacing": (1.0, 2.0)}, ImageError, "spacing"),
        ({"spacing": {"q": 1.0}}, ImageError, "not among"),
        ({"spacing": 0.0}, GeometryError, "positive"),
        ({"direction": ((1.0, 0.0), (0.0, 1.0))}, GeometryError, "orthonormal"),
        ({"storage_options": {"anon": True}}, ImageError, "URLs"),
    ],
)
def test_contradictory_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        open_image(np.zeros((4, 5, 6)), **options)


@pytest.mark.parametrize("shape", [(0, 5), (4, 0, 5)])
def test_empty_images_are_refused(shape):
    for array in (np.zeros(shape), da.zeros(shape), zarr.zeros(shape)):
        with pytest.raises(ImageError, match="no voxels"):
            open_image(array)


def test_unknown_keywords_are_refused():
    with pytest.raises(TypeError, match="spacings"):
        open_image(np.zeros((4, 5)), spacings=1)


def test_arrays_that_slice_like_numpy_stay_lazy():
    class Lazy:
        shape, dtype, reads = (100, 200, 300), np.dtype("uint8"), 0

        def __getitem__(self, index):
            Lazy.reads += 1
            return np.ones([s.stop - s.start for s in index], np.uint8)

    level = only(Lazy())

    assert Lazy.reads == 0
    assert level.data[:4, :5, :6].sum().compute() == 120


def test_an_image_with_numpy_voxels_becomes_lazy():
    data = counting(4, 5)
    image = NgffImage(data, ("y", "x"), {"y": 2.0, "x": 1.0}, {"y": 0.0, "x": 0.0})

    level = only(image)

    assert isinstance(level.data, da.Array)
    assert level.scale == {"y": 2.0, "x": 1.0}


# Zarr ------------------------------------------------------------------------


def ome_group(path, name="image"):
    grid = grid_of(only(counting(4, 5), spacing=0.5))
    group = zarr.create_group(str(path))
    group.attrs.update(multiscales_metadata(["0"], [grid], name=name))
    group.create_array("0", data=counting(4, 5))
    return group


def test_a_path_a_url_and_a_group_are_the_same_image(tmp_path):
    group = ome_group(tmp_path / "i.zarr")

    for x in (tmp_path / "i.zarr", str(tmp_path / "i.zarr"), (tmp_path / "i.zarr").as_uri(), group):
        level = only(x)
        assert level.scale == {"y": 0.5, "x": 0.5}
        np.testing.assert_array_equal(level.data.compute(), counting(4, 5))


def test_a_store_and_a_group_in_memory_are_opened():
    store = zarr.storage.MemoryStore()
    zarr.create_array(store, data=counting(4, 5))

    assert only(store).dims == ("y", "x")


def test_the_only_image_in_a_container_is_opened(tmp_path):
    root = zarr.create_group(str(tmp_path / "c.zarr"))
    ome_group(tmp_path / "c.zarr" / "inner", "inner")

    assert only(tmp_path / "c.zarr").name == "inner"
    assert only(root).name == "inner"


def test_several_images_in_a_container_are_listed(tmp_path):
    zarr.create_group(str(tmp_path / "c.zarr"))
    ome_group(tmp_path / "c.zarr" / "one")
    ome_group(tmp_path / "c.zarr" / "two")

    with pytest.raises(UnsupportedImageError, match=r"one.*two"):
        open_image(tmp_path / "c.zarr")


def test_names_of_dimensions_are_used(tmp_path):
    names = ("frame", "height", "width")
    for version, options in ((3, {"dimension_names": names}), (2, {})):
        path = tmp_path / f"{version}.zarr"
        array = zarr.create_array(str(path), data=counting(9, 4, 5), zarr_format=version, **options)
        if version == 2:
            array.attrs["_ARRAY_DIMENSIONS"] = names
        assert only(path).dims == ("t", "y", "x")
        assert only(path, axes="zyx").dims == ("z", "y", "x")


def test_a_plate_is_refused(tmp_path):
    group = zarr.create_group(str(tmp_path / "p.zarr"))
    group.attrs["ome"] = {"version": "0.5", "plate": {}}

    with pytest.raises(UnsupportedImageError, match="plate"):
        open_image(tmp_path / "p.zarr")


def test_paths_that_are_no_image_are_explained(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("a")
    (tmp_path / "o.zarr.partial").mkdir()
    zarr.create_group(str(tmp_path / "empty.zarr"))
    ome_group(tmp_path / "i.zarr")
    (tmp_path / "broken.tif").write_bytes(b"not a tiff")

    for name, error, message in [
        ("nothing", FileNotFoundError, "no file or folder"),
        ("folder", UnsupportedImageError, r"no Zarr store.*a\.txt"),
        ("folder/a.txt", UnsupportedImageError, "kind"),
        ("o.zarr.partial", ImageError, "unfinished"),
        ("none.zarr.partial", FileNotFoundError, "no file or folder"),
        ("empty.zarr", UnsupportedImageError, "no array"),
        ("i.zarr/zarr.json", UnsupportedImageError, "part of a Zarr store"),
        ("broken.tif", ImageError, "TIFF"),
    ]:
        with pytest.raises(error, match=message):
            open_image(tmp_path / name)


def test_axes_that_contradict_a_stored_image_are_refused(tmp_path):
    ome_group(tmp_path / "i.zarr")

    with pytest.raises(ImageError, match="contradict"):
        open_image(tmp_path / "i.zarr", axes="zyx")


def test_a_zipped_store_is_opened(tmp_path):
    with zarr.storage.ZipStore(tmp_path / "i.zip", mode="w") as store:
        zarr.create_array(store, data=counting(4, 5))

    level = pickle.loads(pickle.dumps(only(tmp_path / "i.zip")))

    np.testing.assert_array_equal(level.data.compute(), counting(4, 5))


def test_a_relative_path_is_found_from_any_folder(tmp_path, monkeypatch):
    ome_group(tmp_path / "i.zarr")
    tifffile.imwrite(tmp_path / "s.tif", counting(10, 12))
    monkeypatch.chdir(tmp_path)
    levels = [only("i.zarr"), only("s.tif")]

    monkeypatch.chdir("/")

    assert [pickle.loads(pickle.dumps(level)).data.sum().compute() for level in levels] == [
        190,
        7140,
    ]


def test_urls_that_cannot_be_opened_are_explained():
    with pytest.raises(UnsupportedImageError, match="fsspec"):
        open_image("nosuch://a/b.zarr")
    with pytest.raises(FileNotFoundError, match="no Zarr array or group"):
        open_image("memory://nothing.zarr")


def test_a_url_opens_like_a_path(tmp_path):
    ome_group(tmp_path / "i.zarr")

    level = pickle.loads(
        pickle.dumps(only(f"local://{tmp_path / 'i.zarr'}", storage_options={"a": {}}))
    )

    assert level.scale == {"y": 0.5, "x": 0.5}
    np.testing.assert_array_equal(level.data.compute(), counting(4, 5))


# xarray ----------------------------------------------------------------------


def test_xarray_coordinates_units_and_channels_are_kept():
    data = counting(2, 4, 5)
    array = xr.DataArray(
        data,
        dims=("channel", "row", "col"),
        coords={
            "channel": ["dapi", "gfp"],
            "row": ("row", [9.0, 8.0, 7.0, 6.0], {"units": "µm"}),
            "col": np.arange(5) * 0.5,
        },
        name="cells",
    )

    level = only(array)

    assert level.name == "cells"
    assert level.dims == ("c", "y", "x")
    assert level.scale == {"c": 1.0, "y": 1.0, "x": 0.5}
    assert level.translation == {"c": 0.0, "y": 6.0, "x": 0.0}
    assert level.axes_units == {"y": "micrometer"}
    assert level.channel_names == ["dapi", "gfp"]
    np.testing.assert_array_equal(level.data.compute(), data[:, ::-1])


def test_xarray_in_another_order_and_with_dask_is_transposed_lazily():
    data = counting(5, 4)
    array = xr.DataArray(data, dims=("x", "y"), coords={"x": np.arange(5) * 2.0}).chunk(2)

    level = only(array)

    assert level.dims == ("y", "x")
    assert level.scale["x"] == 2.0
    np.testing.assert_array_equal(level.data.compute(), data.T)


def test_xarray_times_become_seconds():
    times = np.datetime64("2024-01-01T00:00:00", "ns") + np.arange(3) * np.timedelta64(500, "ms")
    array = xr.DataArray(counting(3, 4, 5), dims=("time", "y", "x"), coords={"time": times})

    with pytest.warns(UserWarning, match="counts from 0"):
        level = only(array)

    assert level.scale["t"] == 0.5
    assert level.axes_units == {"t": "second"}


def test_xarray_that_cannot_be_placed_is_refused():
    uneven = xr.DataArray(counting(4, 5), dims=("y", "x"), coords={"y": [0, 1, 2, 4]})
    unknown = xr.DataArray(counting(4, 5), dims=("lat", "lon"))
    several = xr.Dataset({"a": unknown, "b": unknown})

    with pytest.raises(ImageError, match="not uniform"):
        open_image(uneven)
    with pytest.raises(UnsupportedImageError, match="known names"):
        open_image(unknown)
    with pytest.raises(UnsupportedImageError, match="holds 2 arrays"):
        open_image(several)
    assert only(unknown, axes="yx").dims == ("y", "x")
    assert only(several[["a"]], axes="yx").name == "a"

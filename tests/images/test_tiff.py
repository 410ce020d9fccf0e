"""TIFF, OME-TIFF and ImageJ files, against tifffile."""

from __future__ import annotations

import gc
import pickle

import numpy as np
import pytest
import tifffile

from roiwidgets.errors import ImageError
from roiwidgets.images.readers import open_image
from roiwidgets.images.tiff import _open_level


def counting(*shape: int, dtype: str = "uint16") -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def only(x, **options):
    """Return the single level of an opened image."""
    (level,) = open_image(x, **options).images
    return level


def test_ome_tiff_keeps_axes_spacing_units_and_channels(tmp_path):
    data = counting(2, 3, 16, 17)
    metadata = {
        "axes": "CZYX",
        "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "nm",
        "PhysicalSizeZ": 2.0,
        "Channel": {"Name": ["a", "b"]},
    }  # fmt: skip
    tifffile.imwrite(tmp_path / "i.ome.tif", data, metadata=metadata)

    level = only(tmp_path / "i.ome.tif")

    assert level.dims == ("c", "z", "y", "x")
    assert level.scale == {"c": 1.0, "z": 2.0, "y": 0.25, "x": 0.5}
    assert level.axes_units == {"z": "micrometer", "y": "nanometer", "x": "nanometer"}
    assert level.channel_names == ["a", "b"]
    assert level.data.chunksize == (1, 1, 16, 17)
    np.testing.assert_array_equal(level.data.compute(), data)


def test_tiff_levels_rgb_and_resolution_per_centimetre(tmp_path):
    data = counting(64, 96, 3, dtype="uint8")
    with tifffile.TiffWriter(tmp_path / "p.tif") as writer:
        writer.write(data, subifds=1, tile=(16, 16), resolution=(1e4, 2e4), resolutionunit=3)
        writer.write(data[::2, ::2], subfiletype=1, tile=(16, 16))

    fine, coarse = open_image(tmp_path / "p.tif").images

    assert fine.dims == coarse.dims == ("y", "x", "c")
    assert fine.scale == {"y": 0.5, "x": 1.0, "c": 1.0}
    assert coarse.scale == {"y": 1.0, "x": 2.0, "c": 1.0}
    assert coarse.translation == {"y": 0.25, "x": 0.5, "c": 0.0}
    assert fine.axes_units == {"y": "micrometer", "x": "micrometer"}
    np.testing.assert_array_equal(fine.data.compute(), data)
    np.testing.assert_array_equal(coarse.data.compute(), data[::2, ::2])


def test_an_imagej_stack_keeps_its_spacing_and_pickles(tmp_path):
    data = counting(3, 4, 10, 12)
    tifffile.imwrite(
        tmp_path / "s.tif", data, imagej=True, resolution=(4.0, 2.0),
        metadata={"axes": "TZYX", "spacing": 3.0, "unit": "um", "finterval": 0.1},
    )  # fmt: skip

    level = pickle.loads(pickle.dumps(only(tmp_path / "s.tif")))

    assert level.scale == {"t": 0.1, "z": 3.0, "y": 0.5, "x": 0.25}
    assert level.axes_units == dict.fromkeys("zyx", "micrometer") | {"t": "second"}
    np.testing.assert_array_equal(level.data.compute(), data)


def test_tiff_axes_can_be_given(tmp_path):
    tifffile.imwrite(tmp_path / "s.tif", counting(5, 10, 12), photometric="minisblack")

    assert only(tmp_path / "s.tif").dims == ("z", "y", "x")
    assert only(tmp_path / "s.tif", axes="tyx").dims == ("t", "y", "x")


@pytest.mark.filterwarnings("always::ResourceWarning")
def test_a_file_that_nobody_reads_any_more_is_closed(tmp_path, recwarn):
    tifffile.imwrite(tmp_path / "s.tif", counting(5, 10, 12), metadata={"axes": "ZYX"})
    level = only(tmp_path / "s.tif")
    np.testing.assert_array_equal(level.data.compute(), counting(5, 10, 12))

    _open_level.cache_clear()
    gc.collect()

    assert [str(warning.message) for warning in recwarn if "s.tif" in str(warning.message)] == []


@pytest.mark.parametrize("append", [True, False])
def test_pages_that_were_written_one_by_one_are_one_stack(tmp_path, append):
    data = counting(5, 16, 17)
    path = tmp_path / "pages.tif"
    if append:
        for page in data:
            tifffile.imwrite(path, page, append=True)
    else:
        with tifffile.TiffWriter(path) as writer:
            for page in data:
                writer.write(page)

    np.testing.assert_array_equal(only(path, axes="tyx").data.compute(), data)


def test_the_first_of_images_that_are_not_alike_is_opened_with_a_warning(tmp_path):
    with tifffile.TiffWriter(tmp_path / "mixed.tif") as writer:
        writer.write(counting(16, 17))
        writer.write(counting(8, 9))

    with pytest.warns(UserWarning, match=r"holds 2 images, of shapes \(16, 17\), \(8, 9\)"):
        image = only(tmp_path / "mixed.tif")

    np.testing.assert_array_equal(image.data.compute(), counting(16, 17))


@pytest.mark.parametrize("content", [b"", b"II", b"II*\0junk" + bytes(20)])
def test_a_damaged_head_is_an_error_that_names_the_file(tmp_path, content):
    (tmp_path / "damaged.tif").write_bytes(content)

    with pytest.raises(ImageError, match=r"damaged\.tif (cannot be read as TIFF|holds no image)"):
        open_image(tmp_path / "damaged.tif")

"""Folders of images as lazy stacks, read as other libraries read the files."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import roiwidgets as rw
from roiwidgets.errors import ImageError, ParameterError
from tests.stacks.phantoms import write_folder

IMAGES = np.arange(12 * 4 * 5, dtype=np.uint16).reshape(12, 4, 5)


def test_numbers_in_names_count_as_numbers(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames", IMAGES, "frame{}.tif")

    stack = rw.collections.read_folder(folder)

    assert stack.dims == ("t", "y", "x")
    assert stack.name == "frames"
    np.testing.assert_array_equal(stack.values, IMAGES)


def test_a_part_of_the_files_keeps_their_numbers(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames", IMAGES)

    stack = rw.collections.read_folder(folder, "time*.tif", start=-5, stop=10)

    assert stack.coords["t"].values.tolist() == [7, 8, 9]
    np.testing.assert_array_equal(stack.values, IMAGES[7:10])


def test_one_file_is_read_for_one_image(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames", IMAGES)
    stack = rw.collections.read_folder(folder)
    assert stack.chunks == ((1,) * 12, (4,), (5,))
    for file in rw.collections.image_files(folder)[1:]:
        file.unlink()

    np.testing.assert_array_equal(stack.isel(t=0).values, IMAGES[0])
    with pytest.raises(ImageError, match=r"time002\.tif cannot be opened: there is no file"):
        stack.isel(t=1).compute()


def test_pixel_sizes_become_coordinates_with_units(tmp_path: Path) -> None:
    folder = tmp_path / "ome"
    folder.mkdir()
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeZ": 2}
    volume = np.zeros((3, 4, 5), np.uint8)
    for name in ("a.ome.tif", "b.ome.tif"):
        tifffile.imwrite(folder / name, volume, metadata=metadata, ome=True)

    stack = rw.collections.read_folder(folder)

    assert stack.sizes == {"t": 2, "z": 3, "y": 4, "x": 5}
    assert stack.coords["x"].values.tolist() == [0, 0.5, 1, 1.5, 2]
    assert stack.coords["x"].attrs == {"units": "micrometer"}
    assert stack.coords["z"].values.tolist() == [0, 2, 4]


@pytest.mark.parametrize("kind", ["png", "jpg-grey", "nrrd", "zarr", "color"])
def test_other_formats_are_read_as_well(tmp_path: Path, kind: str) -> None:
    import zarr

    rng = np.random.default_rng(0)
    shape = (2, 4, 5, 3) if kind == "color" else (2, 4, 5)
    images = rng.integers(0, 255, shape, dtype=np.uint8)
    expected = images
    for number, image in enumerate(images):
        if kind == "nrrd":
            header = b"NRRD0004\ntype: uint8\ndimension: 2\nsizes: 5 4\nencoding: raw\n\n"
            (tmp_path / f"{number}.nrrd").write_bytes(header + image.tobytes())
        elif kind == "zarr":
            zarr.save_array(str(tmp_path / f"{number}.zarr"), image)
        else:
            ending = "jpg" if kind == "jpg-grey" else "png"
            Image.fromarray(image).save(tmp_path / f"{number}.{ending}")
    if kind == "jpg-grey":
        expected = np.stack([np.asarray(Image.open(tmp_path / f"{n}.jpg")) for n in range(2)])

    stack = rw.collections.read_folder(tmp_path)

    assert stack.dims == ("t", "y", "x", "c")[: len(shape)]
    np.testing.assert_array_equal(stack.values, expected)


def test_tiff_files_of_any_order_of_axes_are_images(tmp_path: Path) -> None:
    turned = np.arange(2 * 5 * 4 * 3, dtype=">u2").reshape(2, 5, 4, 3)  # x, y, z; big-endian
    for number, image in enumerate(turned):
        tifffile.imwrite(tmp_path / f"{number}.tif", image, photometric="minisblack")

    stack = rw.collections.read_folder(tmp_path, axes="xyz")

    assert stack.dims == ("t", "z", "y", "x")
    assert stack.dtype.isnative
    np.testing.assert_array_equal(stack.values, turned.transpose(0, 3, 2, 1))
    np.testing.assert_array_equal(stack[1, 2, :, 1:3].values, turned[1, 1:3, :, 2].T)


def test_images_of_another_size_or_type_are_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames", IMAGES[:6])
    tifffile.imwrite(folder / "time003.tif", np.zeros((4, 6), np.uint16))
    tifffile.imwrite(folder / "time005.tif", np.zeros((4, 5), np.uint8))

    with pytest.raises(ImageError) as error:
        rw.collections.read_folder(folder)

    message = str(error.value)
    assert "time001.tif, time002.tif, time004.tif and 1 more: 4 x 5 (y, x) of uint16" in message
    assert "time003.tif: 4 x 6 (y, x) of uint16" in message
    assert "time005.tif: 4 x 5 (y, x) of uint8" in message


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames", IMAGES[:2])
    (folder / ".hidden").write_text("no image")
    (folder / "notes.txt").write_text("no image")

    with pytest.raises(ImageError, match=r"notes\.txt cannot be opened as an image"):
        rw.collections.read_folder(folder)
    assert rw.collections.read_folder(folder, "*.tif").sizes["t"] == 2


@pytest.mark.parametrize("pattern", ["*.png", "*"])
def test_nothing_that_matches_is_an_error(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ImageError, match="no image in"):
        rw.collections.read_folder(tmp_path, pattern)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        rw.collections.read_folder(tmp_path / "absent")


def test_a_damaged_file_is_named_when_it_is_read(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3, 64, 64), dtype=np.uint8)
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, image in enumerate(noise):
        tifffile.imwrite(folder / f"{number}.tif", image, compression="zlib")
    stack = rw.collections.read_folder(folder)
    whole = bytearray((folder / "1.tif").read_bytes())
    with tifffile.TiffFile(folder / "1.tif") as file:
        offset = file.pages.first.dataoffsets[0]
    whole[offset : offset + 400] = bytes(400)
    (folder / "1.tif").write_bytes(whole)

    np.testing.assert_array_equal(stack.isel(t=[0, 2]).values, noise[[0, 2]])
    with pytest.raises(ImageError, match=r"1\.tif is damaged"):
        stack.compute()


def test_a_file_that_was_exchanged_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "frames", IMAGES)
    stack = rw.collections.read_folder(folder)
    tifffile.imwrite(folder / "time004.tif", np.zeros((2, 2), np.uint16))

    with pytest.raises(ImageError, match=r"time004\.tif was \(4, 5\) of uint16"):
        stack.compute()


def test_a_file_with_time_of_its_own_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", IMAGES, imagej=True, metadata={"axes": "TYX"})

    with pytest.raises(ImageError, match="has a time axis of its own"):
        rw.collections.read_folder(tmp_path)


def test_stacks_are_images_and_pickle(tmp_path: Path) -> None:
    stack = rw.collections.read_folder(write_folder(tmp_path / "frames", IMAGES))

    level = rw.open_image(stack).images[0]

    assert tuple(level.dims) == ("t", "y", "x")
    np.testing.assert_array_equal(level.data.compute(), IMAGES)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stack)).values, IMAGES)


def test_a_direction_is_not_kept_and_says_so() -> None:
    turned = rw.open_image(IMAGES, axes="zyx", direction=[[1, 0, 0], [0, 0, 1], [0, -1, 0]])

    with pytest.warns(UserWarning, match="direction is not kept"):
        stack = rw.collections.from_image(turned)
    np.testing.assert_array_equal(stack.values, IMAGES)
    with pytest.raises(ParameterError, match="scale must be 0 to 0, got 1"):
        rw.collections.from_image(turned, scale=1)


def test_images_become_stacks_with_their_world_positions() -> None:
    image = rw.open_image(
        IMAGES, axes="tyx", spacing={"t": 0.1, "y": 2.0, "x": 3.0}, origin={"x": 7.0}
    )

    stack = rw.collections.from_image(image)

    np.testing.assert_allclose(stack.coords["t"].values, 0.1 * np.arange(12))
    assert stack.coords["x"].values.tolist() == [7, 10, 13, 16, 19]
    np.testing.assert_array_equal(stack.values, IMAGES)

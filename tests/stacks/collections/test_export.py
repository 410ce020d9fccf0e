"""Exported files hold what was asked for, read back by other libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import xarray
from PIL import Image, ImageSequence

import roiwidgets as rw
from roiwidgets.errors import (
    ImageError,
    MissingPackageError,
    OutputExistsError,
    OutputLocationError,
    ParameterError,
    UnsupportedDtypeError,
)
from tests.stacks.phantoms import WAYS, lazily

ARRAY = np.random.default_rng(0).integers(20, 200, (6, 9, 11), dtype=np.uint8)
STACK = xarray.DataArray(ARRAY, dims=("t", "y", "x"), name="fish")


def grey(image, low: float, high: float):
    return np.rint(np.clip((image.astype(float) - low) * 255 / (high - low), 0, 255))


def breaking(stack: xarray.DataArray) -> xarray.DataArray:
    """Return the stack, whose fourth image cannot be computed."""

    def fail(block, block_info=None):
        if block_info[0]["array-location"][0][0] == 3:
            raise OSError("the disk is gone")
        return block

    lazy = stack.chunk({"t": 1})
    return lazy.copy(data=lazy.data.map_blocks(fail, dtype=stack.dtype))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("contrast", ["each", "common", (50, 100)])
def test_png_files_have_the_contrast_that_was_asked_for(way, contrast, tmp_path: Path) -> None:
    files = rw.collections.export_png(
        way(STACK.transpose("x", "y", "t")), tmp_path / "out", contrast=contrast, prefix="f"
    )

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"f{i:05d}.png" for i in range(6)
    ]
    for file, image in zip(files, ARRAY, strict=True):
        limits = {"each": (image.min(), image.max()), "common": (ARRAY.min(), ARRAY.max())}
        expected = grey(image, *(limits[contrast] if isinstance(contrast, str) else contrast))
        np.testing.assert_array_equal(np.asarray(Image.open(file)), expected)


def test_flat_images_and_nan_are_black(tmp_path: Path) -> None:
    flat = np.full((2, 3, 4), np.nan)
    flat[1] = 7
    flat[1, 0, 0] = np.nan

    files = rw.collections.export_png(
        xarray.DataArray(flat, dims=("t", "y", "x")), tmp_path / "out"
    )

    assert all(not np.asarray(Image.open(file)).any() for file in files)


def test_one_image_is_one_file(tmp_path: Path) -> None:
    (file,) = rw.collections.export_png(rw.collections.maximum(STACK), tmp_path / "out")

    expected = grey(ARRAY.max(axis=0), ARRAY.max(axis=0).min(), ARRAY.max())
    np.testing.assert_array_equal(np.asarray(Image.open(file)), expected)


def test_volumes_are_no_png(tmp_path: Path) -> None:
    volume = xarray.DataArray(np.zeros((2, 3, 4, 5)), dims=("t", "z", "y", "x"))

    with pytest.raises(ImageError, match=r"two axes, got \['z', 'y', 'x'\]; project them"):
        rw.collections.export_png(volume, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("contrast", ["auto", (3, 3), (np.nan, 1), (1,)])
def test_a_contrast_that_is_none_is_refused(contrast, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="contrast must be"):
        rw.collections.export_png(STACK, tmp_path / "out", contrast=contrast)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    rw.collections.export_png(STACK, tmp_path / "out")

    with pytest.raises(OutputExistsError, match="pass overwrite=True"):
        rw.collections.export_png(STACK, tmp_path / "out")
    rw.collections.export_png(STACK.isel(t=[0]), tmp_path / "out", overwrite=True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["export00000.png"]

    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputExistsError, match="holds something else"):
        rw.collections.export_png(STACK, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "thesis.docx").exists()


@pytest.mark.parametrize(
    ("export", "name"),
    [("export_png", "out"), ("export_tiff", "out.tif"), ("export_gif", "out.gif"),
     ("export_mp4", "out.mp4")],
)  # fmt: skip
def test_what_breaks_off_leaves_nothing_and_keeps_the_old(
    export: str, name: str, tmp_path: Path
) -> None:
    write = getattr(rw.collections, export)
    keywords = {} if export == "export_tiff" else {"contrast": "each"}

    with pytest.raises(OSError, match="the disk is gone"):
        write(breaking(STACK), tmp_path / name, **keywords)
    assert list(tmp_path.iterdir()) == []

    write(STACK, tmp_path / name, **keywords)
    old = sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*"))
    with pytest.raises(OSError, match="the disk is gone"):
        write(breaking(STACK), tmp_path / name, overwrite=True, **keywords)
    assert sorted(path.stat().st_mtime_ns for path in tmp_path.rglob("*")) == old
    with pytest.raises(OutputExistsError, match="exists"):
        write(STACK, tmp_path / name, **keywords)


@pytest.mark.parametrize(("export", "ending"), [("export_png", ""), ("export_tiff", ".tif")])
def test_what_the_disk_refuses_names_the_output(export: str, ending: str, tmp_path: Path) -> None:
    too_long = "a" * 255 + ending

    with pytest.raises(OutputLocationError, match=r"cannot write .*too long"):
        getattr(rw.collections, export)(STACK, tmp_path / too_long)
    assert [path for path in tmp_path.iterdir() if path.name != "cache"] == []


def test_a_folder_above_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(OutputLocationError, match="does not exist; create it first"):
        rw.collections.export_tiff(STACK, tmp_path / "absent" / "out.tif")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "float32", "float64"])
def test_tiff_files_keep_values_axes_and_sizes(way, dtype: str, tmp_path: Path) -> None:
    array = np.random.default_rng(1).integers(0, 2000, (4, 3, 6, 7)).astype(dtype)
    stack = xarray.DataArray(
        array,
        dims=("t", "z", "y", "x"),
        coords={
            "t": ("t", 0.25 * np.arange(4), {"units": "s"}),
            "x": ("x", 0.5 * np.arange(7), {"units": "micrometer"}),
        },
    )

    path = rw.collections.export_tiff(way(stack.transpose("x", "z", "t", "y")), tmp_path / "a.tif")

    np.testing.assert_array_equal(tifffile.imread(path), array)
    level = rw.open_image(path).images[0]
    assert tuple(level.dims) == ("t", "z", "y", "x")
    assert (level.scale["t"], level.scale["x"]) == (0.25, 0.5)
    assert (level.axes_units["t"], level.axes_units["x"]) == ("second", "micrometer")


def test_types_that_tiff_does_not_know_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedDtypeError, match="got int64; convert"):
        rw.collections.export_tiff(STACK.astype(np.int64), tmp_path / "a.tif")
    with pytest.raises(ImageError, match="axes out of t, c, z, y, x"):
        rw.collections.export_tiff(STACK.rename(y="q"), tmp_path / "a.tif")


@pytest.mark.parametrize("way", WAYS)
def test_a_gif_holds_every_image(way, tmp_path: Path) -> None:
    path = rw.collections.export_gif(way(STACK), tmp_path / "a.gif", frames_per_second=20)

    with Image.open(path) as film:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(film)]
        assert film.info["duration"] == 50
    np.testing.assert_array_equal(frames, grey(ARRAY, ARRAY.min(), ARRAY.max()))


def test_a_film_holds_every_image(tmp_path: Path) -> None:
    import imageio_ffmpeg

    smooth = np.linspace(0, 255, 6)[:, None, None] * np.ones((41, 63))  # odd sides
    stack = xarray.DataArray(smooth, dims=("t", "y", "x"))

    path = rw.collections.export_mp4(lazily(stack), tmp_path / "a.mp4", frames_per_second=25)

    decode = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-i",
        str(path),
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
    ]
    decoded = subprocess.run([*decode, "-"], capture_output=True, check=True)
    frames = np.frombuffer(decoded.stdout, np.uint8).reshape(6, 42, 64)
    assert b"25 fps" in decoded.stderr
    np.testing.assert_allclose(frames.mean(axis=(1, 2)), smooth[:, 0, 0], atol=4)


def test_a_film_that_ffmpeg_refuses_says_why(tmp_path: Path) -> None:
    huge = xarray.DataArray(np.zeros((1, 1, 40_000), np.uint8), dims=("t", "y", "x"))

    with pytest.raises(OutputLocationError, match="ffmpeg could not write"):
        rw.collections.export_mp4(huge, tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


def test_a_film_without_its_package_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)

    with pytest.raises(MissingPackageError, match=r'pip install "roiwidgets\[video\]"'):
        rw.collections.export_mp4(STACK, tmp_path / "a.mp4")


def test_films_check_speed_and_name(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"must end in \.gif"):
        rw.collections.export_gif(STACK, tmp_path / "a.mp4")
    with pytest.raises(ParameterError, match=r"0\.1 to 50, got 60"):
        rw.collections.export_gif(STACK, tmp_path / "a.gif", frames_per_second=60)

"""Pictures open with the values that Pillow gives."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import roiwidgets as rw
from roiwidgets.errors import ImageError, UnsupportedImageError


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [("uint8", (4, 5)), ("uint16", (4, 5)), ("bool", (4, 5)), ("uint8", (4, 5, 3)),
     ("uint8", (4, 5, 4))],
)  # fmt: skip
def test_values_are_kept(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).integers(0, 60_000, shape).astype(dtype)
    Image.fromarray(values).save(tmp_path / "a.png")

    level = rw.open_image(tmp_path / "a.png").images[0]

    assert tuple(level.dims) == ("y", "x", "c")[: len(shape)]
    assert level.data.dtype == dtype
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(level.data)).compute(), values)


def test_palettes_become_colors(tmp_path: Path) -> None:
    picture = Image.new("P", (3, 2), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    picture.save(tmp_path / "a.png")

    level = rw.open_image(tmp_path / "a.png").images[0]

    np.testing.assert_array_equal(level.data.compute(), np.full((2, 3, 3), [10, 20, 30]))


def test_several_frames_are_refused(tmp_path: Path) -> None:
    frames = [Image.new("L", (3, 2), value) for value in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])

    with pytest.raises(UnsupportedImageError, match="holds 2 frames"):
        rw.open_image(tmp_path / "a.gif")


def test_what_is_no_picture_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")

    with pytest.raises(ImageError, match="cannot be read as a picture"):
        rw.open_image(tmp_path / "a.png")

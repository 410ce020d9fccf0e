"""Channels drawn together: what is decided and drawn in Python."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
from PIL import Image

import roiwidgets as rw
from roiwidgets.errors import ParameterError
from roiwidgets.images.geometry import make_image
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import ArraySource

SHAPE = (3, 6, 20, 20)
COLORS = ("#ff0000", "#00ff00", "#0000ff")


def cells(colors: list[str] | None = None) -> object:
    voxels = np.random.default_rng(0).integers(0, 200, SHAPE).astype(np.uint16)
    voxels[1] *= 10
    return make_image(
        ArraySource(voxels, SHAPE), axes="czyx", spacing={}, translation={}, channel_colors=colors,
        channel_names=["nuclei", "actin", "tubulin"],
    )  # fmt: skip


def test_an_image_that_names_colors_is_shown_in_them() -> None:
    viewer = rw.Viewer(cells(["FF0000", "00FF00", "0000FF"]))

    assert viewer.channels_together
    assert viewer.channel_colors == COLORS
    assert viewer.shown_channels == (0, 1, 2)
    assert viewer.scene["layers"][0]["channel_names"] == ["nuclei", "actin", "tubulin"]
    highest = [high for _, high in viewer.channel_bounds]
    assert highest == [199, 1990, 199]


def test_an_image_without_colors_shows_one_channel_until_asked() -> None:
    viewer = rw.Viewer(cells())
    assert not viewer.channels_together
    assert viewer.channel_bounds == []

    viewer.channels_together = True

    assert len(viewer.channel_bounds) == 3
    viewer.channel_visibility = [True, False]
    assert viewer.shown_channels == (0, 2)


def test_broken_color_names_in_a_file_do_not_matter() -> None:
    viewer = rw.Viewer(cells(["nonsense", "00FF00FF", ""]))

    assert viewer.channel_colors == ("#00ffff", "#00ff00", "#ffff00")


def test_the_picture_adds_the_light_of_the_channels() -> None:
    voxels = np.zeros((2, 4, 8, 8), np.uint8)
    voxels[0, ..., :4], voxels[1, ..., 4:] = 200, 100
    viewer = rw.Viewer(
        open_image(voxels, axes="czyx"), roi_visible=False, channels_together=True,
        channel_colors=["red", (0, 1, 0)], channel_ranges=[(0, 200), (0, 200)],
    )  # fmt: skip

    picture = np.asarray(Image.open(io.BytesIO(viewer.draw_png())).convert("RGB"))

    colors = {tuple(color) for color in picture.reshape(-1, 3).tolist()}
    assert {(255, 0, 0), (0, 128, 0)} <= colors
    assert (255, 128, 0) not in colors


def test_channels_together_share_the_budget() -> None:
    image = open_image(np.zeros((4, 128, 128, 128), np.uint8), axes="czyx")

    alone = rw.Viewer(image, memory_budget=2**21)
    together = rw.Viewer(image, memory_budget=2**21, channels_together=True)

    assert alone.get_current_scale() == 0
    assert together.get_current_scale() == 1


@pytest.mark.parametrize(
    ("trait", "value"),
    [
        ("channel_colors", ["no such color"]),
        ("channel_colors", "red"),
        ("channel_colors", [{"r": 1}]),
        ("channel_colors", [(2, 0, 0)]),
        ("channel_colors", ["red"] * 17),
        ("channel_ranges", [(2, 1)]),
        ("channel_ranges", [5]),
        ("channel_visibility", [1]),
    ],
)
def test_what_is_no_look_of_a_channel_is_refused(
    trait: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    viewer = rw.Viewer(cells())
    before = getattr(viewer, trait)

    with pytest.raises((ParameterError, rw.errors.RegionError)):
        setattr(viewer, trait, value)
    with caplog.at_level(logging.WARNING):
        viewer.set_state({trait: value})

    assert getattr(viewer, trait) == before
    assert "refused" in caplog.text


def test_another_image_with_as_many_channels_keeps_the_look() -> None:
    viewer = rw.Viewer(cells(["FF0000"]), channel_colors=["white", "red", "blue"])
    viewer.set_image(cells(["00FF00"]))
    assert viewer.channel_colors == ("#ffffff", "#ff0000", "#0000ff")

    viewer.set_image(np.zeros((4, 5, 6), np.uint8))

    assert not viewer.channels_together
    assert viewer.channel_colors == ()

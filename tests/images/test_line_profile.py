"""Profiles of images whose values along a line are known in closed form."""

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.errors import ImageError, ParameterError, RegionError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.readers import open_image

TURNED = ((1.0, 0.0, 0.0), (0.0, 0.8, -0.6), (0.0, 0.6, 0.8))
GRID = {"axes": "zyx", "spacing": {"z": 2.0, "y": 0.5, "x": 0.25}, "direction": TURNED}


def linear_image(shape=(20, 30, 40)):
    """Return an image whose value is 3 z - 2 y + x of the world."""
    image = open_image(np.zeros(shape), **GRID)
    world = grid_of(image.images[0]).index_to_world(np.moveaxis(np.indices(shape), 0, -1))
    return open_image(world @ [3.0, -2.0, 1.0], **GRID), world


def test_linear_interpolation_is_exact_on_a_linear_image():
    image, world = linear_image()
    start, stop = world[2, 3, 4], world[17, 25, 33]

    ends = [dict(zip("zyx", end, strict=True)) for end in (start, stop)]

    distance, values = rw.line_profile(image, *ends, samples=301)

    points = start + np.linspace(0, 1, 301)[:, None] * (stop - start)
    np.testing.assert_allclose(values, points @ [3.0, -2.0, 1.0], atol=1e-9)
    np.testing.assert_allclose(distance[-1], np.linalg.norm(stop - start))


def test_the_nearest_voxel_is_taken():
    voxels = np.random.default_rng(0).integers(0, 99, (6, 7, 8))

    _, values = rw.line_profile(
        voxels, {"z": 2.4, "y": 3.0, "x": 0}, {"z": 2.4, "y": 3.0, "x": 7}, order=0
    )

    np.testing.assert_array_equal(values, voxels[2, 3])


def test_outside_the_image_there_is_no_value():
    _, values = rw.line_profile(np.ones((4, 4)), {"y": 1, "x": -2}, {"y": 1, "x": 5}, samples=8)

    np.testing.assert_array_equal(np.isnan(values), [True, True, *[False] * 4, True, True])
    np.testing.assert_array_equal(values[2:6], 1)


def test_a_time_and_a_channel_are_chosen():
    movie = open_image(np.arange(24.0).reshape(2, 3, 1, 4), axes="tcyx")

    _, values = rw.line_profile(movie, {"y": 0, "x": 0}, {"y": 0, "x": 3}, indices={"t": 1, "c": 2})

    assert values.tolist() == [20, 21, 22, 23]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"start": {"x": 0}}, RegionError),
        ({"start": {"x": float("nan"), "y": 0}}, RegionError),
        ({"order": 3}, ParameterError),
        ({"samples": 1}, ParameterError),
        ({"samples": 10**9}, ParameterError),
    ],
)
def test_a_line_is_checked(options, error):
    given = {"start": {"x": 0, "y": 0}, "stop": {"x": 3, "y": 3}, **options}

    with pytest.raises(error):
        rw.line_profile(np.ones((4, 4)), **given)


def test_colors_have_no_profile():
    colors = open_image(np.zeros((4, 4, 3), np.uint8), axes="yxc")

    with pytest.raises(ImageError, match="colours"):
        rw.line_profile(colors, {"x": 0, "y": 0}, {"x": 3, "y": 3})

"""What the browser is told about images: numbers of the frame, in z, y, x order."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import roiwidgets as rw
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.readers import open_image
from roiwidgets.widgets._scene import (
    Layer,
    are_alike,
    describe_level,
    describe_scene,
    direction_xyz,
    last_index,
    level_within_budget,
    overlap,
    same_direction,
)

COS, SIN = 0.8, 0.6
ABOUT_X = ((COS, -SIN, 0.0), (SIN, COS, 0.0), (0.0, 0.0, 1.0))
"""A turn about x: it mixes z and y, the first two axes of an array."""


def layer(shape: tuple[int, ...], axes: str, *, dtype: str = "uint8", **options: Any) -> Layer:
    is_labels = options.pop("is_labels", False)
    image = open_image(np.zeros(shape, dtype), axes=axes, **options)
    return Layer("image-1", "Bone", image, (0.0, 9.0), is_labels=is_labels)


def grid(shape: tuple[int, ...] = (4, 5, 6), **changes: Any) -> Grid:
    axes = tuple("zyx"[-len(shape) :])
    values = {"spacing": (1.0,) * len(shape), "origin": (0.0,) * len(shape), **changes}
    return Grid(axes, shape, **values)


# Layers -----------------------------------------------------------------------


def test_a_level_is_described_in_z_y_x_order() -> None:
    described = describe_level(grid((4, 5, 6), spacing=(3.0, 2.0, 1.0), origin=(-1.0, 0.5, 7.0)))

    assert described == {
        "shape": [4, 5, 6],
        "spacing": [3.0, 2.0, 1.0],
        "origin": [-1.0, 0.5, 7.0],
    }


def test_a_plane_is_one_slice_of_unit_thickness() -> None:
    described = describe_level(grid((5, 6), spacing=(2.0, 1.0), origin=(0.5, 7.0)))

    assert described == {
        "shape": [1, 5, 6],
        "spacing": [1.0, 2.0, 1.0],
        "origin": [0.0, 0.5, 7.0],
    }


@pytest.mark.parametrize(
    ("axes", "shape", "kind", "times", "channels", "components"),
    [
        ("zyx", (4, 5, 6), "image", 1, 1, 1),
        ("yx", (5, 6), "image", 1, 1, 1),
        ("tyx", (7, 5, 6), "image", 7, 1, 1),
        ("czyx", (2, 4, 5, 6), "image", 1, 2, 1),
        ("tczyx", (7, 2, 4, 5, 6), "image", 7, 2, 1),
        ("yxc", (5, 6, 3), "rgb", 1, 1, 3),
        ("tyxc", (7, 5, 6, 4), "rgb", 7, 1, 4),
    ],
)
def test_a_layer_counts_times_channels_and_colours(
    axes: str, shape: tuple[int, ...], kind: str, times: int, channels: int, components: int
) -> None:
    described = layer(shape, axes).describe()

    assert described["kind"] == kind
    assert (described["times"], described["channels"]) == (times, channels)
    assert described["components"] == components


@pytest.mark.parametrize(
    ("dtype", "is_labels", "kind", "on_the_wire", "size"),
    [
        ("uint16", False, "image", "uint16", 2),
        ("float64", False, "image", "float32", 4),
        ("int64", False, "image", "float32", 4),
        ("uint64", True, "labels", "uint32", 4),
        ("bool", True, "labels", "uint8", 1),
    ],
)
def test_a_layer_names_the_type_that_travels(
    dtype: str, is_labels: bool, kind: str, on_the_wire: str, size: int
) -> None:
    shown = layer((5, 6), "yx", dtype=dtype, is_labels=is_labels)

    assert shown.describe()["kind"] == kind
    assert shown.describe()["dtype"] == on_the_wire
    assert shown.bytes_per_voxel == size


def test_last_indices_are_those_of_the_array() -> None:
    movie = Grid(("t", "c", "y", "x"), (7, 2, 5, 6), (1.0,) * 4, (0.0,) * 4)
    colours = Grid(("y", "x", "c"), (5, 6, 3), (1.0,) * 3, (0.0,) * 3)

    assert (last_index(movie, "t"), last_index(movie, "c")) == (6, 1)
    assert (last_index(colours, "t"), last_index(colours, "c")) == (0, 0)


# Scenes -----------------------------------------------------------------------


def test_a_scene_is_json_with_what_its_layers_say() -> None:
    bone = layer((4, 5, 6), "zyx", spacing={"z": 3.0, "y": 2.0, "x": 1.0})
    bone.image.images[0].axes_units = dict.fromkeys("zyx", "micrometer")
    labels = layer((4, 5, 6), "zyx", is_labels=True)

    scene = describe_scene([bone, labels])

    assert json.loads(json.dumps(scene, allow_nan=False)) == scene
    assert (scene["unit"], scene["planar"]) == ("micrometer", False)
    assert scene["layers"] == [bone.describe(), labels.describe()]
    assert scene["direction"] == np.eye(3).ravel().tolist()


def test_no_layers_are_an_empty_scene() -> None:
    assert describe_scene([])["layers"] == []


def test_a_plane_has_a_planar_scene() -> None:
    assert describe_scene([layer((5, 6), "yx")])["planar"] is True


def test_the_levels_of_a_scene_cover_the_same_part_of_the_world() -> None:
    voxels = np.zeros((70, 140, 280), np.uint8)
    spacing, origin = {"z": 4.0, "y": 2.0, "x": 1.0}, {"z": -3.0, "y": 5.0, "x": 0.25}
    viewer = rw.view(open_image(voxels, axes="zyx", spacing=spacing, origin=origin))

    levels = viewer.scene["layers"][0]["levels"]

    assert len(levels) > 1
    first = np.array(levels[0]["origin"]) - 0.5 * np.array(levels[0]["spacing"])
    for level in levels:
        step = np.array(level["spacing"])
        np.testing.assert_allclose(np.array(level["origin"]) - 0.5 * step, first)
        span = step * level["shape"]
        assert np.all(span >= np.array([280, 280, 280]) - 1e-9)  # nothing is cut off
        assert np.all(span < np.array([280, 280, 280]) + step)


def test_the_direction_turns_a_voxel_of_the_frame_to_its_place_in_the_world() -> None:
    turned = grid((4, 5, 6), spacing=(3.0, 2.0, 1.0), origin=(1.0, 2.0, 3.0), direction=ABOUT_X)
    index = np.array([3, 2, 5])
    frame_zyx = np.array([1.0, 2.0, 3.0]) + index * [3.0, 2.0, 1.0]

    world_xyz = direction_xyz(turned) @ frame_zyx[::-1]

    z, y, x = frame_zyx
    np.testing.assert_allclose(world_xyz, [x, SIN * z + COS * y, COS * z - SIN * y])
    np.testing.assert_allclose(world_xyz[::-1], turned.index_to_world(index))


def test_a_plane_turns_within_x_and_y() -> None:
    turned = grid((5, 6), direction=((COS, SIN), (-SIN, COS)))

    np.testing.assert_allclose(direction_xyz(turned), [[COS, -SIN, 0], [SIN, COS, 0], [0, 0, 1]])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (None, None, True),
        (None, ((1.0, 0.0), (0.0, 1.0)), True),
        (((1.0, 1e-9), (-1e-9, 1.0)), None, True),
        (((0.0, 1.0), (-1.0, 0.0)), None, False),
        (ABOUT_X, ABOUT_X, True),
        (ABOUT_X, ((1.0, 0.0), (0.0, 1.0)), False),
    ],
)
def test_directions_agree_to_within_rounding(one: Any, other: Any, expected: bool) -> None:
    assert same_direction(one, other) is expected
    assert same_direction(other, one) is expected


# Choices ----------------------------------------------------------------------


@given(
    sides=st.lists(st.integers(1, 64), min_size=3, max_size=3),
    levels=st.integers(1, 5),
    itemsize=st.sampled_from([1, 2, 4]),
    budget=st.integers(1, 2**22),
)
def test_the_level_is_the_finest_that_fits(
    sides: list[int], levels: int, itemsize: int, budget: int
) -> None:
    shapes = tuple(tuple(-(-n // 2**level) for n in sides) for level in range(levels))
    fitting = [i for i, (z, y, x) in enumerate(shapes) if z * y * x * itemsize <= budget]

    assert level_within_budget(shapes, itemsize, budget) == (fitting[0] if fitting else levels - 1)


@given(st.integers(-20, 20), st.integers(1, 9), st.integers(1, 9))
def test_grids_overlap_where_voxels_of_both_lie(start: int, size: int, other_size: int) -> None:
    here = grid((5, size))
    there = grid((5, other_size), origin=(0.0, float(start)))

    expected = bool(set(range(size)) & set(range(start, start + other_size)))
    assert overlap(here, there) is expected
    assert overlap(there, here) is expected


def test_grids_of_other_axes_or_orientation_do_not_overlap() -> None:
    assert not overlap(grid((4, 5, 6)), grid((5, 6)))
    assert not overlap(grid((4, 5, 6)), grid((4, 5, 6), direction=ABOUT_X))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0.0, 10.0), (0.0, 10.0), True),
        ((0.0, 10.0), (0.0, 5.0), True),
        ((0.0, 10.0), (0.0, 4.9), False),
        ((0.0, 10.0), (5.0, 15.0), False),
        ((0.0, 10.0), (20.0, 30.0), False),
        ((3.0, 3.0), (3.0, 3.0), True),
    ],
)
def test_ranges_are_alike_if_half_of_both_is_shared(
    one: tuple[float, float], other: tuple[float, float], expected: bool
) -> None:
    assert are_alike(one, other) is expected
    assert are_alike(other, one) is expected


def test_a_layer_has_the_grids_of_its_levels() -> None:
    shown = layer((4, 5, 6), "zyx", spacing={"z": 3.0, "y": 2.0, "x": 1.0})

    assert shown.grids == tuple(grid_of(level) for level in shown.image.images)

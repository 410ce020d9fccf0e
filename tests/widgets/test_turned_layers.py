"""Images and labels of other directions than the image that they are drawn over."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from ngff_zarr import Multiscales
from numpy.typing import NDArray
from PIL import Image

import roiwidgets as rw
from roiwidgets.errors import GeometryError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.readers import open_image
from tests.widgets.recording import RecordingViewer

TURNED = ((1.0, 0.0, 0.0), (0.0, 0.8, -0.6), (0.0, 0.6, 0.8))
OBLIQUE = ((0.6, 0.0, -0.8), (0.48, 0.8, 0.36), (0.64, -0.6, 0.48))
QUARTER = ((0.0, 0.0, 1.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
FLIPPED = ((-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
CENTRE = np.array([30.0, -20.0, 10.0])
"""World position of the middle of every image here."""
SPACING = np.array([1.5, 1.0, 0.5])
SHAPE = (12, 20, 40)


def values_at(world: NDArray[np.float64]) -> NDArray[np.float64]:
    return world @ [1.0, 2.0, -0.5] + 7.0


def placed(voxels: NDArray[Any], direction: Any = None) -> Multiscales:
    matrix = np.eye(3) if direction is None else np.array(direction)
    origin = CENTRE - matrix @ (SPACING * (np.array(voxels.shape) - 1) / 2)
    return open_image(
        voxels, axes="zyx", direction=direction, spacing=SPACING.tolist(), origin=origin.tolist()
    )


def ramp(direction: Any = None) -> Multiscales:
    """Return an image whose values are a linear function of the world."""
    grid = grid_of(placed(np.zeros(SHAPE), direction).images[0])
    world = grid.index_to_world(np.moveaxis(np.indices(SHAPE), 0, -1))
    return placed(values_at(world).astype(np.float32), direction)


def ids(direction: Any = None) -> Multiscales:
    return placed(np.random.default_rng(1).integers(0, 9, SHAPE, np.uint16), direction)


def shown(viewer: RecordingViewer, role: str) -> tuple[dict[str, Any], Any, NDArray[np.float64]]:
    """Return a layer as the browser knows it, its voxels, and where they are in the world."""
    described = next(each for each in viewer.scene["layers"] if each["id"].startswith(role))
    level = described["levels"][0]
    voxels = viewer.ask(described["id"], [0, 0, 0], level["shape"])
    index = np.moveaxis(np.indices(level["shape"]), 0, -1)
    frame = level["origin"] + index * level["spacing"]
    to_world = np.reshape(viewer.scene["direction"], (3, 3))[::-1, ::-1]
    return described, voxels, frame @ to_world.T


@pytest.mark.parametrize("fixed", [None, TURNED], ids=["straight", "turned"])
@pytest.mark.parametrize("moving", [OBLIQUE, QUARTER, FLIPPED], ids=["oblique", "quarter", "flip"])
def test_a_turned_copy_has_the_same_values_at_the_same_places(fixed: Any, moving: Any) -> None:
    viewer = RecordingViewer(ramp(fixed))

    viewer.compare_with(ramp(moving))

    assert viewer.layer_names == ["Image", "Moving"]
    _, voxels, world = shown(viewer, "moving")
    places = grid_of(ramp(moving).images[0]).world_to_index(world)
    inside = ((places >= 0) & (places <= np.array(SHAPE) - 1)).all(axis=-1)
    assert inside.sum() > 7000
    np.testing.assert_allclose(voxels[inside], values_at(world)[inside], rtol=1e-5, atol=1e-5)


def test_a_moving_image_is_drawn_inside_its_edges_only() -> None:
    viewer = RecordingViewer(ramp())

    viewer.compare_images(ramp(), ramp(OBLIQUE))

    described, voxels, world = shown(viewer, "moving")
    sides = np.array(described["half_spaces"])
    inside = (world @ sides[:, :3].T <= sides[:, 3]).all(axis=-1)
    places = grid_of(ramp(OBLIQUE).images[0]).world_to_index(world)
    own = ((places >= -0.5) & (places <= np.array(SHAPE) - 0.5)).all(axis=-1)
    np.testing.assert_array_equal(inside, own)
    assert not np.isnan(voxels[inside]).any()
    assert not inside.all()


@pytest.mark.parametrize("direction", [QUARTER, FLIPPED], ids=["quarter", "flip"])
def test_labels_on_flipped_or_permuted_axes_are_exactly_themselves(direction: Any) -> None:
    labels = ids(direction)
    viewer = RecordingViewer(ramp(), labels)

    described, voxels, world = shown(viewer, "labels")

    index = np.rint(grid_of(labels.images[0]).world_to_index(world)).astype(int)
    expected = labels.images[0].data.compute()[tuple(np.moveaxis(index, -1, 0))]
    np.testing.assert_array_equal(voxels, expected)
    assert described["half_spaces"] == []


def test_turned_labels_are_the_nearest_and_0_outside() -> None:
    labels = ids(OBLIQUE)
    viewer = RecordingViewer(ramp(), labels)

    described, voxels, world = shown(viewer, "labels")

    places = grid_of(labels.images[0]).world_to_index(world)
    index = np.floor(places + 0.5).astype(int)
    inside = ((index >= 0) & (index < SHAPE)).all(axis=-1)
    expected = labels.images[0].data.compute()[tuple(np.moveaxis(index[inside], -1, 0))]
    np.testing.assert_array_equal(voxels[inside], expected)
    assert (voxels[~inside] == 0).all()
    assert described["half_spaces"] == []
    assert viewer.label_image is not None
    assert grid_of(viewer.label_image.images[0]) == grid_of(labels.images[0])


def test_layers_turn_with_the_image() -> None:
    viewer = RecordingViewer(ramp(), ids())
    viewer.compare_with(ramp(OBLIQUE))
    straight = shown(viewer, "labels")

    viewer.set_image(ramp(OBLIQUE))
    moving, labels = shown(viewer, "moving"), shown(viewer, "labels")
    assert moving[0]["half_spaces"] == []
    np.testing.assert_array_equal(moving[1], ramp(OBLIQUE).images[0].data.compute())
    assert labels[0]["id"] != straight[0]["id"]
    assert viewer.answer(straight[0]["id"], start=[0, 0, 0], shape=[1, 1, 1])[0]["kind"] == "error"

    viewer.set_image(ramp(TURNED))
    viewer.set_image(ramp())
    back = shown(viewer, "labels")
    np.testing.assert_array_equal(back[1], straight[1])
    assert back[0]["levels"] == straight[0]["levels"]


def test_layers_that_stay_parallel_keep_their_id() -> None:
    viewer = RecordingViewer(ramp(TURNED), ids(OBLIQUE))
    before = viewer.scene["layers"][1]["id"]

    viewer.set_image(ramp(TURNED))

    assert viewer.scene["layers"][1]["id"] == before


def test_an_image_joins_labels_of_another_direction() -> None:
    viewer = RecordingViewer(label_image=ids(QUARTER))

    viewer.set_image(ramp())

    _, voxels, world = shown(viewer, "labels")
    index = np.rint(grid_of(ids(QUARTER).images[0]).world_to_index(world)).astype(int)
    expected = ids(QUARTER).images[0].data.compute()[tuple(np.moveaxis(index, -1, 0))]
    np.testing.assert_array_equal(voxels, expected)


@pytest.mark.parametrize("direction", [QUARTER, FLIPPED], ids=["quarter", "flip"])
def test_a_picture_shows_turned_labels_as_the_same_ones_straight(direction: Any) -> None:
    turned = ids(direction)
    matrix = np.array(direction)
    sizes = (np.abs(matrix) @ SHAPE).astype(int)
    steps = np.abs(matrix) @ SPACING
    index = np.moveaxis(np.indices(SHAPE), 0, -1) - (np.array(SHAPE) - 1) / 2
    voxels = np.zeros(sizes, np.uint16)
    target = np.rint(index @ matrix.T + (sizes - 1) / 2).astype(int)
    voxels[tuple(np.moveaxis(target, -1, 0))] = turned.images[0].data.compute()
    origin = CENTRE - steps * (sizes - 1) / 2
    straight = open_image(voxels, axes="zyx", spacing=steps.tolist(), origin=origin.tolist())

    picture, expected = (rw.Viewer(ramp(), each).draw_png() for each in (turned, straight))

    assert picture == expected


def test_a_picture_is_drawn_of_oblique_layers() -> None:
    viewer = rw.Viewer(ramp(), ids(OBLIQUE))
    without = viewer.draw_png()
    viewer.compare_with(ramp(TURNED), method="swap", image_mix=0)

    assert viewer.draw_png() == without
    viewer.image_mix = 1
    assert viewer.draw_png() != without
    viewer.image_mix = 0
    viewer.set_label_image(None)
    assert viewer.draw_png() != without
    assert Image.open(io.BytesIO(without)).width > 100


def test_planes_turn_within_themselves() -> None:
    turn = ((0.8, -0.6), (0.6, 0.8))
    shape = (30, 40)
    empty = grid_of(open_image(np.zeros(shape), axes="yx", direction=turn).images[0])
    world = empty.index_to_world(np.moveaxis(np.indices(shape), 0, -1))
    moving = open_image((world @ [2.0, 1.0]).astype("float32"), axes="yx", direction=turn)
    viewer = RecordingViewer(np.zeros(shape, np.float32))

    viewer.compare_with(moving)

    described, voxels, positions = shown(viewer, "moving")
    places = empty.world_to_index(positions[0, ..., 1:])
    inside = ((places >= 0) & (places <= np.array(shape) - 1)).all(axis=-1)
    expected = positions[0, ..., 1:] @ [2.0, 1.0]
    np.testing.assert_allclose(voxels[0][inside], expected[inside], rtol=1e-5, atol=1e-4)
    assert [side[0] for side in described["half_spaces"]] == [0.0] * 4


def test_a_turned_plane_does_not_fit_a_volume() -> None:
    viewer = rw.Viewer(ramp())
    plane = open_image(np.zeros((5, 6)), axes="yx", direction=((0.8, -0.6), (0.6, 0.8)))

    with pytest.raises(GeometryError, match="has the axes y, x, the image z, y, x"):
        viewer.compare_with(plane)
    assert viewer.layer_names == ["Image"]


def test_the_picture_of_a_turned_image_ends_at_its_edges() -> None:
    turn = ((np.cos(0.5), -np.sin(0.5)), (np.sin(0.5), np.cos(0.5)))
    checks = (np.indices((20, 20)).sum(axis=0) % 2 * 200 + 55).astype(np.uint8)
    moving = open_image(checks, axes="yx", origin={"x": 20, "y": 5}, direction=turn)
    viewer = rw.Viewer(np.zeros((40, 40), np.uint8), color_range=(0, 255), roi_visible=False)

    viewer.compare_with(moving, method="cyan-red")

    picture = np.asarray(Image.open(io.BytesIO(viewer.draw_png())).convert("RGB"))[4:-4, 4:-4]
    edges = grid_of(moving.images[0])
    y, x = np.indices((40, 40))
    places = edges.world_to_index(np.stack([y, x], axis=-1))
    inside = ((places >= -0.5) & (places <= 19.5)).all(axis=-1)
    assert (picture[..., 0] > 0).mean() == pytest.approx(inside.mean(), rel=0.06)

"""What the slice planes draw: exactly the voxels, in the colours that were chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import roiwidgets as rw
from roiwidgets.widgets._colormaps import label_colors
from roiwidgets.widgets._wire import WIRE_DTYPES
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.page.checks import FLIPPED, OBLIQUE, TOLERANCE, slice_points
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import (
    LayerData,
    encode_table,
    expected_colors,
    fire_table,
    gray_table,
    layer,
    noise,
)

DIRECTIONS = {
    "straight": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    "flipped": FLIPPED,
    "oblique": OBLIQUE,
}
PLACE: dict[str, Any] = {"spacing": (2.5, 1.0, 0.75), "origin": (-40.0, 7.0, 100.25)}
CROSSING = (3, 5, 11)
"""Voxel z, y, x in which the three planes meet."""


def value_limits(dtype: str) -> tuple[float, float]:
    """Return the smallest and the largest value that a test image of a type has."""
    if dtype.startswith("float"):
        return -1.5, 2.5
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


def scattered_points(
    image: LayerData, axis: str, index: int
) -> tuple[list[dict[str, float]], NDArray[Any]]:
    """Return one point in each voxel of a slice, off its centre, and the voxels' values."""
    points, values = slice_points(image, axis, index)
    steps = dict(zip("zyx", image.spacing, strict=True))
    # a pixel near an edge may show either voxel: pixels are up to 0.13 voxels wide here
    shifts = np.random.default_rng(3).uniform(-0.35, 0.35, (len(points), 3))
    return [
        {a: point[a] + shift * steps[a] * (a != axis) for a, shift in zip("zyx", row, strict=True)}
        for point, row in zip(points, shifts, strict=True)
    ], values


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS.keys())
def test_slices_show_the_nearest_voxel_of_images_of_every_type(
    viewer: ViewerPage, direction: list[float]
) -> None:
    viewer.create_model()
    viewer.page.evaluate("harness.addView(0)")
    for number, dtype in enumerate(WIRE_DTYPES):
        low, high = value_limits(dtype)
        image = layer(noise((9, 14, 17), dtype, low, high), id=f"image-{number}", **PLACE)
        window = (low + 0.1 * (high - low), high - 0.2 * (high - low))
        scene = viewer.scene(image, direction=direction)
        viewer.serve_also(image)

        viewer.set(scene=scene, color_range=list(window), slices=image.centre(CROSSING))

        for axis, index in zip("zyx", CROSSING, strict=True):
            points, values = scattered_points(image, axis, index)
            expected = expected_colors(values, gray_table(), window)
            difference = np.abs(viewer.colors(axis, points) - expected).max()
            assert difference <= TOLERANCE, f"{dtype} across {axis}"


@pytest.mark.parametrize("direction", DIRECTIONS.values(), ids=DIRECTIONS.keys())
def test_labels_of_every_type_have_exactly_their_colors(
    viewer: ViewerPage, direction: list[float]
) -> None:
    image = layer(np.zeros((9, 14, 17), np.uint8), **PLACE)
    viewer.open(image, slices=image.centre(CROSSING), label_opacity=1, roi_visible=False)
    for dtype in ("uint8", "uint16", "uint32"):
        largest = np.iinfo(dtype).max
        ids = np.random.default_rng(5).choice([0, 1, 2, 3, largest - 1, largest], (9, 14, 17))
        labels = layer(ids.astype(dtype), id=f"labels-{largest}", kind="labels", **PLACE)
        viewer.serve_also(labels)

        viewer.set(scene=viewer.scene(image, labels, direction=direction))

        for axis, index in zip("zyx", CROSSING, strict=True):
            points, values = scattered_points(labels, axis, index)
            difference = np.abs(viewer.colors(axis, points) - label_colors(values).astype(int))
            assert difference.max() <= TOLERANCE, f"{dtype} across {axis}"


@pytest.mark.parametrize("with_labels", [False, True], ids=["image", "labels"])
@pytest.mark.parametrize(
    "turn",
    [np.diag([1.0, -1.0, -1.0]), np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0], [0.8, -0.6, 0.0]])],
    ids=["flipped", "oblique"],
)
def test_slices_and_labels_stand_where_the_world_says(
    webview: WebviewPage, turn: NDArray[np.float64], with_labels: bool
) -> None:
    voxels = noise((9, 14, 17), "uint16", 0, 60_000)
    ids = np.random.default_rng(6).integers(0, 5, voxels.shape).astype(np.uint32)
    spacing, origin = np.array([2.5, 1.0, 0.75]), np.array([5.0, -7.0, 9.0])
    image, labels = (
        rw.open_image(array, axes="zyx", spacing=spacing, origin=origin, direction=turn.tolist())
        for array in (voxels, ids)
    )
    viewer = rw.Viewer(image, labels if with_labels else None, label_opacity=1.0)
    viewer.color_range, viewer.roi_visible = (0, 60_000), False
    crossing = (origin + turn @ (CROSSING * spacing)).tolist()
    viewer.slices = dict(zip("zyx", crossing, strict=True))

    webview.show(viewer)

    first = turn.T @ origin  # the planes draw the array's own axes, turned back
    for i, axis in enumerate("zyx"):
        indices = np.argwhere(np.ones(voxels.shape, bool))
        indices = indices[indices[:, i] == CROSSING[i]]
        places = (first + indices * spacing).tolist()
        points = [dict(zip("zyx", place, strict=True)) for place in places]
        expected = expected_colors(voxels[tuple(indices.T)], gray_table(), (0, 60_000)).astype(int)
        if with_labels:
            over = ids[tuple(indices.T)]
            expected = np.where(over[:, np.newaxis] == 0, expected, label_colors(over))
        colors = np.array(webview.ask("colorsAt", axis, points))
        assert np.abs(colors - expected).max() <= TOLERANCE, f"across {axis}"


def test_a_new_color_table_is_drawn_after_its_name(viewer: ViewerPage) -> None:
    image = layer(noise((4, 12, 12), "uint8", 0, 255))
    viewer.open(image, slices=image.centre((1, 6, 6)))

    viewer.page.get_by_label("Colors", exact=True).select_option("magma")
    viewer.wait_drawn()
    viewer.set(color_table=encode_table(fire_table()))

    points, values = slice_points(image, "z", 1)
    assert viewer.saved("color_map") == "magma"
    expected = expected_colors(values, fire_table(), (0, 255))
    assert np.abs(viewer.colors("z", points) - expected).max() <= TOLERANCE


def test_labels_cover_the_image_exactly_and_0_is_transparent(viewer: ViewerPage) -> None:
    labels = np.zeros((6, 16, 16), dtype=np.uint32)
    labels[:, 4:9, 4:9], labels[:, 9:12, 9:12] = 1, 70_000
    image = layer(np.zeros((6, 16, 16), dtype=np.uint8))
    overlay = layer(labels, id="labels-1", kind="labels", scales=2)

    viewer.open(image, overlay, label_opacity=1, slices=image.centre((2, 6, 6)))

    points, values = slice_points(overlay, "z", 2)
    colors = viewer.colors("z", points)
    one, other = (np.unique(colors[values == id], axis=0) for id in (1, 70_000))
    assert len(one) == len(other) == 1
    assert (one != other).any()
    assert (colors[values == 0] == 0).all()


def test_colours_of_an_rgb_image_are_drawn_as_they_are(viewer: ViewerPage) -> None:
    rgb = noise((4, 10, 12, 3), "uint8", 0, 255)
    image = layer(rgb, kind="rgb")

    viewer.open(image, slices=image.centre((2, 5, 5)))

    points, _ = slice_points(image, "z", 2)
    expected = rgb[2].reshape(-1, 3).astype(int)
    assert np.abs(viewer.colors("z", points) - expected).max() <= TOLERANCE

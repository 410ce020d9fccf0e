"""What a slice plane must show of a layer, and places that several tests use."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import LayerData, expected_colors, gray_table

TOLERANCE = 2
"""Grey levels; canvases may keep colours premultiplied."""

OBLIQUE = [0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, -1.0]
"""A turn about z and a flip of z, row by row in x, y, z order."""

FLIPPED = [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0]

ROI = {"lower": {"x": 3.5, "y": 5.5, "z": 1.5}, "upper": {"x": 11.5, "y": 13.5, "z": 9.5}}
"""Voxels 4-11, 6-13, 2-9 of an image with unit spacing."""


def slice_points(
    image: LayerData, axis: str, index: int
) -> tuple[list[dict[str, float]], np.ndarray[Any, Any]]:
    """Return the centres of all voxels of a slice, and their values."""
    volume = image.finest[..., 0]
    i = "zyx".index(axis)
    indices = [list(range(n)) for n in volume.shape]
    indices[i] = [index]
    grid = [(z, y, x) for z in indices[0] for y in indices[1] for x in indices[2]]
    return [image.centre(each) for each in grid], np.array([volume[each] for each in grid])


def assert_shows(
    viewer: ViewerPage, image: LayerData, axis: str, index: int, window: tuple[float, float]
) -> None:
    points, values = slice_points(image, axis, index)
    expected = expected_colors(values, gray_table(), window)
    assert np.abs(viewer.colors(axis, points) - expected).max() <= TOLERANCE

"""What the slice planes draw: exactly the voxels, in the colours that were chosen."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.page.checks import FLIPPED, OBLIQUE, TOLERANCE, assert_shows, slice_points
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import encode_table, expected_colors, fire_table, layer, noise


@pytest.mark.parametrize(
    ("dtype", "low", "high", "direction"),
    [
        ("uint8", 0, 255, None),
        ("int16", -1000, 3000, OBLIQUE),
        ("uint16", 0, 65535, FLIPPED),
        ("float32", -1.5, 2.5, OBLIQUE),
    ],
)
def test_slices_show_the_voxels_of_anisotropic_turned_and_flipped_images(
    viewer: ViewerPage, dtype: str, low: float, high: float, direction: list[float] | None
) -> None:
    window = (low + 0.1 * (high - low), high - 0.2 * (high - low))
    image = layer(
        noise((9, 14, 17), dtype, low, high), spacing=(2.5, 1.0, 0.75), origin=(-40.0, 7.0, 100.25)
    )
    scene = viewer.scene(image, direction=direction or [1, 0, 0, 0, 1, 0, 0, 0, 1])

    viewer.open(image, scene=scene, color_range=list(window), slices=image.centre((3, 5, 11)))

    for axis, index in zip("zyx", (3, 5, 11), strict=True):
        assert_shows(viewer, image, axis, index, window)


def test_a_new_color_table_is_drawn_after_its_name(viewer: ViewerPage) -> None:
    image = layer(noise((4, 12, 12), "uint8", 0, 255))
    viewer.open(image, slices=image.centre((1, 6, 6)))

    viewer.page.get_by_label("Colors").select_option("magma")
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

"""Two images over each other are drawn as numpy would mix them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import roiwidgets as rw
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.page.checks import TOLERANCE, slice_points
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise

FIXED = layer(noise((8, 16, 16), "uint8", 0, 255))
MOVING = layer(255 - noise((8, 16, 16), "uint8", 0, 200), id="moving-2", name="Moving")
A = FIXED.finest[3, ..., 0].astype(float)
B = MOVING.finest[3, ..., 0].astype(float)


def show(viewer: ViewerPage, **traits: object) -> None:
    viewer.open(FIXED, MOVING, roi_visible=False, slices=FIXED.centre((3, 8, 8)), **traits)


def drawn(viewer: ViewerPage) -> NDArray[np.int64]:
    points, _ = slice_points(FIXED, "z", 3)
    return viewer.colors("z", points).reshape(16, 16, 3)


def gray(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.repeat(values[..., None], 3, axis=-1)


@pytest.mark.parametrize("mix", [0.0, 0.25, 1.0])
def test_a_blend_is_the_weighted_mean(viewer: ViewerPage, mix: float) -> None:
    show(viewer, compare_method="blend", image_mix=mix)

    assert np.abs(drawn(viewer) - gray((1 - mix) * A + mix * B)).max() <= TOLERANCE


@pytest.mark.parametrize(("mix", "shown"), [(0.2, A), (0.8, B)])
def test_one_or_the_other(viewer: ViewerPage, mix: float, shown: NDArray[np.float64]) -> None:
    show(viewer, compare_method="swap", image_mix=mix)

    assert np.abs(drawn(viewer) - gray(shown)).max() <= TOLERANCE


def test_squares_of_both_images_alternate(viewer: ViewerPage) -> None:
    show(viewer, compare_method="checkerboard", checkerboard_pattern=4)

    y, x = np.indices((16, 16)) // 4
    assert np.abs(drawn(viewer) - gray(np.where((x + y) % 2 == 1, B, A))).max() <= TOLERANCE


@pytest.mark.parametrize(
    ("method", "fixed_channels"), [("green-magenta", [1]), ("cyan-red", [1, 2])]
)
def test_two_colors_add_up(viewer: ViewerPage, method: str, fixed_channels: list[int]) -> None:
    show(viewer, compare_method=method)

    expected = gray(B)
    expected[..., fixed_channels] = A[..., None]
    assert np.abs(drawn(viewer) - expected).max() <= TOLERANCE


def test_images_on_other_grids_meet_in_the_world(viewer: ViewerPage) -> None:
    coarse = layer(
        noise((4, 8, 8), "uint8", 0, 255), id="moving-2", name="Moving",
        spacing=(2.0, 2.0, 2.0), origin=(0.5, 0.5, 4.5),
    )  # fmt: skip
    viewer.open(
        FIXED, coarse, roi_visible=False, slices=FIXED.centre((3, 8, 8)),
        compare_method="swap", image_mix=1.0,
    )  # fmt: skip

    expected = A.copy()
    twice = coarse.finest[1, ..., 0].repeat(2, axis=0).repeat(2, axis=1)
    expected[:, 4:] = twice[:, :12]

    assert np.abs(drawn(viewer) - gray(expected)).max() <= TOLERANCE


def test_a_turned_image_is_drawn_where_it_is_and_nowhere_else(webview: WebviewPage) -> None:
    turn = np.array([[0.6, 0.0, -0.8], [0.48, 0.8, 0.36], [0.64, -0.6, 0.48]])
    shape, spacing = np.array([12, 16, 20]), np.array([1.5, 1.0, 0.75])
    middle = np.array([15.5, 15.5, 15.5])
    origin = middle - turn @ (spacing * (shape - 1) / 2)
    world = (np.moveaxis(np.indices(shape), 0, -1) * spacing) @ turn.T + origin
    # brighter than the fixed image everywhere
    gray_at = np.array([2.0, -3.0, 2.5])
    values = (world - middle) @ gray_at + 165
    moving = rw.open_image(
        values.astype(np.float32), axes="zyx", direction=turn.tolist(),
        spacing=spacing.tolist(), origin=origin.tolist(),
    )  # fmt: skip
    fixed = np.full((32, 32, 32), 20, np.float32)
    fixed[0] = 255  # so that both are seen through one window
    viewer = rw.Viewer(fixed, roi_visible=False)
    viewer.compare_with(moving, method="swap", image_mix=1.0)
    viewer.color_range, viewer.annotations_enabled = (0, 255), False
    viewer.slices = dict.fromkeys("xyz", 15.5)

    webview.show(viewer)

    for i, axis in enumerate("zyx"):
        sides = [np.arange(2.0, 30.0, 0.43)] * 3
        sides[i] = np.array([15.5])
        points = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 3)
        places = (points - origin) @ turn / spacing
        beyond = np.abs(places - (shape - 1) / 2) - shape / 2
        asked = [dict(zip("zyx", point, strict=True)) for point in points.tolist()]
        reds = np.array(webview.ask("colorsAt", axis, asked))[:, 0]
        outside, inside = (beyond > 0.2).any(axis=1), (beyond < -0.2).all(axis=1)
        assert min(outside.sum(), inside.sum()) > 500
        assert (np.abs(reds[outside] - 20) <= TOLERANCE).all(), axis
        difference = np.abs(reds[inside] - ((points[inside] - middle) @ gray_at + 165))
        # a voxel, at most 1.04 wide, has the value of its middle throughout
        assert difference.max() <= 0.52 * np.abs(gray_at).sum() + TOLERANCE, axis


def test_the_panel_offers_what_the_method_needs(viewer: ViewerPage) -> None:
    show(viewer)
    viewer.page.get_by_role("button", name="Layers").click()

    viewer.page.get_by_label("Compare").select_option("checkerboard")
    viewer.page.get_by_label("Squares").fill("16")
    viewer.wait_settled()

    assert viewer.get("compare_method") == "checkerboard"
    assert viewer.get("checkerboard_pattern") == 16
    assert not viewer.page.get_by_label("Mix").is_visible()
    viewer.page.get_by_label("Moving").uncheck()
    viewer.wait_settled()
    assert np.abs(drawn(viewer) - gray(A)).max() <= TOLERANCE

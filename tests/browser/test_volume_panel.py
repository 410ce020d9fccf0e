"""How the volume is drawn: what the panel sets, and what its pixels then are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import ct_phantom, layer

SIDE = 32
AHEAD = {
    "volume": {
        "position": [15.5, 15.5, -4000.0],
        "focal_point": [15.5, 15.5, 15.5],
        "view_up": [0.0, -1.0, 0.0],
    }
}
"""From so far away that all rays run along z, nearly."""


def blocks() -> NDArray[np.uint8]:
    """Return columns along z that hold a bright, a dark and a middle part each."""
    volume = np.full((SIDE, SIDE, SIDE), 100, np.uint8)
    volume[4:8, :16, :16] = 250
    volume[20:24, :16, 16:] = 30
    volume[:, 16:, :16] = 180
    return volume


PLACES = {"bright": (8, 8), "dark": (8, 24), "column": (24, 8), "plain": (24, 24)}


def grays(viewer: ViewerPage, image: Any) -> dict[str, int]:
    points = [image.centre((15, y, x)) for y, x in PLACES.values()]
    colors = viewer.colors("volume", points)
    return dict(zip(PLACES, colors[:, 0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("projection", "reduce"), [("maximum", np.max), ("minimum", np.min), ("average", np.mean)]
)
def test_a_projection_shows_what_numpy_finds_along_the_rays(
    viewer: ViewerPage, projection: str, reduce: Any
) -> None:
    volume = blocks()
    image = layer(volume)
    viewer.open(
        image, volume_projection=projection, view_mode="volume", camera=AHEAD, roi_visible=False,
        color_range=[0, 255], sample_distance=0.2,
    )  # fmt: skip
    viewer.set(camera={"volume": {**AHEAD["volume"], "position": [15.5, 15.5, -100.0]}})

    seen = grays(viewer, image)

    along_z = reduce(volume.astype(float), axis=0)
    for name, place in PLACES.items():
        assert seen[name] == pytest.approx(along_z[place], abs=12), name


def test_the_panel_sets_what_python_sees(viewer: ViewerPage) -> None:
    viewer.open(layer(blocks()))
    viewer.page.get_by_role("button", name="Volume").click()

    viewer.page.get_by_label("Edges only").fill("0.8")
    viewer.page.get_by_label("Shading").uncheck()
    viewer.page.get_by_label("Sample distance").fill("1.5")
    viewer.page.get_by_label("Projection").select_option("maximum")
    viewer.wait_settled()

    values = {name: viewer.get(name) for name in ("gradient_opacity", "shading")}
    assert values == {"gradient_opacity": 0.8, "shading": False}
    assert viewer.get("sample_distance") == 1.5
    assert viewer.get("volume_projection") == "maximum"
    assert not viewer.page.get_by_label("Edges only").is_visible()


def test_points_of_the_opacity_are_dragged_added_and_removed(viewer: ViewerPage) -> None:
    viewer.open(layer(blocks()), opacity_points=[[0, 0], [100, 0.5], [255, 1]])
    viewer.page.get_by_role("button", name="Volume").click()
    points = viewer.page.locator(".rw-point")

    middle = points.nth(1)
    box = middle.bounding_box()
    assert box is not None
    viewer.drag((box["x"] + 4, box["y"] + 4), (20, -12))
    (_, _), (value, opacity), (_, _) = viewer.get("opacity_points")
    assert 110 < value < 140
    assert 0.6 < opacity < 0.8
    points.nth(1).press("ArrowDown")
    viewer.wait_settled()
    assert viewer.get("opacity_points")[1][1] == pytest.approx(opacity - 0.02)
    editor = viewer.page.locator(".rw-opacity").bounding_box()
    assert editor is not None
    viewer.page.mouse.dblclick(editor["x"] + 200, editor["y"] + 40)
    viewer.wait_settled()
    assert len(viewer.get("opacity_points")) == 4
    points.nth(1).press("Delete")
    viewer.wait_settled()
    assert len(viewer.get("opacity_points")) == 3
    viewer.page.get_by_role("button", name="Auto").nth(1).click()
    viewer.wait_settled()

    assert viewer.get("opacity_points") == []


def test_what_is_clear_is_not_seen(viewer: ViewerPage) -> None:
    image = layer(blocks())
    viewer.open(image, view_mode="volume", roi_visible=False, color_range=[0, 255])
    before = grays(viewer, image)

    viewer.set(opacity_points=[[0, 0], [255, 0]])

    assert max(grays(viewer, image).values()) < 25 < max(before.values())


def test_flat_images_and_colors_have_no_volume_to_set(viewer: ViewerPage) -> None:
    viewer.open(layer(blocks()[:1]))

    assert not viewer.page.get_by_role("button", name="Volume").is_visible()


def test_a_volume_turns_by_itself_and_tells_nobody(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250], view_mode="volume")
    before = viewer.at("volume", image.centre((16, 16, 31)))
    viewer.page.get_by_role("button", name="Volume", exact=True).click()

    viewer.page.get_by_label("Turn by itself").check()
    viewer.wait_for(
        "([p, x]) => Math.abs(harness.pageOf('volume', p).x - x) > 5",
        [image.centre((16, 16, 31)), before[0]],
    )
    viewer.page.get_by_label("Turn by itself").uncheck()
    viewer.wait_settled()

    assert viewer.get("camera") == {}
    assert viewer.get("rotate") is False


def test_scattering_darkens_what_lies_in_the_shade(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250])
    point = image.centre((16, 16, 16))
    before = viewer.colors("volume", [point])

    viewer.set(scattering=1.0, background_color="#203040")

    assert (viewer.colors("volume", [point]) != before).any()
    (corner,) = viewer.colors("z", [{"x": -3, "y": 16, "z": 16}])
    assert corner.tolist() == [0x20, 0x30, 0x40]

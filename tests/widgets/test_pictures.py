"""The picture in saved notebooks, against numpy slices and known colours."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import roiwidgets as rw
from roiwidgets.errors import OutputExistsError
from roiwidgets.images.readers import open_image
from roiwidgets.widgets import _picture
from roiwidgets.widgets._colormaps import color_table, label_colors
from roiwidgets.widgets._wire import fold_labels

FLIPPED = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
OUTLINE = np.array(_picture.ROI_COLOR)


def panels(viewer: rw.Viewer) -> list[np.ndarray[Any, Any]]:
    """Return the planes of the picture, cut apart at the gaps."""
    picture = np.asarray(Image.open(io.BytesIO(viewer.draw_png())).convert("RGB"))
    gap = np.all(picture == _picture.BACKGROUND, axis=(0, 2))
    starts = np.flatnonzero(gap[:-1] & ~gap[1:]) + 1
    stops = np.flatnonzero(~gap[:-1] & gap[1:]) + 1
    found = []
    for start, stop in zip(starts, stops, strict=True):
        strip = picture[:, start:stop]
        rows = np.flatnonzero(~np.all(strip == _picture.BACKGROUND, axis=(1, 2)))
        found.append(strip[rows[0] : rows[-1] + 1])
    return found


def centres(panel: np.ndarray[Any, Any], shape: tuple[int, int]) -> np.ndarray[Any, Any]:
    """Return the colours at the middle of each voxel."""
    rows, columns = (
        ((np.arange(n) + 0.5) * size / n).astype(int)
        for n, size in zip(shape, panel.shape[:2], strict=True)
    )
    return panel[np.ix_(rows, columns)]


@pytest.mark.parametrize("direction", [None, FLIPPED])
def test_the_planes_through_the_crosshair_are_drawn(direction: Any) -> None:
    voxels = np.random.default_rng(0).integers(0, 255, (8, 10, 16)).astype(np.uint8)
    image = open_image(voxels, axes="zyx", direction=direction)
    viewer = rw.view(image, color_map="viridis", color_range=(0, 255))
    viewer.slices = dict(
        zip("zyx", map(float, viewer.image_grid.index_to_world([3, 7, 11])), strict=True)  # type: ignore[union-attr] # it has an image
    )

    found = panels(viewer)

    for panel, plane in zip(found, (voxels[3], voxels[:, 7], voxels[:, :, 11]), strict=True):
        inner = centres(panel, plane.shape)[1:-1, 1:-1]
        expected = color_table("viridis")[plane][1:-1, 1:-1]
        assert np.abs(inner.astype(int) - expected).max() == 0


def test_a_plane_keeps_the_proportions_of_the_world() -> None:
    image = open_image(np.zeros((40, 20), np.uint8), axes="yx", spacing={"y": 1.0, "x": 4.0})

    (panel,) = panels(rw.view(image))

    height, width = panel.shape[:2]
    assert width == _picture.SIDE
    assert height == _picture.SIDE // 2


def test_the_region_is_outlined_where_the_plane_meets_it() -> None:
    viewer = rw.view(np.zeros((10, 10, 10), np.uint8))
    viewer.roi = ({"z": 1.5, "y": 2.5, "x": 4.5}, {"z": 3.5, "y": 6.5, "x": 8.5})
    viewer.slices = {"z": 8.0, "y": 4.0, "x": 6.0}

    xy, xz, _ = panels(viewer)

    assert not np.all(xy == OUTLINE, axis=-1).any()
    rows, columns = np.nonzero(np.all(xz == OUTLINE, axis=-1))
    assert (rows.min(), rows.max()) == (2 * 32, 4 * 32 - 1)
    assert (columns.min(), columns.max()) == (5 * 32, 9 * 32 - 1)


def test_labels_of_another_grid_lie_where_they_belong() -> None:
    labels = np.zeros((5, 5), np.uint32)
    labels[1, 2] = 70_000
    image = open_image(np.zeros((20, 20), np.uint8), axes="yx")
    overlay = open_image(
        labels, axes="yx", spacing={"y": 2.0, "x": 2.0}, origin={"y": 4.5, "x": 6.5}
    )

    (panel,) = panels(rw.view(image, overlay, label_opacity=1.0))

    drawn = centres(panel, (20, 20))
    expected = np.zeros((20, 20, 3), int)
    expected[6:8, 10:12] = label_colors(np.array(70_000))
    inner = np.s_[1:-1, 1:-1]
    assert np.abs(drawn.astype(int) - expected)[inner].max() == 0


def test_wide_labels_have_the_colours_that_the_browser_gives_them() -> None:
    wide = np.array([[2**32 + 5, 2**63 + 7], [3, 0]], np.uint64)
    viewer = rw.Viewer(np.zeros((2, 2), np.uint8), wide, label_opacity=1.0, slices={})

    (panel,) = panels(viewer)

    inner = centres(panel, wide.shape)
    assert (inner == label_colors(fold_labels(wide))).all()


def test_colours_are_drawn_as_they_are_and_nan_black() -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    (panel,) = panels(rw.view(open_image(rgb, axes="yxc")))
    assert np.abs(centres(panel, (8, 8)).astype(int) - rgb)[1:-1, 1:-1].max() == 0

    values = np.ones((8, 8), np.float32)
    values[3, 4] = np.nan
    (panel,) = panels(rw.view(values, color_range=(0, 1)))
    drawn = centres(panel, (8, 8))
    assert (drawn[3, 4] == 0).all()
    assert (drawn[5, 5] == 255).all()


def test_infinite_values_have_the_outermost_colours() -> None:
    values = np.full((8, 8), 0.5, np.float32)
    values[3, 4], values[5, 5] = np.inf, -np.inf

    (panel,) = panels(rw.view(values, color_map="viridis", color_range=(0.0, 1.0)))

    drawn, table = centres(panel, (8, 8)), color_table("viridis")
    np.testing.assert_array_equal([drawn[3, 4], drawn[5, 5]], [table[255], table[0]])


def test_the_narrowest_window_there_is_is_drawn() -> None:
    plane = np.array([[-1.0, 0.0, 1.0]])

    colors = _picture.colorize(plane, color_table("gray"), 0.0, 5e-324)

    assert colors[0, :, 0].tolist() == [0, 0, 255]


def test_a_window_may_be_as_wide_as_floats_go() -> None:
    plane = np.array([[-1.7e308, 0.0, 1.7e308]])

    colors = _picture.colorize(plane, color_table("gray"), -1.7e308, 1.7e308)

    assert colors[0, :, 0].tolist() == [0, 128, 255]


def test_the_time_and_channel_that_are_shown_are_drawn() -> None:
    movie = np.zeros((3, 2, 8, 8), np.uint8)
    movie[2, 1] = 200

    viewer = rw.view(open_image(movie, axes="tcyx"), color_range=(0, 200))
    viewer.time_index, viewer.channel_index = 2, 1

    assert (panels(viewer)[0][100, 100] == 255).all()
    viewer.time_index = 1
    assert (panels(viewer)[0][100, 100] == 0).all()


def test_a_display_carries_the_picture_beside_the_view() -> None:
    viewer = rw.view(np.zeros((4, 4), np.uint8))

    bundle, _ = viewer._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["image/png"] == viewer.draw_png()


def test_a_region_thinner_than_a_pixel_is_drawn_as_a_line() -> None:
    viewer = rw.Viewer(open_image(np.zeros((4, 400, 6), np.uint8), axes="zyx"))
    viewer.roi = ({"x": 2.5, "y": 9.5, "z": 0.5}, {"x": 3.5, "y": 10.5, "z": 1.5})

    assert len(viewer.draw_png()) > 100


def test_a_picture_is_saved_and_never_over_another(tmp_path: Path) -> None:
    viewer = rw.Viewer(np.zeros((4, 5, 6), np.uint8))
    path = viewer.save_png(tmp_path / "planes.png")

    assert path.read_bytes() == viewer.draw_png()
    with pytest.raises(OutputExistsError, match=r"planes\.png exists"):
        viewer.save_png(path)
    assert viewer.save_png(path, overwrite=True) == path


FIXED = np.random.default_rng(0).integers(0, 255, (20, 40)).astype(np.uint8)
MOVING = np.random.default_rng(1).integers(0, 255, (20, 20)).astype(np.uint8)


@pytest.mark.parametrize(
    ("method", "mix"),
    [("blend", 0.25), ("swap", 0.8), ("swap", 0.2), ("checkerboard", 0), ("cyan-red", 0)],
)
def test_a_comparison_is_drawn_as_numpy_mixes_it(method: str, mix: float) -> None:
    moving = open_image(MOVING, axes="yx", origin={"x": 10.0})
    viewer = rw.Viewer(FIXED, roi_visible=False, color_range=(0, 255), checkerboard_pattern=4)
    viewer.compare_with(moving, method=method, image_mix=mix)

    picture = Image.open(io.BytesIO(viewer.draw_png())).convert("RGB")
    inner = picture.crop((_picture.GAP, _picture.GAP, *(n - _picture.GAP for n in picture.size)))
    drawn = np.asarray(inner.resize((40, 20), Image.Resampling.BOX)).astype(float)

    over = np.zeros((20, 40))
    over[:, 10:30] = MOVING
    inside = (np.arange(40) >= 10) & (np.arange(40) < 30)
    y, x = np.indices((20, 40)) // 10
    share = {"blend": mix, "swap": float(mix >= 0.5), "checkerboard": (x + y) % 2}.get(method, 0)
    share = share * np.broadcast_to(inside, (20, 40))
    expected = np.repeat((FIXED * (1 - share) + over * share)[..., None], 3, axis=-1)
    if method == "cyan-red":
        expected = np.stack([over, FIXED, FIXED], axis=-1)
    assert np.abs(drawn - expected).max() <= 1

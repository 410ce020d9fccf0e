"""Points over an image: where they are in its frame, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import roiwidgets as rw
from roiwidgets.errors import ParameterError
from roiwidgets.images.readers import open_image

TURNED = ((1.0, 0.0, 0.0), (0.0, 0.8, -0.6), (0.0, 0.6, 0.8))
VOXELS = np.zeros((10, 20, 40), np.uint8)


def positions(viewer: rw.Viewer, i: int = 0) -> NDArray[np.float32]:
    return np.frombuffer(viewer.point_sets[i]["positions"], "<f4").reshape(-1, 3)


def test_points_lie_in_the_frame_of_a_turned_image() -> None:
    image = open_image(VOXELS, axes="zyx", spacing={"x": 0.5}, direction=TURNED)
    viewer = rw.Viewer(image)
    z, y, x = np.array(TURNED) @ [3, 4, 5.5]

    viewer.set_points([[x, y, z]], color="cyan", size=2, opacity=0.5)

    assert positions(viewer)[0] == pytest.approx([5.5, 4, 3])
    (described,) = viewer.point_sets
    assert {key: described[key] for key in ("name", "color", "size", "opacity")} == {
        "name": "Points", "color": "#00ffff", "size": 2.0, "opacity": 0.5,
    }  # fmt: skip


def test_points_follow_to_another_image() -> None:
    viewer = rw.Viewer(VOXELS, points=[[1, 2, 3]])
    viewer.set_image(open_image(VOXELS, axes="zyx", direction=TURNED))

    assert positions(viewer)[0] == pytest.approx((np.array(TURNED).T @ [3, 2, 1])[::-1])

    viewer.set_image(VOXELS[0])
    assert viewer.point_sets == []
    viewer.set_image(VOXELS)
    assert positions(viewer)[0] == pytest.approx([1, 2, 3])


def test_sets_are_known_by_their_name() -> None:
    viewer = rw.Viewer(VOXELS, points=[[1, 2, 3]])
    viewer.set_points(np.ones((5, 3)), "Landmarks", order="zyx")
    viewer.set_points(np.ones((2, 3)))

    assert viewer.layer_names == ["Image", "Landmarks", "Points"]
    assert [len(positions(viewer, i)) for i in range(2)] == [5, 2]
    viewer.set_points(None)
    assert viewer.layer_names == ["Image", "Landmarks"]


def test_points_of_a_flat_image_have_two_coordinates() -> None:
    viewer = rw.Viewer(VOXELS[0], points=[[1.5, 2.5]])

    assert positions(viewer).tolist() == [[1.5, 2.5, 0]]
    with pytest.raises(ParameterError, match=r"shape \(N, 2\)"):
        viewer.set_points([[1, 2, 3]])


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"size": 0}, "above 0"),
        ({"size": float("inf")}, "finite"),
        ({"opacity": 1.5}, "from 0 to 1"),
        ({"color": "no such color"}, "unknown color"),
        ({"points": np.zeros((1_000_001, 3))}, "every n-th"),
    ],
)
def test_a_look_that_cannot_be_is_refused_and_nothing_changes(
    options: dict[str, object], problem: str
) -> None:
    viewer = rw.Viewer(VOXELS, points=[[1, 2, 3]])
    before = viewer.point_sets

    with pytest.raises(ParameterError, match=problem):
        viewer.set_points(**{"points": [[0, 0, 0]], **options})  # type: ignore[arg-type] # wrong on purpose

    assert viewer.point_sets == before


def test_the_picture_shows_where_planes_cut_points() -> None:
    def is_red(viewer: rw.Viewer) -> NDArray[np.bool_]:
        picture = np.asarray(Image.open(io.BytesIO(viewer.draw_png())).convert("RGB"))
        return (picture == [255, 0, 0]).all(axis=-1)

    viewer = rw.Viewer(VOXELS, roi_visible=False, slices={"x": 20, "y": 10, "z": 5})
    viewer.set_points([[20, 10, 5]], color="red", size=4)
    middle = is_red(viewer)
    viewer.set_points([[20, 10, 8]], color="red", size=4)  # the plane across z is 3 away

    assert middle.sum() > is_red(viewer).sum() > 0
    viewer.layer_visibility = {"Points": False}
    assert not is_red(viewer).any()

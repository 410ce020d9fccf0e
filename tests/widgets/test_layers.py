"""Labels alone, comparisons and the look of layers, from Python."""

from __future__ import annotations

import gc
import io
import weakref
from typing import Any

import numpy as np
import pytest
from PIL import Image

import roiwidgets as rw
from roiwidgets.errors import GeometryError, ImageError, ParameterError, ViewerError
from roiwidgets.images.readers import open_image
from roiwidgets.widgets._colormaps import label_colors
from roiwidgets.widgets._wire import fold_labels
from tests.widgets.recording import RecordingViewer

LABELS = np.arange(8 * 10 * 12, dtype=np.uint16).reshape(8, 10, 12) // 100


def test_labels_are_shown_without_an_image() -> None:
    viewer = rw.view(label_image=LABELS)

    assert viewer.layer_names == ["Labels"]
    assert viewer.get_roi_slice(0) == (slice(0, 8), slice(0, 10), slice(0, 12))
    np.testing.assert_array_equal(viewer.get_roi_image(0).data, LABELS)
    picture = np.asarray(Image.open(io.BytesIO(viewer.draw_png())))
    colors = {tuple(color) for color in label_colors(np.unique(LABELS)).tolist()}
    assert {tuple(color) for color in picture.reshape(-1, 3).tolist()} & colors


def test_an_image_joins_labels_and_labels_alone_stay() -> None:
    viewer = rw.view(label_image=LABELS)
    with pytest.raises(ImageError, match="all that is shown"):
        viewer.set_label_image(None)

    viewer.set_image(np.zeros(LABELS.shape, np.uint8))
    viewer.set_label_image(None)

    assert viewer.layer_names == ["Image"]


def test_nothing_is_refused() -> None:
    with pytest.raises(ImageError, match="nothing to show"):
        rw.view()


def test_two_images_are_compared_and_parted_again() -> None:
    viewer = rw.view(np.zeros((4, 5, 6), np.uint8))

    viewer.compare_images(np.ones((4, 5, 6)), np.ones((8, 8, 8)), method="checkerboard")
    assert viewer.layer_names == ["Fixed", "Moving"]
    assert viewer.compare_method == "checkerboard"
    viewer.compare_images(np.zeros((4, 5, 6)), None)

    assert viewer.layer_names == ["Image"]


def test_compare_returns_a_viewer_of_both() -> None:
    viewer = rw.compare(np.zeros((4, 5, 6)), np.ones((4, 5, 6)), image_mix=0.25, height=300)

    assert viewer.layer_names == ["Fixed", "Moving"]
    assert (viewer.image_mix, viewer.height) == (0.25, 300)


def test_images_that_cannot_be_compared_are_refused() -> None:
    colors = open_image(np.zeros((5, 6, 3), np.uint8), axes="yxc")

    with pytest.raises(ImageError, match="one value per voxel"):
        rw.compare(colors, colors)


def test_viewers_side_by_side_show_the_same_place() -> None:
    box = rw.side_by_side(np.zeros((8, 9, 10)), np.ones((8, 9, 10)), height=300)
    one, other = box.children

    one.roi = ({"x": 0.5, "y": 0.5, "z": 0.5}, {"x": 4.5, "y": 4.5, "z": 4.5})
    other.slices = {"x": 3.0, "y": 2.0, "z": 1.0}

    assert other.get_roi_slice(0) == one.get_roi_slice(0) == (slice(1, 5),) * 3
    assert one.slices == {"x": 3.0, "y": 2.0, "z": 1.0}
    with pytest.raises(ParameterError, match="two images or more"):
        rw.side_by_side(np.zeros((8, 9, 10)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("label_names", ["pore"]),
        ("label_names", {"pore": "x"}),
        ("label_names", {1: 5}),
        ("label_names", {1: "x" * 201}),
        ("hidden_labels", 3),
        ("hidden_labels", [-1]),
        ("hidden_labels", [True]),
        ("hidden_labels", [2**64]),
        ("layer_visibility", {"Image": "no"}),
        ("layer_visibility", [1]),
    ],
)
def test_the_look_of_layers_is_checked(name: str, value: Any) -> None:
    viewer = rw.view(np.zeros((4, 5, 6), np.uint8))
    before = getattr(viewer, name)

    with pytest.raises(ParameterError):
        setattr(viewer, name, value)
    viewer.set_state({name: value})

    assert getattr(viewer, name) == before


def test_label_names_and_hidden_labels_take_a_common_form() -> None:
    viewer = rw.view(label_image=LABELS, label_names={3: "pore"}, hidden_labels={5, 2})

    assert viewer.label_names == {"3": "pore"}
    assert viewer.hidden_labels == (2, 5)


def test_wide_labels_stay_apart_on_the_wire() -> None:
    labels = np.array([0, 1, 5, 2**32 - 1, 2**32, 2**32 + 1, 5 * 2**32 + 5, 2**64 - 1], np.uint64)

    folded = fold_labels(labels)

    assert folded[:4].tolist() == labels[:4].tolist()
    assert len(np.unique(folded)) == len(labels)
    assert np.unique(fold_labels(np.arange(2**40, 2**40 + 10_000))).size == 10_000


def test_a_closed_viewer_that_is_still_known_holds_no_image() -> None:
    voxels = np.zeros((16, 16, 16), np.uint8)
    freed = weakref.ref(voxels)
    viewer = rw.Viewer(voxels, voxels, color_map="viridis")
    viewer.draw_png()

    viewer.close()
    del voxels
    gc.collect()

    assert freed() is None
    assert viewer.color_map == "viridis"
    with pytest.raises(ViewerError, match="the viewer is closed; show the image in a new one"):
        viewer.get_roi_image()
    with pytest.raises(ViewerError, match="the viewer is closed"):
        viewer.set_image(np.zeros((4, 4, 4), np.uint8))


def test_a_closed_viewer_and_its_image_are_freed() -> None:
    voxels = np.zeros((16, 16, 16), np.uint8)
    viewer = rw.Viewer(voxels)
    viewer.draw_png()
    freed = weakref.ref(viewer)
    image = weakref.ref(viewer.image)

    viewer.close()
    del viewer
    gc.collect()

    assert freed() is None
    assert image() is None


def test_labels_of_64_bits_are_hidden_and_named_by_what_the_browser_sees() -> None:
    wide = 2**40 + 5
    viewer = RecordingViewer(label_image=np.full((4, 5, 6), wide, np.uint64))
    layer = viewer.scene["layers"][0]["id"]

    viewer.hidden_labels = [wide]
    viewer.label_names = {wide: "grain"}

    seen = int(viewer.ask(layer, [0, 0, 0], [1, 1, 1])[0, 0, 0])
    assert viewer.get_state()["hidden_labels"] == [seen]
    assert viewer.get_state()["label_names"] == {str(seen): "grain"}
    assert viewer.hidden_labels == (wide,)


def test_planes_and_volumes_do_not_go_over_each_other() -> None:
    volume, plane = np.zeros((4, 6, 7), np.uint8), np.zeros((6, 7), np.uint8)
    viewer = rw.Viewer(volume)

    with pytest.raises(GeometryError, match="Labels has the axes y, x, the image z, y, x"):
        viewer.set_label_image(plane)
    with pytest.raises(GeometryError, match="Moving has the axes"):
        viewer.compare_with(plane)

    assert viewer.layer_names == ["Image"]
    assert len(viewer.draw_png()) > 100


def test_the_second_image_and_labels_go_again() -> None:
    volume = np.zeros((4, 6, 7), np.uint8)
    viewer = rw.compare(volume, volume, name="Before")
    viewer.label_image = volume
    assert viewer.layer_names == ["Before", "Moving", "Labels"]

    viewer.compare_with(None)
    viewer.label_image = None

    assert viewer.layer_names == ["Before"]


def test_movies_side_by_side_show_the_same_moment() -> None:
    movie = open_image(np.zeros((3, 2, 4, 5, 6), np.uint8), axes="tczyx")
    one, other = rw.side_by_side(movie, movie).children
    still, _ = rw.side_by_side(np.zeros((4, 5, 6), np.uint8), movie).children

    one.time_index, one.channels_together = 2, True

    assert (other.time_index, other.channels_together) == (2, True)
    assert still.time_index == 0

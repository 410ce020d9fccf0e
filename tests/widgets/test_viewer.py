"""What the getters of a viewer answer, before and after somebody chooses a region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ngff_zarr import Multiscales

import roiwidgets as rw
from roiwidgets.errors import ImageError, ParameterError, RegionError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.readers import open_image
from tests.engine.phantoms import binned

SPACING = {"z": 2.5, "y": 1.0, "x": 0.75}
ORIGIN = {"z": -40.0, "y": 7.0, "x": 100.25}
SHAPE = (16, 20, 24)

FLIPPED = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
TURNED = ((1.0, 0.0, 0.0), (0.0, 0.8, -0.6), (0.0, 0.6, 0.8))


def volume(seed: int = 0, high: int = 255, **options: Any) -> Multiscales:
    voxels = np.random.default_rng(seed).integers(0, high, SHAPE).astype(np.uint8)
    return open_image(voxels, **{"axes": "zyx", "spacing": SPACING, "origin": ORIGIN, **options})


@pytest.fixture
def viewer() -> rw.Viewer:
    return rw.view(volume())


def edges(index: float, axis: str) -> float:
    """World position of the edge before a voxel."""
    return ORIGIN[axis] + (index - 0.5) * SPACING[axis]


def corners(lower: dict[str, int], upper: dict[str, int]) -> tuple[dict[str, float], ...]:
    return tuple({axis: edges(i, axis) for axis, i in box.items()} for box in (lower, upper))


# Before anybody chose ---------------------------------------------------------


def test_every_getter_answers_before_a_browser_does(viewer: rw.Viewer) -> None:
    assert viewer.get_current_scale() == 0
    assert viewer.get_roi_slice() == tuple(slice(0, n) for n in SHAPE)
    lower, upper = viewer.get_roi_region()
    assert lower == {axis: edges(0, axis) for axis in "xyz"}
    assert upper == {axis: edges(n, axis) for axis, n in zip("zyx", SHAPE, strict=True)}
    assert viewer.get_roi_image().data.shape == SHAPE
    assert [level.data.shape for level in viewer.get_roi_multiscale().images] == [
        level.data.shape for level in viewer.image.images
    ]


def test_a_small_budget_answers_with_a_coarser_scale() -> None:
    voxels = np.zeros((128, 128, 128), np.uint8)

    viewer = rw.view(voxels, memory_budget=2**20)

    assert viewer.get_current_scale() == 1
    assert viewer.get_roi_slice() == (slice(0, 64),) * 3


def test_labels_share_the_budget_with_the_image() -> None:
    voxels = np.zeros((96, 96, 96), np.uint8)

    alone = rw.view(voxels, memory_budget=2**20)
    labelled = rw.view(voxels, voxels.astype(np.uint32), memory_budget=2**20)

    assert (alone.get_current_scale(), labelled.get_current_scale()) == (0, 1)


def test_the_frames_of_a_movie_do_not_count_against_the_budget() -> None:
    movie = open_image(np.zeros((40, 128, 128), np.uint16), axes="tyx")

    viewer = rw.view(movie, memory_budget=2**20, stack=False)

    assert viewer.get_current_scale() == 0
    assert viewer.get_roi_slice() == (slice(0, 40), slice(0, 128), slice(0, 128))


# A region that was chosen -----------------------------------------------------


def test_a_region_in_the_world_becomes_slices_and_exact_translations(viewer: rw.Viewer) -> None:
    lower, upper = {"z": 2, "y": 5, "x": 7}, {"z": 9, "y": 6, "x": 24}

    viewer.roi = corners(lower, upper)

    assert viewer.get_roi_slice(0) == tuple(slice(lower[a], upper[a]) for a in "zyx")
    image = viewer.get_roi_image(0)
    assert image.translation == {a: ORIGIN[a] + lower[a] * SPACING[a] for a in "zyx"}
    assert image.scale == SPACING
    np.testing.assert_array_equal(
        np.asarray(image.data), np.asarray(volume().images[0].data)[2:9, 5:6, 7:24]
    )
    assert viewer.get_roi_region() == [
        {axis: pytest.approx(box[axis]) for axis in "xyz"} for box in corners(lower, upper)
    ]


def test_every_scale_returns_the_voxels_that_the_region_touches() -> None:
    voxels = np.random.default_rng(1).integers(0, 255, (9, 70, 140)).astype(np.uint8)
    viewer = rw.view(
        open_image(voxels, axes="zyx", spacing={"z": 4.0, "y": 2.0, "x": 1.0}, origin=ORIGIN)
    )
    lower = {"z": -31.9, "y": 30.2, "x": 121.3}
    upper = {"z": -8.1, "y": 77.7, "x": 200.1}

    viewer.roi = (lower, upper)
    images = viewer.get_roi_multiscale().images

    assert len(images) == 3
    for scale, (image, level) in enumerate(zip(images, viewer.image.images, strict=True)):
        touched = []
        for axis, size in zip("zyx", level.data.shape, strict=True):
            centre = level.translation[axis] + np.arange(size) * level.scale[axis]
            half = level.scale[axis] / 2
            touched.append((centre + half > lower[axis]) & (centre - half < upper[axis]))
        starts = {axis: int(np.argmax(mask)) for axis, mask in zip("zyx", touched, strict=True)}
        factors = tuple(round(level.scale[a] / s) for a, s in zip("zyx", (4, 2, 1), strict=True))
        np.testing.assert_array_equal(
            np.asarray(image.data), binned(voxels, factors)[np.ix_(*touched)]
        )
        assert image.translation == {
            a: level.translation[a] + starts[a] * level.scale[a] for a in "zyx"
        }
        assert viewer.get_roi_slice(scale) == tuple(
            slice(starts[a], starts[a] + n) for a, n in zip("zyx", image.data.shape, strict=True)
        )


def test_a_region_is_set_as_a_region_a_pair_or_an_object(viewer: rw.Viewer) -> None:
    lower, upper = corners({"z": 2, "y": 5, "x": 7}, {"z": 9, "y": 6, "x": 24})
    found = []

    for value in (rw.Region.from_bounds(lower, upper), (lower, upper), [lower, upper]):
        viewer.roi = None
        viewer.roi = value
        found.append(viewer.get_roi_slice(0))

    assert found == [(slice(2, 9), slice(5, 6), slice(7, 24))] * 3


@pytest.mark.parametrize("value", ["everything", 7, ({"x": 0},), ({"q": 0}, {"q": 1}), ({}, {})])
def test_what_is_no_region_is_refused(viewer: rw.Viewer, value: Any) -> None:
    with pytest.raises(RegionError):
        viewer.roi = value

    assert viewer.get_roi_slice(0) == tuple(slice(0, n) for n in SHAPE)


def test_a_region_of_some_axes_is_unbounded_along_the_others(viewer: rw.Viewer) -> None:
    viewer.roi = corners({"x": 3}, {"x": 5})

    assert viewer.get_roi_slice(0) == (slice(0, 16), slice(0, 20), slice(3, 5))


def test_no_region_is_the_whole_image(viewer: rw.Viewer) -> None:
    viewer.roi = corners({"x": 3}, {"x": 5})
    viewer.roi = None

    assert viewer.get_roi_slice(0) == tuple(slice(0, n) for n in SHAPE)


@pytest.mark.parametrize("direction", [FLIPPED, TURNED])
def test_corners_of_a_turned_image_are_those_of_the_world(direction: Any) -> None:
    image = volume(direction=direction)
    viewer = rw.view(image)
    grid = grid_of(image.images[0])
    inner = [[z, y, x] for z in (4, 9) for y in (6, 11) for x in (8, 13)]
    points = grid.index_to_world(inner)

    viewer.roi = tuple(
        dict(zip("zyx", map(float, extreme), strict=True))
        for extreme in (points.min(axis=0), points.max(axis=0))
    )

    for index in inner:
        assert all(
            s.start <= i < s.stop for s, i in zip(viewer.get_roi_slice(0), index, strict=True)
        )
    lower, upper = viewer.get_roi_region()
    for point in points:
        for axis, value in zip("zyx", point, strict=True):
            assert lower[axis] <= value <= upper[axis]
    viewer.roi = rw.Region.whole(grid)
    assert viewer.get_roi_slice(0) == tuple(slice(0, n) for n in SHAPE)


@pytest.mark.parametrize("direction", [None, FLIPPED])
def test_what_get_roi_region_returns_can_be_set_again(direction: Any) -> None:
    viewer = rw.view(volume(direction=direction))
    whole = viewer.get_roi_region()
    margin = {axis: (whole[1][axis] - whole[0][axis]) / 4 for axis in "xyz"}

    viewer.roi = tuple(
        {axis: edge[axis] + sign * margin[axis] for axis in "xyz"}
        for edge, sign in zip(whole, (1, -1), strict=True)
    )
    chosen = viewer.get_roi_slice(0)
    viewer.roi = tuple(viewer.get_roi_region())

    assert chosen == (slice(4, 12), slice(5, 15), slice(6, 18))
    assert viewer.get_roi_slice(0) == chosen


@pytest.mark.parametrize(
    ("axes", "shape", "expected"),
    [
        ("yx", (20, 24), (slice(5, 9), slice(7, 11))),
        ("tyx", (3, 20, 24), (slice(0, 3), slice(5, 9), slice(7, 11))),
        (
            "tczyx",
            (2, 3, 4, 20, 24),
            (slice(0, 2), slice(0, 3), slice(0, 4), slice(5, 9), slice(7, 11)),
        ),
        ("yxc", (20, 24, 3), (slice(5, 9), slice(7, 11), slice(0, 3))),
    ],
)
def test_slices_have_one_entry_per_axis_in_the_order_of_the_array(
    axes: str, shape: tuple[int, ...], expected: tuple[slice, ...]
) -> None:
    spatial = [axis for axis in axes if axis in "zyx"]
    image = open_image(
        np.zeros(shape, np.uint8),
        axes=axes,
        spacing={a: SPACING[a] for a in spatial},
        origin={a: ORIGIN[a] for a in spatial},
    )

    viewer = rw.view(image, stack=False)
    viewer.roi = corners({"y": 5, "x": 7}, {"y": 9, "x": 11})

    assert viewer.get_roi_slice(0) == expected
    assert viewer.get_roi_image(0).data.shape == tuple(s.stop - s.start for s in expected)


@pytest.mark.parametrize("scale", [-2, 1, 99])
def test_a_scale_that_does_not_exist_is_refused(viewer: rw.Viewer, scale: int) -> None:
    with pytest.raises(RegionError, match=f"scale {scale} does not exist; give 0"):
        viewer.get_roi_slice(scale)


def test_a_region_outside_the_image_is_refused_and_the_old_one_stays(viewer: rw.Viewer) -> None:
    viewer.roi = corners({"x": 3}, {"x": 5})

    with pytest.raises(RegionError, match="lies outside the image"):
        viewer.roi = ({"x": 1000.0, "y": 0.0, "z": 0.0}, {"x": 2000.0, "y": 9.0, "z": 9.0})

    assert viewer.get_roi_slice(0)[2] == slice(3, 5)


# Other images -----------------------------------------------------------------


def test_an_overlapping_image_keeps_region_slices_camera_and_window(viewer: rw.Viewer) -> None:
    viewer.roi = corners({"x": 3}, {"x": 5})
    viewer.slices = {axis: ORIGIN[axis] for axis in "xyz"}
    viewer.camera = {"planes": {"z": {"center": [1.0, 2.0], "height": 3.0}}}
    viewer.color_range = (10, 20)

    viewer.set_image(volume(seed=1))

    assert viewer.get_roi_slice(0)[2] == slice(3, 5)
    assert viewer.slices == {axis: ORIGIN[axis] for axis in "xyz"}
    assert viewer.camera == {"planes": {"z": {"center": [1.0, 2.0], "height": 3.0}}}
    assert viewer.color_range == (10, 20)


def test_an_image_of_another_range_is_shown_in_its_own_window(viewer: rw.Viewer) -> None:
    viewer.image = volume(high=2)

    assert viewer.color_range == (0, 1)


def test_an_image_elsewhere_is_shown_whole(viewer: rw.Viewer) -> None:
    viewer.roi = corners({"x": 3}, {"x": 5})
    viewer.camera = {"planes": {"z": {"center": [1.0, 2.0], "height": 3.0}}}

    viewer.set_image(volume(origin={"z": 0.0, "y": 0.0, "x": 5000.0}))

    assert viewer.get_roi_slice(0) == tuple(slice(0, n) for n in SHAPE)
    assert viewer.slices["x"] == pytest.approx(5000 + 11.5 * 0.75)
    assert viewer.camera == {}


def test_labels_must_be_integers(viewer: rw.Viewer) -> None:
    with pytest.raises(ImageError, match="labels must be integers, got float32"):
        viewer.set_label_image(np.zeros(SHAPE, np.float32))
    assert viewer.label_image is None

    viewer.set_label_image(volume())
    assert viewer.label_image is not None
    viewer.set_label_image(None)
    assert viewer.label_image is None


# Bad input --------------------------------------------------------------------


def test_an_unknown_keyword_is_told_with_the_likely_one() -> None:
    with pytest.raises(TypeError, match="unexpected keyword 'colormap'; did you mean 'color_map'"):
        rw.view(volume(), colormap="viridis")


@pytest.mark.parametrize(
    ("voxels", "message"),
    [
        (np.full((4, 4), np.nan, np.float32), "finite"),
        (np.zeros((0, 4), np.uint8), "(?i)no voxels|empty|without voxels"),
        (np.zeros((4, 4), complex), "complex"),
        (np.array([["a", "b"]]), "<U1|str"),
        ("no such file.nii.gz", "no such file"),
        (object(), "object"),
    ],
)
def test_what_cannot_be_shown_is_one_clear_error(voxels: object, message: str) -> None:
    with pytest.raises((rw.errors.RoiwidgetsError, FileNotFoundError), match=message):
        rw.view(voxels)


def test_a_mistyped_setting_is_told_with_the_likely_one(viewer: rw.Viewer) -> None:
    with pytest.raises(AttributeError, match="did you mean 'color_range'"):
        viewer.colour_range = (0, 9)  # type: ignore[attr-defined]

    viewer.notes = "one's own"  # type: ignore[attr-defined]


def test_a_mistyped_colormap_is_told_with_the_likely_one(viewer: rw.Viewer) -> None:
    with pytest.raises(ParameterError, match="unknown colormap 'virdis'; did you mean 'viridis'"):
        viewer.color_map = "virdis"

    assert viewer.color_map == "gray"


# Closing ----------------------------------------------------------------------


def test_a_closed_viewer_serves_nothing(viewer: rw.Viewer) -> None:
    viewer.close()
    viewer.close()

    assert not viewer._server.layer_ids


def test_numbers_of_numpy_are_numbers(viewer: rw.Viewer) -> None:
    voxels = np.asarray(viewer.image.images[0].data)
    labels = rw.label_statistics(voxels, (voxels > 100).astype(np.int64) + 1)["label"]

    viewer.color_range = np.percentile(voxels, (1, 99))
    viewer.label_opacity = np.float32(0.5)
    viewer.hidden_labels = list(labels)
    viewer.label_weights = {labels[0]: np.float64(0.25)}
    viewer.opacity_points = np.array([[0, 0], [255, 1]])
    viewer.x_slice = np.float32(101.0)
    viewer.channel_visibility = [np.True_]

    assert viewer.color_range == tuple(np.percentile(voxels, (1, 99)))
    assert viewer.hidden_labels == (1, 2)
    assert viewer.label_weights == {"1": 0.25}
    assert viewer.x_slice == 101.0


@pytest.mark.parametrize("path", ["views.jpg", "views", "", ".", "missing/views.png"])
def test_a_picture_goes_into_a_png_of_a_folder_that_exists(
    viewer: rw.Viewer, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ParameterError, match=r"NAME.png|no folder"):
        viewer.save_png(path)

    assert list(tmp_path.iterdir()) == []


def test_of_a_long_volume_a_coarser_scale_is_current() -> None:
    viewer = rw.Viewer(np.zeros((4, 5, 3000), np.uint8))

    assert viewer.get_current_scale() == 1
    assert rw.Viewer(np.zeros((5, 3000), np.uint8)).get_current_scale() == 0

"""Notebooks written for itkwidgets find their names."""

from __future__ import annotations

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.errors import ParameterError
from roiwidgets.images.readers import open_image
from roiwidgets.widgets._itkwidgets_names import NAMES, READ_ONLY

ITKWIDGETS = [
    "annotations_enabled", "axes_enabled", "background_color", "cropping_planes",
    "image_blend_mode", "image_color_map", "image_color_range", "image_color_range_bounds",
    "image_component_visibility", "image_gradient_opacity", "image_gradient_opacity_scale",
    "image_interpolation_enabled", "image_piecewise_function_points", "image_shadow_enabled",
    "image_volume_sample_distance", "image_volume_scattering_blend", "label_image_blend",
    "label_image_label_names", "label_image_lookup_table", "label_image_weights", "layer_names",
    "layer_visibility", "rendering_view_container_style", "rotate", "ui_collapsed", "units",
    "view_mode", "x_slice", "y_slice", "z_slice",
]  # fmt: skip
"""Names with get_ and set_ in itkwidgets 1.0a55."""

VALUES = {
    "background_color": "#102030",
    "image_blend_mode": "maximum",
    "image_color_map": "viridis",
    "image_color_range": (1.0, 9.0),
    "image_piecewise_function_points": ((0.0, 0.0), (9.0, 1.0)),
    "label_image_label_names": {"1": "pore"},
    "label_image_lookup_table": "glasbey",
    "label_image_weights": {"1": 0.5},
    "layer_visibility": {"Image": False},
    "rendering_view_container_style": {"width": "80%"},
    "view_mode": "x",
}


@pytest.fixture(scope="module")
def viewer() -> rw.Viewer:
    return rw.Viewer(np.random.default_rng(0).integers(0, 9, (8, 9, 10)).astype(np.uint8))


def test_the_table_has_every_name_of_itkwidgets() -> None:
    offered = {name.removeprefix("get_") for name in dir(rw.Viewer) if name.startswith("get_")}

    assert offered >= set(ITKWIDGETS)
    assert sorted({*NAMES, "image_component_visibility"}) == sorted(ITKWIDGETS)


@pytest.mark.parametrize("name", NAMES)
def test_a_getter_returns_what_the_setter_set(viewer: rw.Viewer, name: str) -> None:
    before = getattr(viewer, f"get_{name}")()
    assert before == getattr(viewer, NAMES[name])
    if name in READ_ONLY:
        assert not hasattr(viewer, f"set_{name}")
        return
    value = VALUES.get(name, not before if isinstance(before, bool) else 0.5)
    if name == "cropping_planes":  # its two planes across x, one voxel further in
        value = [
            {"origin": [plane["origin"][0] + plane["normal"][0], *plane["origin"][1:]],
             "normal": plane["normal"]}
            for plane in before
        ]  # fmt: skip

    getattr(viewer, f"set_{name}")(value)

    assert getattr(viewer, f"get_{name}")() == getattr(viewer, NAMES[name]) == value


def test_blend_modes_are_spelt_as_in_itkwidgets(viewer: rw.Viewer) -> None:
    viewer.set_image_blend_mode("Minimum")

    assert viewer.volume_projection == "minimum"


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("view_mode", "XPlane", "x"),
        ("view_mode", "YPlane", "y"),
        ("view_mode", "ZPlane", "z"),
        ("view_mode", "Volume", "volume"),
        ("image_color_map", "Grayscale", "gray"),
    ],
)
def test_values_of_itkwidgets_are_understood(
    viewer: rw.Viewer, name: str, theirs: str, ours: str
) -> None:
    getattr(viewer, f"set_{name}")(theirs)

    assert getattr(viewer, f"get_{name}")() == ours


def test_names_of_the_stable_version() -> None:
    viewer = rw.view(np.zeros((8, 9, 10), np.uint8), cmap="magma", mode="v", select_roi=False)

    assert viewer.roi_slice() == viewer.get_roi_slice()
    assert viewer.roi_region() == viewer.get_roi_region()
    assert (viewer.cmap, viewer.color_map) == ("magma", "magma")
    assert (viewer.mode, viewer.view_mode) == ("v", "volume")
    assert viewer.select_roi is viewer.roi_visible is False


def test_slices_start_in_the_middle_and_move_alone(viewer: rw.Viewer) -> None:
    fresh = rw.Viewer(np.zeros((8, 9, 10), np.uint8))

    assert (fresh.get_z_slice(), fresh.get_y_slice(), fresh.get_x_slice()) == (3.5, 4.0, 4.5)
    fresh.set_z_slice(2)

    assert fresh.slices == {"x": 4.5, "y": 4.0, "z": 2.0}


def test_channels_are_switched_one_by_one() -> None:
    viewer = rw.Viewer(open_image(np.zeros((3, 4, 5, 6), np.uint8), axes="czyx"))
    viewer.set_image_component_visibility(False, 1)

    assert [viewer.get_image_component_visibility(i) for i in range(3)] == [True, False, True]
    with pytest.raises(ParameterError, match="from 0 to 2"):
        viewer.set_image_component_visibility(True, 3)


def test_a_color_may_have_an_alpha_as_in_itkwidgets(viewer: rw.Viewer) -> None:
    viewer.set_background_color([1.0, 1.0, 0.0, 1.0])

    assert viewer.background_color == "#ffff00"


def test_an_unknown_style_is_refused(viewer: rw.Viewer) -> None:
    with pytest.raises(ParameterError, match="unknown style 'colour'"):
        viewer.set_rendering_view_container_style({"colour": "red"})

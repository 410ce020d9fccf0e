"""Notebooks written for itkwidgets find their names."""

from __future__ import annotations

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.errors import ParameterError
from roiwidgets.widgets._itkwidgets_names import NAMES, NOT_OFFERED, READ_ONLY

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
    "image_blend_mode": "maximum",
    "image_color_map": "viridis",
    "image_color_range": (1.0, 9.0),
    "image_piecewise_function_points": ((0.0, 0.0), (9.0, 1.0)),
    "label_image_label_names": {"1": "pore"},
    "layer_visibility": {"Image": False},
    "view_mode": "x",
}


@pytest.fixture(scope="module")
def viewer() -> rw.Viewer:
    return rw.Viewer(np.random.default_rng(0).integers(0, 9, (8, 9, 10)).astype(np.uint8))


def test_the_table_has_every_name_of_itkwidgets() -> None:
    assert sorted({*NAMES, *NOT_OFFERED}) == sorted(ITKWIDGETS)
    assert not set(NAMES) & set(NOT_OFFERED)


@pytest.mark.parametrize("name", NAMES)
def test_a_getter_returns_what_the_setter_set(viewer: rw.Viewer, name: str) -> None:
    before = getattr(viewer, f"get_{name}")()
    assert before == getattr(viewer, NAMES[name])
    if name in READ_ONLY:
        assert not hasattr(viewer, f"set_{name}")
        return
    value = VALUES.get(name, not before if isinstance(before, bool) else 0.5)

    getattr(viewer, f"set_{name}")(value)

    assert getattr(viewer, f"get_{name}")() == getattr(viewer, NAMES[name]) == value


@pytest.mark.parametrize("name", NOT_OFFERED)
def test_a_name_without_a_counterpart_says_what_to_use(viewer: rw.Viewer, name: str) -> None:
    with pytest.raises(ParameterError, match="no counterpart here"):
        getattr(viewer, f"set_{name}")(1)


def test_blend_modes_are_spelt_as_in_itkwidgets(viewer: rw.Viewer) -> None:
    viewer.set_image_blend_mode("Minimum")

    assert viewer.volume_projection == "minimum"


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

"""The names that notebooks written for itkwidgets use, from one table.

``get_x`` and ``set_x`` of itkwidgets 1.0 read and write an attribute of the viewer.
They answer at once, where itkwidgets answers in the next cell. ``roi_slice()``,
``roi_region()``, ``cmap``, ``mode`` and ``select_roi`` are those of itkwidgets 0.32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from roiwidgets.errors import ParameterError

NAMES = {
    "annotations_enabled": "annotations_enabled",
    "axes_enabled": "axes_enabled",
    "image_blend_mode": "volume_projection",
    "image_color_map": "color_map",
    "image_color_range": "color_range",
    "image_color_range_bounds": "color_range_bounds",
    "image_gradient_opacity": "gradient_opacity",
    "image_piecewise_function_points": "opacity_points",
    "image_shadow_enabled": "shading",
    "image_volume_sample_distance": "sample_distance",
    "label_image_blend": "label_opacity",
    "label_image_label_names": "label_names",
    "layer_names": "layer_names",
    "layer_visibility": "layer_visibility",
    "ui_collapsed": "ui_collapsed",
    "units": "units",
    "view_mode": "view_mode",
    "x_slice": "x_slice",
    "y_slice": "y_slice",
    "z_slice": "z_slice",
}
"""Name in itkwidgets 1.0a55, and the viewer's own attribute."""

READ_ONLY = ("image_color_range_bounds", "layer_names", "units")
"""Names that only have a ``get_``: they follow from the image."""

NOT_OFFERED = {
    "background_color": "planes and volume have one dark background",
    "cropping_planes": "the region crops the volume: set roi",
    "image_component_visibility": "one channel is shown at a time: set channel_index",
    "image_gradient_opacity_scale": "gradient_opacity has one scale, a share of the window",
    "image_interpolation_enabled": "slices show voxels as they are",
    "image_volume_scattering_blend": "vtk.js's scattering is not used",
    "label_image_lookup_table": "labels have one table of colours",
    "label_image_weights": "hidden_labels leaves labels out",
    "rendering_view_container_style": "set height, or the widget's layout",
    "rotate": "set camera",
}
"""Names without a counterpart yet, and what to use instead."""

MODES = {"v": "volume", "x": "x", "y": "y", "z": "z"}
"""Values of ``mode`` in itkwidgets 0.32."""


def _getter(attribute: str) -> Callable[[object], object]:
    def get(viewer: object) -> object:
        return getattr(viewer, attribute)

    return get


def _setter(attribute: str) -> Callable[[object, object], None]:
    def set_(viewer: object, value: object) -> None:
        setattr(viewer, attribute, value)

    return set_


def _not_offered(name: str, instead: str) -> Callable[..., None]:
    def refuse(_viewer: object, *_values: object) -> None:
        raise ParameterError(f"{name} of itkwidgets has no counterpart here: {instead}")

    return refuse


def _add_names(cls: type) -> type:
    """Give a class a ``get_`` and a ``set_`` for each name of the table."""
    made: dict[str, Callable[..., object]] = {}
    for name, attribute in NAMES.items():
        made[f"get_{name}"] = _getter(attribute)
        if name not in READ_ONLY:
            made[f"set_{name}"] = _setter(attribute)
    for name, instead in NOT_OFFERED.items():
        for verb in ("get", "set"):
            made[f"{verb}_{name}"] = _not_offered(name, instead)
    for name, function in made.items():
        function.__name__, function.__qualname__ = name, f"{cls.__name__}.{name}"
        function.__doc__ = f"As in itkwidgets: {name.replace('_', ' ', 1)}."
        setattr(cls, name, function)
    return cls


@_add_names
class ItkwidgetsNames:
    """Names of itkwidgets, as a part of a viewer."""

    keywords: ClassVar[tuple[str, ...]] = ("cmap", "mode", "select_roi")
    """Keywords of itkwidgets 0.32 that ``view`` takes, too."""

    def roi_slice(self: Any) -> tuple[slice, ...]:
        """Return ``get_roi_slice()``."""
        slices: tuple[slice, ...] = self.get_roi_slice()
        return slices

    def roi_region(self: Any) -> list[dict[str, float]]:
        """Return ``get_roi_region()``."""
        region: list[dict[str, float]] = self.get_roi_region()
        return region

    @property
    def cmap(self: Any) -> str:
        """``color_map``."""
        return str(self.color_map)

    @cmap.setter
    def cmap(self: Any, value: str) -> None:
        self.color_map = value

    @property
    def mode(self: Any) -> str:
        """``view_mode``, where "v" is the volume."""
        return str({"volume": "v"}.get(self.view_mode, self.view_mode))

    @mode.setter
    def mode(self: Any, value: str) -> None:
        self.view_mode = MODES.get(value, value)

    @property
    def select_roi(self: Any) -> bool:
        """``roi_visible``."""
        return bool(self.roi_visible)

    @select_roi.setter
    def select_roi(self: Any, value: bool) -> None:
        self.roi_visible = value

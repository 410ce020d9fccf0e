"""The names that notebooks written for itkwidgets use, from one table.

``get_x`` and ``set_x`` of itkwidgets 1.0 read and write an attribute of the viewer.
They answer at once, where itkwidgets answers in the next cell. ``roi_slice()``,
``roi_region()``, ``cmap``, ``mode`` and ``select_roi`` are those of itkwidgets 0.32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from roiwidgets.errors import ParameterError
from roiwidgets.regions import Region
from roiwidgets.regions.cropping_planes import planes_of_region, region_of_planes
from roiwidgets.widgets._channel_look import MOST_CHANNELS

NAMES = {
    "annotations_enabled": "annotations_enabled",
    "axes_enabled": "axes_enabled",
    "background_color": "background_color",
    "cropping_planes": "cropping_planes",
    "image_blend_mode": "volume_projection",
    "image_color_map": "color_map",
    "image_color_range": "color_range",
    "image_color_range_bounds": "color_range_bounds",
    "image_gradient_opacity": "gradient_opacity",
    "image_gradient_opacity_scale": "gradient_opacity_scale",
    "image_interpolation_enabled": "image_interpolation",
    "image_piecewise_function_points": "opacity_points",
    "image_shadow_enabled": "shading",
    "image_volume_sample_distance": "sample_distance",
    "image_volume_scattering_blend": "scattering",
    "label_image_blend": "label_opacity",
    "label_image_label_names": "label_names",
    "label_image_lookup_table": "label_color_map",
    "label_image_weights": "label_weights",
    "layer_names": "layer_names",
    "layer_visibility": "layer_visibility",
    "rendering_view_container_style": "container_style",
    "rotate": "rotate",
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

MODES = {"v": "volume", "x": "x", "y": "y", "z": "z"}
"""Values of ``mode`` in itkwidgets 0.32."""

VALUES = {
    "view_mode": {"XPlane": "x", "YPlane": "y", "ZPlane": "z", "Volume": "volume"},
    "color_map": {"Grayscale": "gray"},
}
"""Values of itkwidgets 1.0, by attribute, that have another name here."""


def _getter(attribute: str) -> Callable[[object], object]:
    def get(viewer: object) -> object:
        return getattr(viewer, attribute)

    return get


def _setter(attribute: str) -> Callable[[object, object], None]:
    def set_(viewer: object, value: object) -> None:
        ours = VALUES.get(attribute, {})
        setattr(viewer, attribute, ours.get(value, value) if isinstance(value, str) else value)

    return set_


def _add_names(cls: type) -> type:
    """Give a class a ``get_`` and a ``set_`` for each name of the table."""
    made: dict[str, Callable[..., object]] = {}
    for name, attribute in NAMES.items():
        made[f"get_{name}"] = _getter(attribute)
        if name not in READ_ONLY:
            made[f"set_{name}"] = _setter(attribute)
    for name, function in made.items():
        function.__name__, function.__qualname__ = name, f"{cls.__name__}.{name}"
        function.__doc__ = f"As in itkwidgets: {name.replace('_', ' ', 1)}."
        setattr(cls, name, function)
    return cls


def _is_style(layout: Any, key: str) -> bool:
    return key[0] != "_" and getattr(layout, key) is not None


@_add_names
class ItkwidgetsNames:
    """Names of itkwidgets, as a part of a viewer."""

    keywords: ClassVar[tuple[str, ...]] = ("cmap", "mode", "select_roi")
    """Keywords of itkwidgets 0.32 that ``view`` takes, too."""

    def get_image_component_visibility(self: Any, component: int) -> bool:
        """Tell whether a channel is drawn."""
        return component in self.shown_channels

    def set_image_component_visibility(self: Any, visibility: bool, component: int) -> None:
        """Draw a channel among those together, or leave it out."""
        count = self.main_layer.channels
        if not 0 <= component < count:
            raise ParameterError(f"component must be from 0 to {count - 1}, got {component!r}")
        if count == 1:
            self.layer_visibility = {**self.layer_visibility, self.main_layer.name: visibility}
            return
        shown = {*self.shown_channels} if self.channels_together else {*range(count)}
        shown = shown | {component} if visibility else shown - {component}
        viewer: Any = self
        viewer.channels_together = True
        viewer.channel_visibility = [i in shown for i in range(min(count, MOST_CHANNELS))]

    @property
    def cropping_planes(self: Any) -> list[dict[str, list[float]]]:
        """The region as six planes, ``{'origin': [x, y, z], 'normal': [x, y, z]}``, in the world.

        Normals point into the region. Only planes across the axes of the image can be
        set; of one axis, those that are missing leave the region as it is.
        """
        return planes_of_region(self.roi or Region.whole(self.image_grid))

    @cropping_planes.setter
    def cropping_planes(self: Any, planes: object) -> None:
        viewer: Any = self
        viewer.roi = region_of_planes(planes, Region.whole(self.image_grid))

    @property
    def container_style(self: Any) -> dict[str, str]:
        """CSS of the viewer's outer element, as far as ``ipywidgets.Layout`` has it."""
        layout = self.layout
        return {key: getattr(layout, key) for key in layout.keys if _is_style(layout, key)}

    @container_style.setter
    def container_style(self: Any, style: Mapping[str, str]) -> None:
        known = self.layout.keys
        unknown = [key for key in style if key.replace("-", "_") not in known or key[0] == "_"]
        if unknown:
            raise ParameterError(
                f"unknown style {unknown[0]!r:.80}; those of ipywidgets.Layout can be set"
            )
        for key, value in style.items():
            setattr(self.layout, key.replace("-", "_"), value)

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
        self.color_map = VALUES["color_map"].get(value, value)

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

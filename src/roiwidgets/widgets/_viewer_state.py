"""What a viewer's two sides share: the traits, and the door through which values come.

Protocol: ``docs/protocol.md``. Whatever the browser sets passes through
``set_state``, trait by trait.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import traitlets

from roiwidgets.errors import RegionError
from roiwidgets.images.grid import Grid
from roiwidgets.regions import Region
from roiwidgets.widgets import _traits
from roiwidgets.widgets._channel_look import ChannelLook
from roiwidgets.widgets._color_look import ColorLook
from roiwidgets.widgets._door import Door
from roiwidgets.widgets._layer_look import LayerLook
from roiwidgets.widgets._point_sets import PointSets
from roiwidgets.widgets._scene import last_index
from roiwidgets.widgets._screenshots import Screenshots
from roiwidgets.widgets._volume_look import VolumeLook

VIEW_MODES = ("four-up", "x", "y", "z", "volume")

_STATIC = Path(__file__).parent / "static"


class ViewerState(VolumeLook, LayerLook, ColorLook, ChannelLook, PointSets, Screenshots, Door):
    """Traits of a viewer; those in ``settable`` may be set by users and by the browser."""

    # as text: of a path, anywidget watches the file and would keep every viewer alive
    _esm = (_STATIC / "viewer.js").read_text(encoding="utf-8")
    _css = (_STATIC / "viewer.css").read_text(encoding="utf-8")

    scene = traitlets.Dict(read_only=True).tag(sync=True)
    preview = traitlets.Dict(allow_none=True, default_value=None, read_only=True).tag(sync=True)
    preview_split = _traits.BoundedFloat(
        None,
        allow_none=True,
        min=0,
        max=1,
        help="Share of the region, from the left of each plane, that shows the input beside the "
        "result of a tuner, 0 to 1; None shows the result alone.",
    ).tag(sync=True)
    roi = _traits.Checked(
        _traits.check_region,
        default=None,
        to_json=_traits.region_to_json,
        from_json=_traits.region_from_json,
        help="Region of interest; a Region, or a pair of corners in the world.",
    )
    roi_visible = traitlets.Bool(True, help="Whether the region's box is drawn.").tag(sync=True)
    roi_locked = traitlets.Bool(
        False, help="Whether the region cannot be changed with the mouse and the keyboard."
    ).tag(sync=True)
    slices: _traits.Checked[_traits.Point] = _traits.Checked(
        _traits.check_point,
        default={},
        to_json=_traits.point_to_json,
        from_json=_traits.point_from_json,
        help="Where the three planes cross, {'x', 'y', 'z'} in the world.",
    )
    clicked_point: _traits.Checked[_traits.Point] = _traits.Checked(
        _traits.check_point,
        default={},
        to_json=_traits.point_to_json,
        from_json=_traits.point_from_json,
        help="Where a plane was clicked last, {'x', 'y', 'z'} in the world; {} before.",
    )
    camera: _traits.Checked[dict[str, object]] = _traits.Checked(
        _traits.check_camera,
        default={},
        help="View of the planes and of the volume; {} lets the browser choose.",
    )
    view_mode = traitlets.Enum(
        VIEW_MODES,
        "four-up",
        help="All views, or one: a plane by the axis across it, or the volume.",
    ).tag(sync=True)
    time_index = traitlets.Int(0, min=0, help="Index along t of what is shown.").tag(sync=True)
    channel_index = traitlets.Int(0, min=0, help="Index along c of what is shown.").tag(sync=True)
    annotations_enabled = traitlets.Bool(
        True, help="Whether planes show their name and a scale bar."
    ).tag(sync=True)
    axes_enabled = traitlets.Bool(True, help="Whether arrows show the axes.").tag(sync=True)
    ui_collapsed = traitlets.Bool(
        False, help="Whether toolbar, panels and status line are hidden."
    ).tag(sync=True)
    loaded_scale = traitlets.Int(
        -1,
        min=-1,
        help="Scale that is complete over the region in the browser; set it to ask for one. "
        "-1 until a browser answers.",
    ).tag(sync=True)
    memory_budget = traitlets.Int(
        256 * 2**20, min=2**20, help="Bytes of image textures in the browser."
    ).tag(sync=True)
    height = traitlets.Int(560, min=160, max=4000, help="CSS pixels.").tag(sync=True)

    image_grid: Grid | None = None
    """Grid of the image's finest level, whose frame is the browser's; None before there is one."""

    settable: ClassVar[tuple[str, ...]] = (
        "preview_split", "roi", "roi_visible", "roi_locked", "slices", "clicked_point", "camera",
        "color_map", "color_range", "time_index", "channel_index", "loaded_scale",
        "memory_budget", "height", "view_mode", "annotations_enabled", "axes_enabled",
        "ui_collapsed", *VolumeLook.looks, *LayerLook.looks, *ChannelLook.looks,
        *Screenshots.looks,
    )  # fmt: skip

    @property
    def x_slice(self) -> float:
        """Where the plane across x stands, in the world."""
        return self._slice("x")

    @x_slice.setter
    def x_slice(self, position: float) -> None:
        self.slices = {**self.slices, "x": position}

    @property
    def y_slice(self) -> float:
        """Where the plane across y stands, in the world."""
        return self._slice("y")

    @y_slice.setter
    def y_slice(self, position: float) -> None:
        self.slices = {**self.slices, "y": position}

    @property
    def z_slice(self) -> float:
        """Where the plane across z stands, in the world."""
        return self._slice("z")

    @z_slice.setter
    def z_slice(self, position: float) -> None:
        self.slices = {**self.slices, "z": position}

    def _slice(self, axis: str) -> float:
        known = {} if self.image_grid is None else _traits.middle_of(self.image_grid)
        return {"z": 0.0, **known, **self.slices}[axis]

    @traitlets.validate("roi")
    def _check_roi(self, proposal: Mapping[str, Region | None]) -> Region | None:
        if self.image_grid is None:
            return proposal["value"]
        try:
            return _traits.region_on(self.image_grid, proposal["value"])
        except RegionError as error:
            raise _traits.RefusedRegionError(str(error)) from error

    @traitlets.validate("time_index", "channel_index")
    def _check_index(self, proposal: Mapping[str, Any]) -> int:
        index: int = proposal["value"]
        name = proposal["trait"].name
        axis = {"time_index": "t", "channel_index": "c"}[name]
        last = index if self.image_grid is None else last_index(self.image_grid, axis)
        if index > last:
            raise _traits.RefusedParameterError(
                f"{name}={index} must be an integer from 0 to {last}"
            )
        return index

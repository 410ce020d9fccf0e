"""What the player's two sides share: its traits, each checked at the door.

Twin of ``js/src/stack/stack_state.ts``; protocol: ``docs/protocol.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import traitlets

from roiwidgets.errors import RegionError
from roiwidgets.images.grid import Grid
from roiwidgets.regions.annotations import Annotation, check_annotations
from roiwidgets.widgets import _colormaps, _traits
from roiwidgets.widgets._color_look import ColorLook, check_color_map
from roiwidgets.widgets._door import Door
from roiwidgets.widgets._frame_messages import PROJECTIONS
from roiwidgets.widgets._own_picture import OwnPicture

PLAY_MODES = ("loop", "once", "bounce")
OVERLAYS = ("none", *PROJECTIONS)
TRANSPORTS = ("auto", "raw", "compressed")
FASTEST = 1000.0

_STATIC = Path(__file__).parent / "static"


class PlayerState(ColorLook, OwnPicture, Door):
    """Traits of a player; those in ``settable`` may be set by users and by the browser."""

    # as text: of a path, anywidget watches the file and would keep every player alive
    _esm = (_STATIC / "stack.js").read_text(encoding="utf-8")
    _css = (_STATIC / "stack.css").read_text(encoding="utf-8")

    stack = traitlets.Dict(read_only=True).tag(sync=True)
    frame_index = traitlets.Int(
        0, min=0, help="Frame that is shown; while the movie plays, the one it started from."
    ).tag(sync=True)
    plane_index = traitlets.Int(0, min=0, help="Index along z of the plane that plays.").tag(
        sync=True
    )
    playing = traitlets.Bool(False, help="Whether the movie plays.").tag(sync=True)
    frame_rate = _traits.BoundedFloat(
        30.0, min=0.1, max=FASTEST, help=f"Frames per second, 0.1 to {FASTEST:g}."
    ).tag(sync=True)
    play_mode = traitlets.Enum(
        PLAY_MODES, "loop", help="At the last frame: begin again, stop, or turn round."
    ).tag(sync=True)
    transport = traitlets.Enum(
        TRANSPORTS,
        "auto",
        help="How playing frames travel: as they are ('raw'), as JPEG ('compressed'), or as "
        "the link allows. Resting frames are never compressed.",
    ).tag(sync=True)
    camera: _traits.Checked[dict[str, object]] = _traits.Checked(
        lambda value: check_camera(value),
        default={},
        help="Part of the frame that is shown, {'center': [x, y], 'height': h}; {} for all.",
    )
    rois: _traits.Checked[tuple[Annotation, ...]] = _traits.Checked(
        check_annotations,
        default=(),
        to_json=lambda rois, _: [annotation.as_dict() for annotation in rois],
        help="Regions of interest: Annotation objects, or dictionaries as they have them.",
    )
    side_views = traitlets.Bool(
        True, help="Whether the movie is shown from above and from the right as well."
    ).tag(sync=True)
    overlay = traitlets.Enum(
        OVERLAYS, "none", help="Picture of the whole movie that is drawn over the frame."
    ).tag(sync=True)
    overlay_opacity = _traits.BoundedFloat(0.5, min=0, max=1, help="0 to 1.").tag(sync=True)
    overlay_color_map = traitlets.Unicode("magma", help="Name of a colormap of cmap.").tag(
        sync=True
    )
    overlay_table = traitlets.Unicode(read_only=True).tag(sync=True)
    memory_budget = traitlets.Int(
        256 * 2**20, min=2**20, help="Bytes of frames that the browser keeps."
    ).tag(sync=True)
    annotations_enabled = traitlets.Bool(
        True, help="Whether the frame shows its time and a scale bar."
    ).tag(sync=True)
    ui_collapsed = traitlets.Bool(False, help="Whether controls and status line are hidden.").tag(
        sync=True
    )
    height = traitlets.Int(480, min=160, max=4000, help="CSS pixels of the views.").tag(sync=True)

    image_grid: Grid | None = None
    """Regions of interest are in the frame's own coordinates: there is nothing to turn."""

    settable: ClassVar[tuple[str, ...]] = (
        "frame_index", "plane_index", "playing", "frame_rate", "play_mode", "transport", "camera",
        "memory_budget", "color_map", "color_range", "annotations_enabled", "ui_collapsed",
        "height", "rois", "side_views", "overlay", "overlay_opacity", "overlay_color_map",
    )  # fmt: skip

    @traitlets.default("overlay_table")
    def _default_overlay_table(self) -> str:
        return _colormaps.encode_table(_colormaps.color_table(self.overlay_color_map))

    @traitlets.validate("overlay_color_map")
    def _check_overlay_color_map(self, proposal: Mapping[str, str]) -> str:
        return check_color_map(proposal["value"])

    @traitlets.observe("overlay_color_map")
    def _send_overlay_table(self, change: Mapping[str, str]) -> None:
        table = _colormaps.color_table(change["new"])
        self.set_trait("overlay_table", _colormaps.encode_table(table))

    @traitlets.validate("frame_index", "plane_index")
    def _check_index(self, proposal: Mapping[str, Any]) -> int:
        index: int = proposal["value"]
        name = proposal["trait"].name
        count = self.stack.get({"frame_index": "frames", "plane_index": "planes"}[name], index + 1)
        if index >= count:
            raise _traits.RefusedParameterError(
                f"{name}={index} must be an integer from 0 to {count - 1}"
            )
        return index


def check_camera(value: object) -> dict[str, object]:
    """Return where a player looks, made of finite numbers, or nothing.

    Raises
    ------
    RegionError
        If it has another form.
    """
    if isinstance(value, Mapping) and not value:
        return {}
    if isinstance(value, Mapping) and set(value) == {"center", "height"}:
        center = _traits.plain(value["center"])
        height = _traits.finite_number(value["height"], "height")
        if isinstance(center, list | tuple) and len(center) == 2 and height > 0:
            x, y = (_traits.finite_number(number, "center") for number in center)
            if max(abs(x), abs(y), height) <= _traits.FARTHEST:
                return {"center": [x, y], "height": height}
    raise RegionError(
        f"a camera is {{'center': [x, y], 'height': h}} with h above 0, or {{}}, got {value!r:.120}"
    )

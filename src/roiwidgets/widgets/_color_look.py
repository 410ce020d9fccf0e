"""Traits of how values become colours: a colormap and a window."""

from __future__ import annotations

from collections.abc import Mapping

import traitlets

from roiwidgets.errors import ParameterError
from roiwidgets.widgets import _colormaps, _traits


class ColorLook(traitlets.HasTraits):
    """The colormap and the window through which an image is seen."""

    color_map = traitlets.Unicode("gray", help="Name of a colormap of cmap.").tag(sync=True)
    color_maps = traitlets.List(list(_colormaps.OFFERED), read_only=True).tag(sync=True)
    color_table = traitlets.Unicode(read_only=True).tag(sync=True)
    color_range = _traits.Checked(
        _traits.check_range,
        default=(0.0, 1.0),
        help="Source values drawn in the first and in the last colour.",
    )

    @traitlets.default("color_table")
    def _default_color_table(self) -> str:
        return _colormaps.encode_table(_colormaps.color_table(self.color_map))

    @traitlets.validate("color_map")
    def _check_color_map(self, proposal: Mapping[str, str]) -> str:
        return check_color_map(proposal["value"])

    @traitlets.observe("color_map")
    def _send_color_table(self, change: Mapping[str, str]) -> None:
        table = _colormaps.color_table(change["new"])
        self.set_trait("color_table", _colormaps.encode_table(table))


def check_color_map(name: str) -> str:
    """Return the name of a colormap, or raise an error that a trait may raise."""
    try:
        _colormaps.color_table(name)
    except ParameterError as error:
        raise _traits.RefusedParameterError(str(error)) from error
    return name

"""Traits of how the channels of an image are drawn together, each in a colour of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import traitlets

from roiwidgets.errors import ParameterError
from roiwidgets.widgets import _colormaps, _traits

MOST_CHANNELS = 16
"""Channels that can be drawn together; an image may have more."""

PAIR = ("#00ff00", "#ff00ff")
"""Two colours that everybody can tell apart, and that add up to white."""

COLORS = ("#00ffff", "#ff00ff", "#ffff00", "#ff0000", "#00ff00", "#0000ff")

_HEX = re.compile("[0-9a-f]{6}")

Ranges = tuple[tuple[float, float], ...]


class ChannelLook(traitlets.HasTraits):
    """How channels are drawn; twin of the painters in js/src/drawing.ts."""

    channels_together = traitlets.Bool(
        False,
        help="Whether channels are drawn over each other, each in its color, their light added; "
        "else one is, channel_index. True at first for images that name the colors of channels.",
    ).tag(sync=True)
    channel_colors: _traits.Checked[tuple[str, ...]] = _traits.Checked(
        lambda value: check_colors(value),
        default=(),
        help="Color of each channel drawn together: anything that cmap takes, kept as '#rrggbb'.",
    )
    channel_ranges: _traits.Checked[Ranges] = _traits.Checked(
        lambda value: check_ranges(value),
        default=(),
        help="Source values drawn black and in the full color: for each channel (low, high). "
        "Those without an entry are drawn over channel_bounds.",
    )
    channel_bounds: traitlets.List[tuple[float, float]] = traitlets.List(
        read_only=True, help="Robust range of each channel's values, once they are drawn together."
    ).tag(sync=True)
    channel_visibility: _traits.Checked[tuple[bool, ...]] = _traits.Checked(
        lambda value: check_flags(value),
        default=(),
        help="Whether each channel is drawn among those together; those without an entry are.",
    )

    looks: ClassVar[tuple[str, ...]] = (
        "channels_together", "channel_colors", "channel_ranges", "channel_visibility",
    )  # fmt: skip


def colors_of(count: int, named: Sequence[str] | None) -> tuple[str, ...]:
    """Return a colour for each of ``count`` channels: those that the image names, else ours."""
    shown = min(count, MOST_CHANNELS)
    ours = PAIR if count == 2 else COLORS
    given = [name.removeprefix("#")[:6].lower() for name in named or ()]
    return tuple(
        f"#{given[i]}" if i < len(given) and _HEX.fullmatch(given[i]) else ours[i % len(ours)]
        for i in range(shown)
    )


def check_colors(value: object) -> tuple[str, ...]:
    """Return colours as ``#rrggbb``."""
    return tuple(_colormaps.check_color(item) for item in _items(value, "channel_colors", "colors"))


def check_ranges(value: object) -> Ranges:
    """Return pairs (low, high)."""
    items = _items(value, "channel_ranges", "pairs (low, high)")
    return tuple(_traits.check_range(item) for item in items)


def check_flags(value: object) -> tuple[bool, ...]:
    """Return booleans."""
    items = [_traits.plain(item) for item in _items(value, "channel_visibility", "booleans")]
    if any(not isinstance(item, bool) for item in items):
        raise ParameterError(f"channel_visibility is a list of booleans, got {value!r:.120}")
    return tuple(bool(item) for item in items)


def _items(value: object, name: str, of: str) -> Sequence[object]:
    value = _traits.plain(value)
    if not isinstance(value, list | tuple) or len(value) > MOST_CHANNELS:
        raise ParameterError(
            f"{name} is a list of at most {MOST_CHANNELS} {of}, got {value!r:.120}"
        )
    return value

"""Colormaps by name, from the ``cmap`` library."""

from __future__ import annotations

import base64
import difflib

import cmap
import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import ParameterError

OFFERED = (
    "gray",
    "viridis",
    "magma",
    "inferno",
    "plasma",
    "cividis",
    "turbo",
    "bone",
    "red",
    "green",
    "blue",
    "cyan",
    "magenta",
    "yellow",
)
"""Names in the viewer's menu; ``color_map`` takes any name that cmap knows."""


LONGEST_COLOR = 40


def color_table(name: str) -> NDArray[np.uint8]:
    """Return the 256 colours of a colormap, shape (256, 3).

    Raises
    ------
    ParameterError
        If cmap knows no colormap of that name.
    """
    try:
        colormap = cmap.Colormap(name)
    except (ValueError, TypeError, KeyError) as error:
        known = cmap.Colormap.catalog().short_keys()
        close = difflib.get_close_matches(str(name), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "see https://cmap-docs.readthedocs.io"
        raise ParameterError(f"unknown colormap {name!r}; {hint}") from error
    colors = np.asarray(colormap(np.linspace(0.0, 1.0, 256)))
    return np.round(colors[:, :3] * 255).astype(np.uint8)


def check_color(value: object) -> str:
    """Return a colour as ``#rrggbb``; its name, or red, green and blue from 0 to 1.

    Raises
    ------
    ParameterError
        If it is neither.
    """
    color: str | tuple[float, float, float]
    if isinstance(value, str) and len(value) <= LONGEST_COLOR:
        color = value
    elif isinstance(value, list | tuple) and len(value) == 3 and all(map(_is_share, value)):
        color = (float(value[0]), float(value[1]), float(value[2]))
    else:
        raise ParameterError(f"a color is a name, '#rrggbb' or (r, g, b), got {value!r:.80}")
    try:
        red, green, blue, *_ = cmap.Color(color).rgba8
    except ValueError as error:
        raise ParameterError(
            f"unknown color {value!r:.80}; give '#rrggbb' or a name such as 'cyan'"
        ) from error
    return f"#{red:02x}{green:02x}{blue:02x}"


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


def tint_table(color: str) -> NDArray[np.uint8]:
    """Return 256 colours from black to ``#rrggbb``, shape (256, 3)."""
    end = np.frombuffer(bytes.fromhex(color.removeprefix("#")), np.uint8)
    return np.floor(np.arange(256)[:, np.newaxis] * (end / 255) + 0.5).astype(np.uint8)


def label_table(name: str) -> NDArray[np.uint8]:
    """Return the colours of a qualitative colormap, shape (n, 3); none for no name.

    Raises
    ------
    ParameterError
        If cmap knows no colormap of that name, or its colours are a scale.
    """
    if name == "":
        return np.empty((0, 3), np.uint8)
    color_table(name)  # refuses what is unknown
    colormap = cmap.Colormap(name)
    if colormap.category != "qualitative":
        raise ParameterError(
            f"{name!r} is a scale, whose colors labels could not be told apart by; take a "
            "qualitative colormap such as 'glasbey', 'tab20' or 'Set1'"
        )
    colors = np.array([tuple(stop.color.rgba8)[:3] for stop in colormap.color_stops])
    return colors.astype(np.uint8)


def label_colors(
    labels: NDArray[np.generic], table: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Return the colours of labels, shape (..., 3); twin of ``js/src/render/colors.ts``.

    Label 1 has the first colour of a table, and after the last one they begin again;
    without a table, hues are a golden angle apart.
    """
    if table is not None and len(table):
        place = (labels.astype(np.float64) - 1) % len(table)
        chosen: NDArray[np.uint8] = table[place.astype(int)]
        chosen[labels == 0] = 0
        return chosen
    number = np.abs(np.round(labels.astype(np.float64)))[..., np.newaxis] % 997
    hue = number * 0.61803398875 % 1
    lightness = 0.5 + 0.12 * (number % 3 - 1)
    k = (np.array([0, 8, 4]) + hue * 12) % 12
    value = lightness - 0.38 * np.maximum(-1, np.minimum(np.minimum(k - 3, 9 - k), 1))
    colors = np.floor(255 * np.clip(value, 0, 1) + 0.5).astype(np.uint8)
    colors[labels == 0] = 0
    return colors


def encode_table(table: NDArray[np.uint8]) -> str:
    """Return a colour table as base64 of its 768 bytes."""
    return base64.b64encode(np.ascontiguousarray(table).tobytes()).decode("ascii")

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


def label_colors(labels: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return the colours of labels, shape (..., 3); twin of ``js/src/render/colors.ts``."""
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

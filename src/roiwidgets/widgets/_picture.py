"""Draw the viewer's planes in Python, for notebooks that are saved and mailed."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw

from roiwidgets.images.geometry import grid_of
from roiwidgets.regions import Region
from roiwidgets.widgets import _colormaps
from roiwidgets.widgets._colormaps import label_colors
from roiwidgets.widgets._picture_planes import Dots, Plane, level_like, planes_of
from roiwidgets.widgets._point_sets import PointSet
from roiwidgets.widgets._scene import Layer
from roiwidgets.widgets._wire import to_wire_labels

GAP = 4
SIDE = 320
TINTS = {"green-magenta": ("#00ff00", "#ff00ff"), "cyan-red": ("#00ffff", "#ff0000")}
"""Colours of the first and the second image that add up to white."""
BACKGROUND = (20, 22, 26)
SMALLEST_DOT = 2.0
"""Pixels; the radius of a point that is smaller."""
ROI_COLOR = (255, 200, 60)
SMALLEST_HALF = 5e-324
"""Of a window; half of the narrowest one there is would be 0."""

Rgb = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Paint:
    """How one channel is drawn: through a window, in 256 colours."""

    channel: int
    table: Rgb
    window: tuple[float, float]


@dataclass(frozen=True, slots=True)
class CompareLook:
    """How a second image is drawn over the first; twin of ``js/src/drawing.ts``.

    Parameters
    ----------
    method, mix
        As the traits ``compare_method`` and ``image_mix``.
    table, window
        Colours of the second image.
    corner, side
        Frame position where the squares of a checkerboard begin, by axis, and the
        length of their sides.
    """

    method: str
    mix: float
    table: Rgb
    window: tuple[float, float]
    corner: Mapping[str, float]
    side: float

    def combine(self, plane: Plane, colors: Rgb, window: tuple[float, float]) -> Rgb:
        """Return both images over each other, the first in ``colors``, seen through ``window``."""
        if plane.moving is None:
            return colors
        values, inside = plane.moving
        if self.method in TINTS:
            first, second = (_colormaps.tint_table(color) for color in TINTS[self.method])
            light = colorize(values, second, *self.window) * inside[..., np.newaxis]
            total = colorize(plane.values, first, *window).astype(np.uint16) + light
            summed: Rgb = np.minimum(total, 255).astype(np.uint8)
            return summed
        share = {"blend": self.mix, "swap": float(self.mix >= 0.5)}.get(self.method, 1.0) * inside
        if self.method == "checkerboard":
            share = share * self._is_odd(plane)
        over = colorize(values, self.table, *self.window) * share[..., np.newaxis]
        mixed: Rgb = np.round(colors * (1 - share[..., np.newaxis]) + over).astype(np.uint8)
        return mixed

    def _is_odd(self, plane: Plane) -> NDArray[np.bool_]:
        """Return which pixels lie in the squares that show the second image."""
        steps = [
            np.floor((origin + np.arange(n) * size - self.corner[axis]) / self.side)
            for axis, origin, n, size in zip(
                plane.axes, plane.origin, plane.values.shape, plane.pixel_size, strict=True
            )
        ]
        is_odd: NDArray[np.bool_] = np.add.outer(*steps) % 2 == 1
        return is_odd


@dataclass(frozen=True, slots=True)
class LabelLook:
    """How labels are drawn over colours.

    Parameters
    ----------
    opacity
        0 to 1.
    table
        Colours of labels, as for ``label_colors``.
    hidden, weights
        Labels that are left out, and shares of the opacity for single ones.
    """

    opacity: float = 0.5
    table: Rgb | None = None
    hidden: tuple[int, ...] = ()
    weights: Mapping[int, float] = field(default_factory=dict)

    def blend(self, colors: Rgb, labels: NDArray[np.generic]) -> Rgb:
        """Return colours with labels over them."""
        share = np.where(labels == 0, 0.0, self.opacity)
        for label, weight in {**self.weights, **dict.fromkeys(self.hidden, 0.0)}.items():
            share[labels == label] *= weight
        own = label_colors(to_wire_labels(labels), self.table)  # as the browser knows them
        share = share[..., np.newaxis]
        mixed: Rgb = np.round(colors * (1 - share) + own * share).astype(np.uint8)
        return mixed


def _draw_plane(plane: Plane, colors: Rgb, label_look: LabelLook) -> Image.Image:
    """Return the plane in its colours and true proportions, at most ``SIDE`` pixels long."""
    if plane.labels is not None:
        colors = label_look.blend(colors, plane.labels)
    rows, columns = colors.shape[:2]
    height, width = rows * plane.pixel_size[0], columns * plane.pixel_size[1]
    factor = SIDE / max(height, width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    panel = Image.fromarray(colors).resize(size, Image.Resampling.BOX)
    for dots in plane.dots:
        _draw_dots(panel, dots, factor)
    if plane.box is not None:
        across, down = size[0] / columns, size[1] / rows
        left, top, right, bottom = plane.box
        x, y = left * across, top * down
        # a region that is thinner than a pixel is a line
        corners = (x, y, max(x, right * across - 1), max(y, bottom * down - 1))
        ImageDraw.Draw(panel).rectangle(corners, outline=ROI_COLOR)
    return panel


def _draw_dots(panel: Image.Image, dots: Dots, factor: float) -> None:
    """Draw circles, ``factor`` pixels to a unit."""
    alpha = round(255 * dots.opacity)
    drawing = ImageDraw.Draw(panel, "RGBA" if alpha < 255 else None)
    fill = (*ImageColor.getrgb(dots.color)[:3], alpha)[: 4 if alpha < 255 else 3]
    for y, x, size in dots.circles * factor:
        drawing.circle((x, y), max(size, SMALLEST_DOT), fill=fill)


def draw(
    layers: Mapping[str, Layer],
    level: int,
    *,
    position: Mapping[str, float],
    region: Region | None,
    time: int,
    paints: Sequence[Paint],
    label_look: LabelLook,
    points: Sequence[PointSet] = (),
    compare_look: CompareLook | None = None,
) -> bytes:
    """Return the planes of a level of the image, its labels over them, as a PNG.

    Parameters
    ----------
    layers
        The ``image``, the ``labels``, or both.
    level
        Level of the image, small enough to be read.
    position, region
        As for ``planes_of``.
    time
        Index along ``t``.
    paints
        The channels that are drawn, at least one; their light is added.
    label_look
        How the labels are drawn.
    points
        Drawn where the planes cut them.
    compare_look
        How the layer ``moving``, if there is one, is drawn over the image.
    """
    main = layers.get("image") or layers["labels"]
    image = main.image.images[level]
    grid = grid_of(image)
    over = {role: level_like(grid, layers[role]) for role in ("labels", "moving") if role in layers}
    channels = [
        planes_of(
            image,
            position=position,
            region=region,
            indices={"t": time, "c": paint.channel},
            points=points,
            half_spaces=layers["moving"].half_spaces if "moving" in layers else (),
            **over,
        )
        for paint in paints
    ]
    panels = []
    for planes in zip(*channels, strict=True):
        shape = planes[0].values.shape[:2]
        colors = np.zeros((*shape, 3), np.uint8) if main.is_labels else _add_light(planes, paints)
        if compare_look is not None:
            colors = compare_look.combine(planes[0], colors, paints[0].window)
        panels.append(_draw_plane(planes[0], colors, label_look))
    return compose(panels)


def _add_light(planes: Sequence[Plane], paints: Sequence[Paint]) -> Rgb:
    """Return the sum of the colours of a plane's channels, as far as a screen can show it."""
    total = sum(
        colorize(plane.values, paint.table, *paint.window).astype(np.uint16)
        for plane, paint in zip(planes, paints, strict=True)
    )
    return np.minimum(total, 255).astype(np.uint8)


def colorize(plane: NDArray[np.generic], table: Rgb, low: float, high: float) -> Rgb:
    """Return a plane as colours, shape (rows, columns, 3).

    Parameters
    ----------
    plane
        Source values, shape (rows, columns); or colours (rows, columns, 3 or 4),
        which are returned as they are, without alpha.
    table
        256 colours.
    low, high
        Values drawn in the first and the last colour; NaN is drawn black.
    """
    if plane.ndim == 3:
        return np.ascontiguousarray(plane[..., :3].astype(np.uint8))
    # of halves: the difference of two large numbers may be infinite
    half = max(high / 2 - low / 2, SMALLEST_HALF) if high > low else 0.5
    values = np.nan_to_num(plane.astype(np.float64), nan=low)
    with np.errstate(over="ignore"):  # what lies infinitely far outside the window is clipped
        index = np.clip(np.round((values / 2 - low / 2) / half * 255), 0, 255).astype(np.uint8)
    colors = table[index]
    if plane.dtype.kind == "f":
        colors[np.isnan(plane)] = 0
    return colors


def compose(panels: list[Image.Image]) -> bytes:
    """Return the panels side by side as a PNG."""
    width = sum(panel.width for panel in panels) + GAP * (len(panels) + 1)
    height = max(panel.height for panel in panels) + 2 * GAP
    picture = Image.new("RGB", (width, height), BACKGROUND)
    left = GAP
    for panel in panels:
        picture.paste(panel, (left, (height - panel.height) // 2))
        left += panel.width + GAP
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()

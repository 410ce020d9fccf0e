"""Draw the viewer's planes in Python, for notebooks that are saved and mailed."""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from roiwidgets.errors import RegionError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.sources import voxel_source
from roiwidgets.regions import Region, resolve_region
from roiwidgets.widgets._colormaps import label_colors
from roiwidgets.widgets._scene import Layer

GAP = 4
SIDE = 320
BACKGROUND = (20, 22, 26)
ROI_COLOR = (255, 200, 60)

Rgb = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane of an image and the region's outline in it.

    Parameters
    ----------
    values
        Shape (rows, columns), or (rows, columns, 3 or 4) for colours.
    pixel_size
        Height and width of a pixel in world units.
    box
        Region as left, top, right, bottom voxel edges, or None where the plane
        misses the region.
    labels
        Shape (rows, columns); 0 is transparent. None where there are none.
    """

    values: NDArray[np.generic]
    pixel_size: tuple[float, float]
    box: tuple[int, int, int, int] | None
    labels: NDArray[np.generic] | None = None

    def draw(
        self, table: Rgb, low: float, high: float, *, label_opacity: float = 0.5
    ) -> Image.Image:
        """Return the plane in true proportions, at most ``SIDE`` pixels long."""
        colors = colorize(self.values, table, low, high)
        if self.labels is not None:
            colors = _blend(colors, self.labels, label_opacity)
        rows, columns = colors.shape[:2]
        height, width = rows * self.pixel_size[0], columns * self.pixel_size[1]
        factor = SIDE / max(height, width)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        panel = Image.fromarray(colors).resize(size, Image.Resampling.BOX)
        if self.box is not None:
            across, down = size[0] / columns, size[1] / rows
            left, top, right, bottom = self.box
            x, y = left * across, top * down
            # a region that is thinner than a pixel is a line
            corners = (x, y, max(x, right * across - 1), max(y, bottom * down - 1))
            ImageDraw.Draw(panel).rectangle(corners, outline=ROI_COLOR)
        return panel


def draw(
    layers: Mapping[str, Layer],
    level: int,
    *,
    position: Mapping[str, float],
    region: Region,
    indices: Mapping[str, int],
    table: Rgb,
    window: tuple[float, float],
    label_opacity: float,
) -> bytes:
    """Return the planes of a level of the image, its labels over them, as a PNG.

    Parameters
    ----------
    layers
        The ``image``, the ``labels``, or both.
    level
        Level of the image, small enough to be read.
    position, region, indices
        As for ``planes_of``.
    table
        256 colours.
    window
        Values drawn in the first and the last colour.
    label_opacity
        0 to 1.
    """
    main = layers.get("image") or layers["labels"]
    image = main.image.images[level]
    labels = _level_like(grid_of(image), layers["labels"]) if "labels" in layers else None
    planes = planes_of(image, position=position, region=region, indices=indices, labels=labels)
    if main.is_labels:  # they are drawn in their colours, over black
        planes = [replace(plane, values=np.full(plane.values.shape, np.nan)) for plane in planes]
    return compose([plane.draw(table, *window, label_opacity=label_opacity) for plane in planes])


def _level_like(grid: Grid, layer: Layer) -> NgffImage:
    """Return the level of a layer whose voxels are closest in size to a grid's."""

    def difference(i: int) -> float:
        return abs(math.log(layer.grids[i].along("x")[1] / grid.along("x")[1]))

    return layer.image.images[min(range(len(layer.grids)), key=difference)]


def planes_of(
    image: NgffImage,
    *,
    position: Mapping[str, float],
    region: Region,
    indices: Mapping[str, int],
    labels: NgffImage | None = None,
) -> list[Plane]:
    """Return the planes through a point: xy, xz and yz, or the one plane of a 2-D image.

    Parameters
    ----------
    image
        A level small enough to be read.
    position
        Frame coordinates of the point; axes that are missing are taken in the middle.
    region
        Drawn as an outline.
    indices
        Index along ``t`` and ``c``.
    labels
        Drawn over the image, on any grid in the same frame; small enough to be read.
    """
    grid = grid_of(image)
    across = grid.spatial_axes if len(grid.spatial_axes) == 3 else ("",)
    planes = [_plane_across(image, grid, axis, position, region, indices) for axis in across]
    if labels is None:
        return planes
    return [
        replace(plane, labels=_labels_across(labels, grid, axis, position, indices))
        for plane, axis in zip(planes, across, strict=True)
    ]


def _labels_across(
    labels: NgffImage,
    shown: Grid,
    across: str,
    position: Mapping[str, float],
    indices: Mapping[str, int],
) -> NDArray[np.generic]:
    """Return the labels nearest to the voxels of a plane of another grid; 0 beyond them."""
    grid = grid_of(labels)
    nearest = []
    for axis, size in zip(grid.axes, grid.shape, strict=True):
        if axis not in shown.spatial_axes:
            nearest.append(np.array([min(indices.get(axis, 0), size - 1)]))
            continue
        count, step, start = shown.along(axis)
        index = [_nearest_index(shown, axis, position)] if axis == across else np.arange(count)
        _, spacing, origin = grid.along(axis)
        nearest.append(np.round((start + np.asarray(index) * step - origin) / spacing).astype(int))
    inside = [(i >= 0) & (i < size) for i, size in zip(nearest, grid.shape, strict=True)]
    clipped = [np.clip(i, 0, size - 1) for i, size in zip(nearest, grid.shape, strict=True)]
    box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in clipped)
    read = voxel_source(labels.data).read(box)
    values = read[np.ix_(*(i - i.min() for i in clipped))]
    values[~functools.reduce(np.logical_and.outer, inside)] = 0
    return values.reshape([shown.along(axis)[0] for axis in shown.spatial_axes if axis != across])


def _plane_across(
    image: NgffImage,
    grid: Grid,
    across: str,
    position: Mapping[str, float],
    region: Region,
    indices: Mapping[str, int],
) -> Plane:
    chosen = {axis: index for axis, index in indices.items() if not (axis == "c" and grid.is_rgb)}
    if across:
        chosen[across] = _nearest_index(grid, across, position)
    slices = tuple(
        slice(chosen[axis], chosen[axis] + 1) if axis in chosen else slice(0, size)
        for axis, size in zip(grid.axes, grid.shape, strict=True)
    )
    values = voxel_source(image.data).read(slices)
    kept = [i for i, axis in enumerate(grid.axes) if axis not in chosen]
    down, right = (axis for axis in grid.spatial_axes if axis != across)
    return Plane(
        values=values.reshape([values.shape[i] for i in kept]),
        pixel_size=(grid.along(down)[1], grid.along(right)[1]),
        box=_outline(grid, across, chosen.get(across, 0), (down, right), region),
    )


def _outline(
    grid: Grid, across: str, index: int, shown: tuple[str, str], region: Region
) -> tuple[int, int, int, int] | None:
    try:
        box = dict(zip(grid.axes, resolve_region(region, grid), strict=True))
    except RegionError:  # the region misses the image: there is nothing to outline
        return None
    if across and not box[across].start <= index < box[across].stop:
        return None
    down, right = (box[axis] for axis in shown)
    return right.start, down.start, right.stop, down.stop


def _nearest_index(grid: Grid, axis: str, position: Mapping[str, float]) -> int:
    size, spacing, origin = grid.along(axis)
    if axis not in position:
        return size // 2
    return int(np.clip(round((position[axis] - origin) / spacing), 0, size - 1))


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
    width = high - low if high > low else 1.0
    values = np.nan_to_num(plane.astype(np.float64), nan=low)
    with np.errstate(over="ignore"):  # what lies infinitely far outside the window is clipped
        index = np.clip(np.round((values - low) / width * 255), 0, 255).astype(np.uint8)
    colors = table[index]
    if plane.dtype.kind == "f":
        colors[np.isnan(plane)] = 0
    return colors


def _blend(colors: Rgb, labels: NDArray[np.generic], opacity: float) -> Rgb:
    share = np.where(labels == 0, 0.0, opacity)[..., np.newaxis]
    mixed: Rgb = np.round(colors * (1 - share) + label_colors(labels) * share).astype(np.uint8)
    return mixed


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

"""Draw the viewer's planes in Python, for notebooks that are saved and mailed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from roiwidgets.errors import RegionError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.sources import voxel_source
from roiwidgets.regions import Region, resolve_region

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
    """

    values: NDArray[np.generic]
    pixel_size: tuple[float, float]
    box: tuple[int, int, int, int] | None

    def draw(self, table: Rgb, low: float, high: float) -> Image.Image:
        """Return the plane in true proportions, at most ``SIDE`` pixels long."""
        colors = colorize(self.values, table, low, high)
        rows, columns = colors.shape[:2]
        height, width = rows * self.pixel_size[0], columns * self.pixel_size[1]
        factor = SIDE / max(height, width)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        panel = Image.fromarray(colors).resize(size, Image.Resampling.BILINEAR)
        if self.box is not None:
            across, down = size[0] / columns, size[1] / rows
            left, top, right, bottom = self.box
            corners = (left * across, top * down, right * across - 1, bottom * down - 1)
            ImageDraw.Draw(panel).rectangle(corners, outline=ROI_COLOR)
        return panel


def planes_of(
    image: NgffImage,
    *,
    position: Mapping[str, float],
    region: Region,
    indices: Mapping[str, int],
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
    """
    grid = grid_of(image)
    across = grid.spatial_axes if len(grid.spatial_axes) == 3 else ("",)
    return [_plane_across(image, grid, axis, position, region, indices) for axis in across]


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
    index = np.clip(np.round((values - low) / width * 255), 0, 255).astype(np.uint8)
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
    picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()

"""The planes of a viewer's layers as arrays: what ``_picture`` turns into colours."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import RegionError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.resampled import HalfSpace
from roiwidgets.images.sources import voxel_source
from roiwidgets.regions import Region, resolve_region
from roiwidgets.widgets._point_sets import PointSet
from roiwidgets.widgets._scene import Layer


@dataclass(frozen=True, slots=True)
class Dots:
    """Circles of one look: centre down, centre right and radius, in units of the world."""

    circles: NDArray[np.float64]
    color: str
    opacity: float


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane of an image and the region's outline in it.

    Parameters
    ----------
    values
        Shape (rows, columns), or (rows, columns, 3 or 4) for colours.
    pixel_size
        Height and width of a pixel in world units.
    axes
        Names of the axes down and right.
    origin
        Frame position of the first pixel's centre, down and right.
    box
        Region as left, top, right, bottom voxel edges, or None where the plane
        misses the region.
    labels
        Shape (rows, columns); 0 is transparent. None where there are none.
    dots
        Points, in units of the world from the plane's first voxel edges.
    moving
        The second image of a comparison at the same pixels, and where it has voxels;
        None where nothing is compared.
    """

    values: NDArray[np.generic]
    pixel_size: tuple[float, float]
    axes: tuple[str, str]
    origin: tuple[float, float]
    box: tuple[int, int, int, int] | None
    labels: NDArray[np.generic] | None = None
    dots: tuple[Dots, ...] = ()
    moving: tuple[NDArray[np.generic], NDArray[np.bool_]] | None = None


def level_like(grid: Grid, layer: Layer) -> NgffImage:
    """Return the level of a layer whose voxels are closest in size to a grid's."""

    def difference(i: int) -> float:
        return abs(math.log(layer.grids[i].along("x")[1] / grid.along("x")[1]))

    return layer.image.images[min(range(len(layer.grids)), key=difference)]


def planes_of(
    image: NgffImage,
    *,
    position: Mapping[str, float],
    region: Region | None,
    indices: Mapping[str, int],
    labels: NgffImage | None = None,
    points: Sequence[PointSet] = (),
    moving: NgffImage | None = None,
    half_spaces: Sequence[HalfSpace] = (),
) -> list[Plane]:
    """Return the planes through a point: xy, xz and yz, or the one plane of a 2-D image.

    Parameters
    ----------
    image
        A level small enough to be read.
    position
        Frame coordinates of the point; axes that are missing are taken in the middle.
    region
        Drawn as an outline; None draws none.
    indices
        Index along ``t`` and ``c``.
    labels
        Drawn over the image, on any grid in the same frame; small enough to be read.
    points
        Drawn where the planes cut them.
    moving
        Compared with the image, on any grid in the same frame; small enough to be read.
    half_spaces
        Where ``moving`` ends, if not at the faces of its grid.
    """
    grid = grid_of(image)
    across = grid.spatial_axes if len(grid.spatial_axes) == 3 else ("",)
    planes = [_plane_across(image, grid, axis, position, region, indices) for axis in across]
    whole = []
    for plane, axis in zip(planes, across, strict=True):
        own, compared = None, None
        if labels is not None:
            values, inside = _nearest_across(labels, grid, axis, position, indices)
            own = np.where(inside, values, 0)
        if moving is not None:
            values, inside = _nearest_across(moving, grid, axis, position, indices)
            compared = values, inside & _is_within(half_spaces, grid, axis, position)
        dots = tuple(_dots_in(each, grid, axis, position) for each in points)
        whole.append(replace(plane, dots=dots, labels=own, moving=compared))
    return whole


def _dots_in(points: PointSet, grid: Grid, across: str, position: Mapping[str, float]) -> Dots:
    """Return the circles that a plane cuts out of points, from the plane's first voxel edges."""
    at = 0.0
    if across:
        _, spacing, origin = grid.along(across)
        at = position.get(across, origin + _nearest_index(grid, across, position) * spacing)
    circles = points.circles(grid, across, at)
    shown = [axis for axis in grid.spatial_axes if axis != across]
    circles[:, :2] -= [grid.edges(axis)[0] for axis in shown]
    return Dots(circles, points.color, points.opacity)


def _nearest_across(
    image: NgffImage,
    shown: Grid,
    across: str,
    position: Mapping[str, float],
    indices: Mapping[str, int],
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Return the values nearest to the voxels of a plane of another grid, and which exist."""
    grid = grid_of(image)
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
    read = voxel_source(image.data).read(box)
    values = read[np.ix_(*(i - i.min() for i in clipped))]
    sides = [shown.along(axis)[0] for axis in shown.spatial_axes if axis != across]
    return values.reshape(sides), functools.reduce(np.logical_and.outer, inside).reshape(sides)


def _is_within(
    half_spaces: Sequence[HalfSpace], shown: Grid, across: str, position: Mapping[str, float]
) -> NDArray[np.bool_]:
    """Return which pixels of a plane lie in all half spaces."""
    places = []
    for axis in shown.spatial_axes:
        count, step, start = shown.along(axis)
        index = [_nearest_index(shown, axis, position)] if axis == across else np.arange(count)
        places.append(start + np.asarray(index) * step)
    sides = [len(place) for place in places]
    within = np.ones(sides, bool)
    for *normal, limit in half_spaces:
        parts = [n * place for n, place in zip(normal, places, strict=True)]
        within &= functools.reduce(np.add.outer, parts) <= limit
    kept = [n for axis, n in zip(shown.spatial_axes, sides, strict=True) if axis != across]
    return within.reshape(kept)


def _plane_across(
    image: NgffImage,
    grid: Grid,
    across: str,
    position: Mapping[str, float],
    region: Region | None,
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
        axes=(down, right),
        origin=(grid.along(down)[2], grid.along(right)[2]),
        box=_outline(grid, across, chosen.get(across, 0), (down, right), region),
    )


def _outline(
    grid: Grid, across: str, index: int, shown: tuple[str, str], region: Region | None
) -> tuple[int, int, int, int] | None:
    if region is None:
        return None
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

"""From images to what the browser is told about them: pure functions.

The scene is the ``scene`` trait of ``docs/protocol.md``. Its numbers are in the
frame of the image (axes parallel to the array's), always three-dimensional: a
2-D image is one plane of unit thickness.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ngff_zarr import Multiscales

from roiwidgets.errors import GeometryError
from roiwidgets.images.geometry import Direction, Grid, grid_of
from roiwidgets.images.quick_look import voxels_read
from roiwidgets.images.resampled import HalfSpace, edges_in_frame, resample_in_frame
from roiwidgets.images.sources import voxel_source
from roiwidgets.regions import Region, resolve_region
from roiwidgets.regions.blocks import shape_of
from roiwidgets.widgets._chunk_server import ServedLayer
from roiwidgets.widgets._wire import image_wire_dtype, label_wire_dtype

_ORDER = ("z", "y", "x")

LONGEST_TEXTURE = 2048
"""Voxels along a side of a volume that graphics cards take; as in js/src/streaming/levels.ts."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One image as the viewer shows it: an id, its levels and its role.

    Parameters
    ----------
    id, name, value_range, is_labels
        As in the protocol.
    image
        What is drawn: levels that are parallel to those of the other layers.
    given
        The image itself where ``image`` is resampled from it, else None.
    half_spaces
        Where a resampled image ends; empty if it fills its box.
    """

    id: str
    name: str
    image: Multiscales
    value_range: tuple[float, float]
    is_labels: bool = False
    given: Multiscales | None = None
    half_spaces: tuple[HalfSpace, ...] = ()

    @property
    def grids(self) -> tuple[Grid, ...]:
        """Grids of the levels, finest first."""
        return tuple(grid_of(level) for level in self.image.images)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type on the wire."""
        stored = self.image.images[0].data.dtype
        if self.is_labels:
            return label_wire_dtype(stored)
        return image_wire_dtype(stored, self.value_range)

    @property
    def components(self) -> int:
        """Values of a voxel: those of its colour, else 1."""
        finest = self.grids[0]
        return finest.shape[-1] if finest.is_rgb else 1

    @property
    def channels(self) -> int:
        """Number of channels; a colour is one."""
        return last_index(self.grids[0], "c") + 1

    @property
    def bytes_per_voxel(self) -> int:
        """Bytes of a voxel in the browser."""
        return self.dtype.itemsize * self.components

    def describe(self) -> dict[str, object]:
        """Return the layer's entry of the ``scene`` trait."""
        finest = self.grids[0]
        rgb = finest.is_rgb
        return {
            "id": self.id,
            "kind": "labels" if self.is_labels else ("rgb" if rgb else "image"),
            "name": self.name,
            "dtype": self.dtype.name,
            "exact": self.dtype == self.image.images[0].data.dtype.newbyteorder("="),
            "components": self.components,
            "times": last_index(finest, "t") + 1,
            "channels": self.channels,
            "channel_names": list(self.image.images[0].channel_names or []),
            "value_range": list(self.value_range),
            "half_spaces": [list(_in_space(each)) for each in self.half_spaces],
            "levels": [
                {**describe_level(grid), "reads": voxels_read(voxel_source(level.data))}
                for grid, level in zip(self.grids, self.image.images, strict=True)
            ],
        }

    def serve(self) -> ServedLayer:
        """Return the layer as the chunk server reads it."""
        return ServedLayer(
            axes=self.grids[0].axes,
            levels=tuple(voxel_source(level.data) for level in self.image.images),
            dtype=self.dtype,
            is_rgb=self.grids[0].is_rgb,
            is_labels=self.is_labels,
        )


def describe_level(grid: Grid) -> dict[str, list[float] | list[int]]:
    """Return shape, spacing and origin of a grid along z, y, x."""
    sides = [grid.along(axis) if axis in grid.axes else (1, 1.0, 0.0) for axis in _ORDER]
    return {
        "shape": [size for size, _, _ in sides],
        "spacing": [spacing for _, spacing, _ in sides],
        "origin": [origin for _, _, origin in sides],
    }


def _in_space(half_space: HalfSpace) -> HalfSpace:
    """Return a half-space over z, y, x, also of a 2-D image."""
    return (0.0,) * (len(_ORDER) + 1 - len(half_space)) + half_space


def in_frame(layer: Layer, grid: Grid, new_id: Callable[[], str]) -> Layer:
    """Return a layer that can be drawn over an image: with axes parallel to its grid.

    Parameters
    ----------
    layer
        The same layer is returned if its axes are parallel already.
    grid
        Of the image that it is drawn over.
    new_id
        Called for the id of a layer whose voxels change.

    Raises
    ------
    GeometryError
        If one has two axes in space, the other three.
    """
    given = layer.given or layer.image
    own = grid_of(given.images[0])
    if own.spatial_axes != grid.spatial_axes:
        raise GeometryError(
            f"{layer.name} has the axes {', '.join(own.spatial_axes)}, the image "
            f"{', '.join(grid.spatial_axes)}; give both the same, for example with voxels[None]"
        )
    if same_direction(own.direction, grid.direction):
        if layer.given is None:
            return layer
        return replace(layer, id=new_id(), image=given, given=None, half_spaces=())
    if layer.given and same_direction(layer.grids[0].direction, grid.direction):
        return layer
    return replace(
        layer,
        id=new_id(),
        image=resample_in_frame(
            given, grid, interpolation="nearest" if layer.is_labels else "linear"
        ),
        given=given,
        half_spaces=() if layer.is_labels else edges_in_frame(own, grid),
    )


def describe_scene(layers: list[Layer]) -> dict[str, object]:
    """Return the ``scene`` trait for layers drawn over each other, of one direction."""
    if not layers:
        return {"unit": "", "planar": False, "direction": np.eye(3).ravel().tolist(), "layers": []}
    first = layers[0].grids[0]
    units = layers[0].image.images[0].axes_units or {}
    return {
        "unit": str(units.get("x") or ""),
        "planar": "z" not in first.axes,
        "direction": direction_xyz(first).ravel().tolist(),
        "layers": [layer.describe() for layer in layers],
    }


def direction_xyz(grid: Grid) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the direction as a 3 x 3 matrix in x, y, z order."""
    size = len(grid.spatial_axes)
    matrix = np.eye(3)
    matrix[:size, :size] = grid.matrix()[::-1, ::-1]
    return matrix


def same_direction(one: Direction | None, other: Direction | None) -> bool:
    """Tell whether two directions agree to within rounding."""
    if one is None and other is None:
        return True
    size = len(one or other or ())
    first = np.eye(size) if one is None else np.asarray(one)
    second = np.eye(size) if other is None else np.asarray(other)
    return first.shape == second.shape and bool(np.allclose(first, second, atol=1e-6))


def last_index(grid: Grid, axis: str) -> int:
    """Return the last index along ``t`` or ``c`` that can be shown; colours are no channels."""
    if axis not in grid.axes or (axis == "c" and grid.is_rgb):
        return 0
    return grid.along(axis)[0] - 1


def level_within_budget(
    region_shapes: tuple[tuple[int, ...], ...], itemsize: int, budget: int
) -> int:
    """Return the finest level whose region fits the memory budget.

    Parameters
    ----------
    region_shapes
        Shape of the region at each level, finest first.
    itemsize, budget
        Bytes per voxel of all layers, and bytes that the region may take.

    Returns
    -------
    int
        A level; the coarsest if none fits. Twin: ``js/src/streaming/levels.ts``.
    """
    for level, shape in enumerate(region_shapes):
        is_texture = len(shape) < 3 or max(shape) <= LONGEST_TEXTURE
        if is_texture and int(np.prod(shape)) * itemsize <= budget:
            return level
    return len(region_shapes) - 1


def finest_scale_within(
    region: Region, grids: Sequence[Grid], *, itemsize: int, budget: int
) -> int:
    """Return the finest scale whose voxels over a region, at one time, fit a budget.

    Parameters
    ----------
    region
        What is looked at.
    grids
        Those of the levels, finest first.
    itemsize, budget
        As for ``level_within_budget``.
    """
    shapes = []
    for grid in grids:
        sides = dict(zip(grid.axes, shape_of(resolve_region(region, grid)), strict=True))
        shapes.append(tuple(sides[axis] for axis in grid.spatial_axes))
    return level_within_budget(tuple(shapes), itemsize, budget)


def overlap(one: Grid, other: Grid) -> bool:
    """Tell whether two grids of one orientation share a part of the world."""
    if one.spatial_axes != other.spatial_axes or one.direction != other.direction:
        return False
    return all(
        one.edges(axis)[0] < other.edges(axis)[1] and other.edges(axis)[0] < one.edges(axis)[1]
        for axis in one.spatial_axes
    )


def are_alike(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Tell whether two ranges share at least half of what they cover together."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared >= 0.5 * (max(one[1], other[1]) - min(one[0], other[0]))


def suit_one_window(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Tell whether one window suits values of two ranges; twin: ``js/src/drawing.ts``."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared >= 0.25 * max(one[1] - one[0], other[1] - other[0])

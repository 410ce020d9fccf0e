"""From images to what the browser is told about them: pure functions.

The scene is the ``scene`` trait of ``docs/protocol.md``. Its numbers are in the
frame of the image (axes parallel to the array's), always three-dimensional: a
2-D image is one plane of unit thickness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ngff_zarr import Multiscales

from roiwidgets.errors import GeometryError
from roiwidgets.images.geometry import Direction, Grid, grid_of
from roiwidgets.images.pyramid import BinnedSource
from roiwidgets.images.sources import VoxelSource, voxel_source
from roiwidgets.widgets._chunk_server import ServedLayer, wire_dtype

_ORDER = ("z", "y", "x")


@dataclass(frozen=True, slots=True)
class Layer:
    """One image as the viewer shows it: an id, its levels and its role."""

    id: str
    name: str
    image: Multiscales
    value_range: tuple[float, float]
    is_labels: bool = False

    @property
    def grids(self) -> tuple[Grid, ...]:
        """Grids of the levels, finest first."""
        return tuple(grid_of(level) for level in self.image.images)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type on the wire."""
        return wire_dtype(self.image.images[0].data.dtype, is_labels=self.is_labels)

    @property
    def components(self) -> int:
        """Values of a voxel: those of its colour, else 1."""
        finest = self.grids[0]
        return finest.shape[-1] if finest.is_rgb else 1

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
            "components": self.components,
            "times": last_index(finest, "t") + 1,
            "channels": last_index(finest, "c") + 1,
            "value_range": list(self.value_range),
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


def voxels_read(source: VoxelSource) -> int:
    """Return how many stored voxels are read for one voxel of a level."""
    return int(np.prod(source.factors)) if isinstance(source, BinnedSource) else 1


def describe_scene(layers: list[Layer]) -> dict[str, object]:
    """Return the ``scene`` trait for layers drawn over each other.

    Raises
    ------
    GeometryError
        If the layers' axes point in different directions.
    """
    if not layers:
        return {"unit": "", "planar": False, "direction": np.eye(3).ravel().tolist(), "layers": []}
    first = layers[0].grids[0]
    for layer in layers[1:]:
        if not same_direction(layer.grids[0].direction, first.direction):
            raise GeometryError(
                f"{layer.name} is oriented differently from {layers[0].name}; resample one onto "
                "the other's grid first"
            )
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
        if int(np.prod(shape)) * itemsize <= budget:
            return level
    return len(region_shapes) - 1


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

"""The lattice of an image's voxels: one frozen grid owns index <-> world.

This module is light (numpy only), so that worker processes can use it.

Conventions
-----------
World coordinates are in the image's axis unit. ``origin`` is the **centre** of
the first voxel (``NgffImage.translation``); bounds are voxel **edges**. The
*frame* of a grid has its axes parallel to the array's: voxel ``i`` of an axis
is centred at ``origin + i * spacing`` in the frame, and a world point is
``direction @ frame_point``. With an identity direction frame and world are the
same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roiwidgets.errors import GeometryError
from roiwidgets.images.axes import check_axes, is_rgb, spatial_axes

FloatArray = NDArray[np.float64]
Direction = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The lattice of an image's voxels in the world.

    Parameters
    ----------
    axes
        Names in array order, out of t, c, z, y, x.
    shape
        Voxels along each axis, each at least 1.
    spacing
        Distance between voxel centres along each axis, > 0, in the axis unit.
    origin
        Frame position of the centre of the first voxel, one per axis.
    direction
        Orthonormal matrix over the spatial axes in array order; column ``j`` is
        the world direction of spatial axis ``j``. None is the identity.

    Raises
    ------
    GeometryError
        If lengths disagree, a spacing is not positive and finite, or the
        direction is not orthonormal.

    Notes
    -----
    ``origin`` is held in the frame, so that positions along one axis never mix
    with the others and every level obeys ``origin + start * spacing`` exactly.
    """

    axes: tuple[str, ...]
    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: Direction | None = field(default=None)

    def __post_init__(self) -> None:
        check_axes(self.axes)
        lengths = {len(self.axes), len(self.shape), len(self.spacing), len(self.origin)}
        if len(lengths) != 1:
            raise GeometryError(
                f"axes {self.axes}, shape {self.shape}, spacing {self.spacing} and origin "
                f"{self.origin} must have one entry per axis"
            )
        if any(size < 1 for size in self.shape):
            raise GeometryError(f"shape {self.shape} must be at least 1 along every axis")
        if not all(np.isfinite(step) and step > 0 for step in self.spacing):
            raise GeometryError(
                f"spacing {self.spacing} must be positive and finite; a flipped axis belongs "
                "in the direction matrix"
            )
        if not np.all(np.isfinite(self.origin)):
            raise GeometryError(f"origin {self.origin} must be finite")
        if self.direction is not None:
            _check_direction(self.direction, len(spatial_axes(self.axes)))

    @property
    def spatial_axes(self) -> tuple[str, ...]:
        """Names of the spatial axes in array order."""
        return spatial_axes(self.axes)

    @property
    def is_rgb(self) -> bool:
        """Whether the last axis holds the 3 or 4 components of a colour."""
        return is_rgb(self.axes, self.shape)

    def along(self, axis: str) -> tuple[int, float, float]:
        """Return ``(size, spacing, origin)`` of one axis."""
        i = self.axes.index(axis)
        return self.shape[i], self.spacing[i], self.origin[i]

    @property
    def spatial_spacing(self) -> tuple[float, ...]:
        """Spacing of the spatial axes in array order."""
        return tuple(self.along(axis)[1] for axis in self.spatial_axes)

    @property
    def spatial_shape(self) -> tuple[int, ...]:
        """Voxels along the spatial axes in array order."""
        return tuple(self.along(axis)[0] for axis in self.spatial_axes)

    def matrix(self) -> FloatArray:
        """Return the direction as a square float64 matrix over the spatial axes."""
        n = len(self.spatial_axes)
        return np.eye(n) if self.direction is None else np.asarray(self.direction, float)

    def index_to_frame(self, index: ArrayLike) -> FloatArray:
        """Return frame positions of voxel indices, shape (..., n_axes)."""
        return np.asarray(self.origin, np.float64) + np.asarray(index, np.float64) * np.asarray(
            self.spacing, np.float64
        )

    def frame_to_index(self, position: ArrayLike) -> FloatArray:
        """Return (fractional) voxel indices of frame positions, shape (..., n_axes)."""
        return (
            np.asarray(position, np.float64) - np.asarray(self.origin, np.float64)
        ) / np.asarray(self.spacing, np.float64)

    def index_to_world(self, index: ArrayLike) -> FloatArray:
        """Return world positions of spatial voxel indices, shape (..., n_spatial)."""
        spacing, origin = (
            np.asarray(self.spatial_spacing, np.float64),
            np.asarray(self._spatial_origin, np.float64),
        )
        return (origin + np.asarray(index, np.float64) * spacing) @ self.matrix().T

    def world_to_index(self, point: ArrayLike) -> FloatArray:
        """Return (fractional) spatial voxel indices of world points, shape (..., n_spatial)."""
        frame = np.asarray(point, np.float64) @ self.matrix()
        return (frame - np.asarray(self._spatial_origin, np.float64)) / np.asarray(
            self.spatial_spacing, np.float64
        )

    def edges(self, axis: str) -> tuple[float, float]:
        """Return the outer voxel edges of the grid along one axis, in the frame."""
        size, spacing, origin = self.along(axis)
        return origin - 0.5 * spacing, origin + (size - 0.5) * spacing

    def crop(self, slices: tuple[slice, ...]) -> Grid:
        """Return the grid of ``data[slices]``; the origin is ``origin + start * spacing``."""
        starts = [s.start for s in slices]
        return Grid(
            axes=self.axes,
            shape=tuple(s.stop - s.start for s in slices),
            spacing=self.spacing,
            origin=tuple(
                o + start * d for o, start, d in zip(self.origin, starts, self.spacing, strict=True)
            ),
            direction=self.direction,
        )

    @property
    def _spatial_origin(self) -> tuple[float, ...]:
        return tuple(self.along(axis)[2] for axis in self.spatial_axes)


def _floats(values: ArrayLike) -> FloatArray:
    return np.asarray(values, np.float64)


def _check_direction(direction: Direction, size: int) -> None:
    matrix = np.asarray(direction, float)
    orthonormal = matrix.shape == (size, size) and np.allclose(
        matrix @ matrix.T, np.eye(size), atol=1e-4
    )
    if not orthonormal:
        raise GeometryError(
            f"direction {direction} must be an orthonormal {size} x {size} matrix; "
            "resample sheared images first"
        )


def placed_grid(
    axes: tuple[str, ...],
    shape: tuple[int, ...],
    spacing: Mapping[str, float],
    translation: Mapping[str, float],
    direction: Direction | None,
) -> Grid:
    """Return the grid of an image that is placed in the world.

    Parameters
    ----------
    axes, shape
        As for ``Grid``.
    spacing
        Distance between voxel centres per axis; 1 where missing.
    translation
        World position of the centre of the first voxel per axis; 0 where missing.
    direction
        Direction cosines of the spatial axes, in array-axis order; None is the identity.
    """
    if is_identity(direction):
        direction = None
    origin = {axis: float(translation.get(axis, 0.0)) for axis in axes}
    if direction is not None:
        origin.update(rotate_point(origin, np.asarray(direction, float).T, spatial_axes(axes)))
    return Grid(
        axes=axes,
        shape=tuple(int(n) for n in shape),
        spacing=tuple(float(spacing.get(axis, 1.0)) for axis in axes),
        origin=tuple(origin[axis] for axis in axes),
        direction=direction,
    )


def is_identity(direction: Direction | None) -> bool:
    """Tell whether a direction leaves the axes as they are."""
    return direction is None or bool(np.array_equal(direction, np.eye(len(direction))))


def world_translation(grid: Grid) -> dict[str, float]:
    """Return the world position of the first voxel's centre, one entry per axis."""
    origin = dict(zip(grid.axes, grid.origin, strict=True))
    if grid.direction is not None:
        origin.update(rotate_point(origin, grid.matrix(), grid.spatial_axes))
    return origin


def rotate_point(
    point: Mapping[str, float], matrix: FloatArray, axes: tuple[str, ...]
) -> dict[str, float]:
    """Return a point turned by a matrix over some of its axes, keyed by these axes."""
    rotated = matrix @ np.array([point[axis] for axis in axes])
    return {axis: float(value) for axis, value in zip(axes, rotated, strict=True)}

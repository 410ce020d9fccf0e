"""A region of interest: a box in the world, without pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from roiwidgets.errors import RegionError
from roiwidgets.images.grid import Direction, FloatArray, Grid

_ORDER = ("z", "y", "x")


@dataclass(frozen=True, slots=True)
class Region:
    """A box whose sides are parallel to the axes of a frame.

    Parameters
    ----------
    axes
        Spatial axes that the box bounds, in array order; the others are unbounded.
    lower, upper
        Edges along each of ``axes`` in world units, ``lower < upper``.
    direction
        Direction cosines of the frame in array-axis order; None is the identity,
        which makes ``lower`` and ``upper`` plain world coordinates.

    Raises
    ------
    RegionError
        If an edge is not finite or an upper edge does not lie above its lower one.

    Examples
    --------
    >>> region = Region.from_bounds({"x": 0.0, "y": 1.0}, {"x": 4.0, "y": 2.5})
    >>> region.size
    {'y': 1.5, 'x': 4.0}
    """

    axes: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    direction: Direction | None = None

    def __post_init__(self) -> None:
        if not len(self.axes) == len(self.lower) == len(self.upper):
            raise RegionError(
                f"axes {self.axes}, lower {self.lower} and upper {self.upper} must have the "
                "same length"
            )
        for axis, low, high in zip(self.axes, self.lower, self.upper, strict=True):
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise RegionError(
                    f"region runs from {low} to {high} along {axis}; give finite edges with "
                    "lower < upper"
                )

    @classmethod
    def from_bounds(
        cls,
        lower: Mapping[str, float],
        upper: Mapping[str, float],
        *,
        direction: Direction | None = None,
    ) -> Region:
        """Return the box between two corners given as ``{'x': ..., 'y': ..., 'z': ...}``.

        Raises
        ------
        RegionError
            If the corners name different or unknown axes, or hold other than numbers.
        """
        if set(lower) != set(upper) or not set(lower) <= set(_ORDER) or not lower:
            raise RegionError(
                f"corners name the axes {sorted(lower)} and {sorted(upper)}; give both the "
                "same axes out of x, y, z"
            )
        axes = tuple(axis for axis in _ORDER if axis in lower)
        try:
            low = tuple(float(lower[axis]) for axis in axes)
            high = tuple(float(upper[axis]) for axis in axes)
        except (TypeError, ValueError, OverflowError) as error:
            raise RegionError(
                f"corners {lower} and {upper} must hold one number per axis"
            ) from error
        return cls(axes=axes, lower=low, upper=high, direction=direction)

    @classmethod
    def whole(cls, grid: Grid) -> Region:
        """Return the region that spans all voxels of a grid."""
        edges = [grid.edges(axis) for axis in grid.spatial_axes]
        return cls(
            axes=grid.spatial_axes,
            lower=tuple(low for low, _ in edges),
            upper=tuple(high for _, high in edges),
            direction=grid.direction,
        )

    @property
    def size(self) -> dict[str, float]:
        """Length along each axis in world units."""
        sides = zip(self.axes, self.lower, self.upper, strict=True)
        return {axis: high - low for axis, low, high in sides}

    def bounds(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the lower and upper edges as ``{'z': ..., 'y': ..., 'x': ...}``."""
        return (
            dict(zip(self.axes, self.lower, strict=True)),
            dict(zip(self.axes, self.upper, strict=True)),
        )

    def clip(self, extent: Region) -> Region:
        """Return the part of the region inside ``extent``, a box in the same frame.

        Raises
        ------
        RegionError
            If the two do not overlap, or their frames differ.
        """
        if self.direction != extent.direction:
            raise RegionError(
                "regions of differently oriented frames cannot be clipped with each other; "
                "resolve the region on the image's grid instead"
            )
        own, outer = self.bounds(), extent.bounds()
        lower = {a: max(own[0][a], outer[0].get(a, -np.inf)) for a in self.axes}
        upper = {a: min(own[1][a], outer[1].get(a, np.inf)) for a in self.axes}
        if any(lower[axis] >= upper[axis] for axis in self.axes):
            raise RegionError(
                f"region {own[0]} to {own[1]} lies outside the image, which spans {outer[0]} "
                f"to {outer[1]}; choose a region that overlaps the image"
            )
        return Region.from_bounds(lower, upper, direction=self.direction)

    def corners(self) -> FloatArray:
        """Return the corners in the world, shape (2 ** n_axes, n_axes)."""
        sides = zip(self.lower, self.upper, strict=True)
        frame = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, len(self.axes))
        if self.direction is None:
            return frame
        return np.asarray(frame @ np.asarray(self.direction, float).T)

    def in_frame(self, direction: Direction | None) -> Region:
        """Return the smallest box of another frame that covers this region."""
        if self.direction == direction:
            return self
        corners = self.corners()
        if direction is not None:
            corners = corners @ np.asarray(direction, float)
        return Region(
            axes=self.axes,
            lower=tuple(float(v) for v in corners.min(axis=0)),
            upper=tuple(float(v) for v in corners.max(axis=0)),
            direction=direction,
        )

"""Points drawn over the layers of a viewer: cells that were found, landmarks, electrodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from roiwidgets.errors import ParameterError
from roiwidgets.images.grid import Grid
from roiwidgets.images.point_sets import as_world_points
from roiwidgets.widgets import _traits
from roiwidgets.widgets._colormaps import check_color

MOST_POINTS = 1_000_000
DEFAULT_SHARE = 0.015
"""Diameter of a point that nobody gave one, as a share of the image's longest side."""


@dataclass(frozen=True, slots=True)
class PointSet:
    """Points of one look.

    Parameters
    ----------
    world
        float64, shape (N, spatial axes), columns x, y(, z).
    color, size, opacity
        ``#rrggbb``, diameter in units of the world, 0 to 1.
    """

    name: str
    world: NDArray[np.float64]
    color: str
    size: float
    opacity: float

    def in_frame(self, grid: Grid) -> NDArray[np.float32]:
        """Return the points in the frame of a grid, shape (N, 3), columns x, y, z."""
        frame = self.world[:, ::-1] @ grid.matrix()
        padded = np.zeros((len(frame), 3), np.float32)
        padded[:, : frame.shape[1]] = frame[:, ::-1]
        return padded

    def circles(self, grid: Grid, across: str, position: float) -> NDArray[np.float64]:
        """Return what a plane cuts out of the points; twin of ``js/src/render/plane_points.ts``.

        Parameters
        ----------
        grid
            In whose frame the plane is.
        across, position
            The axis across the plane ("" in a 2-D image), and where along it the plane is.

        Returns
        -------
        float64 array, shape (n, 3)
            Centres along the two other axes, in array order, and radii, in the frame.
        """
        frame = dict(zip("xyz", self.in_frame(grid).astype(np.float64).T, strict=True))
        distance = frame[across] - position if across else np.zeros(len(self.world))
        squared = (self.size / 2) ** 2 - distance**2
        shown = [axis for axis in grid.spatial_axes if axis != across]
        columns = [*(frame[axis] for axis in shown), np.sqrt(np.maximum(squared, 0))]
        return np.column_stack(columns)[squared > 0]

    def describe(self, grid: Grid) -> dict[str, object]:
        """Return the set's entry of the ``point_sets`` trait."""
        return {
            "name": self.name,
            "color": self.color,
            "size": self.size,
            "opacity": self.opacity,
            "positions": self.in_frame(grid).astype("<f4").tobytes(),
        }


class PointSets(traitlets.HasTraits):
    """Points of a viewer; a set is known by its name."""

    point_sets: traitlets.List[dict[str, Any]] = traitlets.List(
        read_only=True, help="Points that are drawn, in the frame of the image."
    ).tag(sync=True)

    image_grid: Grid | None
    _sets: tuple[PointSet, ...] = ()

    def set_points(
        self,
        points: object | None,
        name: str = "Points",
        *,
        color: object = "yellow",
        size: float | None = None,
        opacity: float = 1.0,
        order: str = "xyz",
    ) -> None:
        """Draw world points over the image, in the planes and in the volume.

        Parameters
        ----------
        points
            An array of shape (N, 2) on a 2-D image, else (N, 3); a DataFrame with columns
            x, y, z; a sequence of dictionaries; an ``itk.PointSet``. None removes them.
        name
            Points of the same name are replaced.
        color
            A name, ``#rrggbb`` or (r, g, b) from 0 to 1.
        size
            Diameter in units of the world; by default a share of the image's size.
        opacity
            0 to 1.
        order
            What the columns of an array are: ``xyz``, or ``zyx`` as in napari.

        Raises
        ------
        ParameterError
            If the points or their look are not understood; nothing is changed then.

        Notes
        -----
        Points are spheres: a plane shows where it cuts them.
        """
        kept = tuple(each for each in self._sets if each.name != name)
        if points is not None:
            if not 0 <= _traits.finite_number(opacity, "opacity", ParameterError) <= 1:
                raise ParameterError(f"opacity must be from 0 to 1, got {opacity!r:.80}")
            world, diameter = self._world_points(points, order), self._diameter(size)
            added = PointSet(str(name), world, check_color(color), diameter, float(opacity))
            kept = (*kept, added)
        self._sets = kept
        self.send_points()

    def shown_points(self) -> list[PointSet]:
        """Return the sets that have as many coordinates as the image that is shown now."""
        grid = self.image_grid
        return [] if grid is None else [each for each in self._sets if _fits(each, grid)]

    def send_points(self) -> None:
        """Tell the browser where the points are in the frame of the image that is shown now."""
        grid = self.image_grid
        if grid is not None:
            self.set_trait("point_sets", [each.describe(grid) for each in self.shown_points()])

    def _world_points(self, points: object, order: str) -> NDArray[np.float64]:
        if self.image_grid is None:
            raise ParameterError("points are drawn over an image; show one first")
        dimension = len(self.image_grid.spatial_axes)
        world = as_world_points(points, dimension=dimension, order=order)
        if len(world) > MOST_POINTS:
            raise ParameterError(
                f"at most {MOST_POINTS} points are drawn, got {len(world)}; give every n-th of them"
            )
        return world

    def _diameter(self, size: float | None) -> float:
        grid = self.image_grid
        if size is None and grid is not None:
            sides = zip(grid.spatial_shape, grid.spatial_spacing, strict=True)
            return DEFAULT_SHARE * max(count * step for count, step in sides)
        diameter = _traits.finite_number(size, "size", ParameterError)
        if diameter <= 0:
            raise ParameterError(f"size must be above 0, got {size!r:.80}")
        return diameter


def _fits(points: PointSet, grid: Grid) -> bool:
    """Tell whether points have as many coordinates as an image that was shown after them."""
    return bool(points.world.shape[1] == len(grid.spatial_axes))

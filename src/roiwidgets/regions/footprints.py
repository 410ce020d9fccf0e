"""Which pixels belong to an annotation: those whose centre is inside."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from roiwidgets.images.grid import FloatArray, Grid
from roiwidgets.regions.annotations import Annotation
from roiwidgets.regions.outlines import even_odd_polygon, has_crossings, outline_lines

Mask = NDArray[np.bool_]


class Footprint(NamedTuple):
    """The pixels of an annotation: ``mask`` over ``image[rows, columns]``.

    The box is the smallest one; of no pixel it is ``slice(0, 0)`` along both axes.
    """

    rows: slice
    columns: slice
    mask: Mask

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.mask))


def footprint(annotation: Annotation, grid: Grid) -> Footprint:
    """Return the pixels whose centres lie inside an annotation or on its outline.

    Parameters
    ----------
    annotation
        In the frame of the grid.
    grid
        Its axes x and y are used, other axes are not looked at.

    Returns
    -------
    Footprint
        Boolean mask over the smallest box of rows and columns. Pixels outside the grid
        are left out; an annotation that covers no centre has an empty footprint.

    Notes
    -----
    Exact in 64-bit arithmetic: boxes and ellipses by their inequality, polygons by
    shapely's ``intersects_xy``, whose orientation test is robust (Shewchuk's double-double).

    Examples
    --------
    >>> grid = Grid(("y", "x"), (10, 10), (1.0, 1.0), (0.0, 0.0))
    >>> footprint(Annotation("box", [(1.5, 2), (4, 3)]), grid)[:2]
    (slice(2, 4, None), slice(2, 5, None))
    """
    low, high = annotation.bounds
    columns, x = _centres_between(grid, "x", low[0], high[0])
    rows, y = _centres_between(grid, "y", low[1], high[1])
    if not (len(x) and len(y)):
        return _EMPTY
    return _trimmed(rows, columns, _inside(annotation, x[np.newaxis, :], y[:, np.newaxis]))


_EMPTY = Footprint(slice(0, 0), slice(0, 0), np.zeros((0, 0), bool))


def _centres_between(grid: Grid, axis: str, low: float, high: float) -> tuple[int, FloatArray]:
    """Return the first index of a range that reaches a pixel beyond, and its centres."""
    size, spacing, origin = grid.along(axis)
    with np.errstate(over="ignore"):  # infinitely far is clipped as well
        first, last = np.subtract((low, high), origin) / spacing
    start, stop = np.clip([np.floor(first) - 1, np.ceil(last) + 2], 0, size)
    return int(start), np.float64(origin) + np.arange(int(start), int(stop)) * spacing


def _inside(annotation: Annotation, x: FloatArray, y: FloatArray) -> Mask:
    if annotation.kind == "box":
        (x0, y0), (x1, y1) = annotation.bounds
        return np.asarray((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))
    if annotation.kind == "ellipse":
        return _inside_ellipse(annotation, x, y)
    centres = np.broadcast_arrays(x, y)
    inside = _meets(even_odd_polygon(annotation.outlines), centres)
    if has_crossings(annotation.outlines):  # crossing points are rounded, the lines are not
        inside |= _meets(outline_lines(annotation.outlines), centres)
    return inside


def _meets(geometry: shapely.Geometry, centres: tuple[FloatArray, ...]) -> Mask:
    shapely.prepare(geometry)
    return np.asarray(shapely.intersects_xy(geometry, *centres), bool)


def _inside_ellipse(annotation: Annotation, x: FloatArray, y: FloatArray) -> Mask:
    (x0, y0), (x1, y1) = annotation.points
    across, down = x - 0.5 * (x0 + x1), y - 0.5 * (y0 + y1)
    cosine, sine = np.cos(annotation.angle), np.sin(annotation.angle)
    first = (across * cosine + down * sine) / (0.5 * abs(x1 - x0))
    second = (down * cosine - across * sine) / (0.5 * abs(y1 - y0))
    with np.errstate(over="ignore"):  # infinitely far is outside
        return np.asarray(first**2 + second**2 <= 1)


def _trimmed(row: int, column: int, mask: Mask) -> Footprint:
    (rows,), (columns,) = np.nonzero(mask.any(axis=1)), np.nonzero(mask.any(axis=0))
    if not len(rows):
        return _EMPTY
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    return Footprint(
        slice(int(row + top), int(row + bottom)),
        slice(int(column + left), int(column + right)),
        np.ascontiguousarray(mask[top:bottom, left:right]),
    )

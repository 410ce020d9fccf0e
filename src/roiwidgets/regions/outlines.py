"""Closed outlines as polygons of shapely, by one rule: even-odd."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from roiwidgets.images.grid import FloatArray

Point = tuple[float, float]
Ring = tuple[Point, ...]

ELLIPSE_CORNERS = 128
"""Corners of the polygon that stands for an ellipse where only polygons can be written."""


def even_odd_polygon(rings: Sequence[Ring]) -> shapely.Geometry:
    """Return what lies inside an odd number of outlines, as a valid polygon or several.

    Parameters
    ----------
    rings
        Outlines of at least three points (x, y); the last joins the first. They may cross
        themselves and each other, as a line drawn by hand does.

    Returns
    -------
    shapely.Polygon or shapely.MultiPolygon
        Outlines without crossings keep their points and order; points at crossings are
        rounded to 64 bits. Empty if the outlines enclose no area.

    Notes
    -----
    The rule of ImageJ, scikit-image and the canvas' ``evenodd``: a loop inside a loop
    is a hole. Where lines cross, shapely cuts the plane into faces and those are joined
    that are odd. (``shapely.make_valid`` is not even-odd where lines run over each other.)
    """
    polygon = shapely.Polygon(rings[0], rings[1:])
    if shapely.is_valid(polygon):
        return polygon
    lines = shapely.get_parts(shapely.unary_union(outline_lines(rings)))
    faces = shapely.get_parts(shapely.polygonize(lines))
    edges = np.concatenate([np.hstack([ring, np.roll(ring, -1, axis=0)]) for ring in rings])
    odd = [face for face in faces if _is_odd(edges, shapely.point_on_surface(face))]
    return shapely.union_all(odd) if odd else shapely.Polygon()


def _is_odd(edges: FloatArray, point: shapely.Point) -> bool:
    """Tell whether a ray from a point towards larger x crosses an odd number of edges."""
    x0, y0, x1, y1 = edges[(edges[:, 1] > point.y) != (edges[:, 3] > point.y)].T
    crossings = x0 + (point.y - y0) / (y1 - y0) * (x1 - x0)
    return bool(np.count_nonzero(crossings > point.x) % 2)


def has_crossings(rings: Sequence[Ring]) -> bool:
    """Tell whether outlines are no plain polygon with holes: they cross, or lie apart."""
    return not shapely.is_valid(shapely.Polygon(rings[0], rings[1:]))


def outline_lines(rings: Sequence[Ring]) -> shapely.Geometry:
    """Return the closed lines themselves."""
    return shapely.MultiLineString([(*ring, ring[0]) for ring in rings])


def rings_of(polygon: shapely.Geometry) -> tuple[Ring, ...]:
    """Return the outlines of a polygon or several: each outer one, then its holes.

    The closing point, which repeats the first one, is left out.
    """
    lines = [
        ring for part in shapely.get_parts(polygon) for ring in (part.exterior, *part.interiors)
    ]
    return tuple(
        tuple((float(x), float(y)) for x, y in shapely.get_coordinates(line)[:-1]) for line in lines
    )


def box_ring(corners: Ring) -> Ring:
    """Return the four corners of the box between two opposite ones."""
    (x0, y0), (x1, y1) = corners
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def ellipse_ring(corners: Ring, angle: float) -> Ring:
    """Return points on the ellipse inside the box between two corners, turned about its middle.

    Parameters
    ----------
    corners
        Two opposite corners of the box before it is turned.
    angle
        In radians, from x towards y.
    """
    first, second = corners
    middle = 0.5 * np.add(first, second)
    radii = 0.5 * np.abs(np.subtract(first, second))
    turns = 2 * np.pi * np.arange(ELLIPSE_CORNERS) / ELLIPSE_CORNERS
    along, across = radii[0] * np.cos(turns), radii[1] * np.sin(turns)
    cosine, sine = np.cos(angle), np.sin(angle)
    x = middle[0] + along * cosine - across * sine
    y = middle[1] + along * sine + across * cosine
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def ellipse_bounds(corners: Ring, angle: float) -> tuple[Point, Point]:
    """Return the lowest and highest (x, y) of the ellipse that ``ellipse_ring`` follows."""
    first, second = corners
    middle = 0.5 * np.add(first, second)
    across, down = 0.5 * np.abs(np.subtract(first, second))
    cosine, sine = np.cos(angle), np.sin(angle)
    reach = np.hypot((across * cosine, across * sine), (down * sine, down * cosine))
    (x0, y0), (x1, y1) = (middle - reach).tolist(), (middle + reach).tolist()
    return (x0, y0), (x1, y1)

"""From a region and a grid to slices: the one place where worlds become indices."""

from __future__ import annotations

import math

from roiwidgets.errors import RegionError
from roiwidgets.images.grid import Grid
from roiwidgets.regions.region import Region

EDGE_TOLERANCE = 1e-6
"""Voxels by which an edge may miss a voxel edge and still count as on it.

World edges pass through JSON and through sums of floats; without the tolerance
a region that ends exactly between two voxels would gain one at random.
"""


def resolve_region(region: Region, grid: Grid) -> tuple[slice, ...]:
    """Return the slices of the voxels that a region touches.

    Parameters
    ----------
    region
        A box in the world; axes that it does not bound are taken whole.
    grid
        The grid of one level of an image.

    Returns
    -------
    tuple of slice, one per axis of the grid in array order
        Explicit starts and stops, stop exclusive, clipped to the image. They
        cover the part of the region inside the image, to within
        ``EDGE_TOLERANCE`` voxels.

    Raises
    ------
    RegionError
        If the region lies outside the image.

    Examples
    --------
    >>> grid = Grid(("y", "x"), (10, 10), (2.0, 2.0), (0.0, 0.0))
    >>> resolve_region(Region.from_bounds({"x": 1.0}, {"x": 5.0}), grid)
    (slice(0, 10, None), slice(1, 3, None))
    """
    box = region.in_frame(grid.direction) if set(region.axes) == set(grid.spatial_axes) else region
    lower, upper = box.bounds()
    return tuple(
        _resolve_axis(grid, axis, lower[axis], upper[axis])
        if axis in lower
        else slice(0, grid.shape[i])
        for i, axis in enumerate(grid.axes)
    )


def region_of_slices(slices: tuple[slice, ...], grid: Grid) -> Region:
    """Return the region that exactly the voxels of ``slices`` fill, edge to edge."""
    return Region.whole(grid.crop(slices))


def _resolve_axis(grid: Grid, axis: str, lower: float, upper: float) -> slice:
    size, spacing, origin = grid.along(axis)
    first_edge = (lower - origin) / spacing + 0.5
    last_edge = (upper - origin) / spacing + 0.5
    if last_edge <= EDGE_TOLERANCE or first_edge >= size - EDGE_TOLERANCE:
        low, high = grid.edges(axis)
        raise RegionError(
            f"region {lower} to {upper} along {axis} lies outside the image, which spans "
            f"{low} to {high}; choose a region that overlaps the image"
        )
    start = max(0, math.floor(first_edge + EDGE_TOLERANCE))
    stop = min(size, math.ceil(last_edge - EDGE_TOLERANCE))
    return slice(start, max(stop, start + 1))

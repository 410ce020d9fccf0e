"""A region as the planes that cut it out, as VTK and itkwidgets have it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import RegionError
from roiwidgets.regions.region import Region

PARALLEL = 1e-4
"""Largest deviation of a normal from the axis that it stands for."""

Planes = list[dict[str, list[float]]]


def planes_of_region(region: Region) -> Planes:
    """Return two planes for each axis, ``{'origin': [x, y, z], 'normal': [x, y, z]}``.

    Origins lie on the region's faces and normals point into it, both in the world.
    """
    lower, upper = region.bounds()
    matrix = _matrix(region)
    middle = np.array([(lower[axis] + upper[axis]) / 2 for axis in region.axes])
    planes = []
    for i, axis in enumerate(region.axes):
        for edge, sign in ((lower[axis], 1.0), (upper[axis], -1.0)):
            place = middle.copy()
            place[i] = edge
            planes.append(
                {
                    "origin": (matrix @ place)[::-1].tolist(),
                    "normal": (sign * matrix[:, i])[::-1].tolist(),
                }
            )
    return planes


def region_of_planes(planes: object, whole: Region) -> Region:
    """Return the part of a region that lies on the inner side of planes.

    Parameters
    ----------
    planes
        Mappings with ``origin`` and ``normal``, x, y, z in the world; normals point to
        what is kept.
    whole
        The region that is cut, in whose frame the result is.

    Raises
    ------
    RegionError
        If a plane is malformed or not across an axis of the frame, or nothing is left.
    """
    lower, upper = whole.bounds()
    matrix = _matrix(whole)
    if not isinstance(planes, list | tuple):
        raise RegionError(f"cropping planes are a list of origins and normals, got {planes!r:.120}")
    for plane in planes:
        origin = matrix.T @ _vector(plane, "origin", len(whole.axes))
        normal = matrix.T @ _vector(plane, "normal", len(whole.axes))
        i = int(np.abs(normal).argmax())
        across = np.eye(len(normal))[i] * np.sign(normal[i])
        length = float(np.linalg.norm(normal))
        if length == 0 or not np.allclose(normal / length, across, atol=PARALLEL):
            raise RegionError(
                f"a cropping plane is across an axis of the image, got the normal "
                f"{plane['normal']!r:.80}"
            )
        axis, edge = whole.axes[i], float(origin[i])
        if normal[i] > 0:
            lower[axis] = max(lower[axis], edge)
        else:
            upper[axis] = min(upper[axis], edge)
    if any(lower[axis] >= upper[axis] for axis in whole.axes):
        raise RegionError("nothing is left between the cropping planes; normals point inwards")
    return Region.from_bounds(lower, upper, direction=whole.direction)


def _matrix(region: Region) -> NDArray[np.float64]:
    if region.direction is None:
        return np.eye(len(region.axes))
    return np.asarray(region.direction, np.float64)


def _vector(plane: object, key: str, size: int) -> NDArray[np.float64]:
    """Return a vector of a plane in array order."""
    value = plane.get(key) if isinstance(plane, Mapping) else None
    if not isinstance(value, list | tuple) or len(value) < size:
        raise RegionError(f"a cropping plane has an {key!r} [x, y, z], got {plane!r:.120}")
    numbers = value[:size]
    if not all(isinstance(n, int | float) and np.isfinite(n) for n in numbers):
        raise RegionError(f"the {key} of a cropping plane is finite numbers, got {value!r:.80}")
    return np.array(numbers[::-1], np.float64)

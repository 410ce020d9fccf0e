"""World points from whatever people keep them in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import ParameterError
from roiwidgets.images.itk_bridge import is_itk_point_set, points_of_itk

FARTHEST = 1e30
"""Largest coordinate: browsers keep points as 32-bit floats."""

FloatArray = NDArray[np.float64]


def as_world_points(points: object, *, dimension: int, order: str = "xyz") -> FloatArray:
    """Return world points with columns x, y(, z).

    Parameters
    ----------
    points
        An array of shape (N, 2) or (N, 3), anything that numpy makes one of, a table
        with columns x, y(, z) such as a pandas DataFrame, a sequence of dictionaries
        ``{'x': ..., 'y': ..., 'z': ...}``, or an ``itk.PointSet``.
    dimension
        2 or 3: the number of coordinates that is needed.
    order
        What the columns of an array are: ``xyz`` as in ITK, or ``zyx``.

    Returns
    -------
    float64 array, shape (N, dimension)

    Raises
    ------
    ParameterError
        If the points have another number of coordinates, hold NaN or infinity, or are
        no points at all.

    Examples
    --------
    >>> as_world_points([{"x": 1, "y": 2}, {"x": 3, "y": 4}], dimension=2).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if sorted(order) != ["x", "y", "z"] or order not in ("xyz", "zyx"):
        raise ParameterError(f"order must be 'xyz' or 'zyx', got {order!r:.80}")
    axes = "xyz"[:dimension]
    values = _coordinates(points, axes, order)
    if values.size == 0:
        return np.empty((0, dimension))
    if values.ndim != 2 or values.shape[1] != dimension:
        raise ParameterError(
            f"points on this image have the shape (N, {dimension}), for {', '.join(axes)}; got "
            f"{values.shape}"
        )
    if not np.isfinite(values).all():
        raise ParameterError(
            f"{int((~np.isfinite(values).all(axis=1)).sum())} of {len(values)} points are NaN or "
            "infinite; leave them out"
        )
    if values.size and np.abs(values).max() > FARTHEST:
        raise ParameterError(
            f"points lie up to {FARTHEST:g} from 0, got {float(np.abs(values).max()):g}"
        )
    return values


def _coordinates(points: object, axes: str, order: str) -> FloatArray:
    """Return points as an array with columns in the order of ``axes``."""
    if isinstance(points, Sequence) and points and all(isinstance(p, Mapping) for p in points):
        missing = next((axis for axis in axes for point in points if axis not in point), None)
        if missing is not None:
            raise ParameterError(f"{missing} is missing in a point; each has {', '.join(axes)}")
        points = {axis: [point[axis] for point in points] for axis in axes}
    if is_itk_point_set(points):
        return points_of_itk(points)
    if _has_columns(points, axes):
        return np.column_stack([_numbers(points[axis]) for axis in axes])  # type: ignore[index] # it has them
    if (names := _column_names(points)) is not None:
        raise ParameterError(
            f"a table of points has the columns {', '.join(axes)}, got {', '.join(names):.120}; "
            "rename them"
        )
    values = _numbers(points)
    return values[:, ::-1] if order == "zyx" and values.ndim == 2 else values


def _has_columns(points: object, axes: str) -> bool:
    return set(axes) <= set(_column_names(points) or ())


def _column_names(points: object) -> list[str] | None:
    """Return names of a table: a DataFrame, a dictionary of columns, a record array; else None."""
    names: Any = getattr(points, "columns", None)
    if names is None and isinstance(points, Mapping):
        names = points.keys()
    if names is None and isinstance(points, np.ndarray):
        names = points.dtype.names
    return None if names is None else [str(name) for name in names]


def _numbers(values: object) -> FloatArray:
    try:
        numbers = np.asarray(values)
    except ValueError as error:
        raise _no_points(values) from error
    if numbers.size and numbers.dtype.kind not in "biuf":
        raise _no_points(values)
    return numbers.astype(np.float64)


def _no_points(values: object) -> ParameterError:
    return ParameterError(
        f"points are an array of shape (N, 2 or 3), a table with columns x, y, z or an "
        f"itk.PointSet, got {type(values).__name__}"
    )

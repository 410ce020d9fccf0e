from __future__ import annotations

import itk
import numpy as np
import pytest

from roiwidgets.errors import ParameterError
from roiwidgets.images.point_sets import as_world_points

POINTS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


class Table(dict[str, list[float]]):
    """As a DataFrame: columns by name, and a list of them."""

    @property
    def columns(self) -> list[str]:
        return list(self)


def itk_points() -> object:
    points = itk.PointSet[itk.F, 3].New()
    points.SetPoints(itk.vector_container_from_array(POINTS.astype(np.float32).ravel()))
    return points


@pytest.mark.parametrize(
    "points",
    [
        POINTS,
        POINTS.tolist(),
        POINTS.astype(np.float32),
        Table(z=[3, 6], id=[7, 8], x=[1, 4], y=[2, 5]),
        [{"x": 1, "y": 2, "z": 3}, {"z": 6, "y": 5, "x": 4}],
        np.rec.fromarrays(POINTS.T, names="x,y,z"),
        itk_points(),
    ],
    ids=["array", "list", "float32", "table", "dictionaries", "records", "itk"],
)
def test_points_are_understood_however_they_are_kept(points: object) -> None:
    np.testing.assert_array_equal(as_world_points(points, dimension=3), POINTS)


def test_columns_of_arrays_may_be_in_array_order() -> None:
    np.testing.assert_array_equal(
        as_world_points(POINTS[:, ::-1], dimension=3, order="zyx"), POINTS
    )
    named = [{"x": 1, "y": 2, "z": 3}]
    assert as_world_points(named, dimension=3, order="zyx").tolist() == [[1, 2, 3]]


def test_there_may_be_none() -> None:
    assert as_world_points([], dimension=2).shape == (0, 2)


@pytest.mark.parametrize(
    ("points", "problem"),
    [
        (POINTS[:, :2], r"shape \(N, 3\), for x, y, z; got \(2, 2\)"),
        (POINTS[0], r"got \(3,\)"),
        ([[1, 2, np.nan], [1, 2, 3]], "1 of 2 points are NaN"),
        ([{"x": 1, "y": 2}], "z is missing"),
        (Table(Z=[3], Y=[2], X=[1]), "columns x, y, z, got Z, Y, X"),
        ([[1e300, 0, 0]], "up to 1e"),
        (POINTS * 1j, "got ndarray"),
        ([["1", "2", "3"]], "got list"),
        ([[1, 2], [1, 2, 3]], "got list"),
        ("points.csv", "got str"),
        (object(), "got object"),
    ],
)
def test_what_is_no_points_is_refused(points: object, problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        as_world_points(points, dimension=3)


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ParameterError, match="'xyz' or 'zyx', got 'yxz'"):
        as_world_points(POINTS, dimension=3, order="yxz")

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roiwidgets.errors import RegionError
from roiwidgets.images.geometry import Grid
from roiwidgets.regions import Region
from tests.strategies import grids, regions_in


def test_corners_given_in_any_order_are_held_in_array_order() -> None:
    region = Region.from_bounds({"x": 0, "z": 1, "y": 2}, {"y": 5, "x": 3, "z": 4})

    assert region.axes == ("z", "y", "x")
    assert region.lower == (1.0, 2.0, 0.0)
    assert region.upper == (4.0, 5.0, 3.0)


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [
        ({"x": 1.0}, {"x": 1.0}, "lower < upper"),
        ({"x": 2.0}, {"x": 1.0}, "lower < upper"),
        ({"x": float("nan")}, {"x": 1.0}, "finite"),
        ({"x": 0.0}, {"y": 1.0}, "same axes"),
        ({"w": 0.0}, {"w": 1.0}, "same axes"),
        ({"x": "left"}, {"x": 1.0}, "one number per axis"),
    ],
)
def test_malformed_corners_are_refused(
    lower: dict[str, float], upper: dict[str, float], message: str
) -> None:
    with pytest.raises(RegionError, match=message):
        Region.from_bounds(lower, upper)


@given(st.data())
def test_clipping_leaves_no_part_outside(data: st.DataObject) -> None:
    grid = data.draw(grids())
    whole = Region.whole(grid)

    clipped = data.draw(regions_in(grid)).clip(whole)

    assert all(low >= outer for low, outer in zip(clipped.lower, whole.lower, strict=True))
    assert all(high <= outer for high, outer in zip(clipped.upper, whole.upper, strict=True))


def test_a_flipped_frame_covers_the_same_part_of_the_world() -> None:
    flipped = ((1.0, 0.0), (0.0, -1.0))
    grid = Grid(("y", "x"), (4, 6), (1.0, 1.0), (0.0, 10.0), flipped)

    world = Region.whole(grid).in_frame(None)

    assert world.bounds() == ({"y": -0.5, "x": -15.5}, {"y": 3.5, "x": -9.5})

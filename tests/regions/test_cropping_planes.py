from __future__ import annotations

import numpy as np
import pytest

from roiwidgets.errors import RegionError
from roiwidgets.regions import Region
from roiwidgets.regions.cropping_planes import planes_of_region, region_of_planes

TURNED = ((1.0, 0.0, 0.0), (0.0, 0.8, -0.6), (0.0, 0.6, 0.8))
LOWER, UPPER = {"x": 1.0, "y": 2.0, "z": 3.0}, {"x": 5.0, "y": 8.0, "z": 4.0}
WHOLE = dict.fromkeys("xyz", -50.0), dict.fromkeys("xyz", 50.0)


@pytest.mark.parametrize("direction", [None, TURNED])
def test_planes_hold_the_points_inside_and_no_others(direction: object) -> None:
    region = Region.from_bounds(LOWER, UPPER, direction=direction)  # type: ignore[arg-type] # of the two above
    rng = np.random.default_rng(0)
    frame = rng.uniform(0, 9, (500, 3))  # z, y, x
    world = frame @ (np.eye(3) if direction is None else np.array(direction)).T
    inside = np.ones(500, bool)

    for plane in planes_of_region(region):
        distance = (world[:, ::-1] - plane["origin"]) @ np.array(plane["normal"])
        inside &= distance >= 0

    low, high = ([bounds[axis] for axis in "zyx"] for bounds in (LOWER, UPPER))
    np.testing.assert_array_equal(inside, ((frame >= low) & (frame <= high)).all(axis=1))


@pytest.mark.parametrize("direction", [None, TURNED])
def test_planes_become_the_region_again(direction: object) -> None:
    region = Region.from_bounds(LOWER, UPPER, direction=direction)  # type: ignore[arg-type] # of the two above
    whole = Region.from_bounds(*WHOLE, direction=direction)  # type: ignore[arg-type] # of the two above

    again = region_of_planes(planes_of_region(region), whole)

    np.testing.assert_allclose([again.lower, again.upper], [region.lower, region.upper])


def test_fewer_planes_leave_the_other_sides() -> None:
    cut = region_of_planes([{"origin": [3, 0, 0], "normal": [2, 0, 0]}], Region.from_bounds(*WHOLE))

    assert cut.bounds() == ({**WHOLE[0], "x": 3.0}, WHOLE[1])


@pytest.mark.parametrize(
    ("planes", "problem"),
    [
        ("planes", "a list of origins and normals"),
        ([{"origin": [1, 2, 3]}], "has an 'normal'"),
        ([{"origin": [1, 2, 3], "normal": [1, 1, 0]}], "across an axis"),
        ([{"origin": [1, 2, 3], "normal": [0, 0, 0]}], "across an axis"),
        ([{"origin": [1, 2, float("nan")], "normal": [1, 0, 0]}], "finite"),
        ([{"origin": [60, 0, 0], "normal": [1, 0, 0]}], "nothing is left"),
    ],
)
def test_what_cuts_out_no_region_is_refused(planes: object, problem: str) -> None:
    with pytest.raises(RegionError, match=problem):
        region_of_planes(planes, Region.from_bounds(*WHOLE))

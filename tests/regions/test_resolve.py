from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roiwidgets.errors import RegionError
from roiwidgets.images.geometry import Grid
from roiwidgets.regions import Region, region_of_slices, resolve_region
from roiwidgets.regions.resolve import EDGE_TOLERANCE
from tests.strategies import boxes, grids, regions_in


@given(st.data())
def test_slices_cover_the_part_of_the_region_inside_the_image(data: st.DataObject) -> None:
    grid = data.draw(grids())
    region = data.draw(regions_in(grid))

    slices = resolve_region(region, grid)

    for axis, low, high in zip(region.axes, region.lower, region.upper, strict=True):
        size, spacing, origin = grid.along(axis)
        edge_low, edge_high = grid.edges(axis)
        box = slices[grid.axes.index(axis)]
        slack = 2 * EDGE_TOLERANCE * spacing + 1e-9 * (abs(origin) + spacing * size)
        assert 0 <= box.start < box.stop <= size
        assert origin + (box.start - 0.5) * spacing <= max(low, edge_low) + slack
        assert origin + (box.stop - 0.5) * spacing >= min(high, edge_high) - slack


@given(st.data())
def test_slices_hold_no_voxel_that_the_region_does_not_touch(data: st.DataObject) -> None:
    grid = data.draw(grids())
    region = data.draw(regions_in(grid))

    slices = resolve_region(region, grid)

    for axis, low, high in zip(region.axes, region.lower, region.upper, strict=True):
        size, spacing, origin = grid.along(axis)
        box = slices[grid.axes.index(axis)]
        slack = 2 * EDGE_TOLERANCE * spacing + 1e-9 * (abs(origin) + spacing * size)
        if box.stop - box.start > 1:
            assert origin + (box.start + 0.5) * spacing > low - slack
            assert origin + (box.stop - 1.5) * spacing < high + slack


@given(st.data())
def test_a_box_of_voxels_resolves_to_itself(data: st.DataObject) -> None:
    grid = data.draw(grids())
    slices = data.draw(boxes(grid))
    spatial = [axis in grid.spatial_axes for axis in grid.axes]

    resolved = resolve_region(region_of_slices(slices, grid), grid)

    expected = tuple(
        s if inside else slice(0, size)
        for s, inside, size in zip(slices, spatial, grid.shape, strict=True)
    )
    assert resolved == expected


@given(st.data())
def test_cropped_origin_is_origin_plus_start_times_spacing(data: st.DataObject) -> None:
    grid = data.draw(grids())
    slices = data.draw(boxes(grid))

    cropped = grid.crop(slices)

    for axis, box in zip(grid.axes, slices, strict=True):
        _, spacing, origin = grid.along(axis)
        assert cropped.along(axis) == (box.stop - box.start, spacing, origin + box.start * spacing)


def test_axes_that_the_region_does_not_bound_are_taken_whole() -> None:
    grid = Grid(("t", "z", "y", "x"), (4, 8, 8, 8), (1.0, 2.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.0))

    slices = resolve_region(Region.from_bounds({"z": 1.0}, {"z": 3.0}), grid)

    assert slices == (slice(0, 4), slice(1, 2), slice(0, 8), slice(0, 8))


def test_a_region_of_another_frame_is_covered() -> None:
    angle = np.pi / 4
    rotation = (
        (float(np.cos(angle)), float(-np.sin(angle))),
        (float(np.sin(angle)), float(np.cos(angle))),
    )
    grid = Grid(("y", "x"), (100, 100), (1.0, 1.0), (-50.0, -50.0), rotation)
    square = Region.from_bounds({"y": -5.0, "x": -5.0}, {"y": 5.0, "x": 5.0})

    slices = resolve_region(square, grid)

    inside = grid.world_to_index(square.corners())
    starts, stops = np.array([[s.start, s.stop] for s in slices]).T
    assert np.all(inside >= starts - 0.5 - 1e-9)
    assert np.all(inside <= stops - 0.5 + 1e-9)


def test_a_region_outside_the_image_says_what_the_image_spans() -> None:
    grid = Grid(("y", "x"), (10, 10), (1.0, 1.0), (0.0, 0.0))

    with pytest.raises(RegionError, match=r"along x lies outside the image, which spans -0.5 to"):
        resolve_region(Region.from_bounds({"x": 20.0}, {"x": 30.0}), grid)

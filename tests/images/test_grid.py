"""Index and world coordinates of a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roiwidgets.errors import GeometryError
from roiwidgets.images.geometry import Grid, grid_of, make_image, world_translation
from roiwidgets.images.sources import ArraySource
from tests.strategies import boxes, grids


@given(grids(), st.data())
def test_indices_survive_the_way_to_the_world_and_back(grid: Grid, data):
    index = [data.draw(st.floats(-5, 50)) for _ in grid.spatial_axes]

    there = grid.index_to_world(index)

    # spacing may be 1e-3 where origins are 1e4: seven digits are lost
    np.testing.assert_allclose(grid.world_to_index(there), index, atol=1e-6)


@given(grids(), st.data())
def test_frame_positions_are_linear_per_axis(grid: Grid, data):
    index = [data.draw(st.integers(0, size - 1)) for size in grid.shape]

    position = grid.index_to_frame(index)

    expected = [o + i * s for o, i, s in zip(grid.origin, index, grid.spacing, strict=True)]
    assert position.tolist() == expected
    np.testing.assert_allclose(grid.frame_to_index(position), index, atol=1e-6)


@given(grids(), st.data())
def test_a_crop_starts_exactly_where_its_first_voxel_was(grid: Grid, data):
    box = data.draw(boxes(grid))

    cropped = grid.crop(box)

    assert cropped.shape == tuple(s.stop - s.start for s in box)
    assert cropped.spacing == grid.spacing
    assert cropped.origin == tuple(
        o + s.start * d for o, s, d in zip(grid.origin, box, grid.spacing, strict=True)
    )


@given(grids())
def test_an_image_gives_its_grid_back(grid: Grid):
    voxels = np.zeros((1,) * len(grid.shape), np.uint8)
    source = ArraySource(np.broadcast_to(voxels, grid.shape), grid.shape)

    image = make_image(
        source,
        axes=grid.axes,
        spacing=dict(zip(grid.axes, grid.spacing, strict=True)),
        translation=world_translation(grid),
        direction=grid.direction,
    )

    found = grid_of(image)
    assert (found.axes, found.shape, found.spacing) == (grid.axes, grid.shape, grid.spacing)
    np.testing.assert_allclose(found.origin, grid.origin, rtol=1e-9, atol=1e-6)
    np.testing.assert_array_equal(found.matrix(), grid.matrix())


def test_the_first_voxel_of_an_oblique_grid_lies_at_the_world_translation():
    turned = ((0.0, -1.0), (1.0, 0.0))
    grid = Grid(("y", "x"), (4, 5), (2.0, 3.0), (10.0, 20.0), turned)

    assert world_translation(grid) == {"y": -20.0, "x": 10.0}
    np.testing.assert_allclose(grid.index_to_world([0, 1]), [-23.0, 10.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": (0, 5)}, "at least 1"),
        ({"shape": (4, 5, 6)}, "one entry per axis"),
        ({"spacing": (0.0, 1.0)}, "positive"),
        ({"spacing": (float("nan"), 1.0)}, "positive"),
        ({"origin": (0.0, float("inf"))}, "finite"),
        ({"direction": ((1.0, 0.0), (1.0, 0.0))}, "orthonormal"),
        ({"axes": ("x", "y")}, "in this order"),
        ({"axes": ("y", "q")}, "distinct names"),
    ],
)
def test_contradictions_are_refused(change, message):
    valid = {"axes": ("y", "x"), "shape": (4, 5), "spacing": (1.0, 1.0), "origin": (0.0, 0.0)}

    with pytest.raises(GeometryError, match=message):
        Grid(**{**valid, **change})

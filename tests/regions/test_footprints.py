"""A pixel belongs to an annotation when its centre is inside or on the outline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from roiwidgets.images.grid import Grid
from roiwidgets.regions.annotations import Annotation
from roiwidgets.regions.footprints import footprint
from tests.regions.annotation_shapes import annotations, is_inside, on_a_busy_machine

UNIT = Grid(("y", "x"), (16, 18), (1.0, 1.0), (0.0, 0.0))


def whole_mask(annotation: Annotation, grid: Grid) -> NDArray[np.bool_]:
    """The footprint, pasted into the frame."""
    rows, columns, mask = footprint(annotation, grid)
    frame = np.zeros(grid.spatial_shape, bool)
    frame[rows, columns] = mask
    return frame


def test_a_box_holds_the_centres_on_its_edges() -> None:
    rows, columns, mask = footprint(Annotation("box", [(4, 3), (1.5, 2)]), UNIT)

    assert (rows, columns) == (slice(2, 4), slice(2, 5))
    assert mask.all()


def test_spacing_and_origin_place_the_pixels() -> None:
    grid = Grid(("t", "y", "x"), (3, 10, 20), (1.0, 0.5, 0.25), (0.0, -1.0, 100.0))

    rows, columns, _ = footprint(Annotation("box", [(100.3, -0.6), (101.1, 0.6)]), grid)

    assert (rows, columns) == (slice(1, 4), slice(2, 5))


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.3, np.pi / 2])
def test_an_ellipse_is_its_inequality_over_the_frame(angle: float) -> None:
    grid = Grid(("y", "x"), (40, 50), (0.5, 0.4), (1.0, -2.0))
    y, x = (origin + np.arange(n) * step for n, step, origin in ((40, 0.5, 1.0), (50, 0.4, -2.0)))
    offset = (x[None, :] - 8.0) + 1j * (y[:, None] - 10.0)
    turned = offset * np.exp(-1j * angle)

    found = whole_mask(Annotation("ellipse", [(0.99, 6.98), (15.01, 13.02)], angle=angle), grid)

    distance = (turned.real / 7.01) ** 2 + (turned.imag / 3.02) ** 2
    np.testing.assert_array_equal(found, distance <= 1)
    assert found.sum() > 300


def test_a_huge_ellipse_reaches_its_last_pixels() -> None:
    grid = Grid(("y", "x"), (1, 40_001), (1.0, 1.0), (0.0, -20_000.0))

    _, columns, _ = footprint(Annotation("ellipse", [(-20_000, -9), (20_000, 9)], angle=0.0), grid)

    assert columns == slice(0, 40_001)


@on_a_busy_machine
@given(annotations(kinds=("box", "polygon", "freehand")))
def test_outlines_follow_the_even_odd_rule_exactly(annotation: Annotation) -> None:
    grid = Grid(("y", "x"), (7, 8), (1.5, 1.0), (0.0, 2.0))

    found = whole_mask(annotation, grid)

    expected = [
        [is_inside(annotation.outlines, 2.0 + column, 1.5 * row) for column in range(8)]
        for row in range(7)
    ]
    np.testing.assert_array_equal(found, expected)


def test_a_crossed_outline_and_a_hole_are_even_odd() -> None:
    bow_tie = Annotation("freehand", [(0, 0), (6, 6), (6, 0), (0, 6)])
    ring = Annotation(
        "polygon", [(0, 0), (9, 0), (9, 9), (0, 9)],
        rings=[[(2.5, 2.5), (6.5, 2.5), (6.5, 6.5), (2.5, 6.5)], [(12, 1), (14, 1), (14, 3)]],
    )  # fmt: skip

    tied, holed = whole_mask(bow_tie, UNIT), whole_mask(ring, UNIT)

    assert tied[3, 1]
    assert tied[3, 5]
    assert tied[3, 3]  # the crossing is a point of the outline
    assert not tied[1, 3]
    assert holed.sum() == 100 - 16 + 6
    assert not holed[4, 4]


@pytest.mark.parametrize(
    "points",
    [
        [(100, 100), (120, 130)],
        [(-90, -90), (-80, -80)],
        [(2.1, 2.1), (2.9, 2.9)],
        [(1e90, 0), (1e91, 1e90)],
    ],
)
@pytest.mark.parametrize("kind", ["box", "ellipse"])
def test_an_annotation_of_no_pixel_has_an_empty_footprint(
    kind: str, points: list[tuple[float, float]]
) -> None:
    found = footprint(Annotation.from_dict({"kind": kind, "points": points}), UNIT)

    assert found.pixels == 0
    assert found.rows == found.columns == slice(0, 0)
    assert found.mask.shape == (0, 0)


def test_the_part_inside_the_frame_is_kept() -> None:
    rows, columns, mask = footprint(Annotation("box", [(-5, -5), (2, 100)]), UNIT)

    assert (rows, columns) == (slice(0, 16), slice(0, 3))
    assert mask.all()

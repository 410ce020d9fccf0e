"""The outline of a label holds the centres of exactly its pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import roiwidgets as rw
from roiwidgets.errors import ImageError, RegionError
from roiwidgets.images.grid import Grid
from roiwidgets.regions.footprints import footprint

SIDES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)


def painted(labels: NDArray[np.generic], grid: Grid) -> NDArray[np.int64]:
    """Return an image in which each pixel has the label of the region that holds it."""
    found = np.zeros(labels.shape, np.int64)
    for region in rw.annotations_from_labels(rw.open_image(labels, **placed(grid)), group="cells"):
        rows, columns, mask = footprint(region, grid)
        assert not found[rows, columns][mask].any()
        found[rows, columns][mask] = int(region.name)
    return found


def placed(grid: Grid) -> dict[str, object]:
    return {"axes": "yx", "spacing": grid.spacing, "origin": grid.origin}


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.int16, SIDES, elements={"min_value": -1, "max_value": 2}))
def test_regions_are_the_labels(labels: NDArray[np.int16]) -> None:
    grid = Grid(("y", "x"), labels.shape, (0.3, 1.7), (-20.0, 1000.1))

    np.testing.assert_array_equal(painted(labels, grid), labels)


def test_labels_are_ids_in_rising_order_with_holes_and_parts() -> None:
    labels = np.zeros((9, 9), np.uint32)
    labels[1:6, 1:6] = 4_000_000_000
    labels[3, 3] = 12
    labels[8, 8] = 12

    low, high = rw.annotations_from_labels(labels, group="cells")

    assert (low.id, low.name, low.group) == ("12", "12", "cells")
    assert high.id == "4000000000"
    assert [len(ring) for ring in high.outlines] == [4, 4]
    assert sorted(low.bounds) == [(2.5, 2.5), (8.5, 8.5)]


def test_traces_of_masks_are_means_over_them() -> None:
    movie = np.random.default_rng(0).integers(0, 255, (7, 8, 9), dtype=np.uint8)
    mask = np.random.default_rng(1).random((8, 9)) < 0.4

    found = rw.traces(rw.open_image(movie, axes="tyx"), rw.annotations_from_labels(mask))

    np.testing.assert_allclose(found.values, [movie[:, mask].mean(axis=1)], rtol=1e-12)


def test_labels_lie_where_the_pixels_of_their_movie_do() -> None:
    movie = rw.open_image(np.zeros((2, 3, 4), np.uint8), axes="tyx", spacing=(1, 2, 3))

    (found,) = rw.annotations_from_labels(np.eye(3, 4, dtype=np.int64), like=movie)

    assert found.bounds == ((-1.5, -1.0), (7.5, 5.0))
    with pytest.raises(ImageError, match=r"\(4, 3\) pixels are not those of .* \(3, 4\)"):
        rw.annotations_from_labels(np.eye(4, 3, dtype=np.int64), like=movie)


def test_an_image_without_labels_has_no_regions() -> None:
    assert rw.annotations_from_labels(np.zeros((3, 4), np.uint8)) == ()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones((2, 3, 5), np.uint8), "axes y, x, got uint8 with axes z, y, x"),
        (np.ones((3, 4), np.float32), "integers with axes y, x, got float32"),
        (np.arange(20_100).reshape(150, 134), "20100 labels are more than .* grey levels"),
    ],
)
def test_what_is_no_label_image_is_refused(labels: NDArray[np.generic], message: str) -> None:
    with pytest.raises(ImageError, match=message):
        rw.annotations_from_labels(labels)


def test_an_array_in_place_of_regions_leads_here() -> None:
    with pytest.raises(RegionError, match="annotations_from_labels makes them"):
        rw.traces(np.zeros((3, 4, 5), np.uint8), np.ones((4, 5), bool))

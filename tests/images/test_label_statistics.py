"""Statistics of labels equal numpy on the whole array, whatever the blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets as rw
from roiwidgets.errors import GeometryError, ImageError
from roiwidgets.images import label_statistics as module
from roiwidgets.images.readers import open_image

FLIPPED = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))


@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    block=st.integers(1, 200),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_the_table_equals_numpy_label_by_label(shape, block, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(1000, 3, shape)
    labels = rng.integers(0, 5, shape).astype(np.uint16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_VOXELS", block)
        table = rw.label_statistics(values, labels)

    assert table["label"].tolist() == [label for label in np.unique(labels).tolist() if label]
    for row, label in enumerate(table["label"]):
        inside = labels == label
        found = np.argwhere(inside)
        assert table["voxels"][row] == inside.sum()
        np.testing.assert_allclose(table["mean"][row], values[inside].mean(), rtol=1e-12)
        np.testing.assert_allclose(table["std"][row], values[inside].std(), atol=1e-9)
        assert table["minimum"][row] == values[inside].min()
        assert table["maximum"][row] == values[inside].max()
        for i, axis in enumerate("zyx"):
            np.testing.assert_allclose(table[f"centroid_{axis}"][row], found[:, i].mean())
            assert table[f"start_{axis}"][row] == found[:, i].min()
            assert table[f"stop_{axis}"][row] == found[:, i].max() + 1


def test_volumes_and_centroids_are_those_of_the_world():
    labels = np.zeros((4, 6, 8), np.uint8)
    labels[1:3, 2:4, 4:8] = 7
    grid = {"axes": "zyx", "spacing": {"z": 2.0, "y": 0.5, "x": 0.25}, "direction": FLIPPED}
    image = open_image(np.ones(labels.shape), **grid)

    table = rw.label_statistics(image, open_image(labels, **grid))

    assert table["volume"].tolist() == [16 * 0.25]
    centroid = [table[f"centroid_{axis}"][0] for axis in "zyx"]
    np.testing.assert_allclose(centroid, [1.5 * 2.0, -2.5 * 0.5, -5.5 * 0.25])


def test_labels_of_64_bits_keep_their_value():
    labels = np.array([[2**63 + 1, 2**63 + 2]], np.uint64)

    table = rw.label_statistics(np.array([[1.0, 2.0]]), labels)

    assert table["label"].tolist() == [2**63 + 1, 2**63 + 2]


def test_without_labels_the_table_is_empty():
    table = rw.label_statistics(np.ones((4, 4)), np.zeros((4, 4), np.uint8))

    assert {len(column) for column in table.values()} == {0}


def test_what_has_no_statistics_is_refused():
    labels = np.ones((4, 4), np.uint8)

    with pytest.raises(GeometryError, match="one grid"):
        rw.label_statistics(np.ones((4, 5)), labels)
    with pytest.raises(ImageError, match="integers"):
        rw.label_statistics(np.ones((4, 4)), np.ones((4, 4)))
    movie = open_image(np.ones((2, 4, 4), np.uint8), axes="tyx")
    with pytest.raises(ImageError, match="choose a time"):
        rw.label_statistics(movie, movie)

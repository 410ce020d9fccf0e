"""The classes of multi-Otsu lie as far apart as any can, tried one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets.operations as ops
from roiwidgets.errors import ParameterError
from tests.operations.oracles import Voxels, phantom


def between_classes(array: Voxels, classes: Voxels) -> float:
    groups = [array[classes == number].astype(float) for number in np.unique(classes)]
    return sum(group.size * (group.mean() - array.mean()) ** 2 for group in groups)


def best_by_hand(array: Voxels, classes: int) -> float:
    values = np.unique(array)[:-1]
    count = min(classes - 1, values.size)
    return max(
        between_classes(array, sum((array > t).astype(int) for t in thresholds))
        for thresholds in itertools.combinations(values, count)
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-40, 40), min_size=2, max_size=40).filter(lambda v: len(set(v)) > 1),
    st.integers(2, 4),
)
def test_no_other_thresholds_part_the_classes_farther(values: list[int], classes: int) -> None:
    array = np.array([values[:14]], np.int16)

    found = ops.multi_otsu_threshold(classes)(array)

    if np.unique(array).size > 1:
        expected = best_by_hand(array, classes)
        assert between_classes(array, found) == pytest.approx(expected)


def test_two_classes_are_those_of_otsu() -> None:
    for dtype in ("uint8", "int16", "float32"):
        voxels = phantom((14, 20, 21), dtype)

        found = ops.multi_otsu_threshold(2)(voxels)

        np.testing.assert_array_equal(found, ops.otsu_threshold(inside_value=1)(voxels))


def test_many_values_are_joined() -> None:
    rng = np.random.default_rng(0)
    peaks = [rng.normal(mean, 900, 20000) for mean in (5000, 22000, 60000)]
    voxels = np.concatenate(peaks).clip(0, 65535).astype(np.uint16).reshape(200, 300)

    found = ops.multi_otsu_threshold(3)(voxels)

    assert np.bincount(found.ravel()).tolist() == [20000, 20000, 20000]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_an_image_of_one_value_is_one_class(dtype: str) -> None:
    assert not ops.multi_otsu_threshold(4)(np.full((5, 6), 7, dtype)).any()
    assert not ops.multi_otsu_threshold(4)(np.zeros((5, 6), dtype)).any()


def test_the_number_of_classes_is_checked() -> None:
    with pytest.raises(ParameterError, match="classes=9"):
        ops.multi_otsu_threshold(9)

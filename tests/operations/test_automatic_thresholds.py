"""Thresholds and stretches of a whole array are those of ITK."""

from __future__ import annotations

import itk
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets.operations as ops
from roiwidgets.errors import OperationError, ParameterError
from roiwidgets.operations.histogram_thresholds import Histogram, find_threshold
from roiwidgets.operations.reductions import ReducesFirst, Reduction
from tests.operations.oracles import SPACING, Voxels, as_array, as_image, phantom

METHODS = ("otsu", "li", "triangle", "huang")
ITK_FILTERS = {
    "otsu": "OtsuThresholdImageFilter",
    "li": "LiThresholdImageFilter",
    "triangle": "TriangleThresholdImageFilter",
    "huang": "HuangThresholdImageFilter",
}


def found_in(operation: ops.Operation, voxels: Voxels) -> dict[str, int | float]:
    """Return what the reductions of an operation find in a whole array."""
    function = operation.function
    assert isinstance(function, ReducesFirst)
    found: dict[str, int | float] = {}
    whole = tuple(slice(0, size) for size in voxels.shape)
    while isinstance(step := function.next_step(voxels.dtype, operation.values, found), Reduction):
        found |= step.finish(step.part(voxels, (1.0,) * voxels.ndim, whole))
    return found


def itk_threshold(method: str, voxels: Voxels, *, bins: int, whole_type: bool) -> float:
    image = as_image(voxels, (1.0,) * voxels.ndim)
    kinds = (type(image), itk.Image[itk.UC, voxels.ndim])
    chosen = getattr(itk, ITK_FILTERS[method])[kinds].New(image)
    chosen.SetNumberOfHistogramBins(bins)
    chosen.SetAutoMinimumMaximum(not whole_type)
    chosen.Update()
    return float(chosen.GetThreshold())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(4))
def test_thresholds_of_bytes_are_those_of_itk(method: str, seed: int) -> None:
    voxels = phantom((14, 33, 29), seed=seed) // (1 + seed) + 3 * seed

    found = found_in(getattr(ops, f"{method}_threshold")(), voxels)

    assert found == {"threshold": itk_threshold(method, voxels, bins=256, whole_type=True)}


@pytest.mark.parametrize("method", METHODS)
def test_thresholds_of_16_bits_are_those_of_itk(method: str) -> None:
    voxels = (phantom((11, 21, 19)).astype(np.uint16) * 37) + 1000

    found = found_in(getattr(ops, f"{method}_threshold")(), voxels)

    assert found == {"threshold": itk_threshold(method, voxels, bins=2**16, whole_type=True)}


@pytest.mark.parametrize("method", METHODS)
def test_thresholds_of_floats_are_those_of_itk_within_a_bin(method: str) -> None:
    # ITK's Huang and Li round to whole values, whatever the type: these are fine enough
    voxels = 100 * (phantom((11, 31, 29), "float32") + np.float32(20))

    found = found_in(getattr(ops, f"{method}_threshold")(), voxels)

    bins = 2 if method == "li" else 1  # its iteration is rounded to whole bins here
    width = float(np.ptp(voxels)) / 256
    expected = itk_threshold(method, voxels, bins=256, whole_type=False)
    assert abs(found["threshold"] - expected) <= bins * width


def otsu_by_hand(values: list[int]) -> float:
    """Return the largest variance between the classes, by trying each threshold."""
    array, best = np.array(values, float), -1.0
    for threshold in sorted(set(values))[:-1]:
        low, high = array[array <= threshold], array[array > threshold]
        best = max(best, low.size * high.size * (low.mean() - high.mean()) ** 2)
    return best


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-300, 300), min_size=2, max_size=60).filter(lambda v: len(set(v)) > 1))
def test_otsu_parts_the_classes_as_far_as_can_be(values: list[int]) -> None:
    array = np.array([values], np.int16)

    threshold = found_in(ops.otsu_threshold(), array)["threshold"]

    low, high = array[array <= threshold].astype(float), array[array > threshold].astype(float)
    reached = low.size * high.size * (low.mean() - high.mean()) ** 2
    assert reached == pytest.approx(otsu_by_hand(values))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=300),
    st.sampled_from(METHODS),
    st.floats(-1e6, 1e6),
)
def test_a_threshold_lies_among_the_values(counts: list[int], method: str, lower: float) -> None:
    histogram = Histogram(np.array(counts, np.int64), lower, 0.5, is_integer=False)

    threshold = find_threshold(histogram, method)  # type: ignore[arg-type] # one of them

    if any(counts):
        assert lower <= threshold <= lower + 0.5 * len(counts)
    else:
        assert threshold == 0


@pytest.mark.parametrize("method", METHODS)
def test_an_image_of_one_value_has_nothing_above_it(method: str) -> None:
    operation = getattr(ops, f"{method}_threshold")()

    for dtype in ("uint8", "int16", "float32"):
        assert not operation(np.full((5, 6), 7, dtype)).any()
    assert not operation(np.full((5, 6), np.nan, np.float32)).any()


def test_values_that_are_no_numbers_do_not_count() -> None:
    voxels = phantom((20, 30), "float32")
    clean = found_in(ops.otsu_threshold(), voxels)
    dirty = np.concatenate([voxels, np.full((2, 30), np.nan, np.float32)])
    dirty[-1, :3] = np.inf, -np.inf, np.inf

    assert found_in(ops.otsu_threshold(), dirty) == clean


def test_huang_of_many_values_is_near_that_of_all() -> None:
    rng = np.random.default_rng(0)
    voxels = np.concatenate([rng.normal(9000, 2500, 40000), rng.normal(42000, 4000, 20000)])
    voxels = voxels.clip(0, 65535).astype(np.uint16).reshape(200, 300)
    assert np.unique(voxels).size > 4096

    found = found_in(ops.huang_threshold(), voxels)

    expected = itk_threshold("huang", voxels // 16, bins=2**16, whole_type=True) * 16
    assert abs(found["threshold"] - expected) < 200


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(0, 255), (10, 100), (7, 7)])
def test_a_stretch_is_that_of_itk(dtype: str, low: int, high: int) -> None:
    voxels = phantom((9, 21, 17), dtype)

    result = ops.rescale_intensity(low, high)(voxels)

    image = as_image(voxels, SPACING[3])
    expected = as_array(
        itk.rescale_intensity_image_filter(image, output_minimum=low, output_maximum=high)
    )
    assert result.dtype == voxels.dtype
    np.testing.assert_array_equal(result, expected)


def test_a_stretch_beyond_the_type_is_refused() -> None:
    with pytest.raises(OperationError, match="output_maximum=300 must lie from 0 to 255"):
        ops.rescale_intensity(0, 300)(phantom((4, 5)))
    with pytest.raises(ParameterError, match="swap them"):
        ops.rescale_intensity(9, 3)


@pytest.mark.parametrize(
    "name", ["rescale_intensity", "multi_otsu_threshold", *(f"{m}_threshold" for m in METHODS)]
)
def test_recipes_of_global_operations_come_back(name: str) -> None:
    pipeline = ops.median(2) | getattr(ops, name)()

    assert str(ops.load_operation(pipeline.to_json())) == str(pipeline)

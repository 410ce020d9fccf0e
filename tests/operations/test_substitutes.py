"""What stands in for an ITK filter is ITK's, bit for bit.

SciPy is the oracle wherever ITK cannot be: its Python wrapper takes an array of which
only the first axis is longer than one voxel for its transpose.
"""

from __future__ import annotations

from functools import partial
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import ndimage

import roiwidgets.operations as ops
from roiwidgets.operations import box_median as box_median_module
from roiwidgets.operations import central_differences
from roiwidgets.operations.box_median import box_median
from roiwidgets.operations.inside import whole_of
from roiwidgets.operations.itk_filters import PIXEL_TYPES, run_filter
from roiwidgets.operations.operation import Voxels
from roiwidgets.operations.substitutes import SUBSTITUTES
from tests.operations.oracles import phantom

LIMITS = {dtype: np.iinfo(dtype) for dtype in ("uint8", "uint16", "int16")}
DTYPES = SUBSTITUTES["MedianImageFilter"].dtypes
SHAPES = st.one_of(
    npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24),
    npst.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=11),
)


def arrays(dtype: str) -> st.SearchStrategy[Voxels]:
    """Noise over the whole range, few values, or a narrow band anywhere in the range."""
    limits = LIMITS[dtype]
    bands = st.tuples(
        st.integers(limits.min, limits.max), st.sampled_from([0, 1, 2, 40, 300, 65535])
    )

    def fill(shape: tuple[int, ...], band: tuple[int, int], seed: int) -> Voxels:
        low, width = band
        rng = np.random.default_rng(seed)
        return rng.integers(low, min(low + width, limits.max), shape, dtype, endpoint=True)

    return st.builds(fill, SHAPES, bands, st.integers(0, 2**32 - 1))


def scipy_median(array: Voxels, radius: int) -> Voxels:
    return ndimage.median_filter(array, 2 * radius + 1, mode="nearest")


def itk_median(array: Voxels, radius: int) -> Voxels:
    return run_filter("MedianImageFilter", array, (1.0,) * array.ndim, {"Radius": radius})


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), radius=st.integers(1, 3))
def test_the_median_of_any_array_is_the_oracles(
    dtype: str, data: st.DataObject, radius: int
) -> None:
    array = data.draw(arrays(dtype))

    found = box_median(array, radius)

    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, scipy_median(array, radius))
    if max(array.shape[1:]) > 1:
        np.testing.assert_array_equal(found, itk_median(array, radius))


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), radius=st.integers(1, 3), tile=st.tuples(*[st.integers(1, 9)] * 3))
def test_tiles_leave_no_seams(
    dtype: str, data: st.DataObject, radius: int, tile: tuple[int, int, int]
) -> None:
    array = data.draw(arrays(dtype))

    with patch.object(box_median_module, "TILE", {2: tile[:2], 3: tile}):
        found = box_median(array, radius)

    np.testing.assert_array_equal(found, scipy_median(array, radius))


def boxes_in(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[slice, ...]]:
    sides = [
        st.tuples(st.integers(0, size - 1), st.integers(1, size)).map(
            lambda ends: slice(min(ends[0], ends[1] - 1), max(ends[0] + 1, ends[1]))
        )
        for size in shape
    ]
    return st.tuples(*sides)


@pytest.mark.parametrize("name", SUBSTITUTES)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), radius=st.integers(1, 3))
def test_a_box_is_that_of_the_whole_result(name: str, data: st.DataObject, radius: int) -> None:
    substitute = SUBSTITUTES[name]
    array = phantom(data.draw(SHAPES), substitute.dtypes[0])
    box = data.draw(boxes_in(array.shape))
    names = ("Lower", "LowerThreshold", "Upper", "UpperThreshold", "OutsideValue", "InsideValue")
    values = dict(zip(names, (50, 50, 150, 150, 7, 9), strict=True)) | {"Radius": radius}
    call = partial(substitute.function, array, (1.5,) * array.ndim, values)

    np.testing.assert_array_equal(call(box), call(whole_of(array))[box])


@settings(max_examples=30, deadline=None)
@given(shape=SHAPES, radius=st.integers(1, 3), order=st.randoms(use_true_random=False))
@example(shape=(2, 9, 40), radius=2, order=None)
def test_the_layout_in_memory_does_not_matter(
    shape: tuple[int, ...], radius: int, order: object
) -> None:
    axes = list(range(len(shape)))
    if order is not None:
        order.shuffle(axes)  # type: ignore[attr-defined] # a random.Random
    twice = phantom(tuple(2 * size for size in shape))
    strided = twice[(slice(None, None, -2),) * len(shape)].transpose(axes)

    found = box_median(strided, radius)

    np.testing.assert_array_equal(found, scipy_median(np.ascontiguousarray(strided), radius))


@pytest.mark.parametrize("radius", [1, 2, 3])
@pytest.mark.parametrize("shape", [(61, 402), (39, 70, 71)])
def test_a_volume_of_several_tiles_is_itks(shape: tuple[int, ...], radius: int) -> None:
    array = phantom(shape)

    np.testing.assert_array_equal(box_median(array, radius), itk_median(array, radius))


@pytest.mark.parametrize("radius", [4, 16])
def test_boxes_of_more_voxels_than_a_byte_counts_are_right(radius: int) -> None:
    array = phantom((12, 9, 14), "uint16") * np.uint16(257)

    np.testing.assert_array_equal(box_median(array, radius), scipy_median(array, radius))


def test_either_way_to_find_a_bit_is_right() -> None:
    array = np.random.default_rng(3).integers(0, 65536, (9, 12, 13), "uint16")
    expected = scipy_median(array, 1)

    for affordable in (0, 2**16):
        with patch.object(box_median_module._Boxes, "affordable", affordable):
            np.testing.assert_array_equal(box_median(array, 1), expected)


def float_arrays(dtype: str, *, special: bool) -> st.SearchStrategy[Voxels]:
    width = 32 if dtype == "float32" else 64
    elements = st.floats(width=width, allow_nan=special, allow_infinity=special)
    return npst.arrays(dtype, SHAPES, elements=elements, fill=elements)


def agrees_with_itk(name: str, array: Voxels, spacing: tuple[float, ...], values: object) -> None:
    """Compare a substitute with its filter, where ITK's wrapper reads the array as it is."""
    substitute = SUBSTITUTES[name]
    dtype = np.dtype(np.uint8) if name.startswith("Binary") else array.dtype

    assert substitute.applies(array, values)
    found = substitute.function(array, spacing, values, whole_of(array))

    assert found.dtype == dtype
    assert found.shape == array.shape
    if max(array.shape[1:]) > 1:
        expected = run_filter(name, array, spacing, values, output_dtype=dtype)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", PIXEL_TYPES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_thresholds_are_itks(dtype: str, data: st.DataObject) -> None:
    is_float = dtype.startswith("float")
    array = data.draw(float_arrays(dtype, special=True) if is_float else arrays(dtype))
    numbers = (
        st.floats(width=32, allow_nan=False)
        if is_float
        else st.integers(int(LIMITS[dtype].min), int(LIMITS[dtype].max))
    )
    lower, upper = sorted([data.draw(numbers), data.draw(numbers)])
    bytes_ = st.integers(0, 255)
    spacing = (1.0,) * array.ndim

    agrees_with_itk(
        "ThresholdImageFilter", array, spacing,
        {"Lower": lower, "Upper": upper, "OutsideValue": data.draw(numbers)},
    )  # fmt: skip
    agrees_with_itk(
        "BinaryThresholdImageFilter", array, spacing,
        {"LowerThreshold": lower, "UpperThreshold": upper, "InsideValue": data.draw(bytes_),
         "OutsideValue": data.draw(bytes_)},
    )  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    array=st.one_of(
        float_arrays("float32", special=False),
        arrays("uint16").map(lambda array: array.astype(np.float32)),
    ),
    spacing=st.tuples(*[st.floats(1e-3, 1e3)] * 3),
    slab=st.sampled_from([1, 50, 2**16]),
)
def test_the_length_of_the_gradient_is_itks(
    array: Voxels, spacing: tuple[float, ...], slab: int
) -> None:
    with patch.object(central_differences, "SLAB_VOXELS", slab):
        agrees_with_itk("GradientMagnitudeImageFilter", array, spacing[: array.ndim], {})


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_a_gradient_beside_nan_or_infinity_is_itks_own(special: float) -> None:
    array = phantom((6, 7, 8), "float32")
    array[3, 3, 3] = special

    assert not SUBSTITUTES["GradientMagnitudeImageFilter"].applies(array, {})
    np.testing.assert_array_equal(
        ops.gradient_magnitude()(array),
        run_filter("GradientMagnitudeImageFilter", array, (1.0,) * 3, {}),
    )


@pytest.mark.parametrize(
    ("dtype", "radius", "is_ours"),
    [("uint8", 2, True), ("uint16", 16, True), ("uint8", 0, False), ("float32", 2, False)],
)
def test_itk_runs_where_no_substitute_is_proven(dtype: str, radius: int, is_ours: bool) -> None:
    array = phantom((5, 6, 7), dtype)

    with patch("roiwidgets.operations.substitutes.run_filter", wraps=run_filter) as itk_run:
        found = ops.median(radius=radius)(array)

    assert itk_run.called is not is_ours
    np.testing.assert_array_equal(found, scipy_median(array, radius))

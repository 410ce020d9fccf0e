"""Projections equal numpy's on the whole array, whatever the chunks, and cannot overflow."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import roiwidgets as rw
from roiwidgets.errors import ImageError, ParameterError
from tests.stacks.phantoms import WAYS, lazily

DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int64", "float32", "float64")
DIMS = ("t", "z", "y", "x")

ORACLES = {
    "max": lambda array, axis: array.max(axis=axis),
    "min": lambda array, axis: array.min(axis=axis),
    "mean": lambda array, axis: array.astype(np.float64).mean(axis=axis),
    "std": lambda array, axis: array.astype(np.float64).std(axis=axis),
    "variance": lambda array, axis: array.astype(np.float64).var(axis=axis),
    "sum": lambda array, axis: array.astype(object).sum(axis=axis).astype(np.float64),
    "range": lambda array, axis: (
        array.astype(object).max(axis=axis) - array.astype(object).min(axis=axis)
    ).astype(np.float64),
}  # sums and ranges of Python's own numbers have no limit


@given(data=st.data(), dtype=st.sampled_from(DTYPES), axis=st.sampled_from(DIMS))
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("statistic", list(ORACLES))
def test_every_statistic_along_every_axis(statistic, data, dtype, axis) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=4, max_dims=4, max_side=4))
    # differences of floats must stay finite in their own type
    limits = {"min_value": -1000, "max_value": 1000} if dtype.startswith("float") else {}
    if (statistic, dtype) == ("sum", "int64"):  # whose sums are said to fit, or to wrap around
        limits = {"min_value": -(2**60), "max_value": 2**60}
    elements = hnp.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False, **limits)
    array = data.draw(hnp.arrays(dtype, shape, elements=elements))
    stack = xarray.DataArray(array, dims=DIMS)
    expected = ORACLES[statistic](array, DIMS.index(axis)).astype(np.float64)
    scale = max(1.0, float(np.abs(array.astype(np.float64)).max()))
    exact = statistic in ("max", "min", "sum", "range") and not dtype.startswith("float")

    for way in WAYS:
        found = rw.collections.project(way(stack), axis, statistic)

        assert (found.chunks is not None) == (way is lazily)
        power = 2 if statistic == "variance" else 1
        tolerance = 0 if exact else (1e-6 if dtype == "float32" else 1e-12) * scale**power
        np.testing.assert_allclose(found.values.astype(np.float64), expected, 0, tolerance)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("dtype", "low", "high", "kept"),
    [("uint8", 0, 255, "uint8"), ("int8", -128, 127, "uint8"),
     ("int16", -(2**15), 2**15 - 1, "uint16"), ("bool", 0, 1, "uint8"),
     ("int64", -(2**63), 2**63 - 1, "uint64")],
)  # fmt: skip
def test_the_widest_range_of_a_type_fits(way, dtype, low, high, kept) -> None:
    stack = way(xarray.DataArray(np.array([[[low]], [[high]]], dtype), dims=("t", "y", "x")))

    found = rw.collections.project(stack, "t", "range")

    assert found.dtype == kept
    assert int(found.values[0, 0]) == high - low


@pytest.mark.parametrize("way", WAYS)
def test_sums_of_small_integers_do_not_overflow(way) -> None:
    stack = way(xarray.DataArray(np.full((300, 1, 1), 255, np.uint8), dims=("t", "y", "x")))

    assert rw.collections.total(stack).values.tolist() == [[76_500]]
    assert rw.collections.mean(stack).values.tolist() == [[255.0]]


@pytest.mark.parametrize("way", WAYS)
def test_labels_are_kept(way) -> None:
    stack = way(
        xarray.DataArray(
            np.zeros((3, 4, 5), np.uint8),
            dims=("frame", "height", "width"),
            coords={"height": [1.0, 2, 3, 4], "frame": [0, 1, 2]},
            name="fish",
            attrs={"exposure": 3},
        )
    )

    found = rw.collections.std(stack)

    assert found.dims == ("height", "width")
    assert found.coords["height"].values.tolist() == [1, 2, 3, 4]
    assert found.name == "fish"
    assert found.attrs == {"exposure": 3}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("statistic", list(ORACLES))
def test_nan_stays_nan(way, statistic) -> None:
    array = np.ones((3, 2, 2))
    array[1, 0, 0] = np.nan

    found = rw.collections.project(
        way(xarray.DataArray(array, dims=("t", "y", "x"))), "t", statistic
    )

    np.testing.assert_array_equal(np.isnan(found.values), [[True, False], [False, False]])


@pytest.mark.parametrize("function", ["maximum", "minimum", "mean", "std", "variance", "total"])
def test_one_image_is_its_own_statistic(function) -> None:
    stack = xarray.DataArray(np.full((1, 1, 1), 7, np.uint8), dims=("t", "y", "x"))

    found = getattr(rw.collections, function)(stack)

    assert found.values.tolist() == [[0 if function in ("std", "variance") else 7]]


def test_what_is_not_there_is_refused() -> None:
    stack = xarray.DataArray(np.zeros((2, 3, 4)), dims=("t", "y", "x"))

    with pytest.raises(ParameterError, match="statistic must be one of max, min"):
        rw.collections.project(stack, "y", "mode")
    with pytest.raises(ParameterError, match="there is no axis 'z' in a stack of t 2, y 3, x 4"):
        rw.collections.project(stack, "z")
    with pytest.raises(ImageError, match=r"expected an xarray\.DataArray, got numpy\.ndarray"):
        rw.collections.project(stack.values, "t")
    with pytest.raises(ImageError, match="is empty"):
        rw.collections.project(stack.isel(t=slice(0, 0)), "t")

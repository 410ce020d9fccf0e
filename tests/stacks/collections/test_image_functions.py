"""What is done to each image: numpy and scipy on the whole array tell what must come out."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

import roiwidgets as rw
from roiwidgets.errors import ImageError, OperationError, ParameterError
from tests.stacks.phantoms import WAYS, lazily

ARRAY = np.random.default_rng(0).integers(0, 255, (5, 3, 7, 8), dtype=np.uint8)


def stack_of(array, **coords) -> xarray.DataArray:
    dims = ("t", "z", "y", "x")[-array.ndim :] if array.ndim != 3 else ("t", "y", "x")
    return xarray.DataArray(array, dims=dims, coords=coords, name="fish", attrs={"a": 1})


@pytest.mark.parametrize("way", WAYS)
def test_planes_are_half_open_and_keep_their_axis(way) -> None:
    found = rw.collections.planes(way(stack_of(ARRAY)), 1, 2)

    assert found.dims == ("t", "z", "y", "x")
    np.testing.assert_array_equal(found.values, ARRAY[:, 1:2])


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (-1, 2), (2, 4), (2, 1)])
def test_planes_outside_are_refused(start: int, stop: int) -> None:
    with pytest.raises(ParameterError, match="0 <= start < stop <= 3"):
        rw.collections.planes(stack_of(ARRAY), start, stop)


@pytest.mark.parametrize("way", WAYS)
def test_subsampling_is_a_stride_and_keeps_positions(way) -> None:
    stack = way(stack_of(ARRAY, x=10.0 * np.arange(8)))

    found = rw.collections.subsample(stack, {"y": 2, "x": 3})
    all_axes = rw.collections.subsample(stack, 2)

    np.testing.assert_array_equal(found.values, ARRAY[:, :, ::2, ::3])
    assert found.coords["x"].values.tolist() == [0, 30, 60]
    np.testing.assert_array_equal(all_axes.values, ARRAY[:, ::2, ::2, ::2])


@pytest.mark.parametrize("way", WAYS)
def test_boxes_are_averaged_at_their_centres(way) -> None:
    stack = way(stack_of(ARRAY, x=np.arange(8.0)))

    found = rw.collections.average_boxes(stack, {"y": 2, "x": 3})

    expected = ARRAY[:, :, :6, :6].astype(float).reshape(5, 3, 3, 2, 2, 3).mean(axis=(3, 5))
    assert found.dtype == np.float64
    assert found.attrs == {"a": 1}
    assert (found.chunks is not None) == (way is lazily)
    np.testing.assert_allclose(found.values, expected, rtol=1e-14)
    assert found.coords["x"].values.tolist() == [1, 4]


@pytest.mark.parametrize("steps", [0, 1.5, True, {"y": -1}, {"color": 2}])
def test_steps_that_are_none_are_refused(steps) -> None:
    with pytest.raises(ParameterError):
        rw.collections.subsample(stack_of(ARRAY), steps)


def test_boxes_longer_than_the_image_are_refused() -> None:
    with pytest.raises(ParameterError, match="no box of"):
        rw.collections.average_boxes(stack_of(ARRAY), {"y": 8})


@pytest.mark.parametrize("way", WAYS)
def test_filters_run_on_each_image_in_any_order_of_axes(way) -> None:
    image = ARRAY[:, 0]
    stack = stack_of(image, t=np.array([3.0, 1.0, 2.0, 7.0, 7.0]))  # times do not matter here

    median = rw.collections.median(way(stack.transpose("x", "t", "y")))
    uniform = rw.collections.uniform(way(stack.astype(np.float32)), radius=1)

    assert median.dims == ("x", "t", "y")
    assert (median.chunks is not None) == (way is lazily)
    assert median.name == "fish"
    assert median.coords["t"].values.tolist() == [3, 1, 2, 7, 7]
    for index, frame in enumerate(image):
        np.testing.assert_array_equal(
            median.transpose("t", "y", "x").values[index],
            ndimage.median_filter(frame, size=3, mode="nearest"),
        )
        np.testing.assert_allclose(
            uniform.values[index],
            ndimage.uniform_filter(frame.astype(np.float64), size=3, mode="nearest"),
            rtol=1e-6,
        )


@pytest.mark.parametrize("way", WAYS)
def test_a_gaussian_counts_in_units_of_the_coordinates(way) -> None:
    spot = np.zeros((2, 21, 21), np.float32)
    spot[:, 10, 10] = 1
    stack = stack_of(spot, y=0.5 * np.arange(21), x=-2.0 * np.arange(21))

    found = rw.collections.gaussian(way(stack), sigma=1.0).values[1]

    assert found.dtype == np.float32
    y, x = np.mgrid[-10:11, -10:11]
    # standard deviations in pixels: 1 / 0.5 and 1 / 2
    assert np.sqrt((found * y**2).sum() / found.sum()) == pytest.approx(2.0, rel=0.002)
    assert np.sqrt((found * x**2).sum() / found.sum()) == pytest.approx(0.5, rel=0.002)


@pytest.mark.parametrize(("sigma", "accuracy"), [(8.0, 0.002), (20.0, 0.012)])
def test_a_wide_gaussian_is_not_cut_off(sigma: float, accuracy: float) -> None:
    spot = np.zeros((1, 1, 301), np.float32)
    spot[..., 150] = 1

    (((*found,),),) = rw.collections.gaussian(stack_of(spot), sigma=sigma).values.tolist()

    places = np.arange(301) - 150
    assert np.sqrt(np.average(places**2, weights=found)) == pytest.approx(sigma, rel=accuracy)
    with pytest.raises(ParameterError, match=r"at most 25\.5"):
        rw.collections.gaussian(stack_of(spot), sigma=26)


def test_any_local_operation_runs_and_no_global_one() -> None:
    threshold = rw.operations.binary_threshold(lower=100)

    found = rw.collections.filter_images(lazily(stack_of(ARRAY)), threshold)

    np.testing.assert_array_equal(found.values > 0, ARRAY >= 100)
    with pytest.raises(OperationError):
        rw.collections.filter_images(stack_of(ARRAY), rw.operations.otsu_threshold())
    with pytest.raises(ParameterError, match="filters know the axes"):
        rw.collections.median(xarray.DataArray(ARRAY[0, 0], dims=("a", "x")))
    with pytest.raises(ImageError, match="not uniform"):
        rw.collections.median(stack_of(ARRAY, x=2.0 ** np.arange(8)))


DTYPES = ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


@given(data=st.data(), first=st.sampled_from(DTYPES), second=st.sampled_from(DTYPES))
@settings(max_examples=60, deadline=None)
def test_differences_never_wrap_around(data, first: str, second: str) -> None:
    def draw(dtype: str, shape: tuple[int, ...]):
        limits = {"min_value": -1e6, "max_value": 1e6} if dtype.startswith("float") else {}
        elements = hnp.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False, **limits)
        return data.draw(hnp.arrays(dtype, shape, elements=elements))

    stack, image = draw(first, (3, 2, 2)), draw(second, (2, 2))
    exact = not (first.startswith("float") or second.startswith("float"))
    expected = stack.astype(np.float64) - image.astype(np.float64)

    for way in WAYS:
        found = rw.collections.subtract(way(stack_of(stack)), image)
        of_labels = rw.collections.subtract(
            way(stack_of(stack)), way(xarray.DataArray(image.T, dims=("x", "y")))
        )

        assert found.dims == of_labels.dims == ("t", "y", "x")
        np.testing.assert_allclose(found.values, expected, 0 if exact else 1e-6, 0 if exact else 1)
        np.testing.assert_array_equal(found.values, of_labels.values)


@pytest.mark.parametrize(
    ("dtype", "number", "kept"),
    [("uint8", 255, "int16"), ("uint8", 40_000, "int32"), ("uint16", -1, "int32"),
     ("int64", 1, "float64"), ("uint8", 0.5, "float64"), ("float32", 0.5, "float32"),
     ("uint8", np.float32(0.5), "float64"), ("uint8", np.uint8(3), "int16")],
)  # fmt: skip
def test_a_number_is_subtracted_in_a_type_that_holds_it(dtype, number, kept) -> None:
    stack = stack_of(np.array([[[0, 200 if dtype == "uint8" else 100]]], dtype))

    found = rw.collections.subtract(stack, number)

    assert found.dtype == kept
    assert found.values.ravel().tolist() == [float(v) - float(number) for v in stack.values.ravel()]


def test_an_image_that_does_not_fit_is_refused() -> None:
    stack = stack_of(ARRAY, x=np.arange(8.0))

    with pytest.raises(ImageError, match="got an array of shape"):
        rw.collections.subtract(stack, ARRAY[0, 0])
    with pytest.raises(ImageError, match="cannot be subtracted"):
        rw.collections.subtract(stack, ARRAY[0, :, :-1])
    with pytest.raises(ImageError, match="cannot be subtracted"):
        rw.collections.subtract(stack, stack.isel(t=0).assign_coords(x=1 + np.arange(8.0)))
    with pytest.raises(ImageError, match="not all of them"):
        rw.collections.subtract(stack, xarray.DataArray(ARRAY[0], dims=("c", "y", "x")))

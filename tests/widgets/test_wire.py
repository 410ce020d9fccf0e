"""The types in which voxels travel: what the browser lacks is converted, and stays distinct."""

from __future__ import annotations

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.errors import ImageError
from roiwidgets.widgets._wire import image_wire_dtype, to_wire_image, to_wire_labels


@pytest.mark.parametrize(
    ("dtype", "value_range", "expected"),
    [
        (">u2", (0, 1), "uint16"),
        ("bool", (0, 1), "uint8"),
        ("float16", (0, 1), "float32"),
        ("float64", (0, 1), "float32"),
        ("float64", (1000, 1000.001), "float64"),
        ("float64", (-8e300, 8e300), "float64"),
        ("float64", (-1.7e308, 1.7e308), "float64"),
        ("float64", (0, 1e-310), "float64"),
        ("int64", (-1000, 70_000), "float32"),
        ("int64", (0, 2**30), "float64"),
        ("int64", (2**40, 2**40 + 8), "float64"),
        ("uint64", (0, 2**64), "float64"),
    ],
)
def test_images_travel_in_a_type_that_is_fine_enough_for_their_range(
    dtype: str, value_range: tuple[float, float], expected: str
) -> None:
    assert image_wire_dtype(np.dtype(dtype), value_range) == expected


def test_what_is_beyond_32_bits_becomes_infinite_without_a_warning() -> None:
    converted = to_wire_image(np.array([0.5, 8e300, -8e300]), np.dtype("float32"))

    np.testing.assert_array_equal(converted, np.array([0.5, np.inf, -np.inf], np.float32))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("bool", "uint8"), ("int32", "int32"), (">u2", "uint16"), ("uint64", "uint32")],
)
def test_labels_travel_in_32_bits_at_most(dtype: str, expected: str) -> None:
    converted = to_wire_labels(np.array([0, 1], dtype=dtype))

    assert converted.dtype == np.dtype(expected)
    np.testing.assert_array_equal(converted, [0, 1])


def test_large_labels_stay_distinct_from_the_background() -> None:
    labels = np.array([0, 5, 2**32, 2**32 + 1, 2**63 + 1], np.uint64)

    converted = to_wire_labels(labels)

    assert converted[0] == 0
    assert converted[1] == 5
    assert np.all(converted[1:] != 0)


def test_integers_that_float64_cannot_tell_apart_are_told() -> None:
    values = np.arange(60, dtype=np.uint64).reshape(3, 4, 5)
    rw.Viewer(values << np.uint64(58))  # a few bits of so wide a range do not show

    with pytest.warns(
        UserWarning, match=r"cannot tell the values of Image apart.*1152921504606846976"
    ):
        rw.Viewer(values + np.uint64(2**60))


def test_colours_of_other_types_than_uint8_are_refused() -> None:
    colors = rw.open_image(np.zeros((4, 5, 3), np.uint16), axes="yxc")

    with pytest.raises(ImageError, match="colours are shown of uint8, got uint16; convert"):
        rw.Viewer(colors)

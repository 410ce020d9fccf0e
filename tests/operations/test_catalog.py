from __future__ import annotations

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.errors import ImageError, OperationError, ParameterError, UnsupportedDtypeError
from roiwidgets.operations.catalog import CATALOG
from tests.operations.oracles import OPERATIONS, SPACING, oracle, phantom

SHAPES = {2: (31, 45), 3: (13, 17, 22)}


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_an_operation_is_what_itk_computes(name: str, dtype: str, ndim: int) -> None:
    voxels = phantom(SHAPES[ndim], dtype)
    operation = OPERATIONS[name]

    result = operation(voxels, SPACING[ndim])

    expected = oracle(name, voxels, SPACING[ndim])
    assert result.dtype == expected.dtype == operation.output_dtype(voxels.dtype)
    np.testing.assert_array_equal(result, expected)
    assert result.flags.c_contiguous


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_halo_makes_a_block_equal_to_the_whole(name: str) -> None:
    voxels, spacing = phantom((30, 41, 37)), SPACING[3]
    operation = OPERATIONS[name]
    halo = operation.halo(spacing)
    inner = ((12, 17), (0, 9), (30, 37))
    outer = [
        (max(0, a - h), min(n, b + h))
        for (a, b), h, n in zip(inner, halo, voxels.shape, strict=True)
    ]

    block = operation(voxels[tuple(slice(*side) for side in outer)], spacing)

    trim = tuple(slice(a - c, b - c) for (a, b), (c, _) in zip(inner, outer, strict=True))
    whole = operation(voxels, spacing)[tuple(slice(*side) for side in inner)]
    np.testing.assert_array_equal(block[trim], whole)


def test_arrays_in_fortran_order_and_foreign_bytes_are_read_right() -> None:
    voxels = phantom((9, 12, 14), "uint16")
    expected = ops.median(1)(voxels)

    np.testing.assert_array_equal(ops.median(1)(np.asfortranarray(voxels)), expected)
    np.testing.assert_array_equal(ops.median(1)(voxels.astype(">u2")), expected)
    view = voxels.view()
    view.flags.writeable = False
    np.testing.assert_array_equal(ops.median(1)(view), expected)


def test_a_result_survives_the_filter_that_made_it() -> None:
    voxels = phantom((40, 40, 40))
    results = [ops.mean(1)(voxels) for _ in range(6)]

    assert all((result == results[0]).all() for result in results)


def test_bool_and_half_floats_are_refused_with_a_remedy() -> None:
    for dtype in ("bool", "float16", "int32", "uint64"):
        with pytest.raises(UnsupportedDtypeError, match=rf"{dtype}.*astype\('float32'\)"):
            ops.median()(np.zeros((4, 4), dtype))


def test_an_empty_array_is_an_error() -> None:
    with pytest.raises(ImageError, match="without voxels"):
        ops.median()(np.zeros((0, 4), np.uint8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ops.median(radius=99), "radius=99 must be an integer from 0 to 16"),
        (lambda: ops.median(radius=1.5), "radius=1.5 must be an integer"),
        (lambda: ops.median(radius=float("inf")), "must be an integer"),
        (lambda: ops.discrete_gaussian(sigma=-1), "sigma=-1 must be a number from"),
        (lambda: ops.discrete_gaussian(sigma=float("nan")), "sigma=nan must be a number"),
        (lambda: ops.binary_threshold(lower=9, upper=3), "lower=9 lies above upper=3"),
        (lambda: ops.binary_threshold(inside_value=256), "inside_value=256 must be"),
    ],
)
def test_a_value_out_of_range_is_named(make: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()  # type: ignore[operator] # a lambda


def test_an_unknown_keyword_gets_a_suggestion() -> None:
    with pytest.raises(TypeError, match="did you mean 'radius'"):
        ops.median().with_values(radus=2)


def test_an_outside_value_that_the_type_lacks_is_refused() -> None:
    with pytest.raises(OperationError, match="outside_value=-1 must be an integer from 0 to 255"):
        ops.threshold(outside_value=-1)(np.zeros((4, 4), np.uint8))


@pytest.mark.parametrize("limits", [(300, 400), (-9, -3), (10.2, 10.8)])
def test_limits_between_or_beyond_integers_hold_no_voxel(limits: tuple[float, float]) -> None:
    voxels = phantom((6, 7))

    result = ops.binary_threshold(lower=limits[0], upper=limits[1])(voxels)

    assert not result.any()


def test_a_sigma_that_itk_cannot_compute_is_refused() -> None:
    with pytest.raises(ParameterError, match="at most 25"):
        ops.discrete_gaussian(sigma=40).halo((1.0, 1.0))


def test_the_gaussian_keeps_the_world_length_on_any_grid() -> None:
    assert ops.discrete_gaussian(sigma=2).halo((2.0, 1.0, 0.5)) == (3, 5, 10)


def test_intensities_take_their_range_from_the_data() -> None:
    ranged = ops.binary_threshold(lower=50).ranges_for(-10, 200)

    lower, upper, *_ = ranged.parameters
    assert (lower.minimum, lower.maximum) == (-10, 200)
    assert (upper.minimum, upper.maximum) == (-10, 200)


def test_every_catalogue_function_is_public() -> None:
    for name, make in CATALOG.items():
        assert getattr(ops, name) is make
        assert make().name == name

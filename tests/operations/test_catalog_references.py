"""Every filter of the catalogue against numpy, SciPy or public ITK on the whole array."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import roiwidgets.operations as ops
from roiwidgets.errors import OperationError, ParameterError
from roiwidgets.operations.catalog import CATALOG, whole_image
from roiwidgets.operations.operation import Operation
from roiwidgets.operations.parameters import Parameter
from tests.operations.blocks import noisy, pieces, spacings, with_any_values
from tests.operations.references import REFERENCES

DOCS = Path(__file__).parents[2] / "docs"
DERICHE = {
    "recursive_gaussian": 0.02,
    "unsharp_mask": 0.04,
    "gradient_magnitude_gaussian": 0.05,
    "laplacian_of_gaussian": 0.1,
}
"""Share of the range by which Deriche's approximation may differ from a sampled Gaussian
of at least one voxel."""

# those on the whole image have test_automatic_thresholds.py and tests/engine/test_components.py
LOCAL = [name for name in CATALOG if name not in whole_image.__all__]
PARAMETERS = [(name, p) for name in LOCAL for p in CATALOG[name]().parameters]


def test_every_filter_has_a_reference() -> None:
    assert set(REFERENCES) == set(LOCAL)


@pytest.mark.parametrize("name", [name for name in LOCAL if name not in DERICHE])
@settings(
    max_examples=8, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.differing_executors],
)  # fmt: skip
@given(data=st.data())
def test_a_filter_is_its_reference(name: str, data: st.DataObject) -> None:
    operation = data.draw(with_any_values(CATALOG[name]()))
    shape, _ = data.draw(pieces())
    spacing = tuple(data.draw(spacings) for _ in shape)
    voxels = noisy(shape, data.draw(st.sampled_from(["uint8", "float32"])), 5)

    result = operation(voxels, spacing)

    assert result.dtype == operation.output_dtype(voxels.dtype)
    with np.errstate(all="ignore"):
        expected: Any = REFERENCES[name](voxels, spacing, operation.values)
    if result.dtype.kind == "f":
        finite = np.abs(expected[np.isfinite(expected)])
        largest = max(1.0, float(np.max(finite, initial=0)), float(np.abs(voxels).max()))
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5 * largest)
    else:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", DERICHE)
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.5, 0.5, 0.8)])
def test_a_recursive_filter_is_near_its_reference(name: str, spacing: tuple[float, ...]) -> None:
    operation = CATALOG[name](sigma=1.5)
    voxels = noisy((1, 22, 25), "float32", 5)

    result = operation(voxels, spacing)

    expected: Any = REFERENCES[name](voxels, spacing, operation.values)
    allowed = DERICHE[name] * float(np.ptp(expected))
    np.testing.assert_allclose(result, expected, rtol=0, atol=allowed)


@pytest.mark.parametrize("name", LOCAL)
@settings(
    max_examples=3, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.differing_executors],
)  # fmt: skip
@given(data=st.data())
def test_a_filter_survives_recipes_pickles_and_scales(name: str, data: st.DataObject) -> None:
    operation = data.draw(with_any_values(CATALOG[name]()))
    voxels = noisy((5, 6), "uint8", 1)
    expected = operation(voxels)

    for again in (
        ops.load_operation(operation.to_json()),
        pickle.loads(pickle.dumps(operation)),
    ):
        assert str(again) == str(operation)
        np.testing.assert_array_equal(again(voxels), expected)

    finer, notes = operation.at_spacing((2.0, 2.0), (1.0, 1.0))
    told = 0
    for parameter in operation.parameters:
        value = operation.values[parameter.name]
        expected_value = _on_half_the_spacing(operation, parameter.name, parameter.unit)
        assert finer.values[parameter.name] == expected_value
        told += bool(value) and (expected_value != value or parameter.unit == "voxel steps")
    assert len(notes) == told


def _on_half_the_spacing(operation: Operation, name: str, unit: str | None) -> object:
    """What a value becomes where voxels are half as far apart, on the plane."""
    value = operation.values[name]
    if not value or unit not in ("voxel", "voxel count", "box votes"):
        return value
    radius = operation.values.get("radius", 0)
    assert isinstance(value, int | float)
    assert isinstance(radius, int | float)
    factor = {
        "voxel": 2,
        "voxel count": 4,
        "box votes": ((4 * radius + 1) / (2 * radius + 1)) ** 2,
    }[unit]
    return value * factor if isinstance(value, float) else max(1, round(value * factor))


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS, ids=lambda p: getattr(p, "name", p))
def test_a_wrong_value_is_one_clear_error(name: str, parameter: Parameter) -> None:
    wrong: list[object] = ["much", None, [1]]
    if parameter.kind in ("integer", "float"):
        wrong += [True, float("nan")]
        if parameter.unit != "intensity":
            wrong += [v - 1 for v in [parameter.minimum] if v is not None]
            wrong += [v + 1 for v in [parameter.maximum] if v is not None]
    if parameter.kind == "integer":
        wrong += [1.5, float("inf")]

    for value in wrong:
        with pytest.raises(ParameterError, match=f"^{parameter.name}=.* must be"):
            CATALOG[name](**{parameter.name: value})


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("clamp", {"lower": 9, "upper": 3}, "lower=9 lies above upper=3; swap"),
        ("threshold", {"lower": 9, "upper": 3}, "lower=9 lies above upper=3; swap"),
        (
            "intensity_windowing",
            {"window_minimum": 300},
            "window_minimum=300.0 lies above window_maximum=255.0",
        ),
        ("intensity_windowing", {"window_maximum": 0}, "are both 0.0; give a range"),
        ("intensity_windowing", {"window_maximum": float("inf")}, "must be a finite number"),
        ("gamma_correction", {"input_maximum": 0}, "are both 0.0; give a range"),
        ("sigmoid", {"alpha": 0}, "alpha=0 must not be 0"),
        ("bilateral", {"range_sigma": 0}, "range_sigma=0.0 must be a finite number > 0"),
        ("difference_of_gaussians", {"sigma": 2}, "sigma=2.0 must be smaller than larger_sigma"),
    ],
)
def test_values_that_contradict_each_other_are_refused(
    name: str, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        CATALOG[name](**values)


def test_an_axis_that_the_image_lacks_is_refused() -> None:
    with pytest.raises(OperationError, match="axis='z' must be one of 'x', 'y'"):
        ops.derivative(axis="z")(np.zeros((4, 5), np.float32))


def test_a_distance_that_reaches_too_many_voxels_is_refused() -> None:
    with pytest.raises(OperationError, match=r"10000 voxels at spacing 0.001, at most 128"):
        ops.distance_map(10)(np.zeros((4, 5), np.uint8), (0.001, 0.001))


def test_no_integer_within_the_limits_of_a_clamp_is_an_error() -> None:
    with pytest.raises(OperationError, match=r"no uint8 lies from lower=3.2 to upper=3.8"):
        ops.clamp(3.2, 3.8)(np.zeros((4, 5), np.uint8))


def test_a_column_of_voxels_is_not_read_as_a_row() -> None:
    column = noisy((9, 1), "uint8", 3)

    np.testing.assert_array_equal(ops.median(1)(column), ops.median(1)(column.T).T)


def test_a_part_of_a_column_is_that_of_the_whole() -> None:
    column, part = noisy((9, 1), "uint8", 3), (slice(2, 7), slice(0, 1))

    result = ops.mean(1)(column, inside=part)

    np.testing.assert_array_equal(result, ops.mean(1)(column)[part])


def test_the_page_of_filters_is_that_of_the_catalogue() -> None:
    page = runpy.run_path(str(DOCS / "make_filters.py"))["page"]()

    assert (DOCS / "filters.md").read_text(encoding="utf-8") == page, "run docs/make_filters.py"

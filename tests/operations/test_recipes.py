from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.errors import OperationError, ParameterError
from tests.operations.oracles import OPERATIONS


@pytest.mark.parametrize("name", OPERATIONS)
def test_recipes_come_back_as_the_same_operation(name: str, tmp_path: Path) -> None:
    operation = OPERATIONS[name]
    path = tmp_path / "recipe.json"
    path.write_text(operation.to_json())

    for recipe in (operation.to_json(), path, str(path), json.loads(operation.to_json())):
        assert str(ops.load_operation(recipe)) == str(operation)


def test_pipelines_and_open_limits_come_back() -> None:
    pipeline = ops.median(2) | ops.binary_threshold(lower=80) | ops.median(3)

    again = ops.load_operation(pipeline.to_json())

    assert str(again) == str(pipeline)
    assert again.values["binary_threshold.upper"] == float("inf")


def limited(voxels: np.ndarray, low: float = -math.inf, high: float = 9.0, word: str = "inf"):
    """A function that can be imported again."""
    assert word == "inf"
    return np.clip(voxels, low, high).astype(voxels.dtype)


def test_infinite_values_of_a_users_function_come_back() -> None:
    operation = ops.operation(limited, halo=0, high=math.inf)
    json.loads(operation.to_json(), parse_constant=pytest.fail)

    again = ops.load_operation(operation.to_json())

    assert again.values == {"low": -math.inf, "high": math.inf, "word": "inf"}
    voxels = np.array([[-3.5, 400.0]])
    np.testing.assert_array_equal(again(voxels), voxels)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{", OperationError, "no JSON"),
        ('{"a": 1}', OperationError, "names an operation"),
        ('{"operation": "medain"}', OperationError, "known are"),
        ('{"operation": "median", "values": {"radius": -1}}', ParameterError, "radius=-1"),
        ('{"roiwidgets_recipe": 99, "operation": "median"}', OperationError, "version 99"),
        ("no/such/file.json", OperationError, "neither a recipe nor an image"),
        (
            '{"operation": "f", "origin": "no_such_module:f"}',
            OperationError,
            "cannot be imported",
        ),
    ],
)
def test_what_is_no_recipe_is_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ops.load_operation(text)


def test_a_folder_without_a_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="not written by roiwidgets"):
        ops.load_operation(tmp_path)

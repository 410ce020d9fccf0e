from __future__ import annotations

import functools
import json
from typing import Literal

import cloudpickle
import itk
import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.errors import OperationError, ParameterError
from tests.operations.oracles import as_array, as_image, phantom


def scaled(voxels: np.ndarray, factor: float = 2.0, *, flip: bool = False) -> np.ndarray:
    """A user's function that can be imported again."""
    result = voxels.astype(np.float32) * factor
    return result[::-1] if flip else result


def rounded(
    voxels: np.ndarray, method: Literal["up", "down"] = "down", note: str = ""
) -> np.ndarray:
    return np.ceil(voxels) if method == "up" else np.floor(voxels)


def test_keywords_with_defaults_become_parameters() -> None:
    operation = ops.operation(scaled, halo=0, output_dtype="float32", factor=3.0)

    assert [(p.name, p.kind) for p in operation.parameters] == [
        ("factor", "float"),
        ("flip", "boolean"),
    ]
    assert operation(np.ones((2, 2), np.uint8))[0, 0] == 3
    assert operation.support == "pointwise"


def test_the_spacing_is_given_to_functions_that_ask_for_it() -> None:
    operation = ops.operation(lambda v, spacing: np.full_like(v, spacing[0]), halo=0)

    assert operation(np.zeros((2, 2)), (7.0, 1.0))[0, 0] == 7


def test_functions_may_take_and_return_itk_images() -> None:
    voxels, spacing = phantom((12, 15), "float32"), (3.0, 0.5)

    def gradient(image: object) -> object:
        return itk.gradient_magnitude_image_filter(image)

    operation = ops.operation(gradient, halo=1, takes_itk_image=True)

    expected = as_array(itk.gradient_magnitude_image_filter(as_image(voxels, spacing)))
    np.testing.assert_array_equal(operation(voxels, spacing), expected)


def test_numpy_functions_without_a_signature_work() -> None:
    assert ops.operation(np.negative, halo=0)(np.ones((2, 2)))[0, 0] == -1


def test_a_halo_that_is_not_stated_can_be_run_but_not_cut_into_blocks() -> None:
    operation = ops.operation(lambda v: v)

    assert operation(np.ones((2, 2))).sum() == 4
    with pytest.raises(OperationError, match="state halo=0 for a pointwise function"):
        operation.halo((1.0, 1.0))


@pytest.mark.parametrize("halo", [-1, 1.5, (1, -1), True])
def test_a_malformed_halo_is_refused(halo: object) -> None:
    with pytest.raises(ParameterError, match="must be a number of voxels"):
        ops.operation(scaled, halo=halo)  # type: ignore[arg-type] # what users type


def test_a_halo_per_axis_must_fit_the_axes() -> None:
    operation = ops.operation(scaled, halo=(1, 2, 3))

    assert operation.halo((1.0, 1.0, 1.0)) == (1, 2, 3)
    with pytest.raises(OperationError, match="3 entries"):
        operation.halo((1.0, 1.0))


def test_units_convert_lengths_of_a_users_function() -> None:
    operation = ops.operation(lambda v, size=2: v, halo=4, units={"size": "voxel"})

    finer, notes = operation.at_spacing((2.0, 2.0), (1.0, 1.0))

    assert finer.values["size"] == 4
    assert notes
    with pytest.raises(TypeError, match="no parameter"):
        ops.operation(scaled, units={"radius": "voxel"})
    with pytest.raises(ParameterError, match="the unit of factor"):
        ops.operation(scaled, units={"factor": "miles"})  # type: ignore[dict-item] # what users type


def test_an_importable_function_reruns_from_its_recipe() -> None:
    operation = ops.operation(
        scaled, halo=(0, 1), output_dtype="float32", units={"factor": "voxel"}, factor=4.0
    )

    again = ops.load_operation(operation.to_json())

    assert str(again) == str(operation)
    assert again.halo((1.0, 1.0)) == (0, 1)
    assert again.parameters == operation.parameters
    np.testing.assert_array_equal(again(np.ones((2, 2))), operation(np.ones((2, 2))))


def test_a_function_of_a_notebook_runs_elsewhere_but_has_no_recipe() -> None:
    factor = np.uint8(3)
    operation = ops.operation(lambda voxels: voxels * factor, halo=0)

    copy = cloudpickle.loads(cloudpickle.dumps(operation))

    assert copy(np.ones((2, 2), np.uint8))[0, 0] == 3
    with pytest.raises(OperationError, match="put it into a module"):
        operation.to_json()
    recipe = operation.recipe()
    assert recipe["rerunnable"] is False
    assert "lambda voxels: voxels * factor" in str(recipe["source"])
    with pytest.raises(OperationError, match="cannot be rerun"):
        ops.load_operation(json.dumps(recipe))


def test_an_edited_function_or_another_captured_number_changes_the_recipe() -> None:
    def make(cut: int) -> ops.Operation:
        return ops.operation(lambda voxels: voxels > cut, halo=0, output_dtype="bool")

    assert make(3).recipe() == make(3).recipe()
    assert make(3).recipe() != make(4).recipe()


def test_words_are_parameters_and_survive_the_recipe() -> None:
    operation = ops.operation(rounded, halo=0, output_dtype="float64", method="up")
    value = np.array([[1.2, -1.2]])

    again = ops.load_operation(operation.to_json())

    assert [(p.kind, p.choices) for p in operation.parameters] == [
        ("choice", ("up", "down")), ("choice", ())
    ]  # fmt: skip
    np.testing.assert_array_equal(again(value), np.ceil(value))
    assert operation.with_values(method="down")(value).tolist() == [[1.0, -2.0]]
    assert operation.with_values(note="any word").values["note"] == "any word"
    with pytest.raises(ParameterError, match="method='sideways' must be one of 'up', 'down'"):
        operation.with_values(method="sideways")
    with pytest.raises(ParameterError, match="note=3 must be a word"):
        operation.with_values(note=3)


def test_annotations_that_are_no_types_are_no_trouble() -> None:
    def halved(voxels: np.ndarray, mode: str = "a") -> np.ndarray:
        return voxels / 2

    halved.__annotations__ = {"voxels": "an array of z, y, x", "mode": "nowhere.Mode"}

    (mode,) = ops.operation(halved, halo=0).parameters

    assert (mode.default, mode.choices) == ("a", ())


def test_a_partial_is_not_mistaken_for_an_importable_function() -> None:
    operation = ops.operation(functools.partial(scaled, factor=5.0), output_dtype="float32", halo=0)

    assert operation(np.ones((2, 2)))[0, 0] == 5
    with pytest.raises(OperationError, match="cannot be imported"):
        operation.to_json()


def test_something_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="expects a function, got int"):
        ops.operation(3)  # type: ignore[arg-type] # what users type

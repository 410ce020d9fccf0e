from __future__ import annotations

import pickle

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.errors import OperationError, UnsupportedDtypeError
from roiwidgets.operations import Pipeline
from tests.operations.oracles import oracle, phantom

SPACING = (2.0, 1.0, 1.0)


def test_a_pipeline_runs_its_steps_in_order() -> None:
    voxels = phantom((9, 14, 15))
    pipeline = ops.median(radius=2) | ops.binary_threshold(lower=60, upper=170)

    result = pipeline(voxels, SPACING)

    expected = oracle("binary_threshold", oracle("median", voxels, SPACING), SPACING)
    np.testing.assert_array_equal(result, expected)


def test_halos_add_up_and_types_follow_the_steps() -> None:
    pipeline = ops.gradient_magnitude() | ops.median(2) | ops.discrete_gaussian(sigma=2)

    assert pipeline.halo(SPACING) == (1 + 2 + 3, 1 + 2 + 5, 1 + 2 + 5)
    assert pipeline.output_dtype(np.dtype("uint8")) == np.float32
    assert pipeline.support == "neighbourhood"
    assert (ops.threshold() | ops.identity()).support == "pointwise"


def test_parameters_are_named_by_step_and_short_names_where_unambiguous() -> None:
    pipeline = ops.median(1) | ops.binary_threshold() | ops.median(2)

    assert pipeline.parameters[0].name == "median.radius"
    assert pipeline.values["median_2.radius"] == 2
    assert pipeline.with_values(lower=5).values["binary_threshold.lower"] == 5
    with pytest.raises(TypeError, match="several steps"):
        pipeline.with_values(radius=3)
    assert pipeline.with_values(**{"median_2.radius": 4}).values["median_2.radius"] == 4
    with pytest.raises(TypeError, match="no parameter"):
        pipeline.with_values(sigma=3)


def test_pipelines_join_to_one() -> None:
    joined = (ops.median() | ops.mean()) | (ops.mean() | ops.median())

    assert isinstance(joined, Pipeline)
    assert [step.name for step in joined.steps] == ["median", "mean", "mean", "median"]


def test_a_type_that_a_later_step_lacks_is_refused_before_anything_runs() -> None:
    pipeline = ops.operation(np.positive, output_dtype="int64", halo=0) | ops.median()

    with pytest.raises(UnsupportedDtypeError, match="median takes"):
        pipeline.check_dtype(np.dtype("uint8"))


def test_operations_and_pipelines_pickle_and_do_not_change() -> None:
    pipeline = ops.median(3) | ops.bilateral()

    copy = pickle.loads(pickle.dumps(pipeline))

    assert str(copy) == str(pipeline)
    assert pipeline.with_values(radius=1).values["median.radius"] == 1
    assert pipeline.values["median.radius"] == 3
    with pytest.raises(TypeError):
        pipeline.values["median.radius"] = 9  # type: ignore[index] # values are read-only


def test_lengths_in_voxels_follow_the_scale_and_the_notes_say_so() -> None:
    pipeline = ops.median(2) | ops.discrete_gaussian(sigma=3)

    finer, notes = pipeline.at_spacing((4.0, 4.0, 4.0), (1.0, 1.0, 1.0))

    assert finer.values["median.radius"] == 8
    assert finer.values["discrete_gaussian.sigma"] == 3
    assert len(notes) == 2  # sigma is a length in the world
    assert "radius 2 voxels at spacing 4 x 4 x 4 becomes 8 at spacing 1 x 1 x 1" in notes[0]
    assert "maximum_kernel_width 32 voxels at spacing 4 x 4 x 4 becomes 128" in notes[1]


def test_a_width_below_the_least_one_stays_there() -> None:
    coarser, _ = ops.discrete_gaussian(sigma=3, maximum_kernel_width=5).at_spacing(
        (1.0, 1.0), (4.0, 4.0)
    )

    assert coarser.values["maximum_kernel_width"] == 3


def test_votes_keep_their_share_of_the_box_and_reload() -> None:
    voting = ops.voting_binary(radius=10, birth_threshold=9000, survival_threshold=0)

    finer, _ = voting.at_spacing((4.0, 4.0, 4.0), (1.0, 1.0, 1.0))

    assert finer.values["birth_threshold"] == round(9000 * (81 / 21) ** 3)
    assert finer.values["survival_threshold"] == 0
    assert ops.load_operation(finer.to_json()).values == finer.values


def test_a_converted_radius_beyond_the_slider_is_kept_and_reloads() -> None:
    finer, _ = ops.median(10).at_spacing((4.0, 4.0), (1.0, 1.0))

    assert finer.values["radius"] == 40
    assert ops.load_operation(finer.to_json()).values["radius"] == 40


def test_uneven_scales_use_the_mean_and_say_so() -> None:
    finer, notes = ops.median(2).at_spacing((2.0, 4.0, 4.0), (2.0, 1.0, 1.0))

    assert finer.values["radius"] == 5  # 2 * 16 ** (1 / 3)
    assert "mean of 1 x 4 x 4 times" in notes[0]


def test_the_same_scale_changes_nothing() -> None:
    _, notes = ops.median(2).at_spacing((2.0, 1.0), (2.0, 1.0))

    assert notes == ()


def test_a_coarser_scale_keeps_at_least_one_voxel() -> None:
    coarser, _ = ops.median(1).at_spacing((1.0, 1.0), (8.0, 8.0))

    assert coarser.values["radius"] == 1


def test_a_failing_function_is_named_with_its_values() -> None:
    def explode(voxels: np.ndarray, factor: int = 3) -> np.ndarray:
        raise ValueError("no such luck")

    with pytest.raises(OperationError, match=r"explode\(factor=3\) failed with ValueError: no suc"):
        ops.operation(explode)(np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda voxels: voxels[:2], "returned shape"),
        (lambda voxels: voxels.astype("float32"), "output_dtype='float32'"),
        (lambda voxels: None, "returned"),
    ],
)
def test_a_broken_promise_is_an_error(function: object, message: str) -> None:
    with pytest.raises(OperationError, match=message):
        ops.operation(function)(np.zeros((3, 3)))  # type: ignore[arg-type] # any callable

from __future__ import annotations

import itk
import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.errors import OperationError, UnsupportedDtypeError
from tests.operations.oracles import as_array, as_image, phantom

SPACING = (2.0, 1.0, 1.0)


def test_parameters_and_defaults_come_from_itk() -> None:
    operation = ops.operation(itk.bilateral_image_filter)

    values = dict(operation.values)
    assert values["domain_sigma"] == 4
    assert values["range_sigma"] == 50
    units = {p.name: p.unit for p in operation.parameters}
    assert units["domain_sigma"] == "world"


@pytest.mark.parametrize(
    ("name", "values", "halo"),
    [
        ("median_image_filter", {"radius": 3}, (3, 3, 3)),
        ("mean_image_filter", {"radius": 1}, (1, 1, 1)),
        ("discrete_gaussian_image_filter", {"variance": 4.0}, (3, 5, 5)),
        ("gradient_magnitude_image_filter", {}, (1, 1, 1)),
        ("bilateral_image_filter", {"domain_sigma": 2.0}, (3, 5, 5)),
        ("curvature_flow_image_filter", {"number_of_iterations": 4}, (4, 4, 4)),
        ("sigmoid_image_filter", {}, (0, 0, 0)),
    ],
)
def test_the_halo_is_asked_of_itk(name: str, values: dict, halo: tuple[int, ...]) -> None:
    operation = ops.operation(getattr(itk, name), **values)

    assert operation.halo(SPACING) == halo


def test_the_result_is_that_of_the_filter_with_its_spacing() -> None:
    voxels = phantom((8, 11, 12), "float32")

    result = ops.operation(itk.gradient_magnitude_image_filter)(voxels, SPACING)

    expected = as_array(itk.gradient_magnitude_image_filter(as_image(voxels, SPACING)))
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    "name",
    [
        "otsu_threshold_image_filter",
        "connected_component_image_filter",
        "rescale_intensity_image_filter",
        "gradient_anisotropic_diffusion_image_filter",
        "smoothing_recursive_gaussian_image_filter",
        "signed_maurer_distance_map_image_filter",
        "adaptive_histogram_equalization_image_filter",
        "speckle_noise_image_filter",
    ],
)
def test_filters_of_the_whole_image_are_refused_for_blocks(name: str) -> None:
    operation = ops.operation(getattr(itk, name))

    assert operation.support == "global"
    with pytest.raises(OperationError, match="depends on the whole image"):
        operation.halo(SPACING)


def test_a_stated_halo_takes_the_place_of_itks_answer() -> None:
    operation = ops.operation(
        itk.gradient_anisotropic_diffusion_image_filter, halo=10, number_of_iterations=5
    )

    assert operation.halo(SPACING) == (10, 10, 10)


def test_an_itk_filter_reruns_from_its_recipe() -> None:
    operation = ops.operation(itk.median_image_filter, radius=2)

    again = ops.load_operation(operation.to_json())

    assert str(again) == str(operation)
    assert again.halo(SPACING) == (2, 2, 2)


def test_a_type_that_itk_does_not_wrap_is_refused() -> None:
    with pytest.raises(UnsupportedDtypeError, match="convert"):
        ops.operation(itk.laplacian_image_filter).output_dtype(np.dtype("uint8"))
    with pytest.raises(UnsupportedDtypeError, match="int64"):
        ops.operation(itk.median_image_filter)(np.zeros((4, 4), np.int64))


def test_filters_that_do_not_keep_the_shape_are_refused() -> None:
    with pytest.raises(OperationError, match="changes the shape"):
        ops.operation(itk.bin_shrink_image_filter, shrink_factors=2)


def test_filters_of_two_images_are_refused() -> None:
    with pytest.raises(OperationError, match="wrap it in a function of one array"):
        ops.operation(itk.add_image_filter)

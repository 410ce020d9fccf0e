"""Every filter of the catalogue: block by block it is what it is on the whole image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roiwidgets.operations import Operation
from roiwidgets.operations.catalog import CATALOG, whole_image
from roiwidgets.operations.catalog.rules import RECURSIVE_TOLERANCE
from tests.operations.blocks import (
    Spacing,
    Voxels,
    block_wise,
    noisy,
    pieces,
    spacings,
    with_any_values,
)

RECURSIVE = (
    "recursive_gaussian", "unsharp_mask", "gradient_magnitude_gaussian", "laplacian_of_gaussian",
)  # fmt: skip
# operations on the whole image run in passes: tests/engine/test_passes.py, test_components.py
EXACT = [name for name in CATALOG if name not in (*RECURSIVE, *whole_image.__all__)]
ANY_TYPE = ("bool", "uint8", "int32", "uint64", "float32", "float64")


@pytest.mark.parametrize("name", EXACT)
@settings(
    max_examples=12, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.differing_executors],
)  # fmt: skip
@given(data=st.data())
def test_block_by_block_is_the_whole_to_the_last_bit(name: str, data: st.DataObject) -> None:
    operation = data.draw(with_any_values(CATALOG[name]()))
    shape, chunks = data.draw(pieces())
    spacing = tuple(data.draw(spacings) for _ in shape)
    dtype = data.draw(st.sampled_from(operation.dtypes or ANY_TYPE))
    voxels = noisy(shape, dtype, data.draw(st.integers(0, 99)))

    whole = operation(voxels, spacing)

    np.testing.assert_array_equal(block_wise(operation, voxels, spacing, chunks), whole)


def recursive_tolerance(operation: Operation, voxels: Voxels, spacing: Spacing) -> float:
    """Return by how much a recursive filter may differ from what it is on the whole image."""
    sigma = float(operation.values["sigma"])
    order = {"gradient_magnitude_gaussian": 1, "laplacian_of_gaussian": 2}.get(operation.name, 0)
    gain = 1 + float(operation.values.get("amount", 0.0))
    return RECURSIVE_TOLERANCE * gain * float(np.ptp(voxels)) / min(sigma, *spacing) ** order


@pytest.mark.parametrize("name", RECURSIVE)
@settings(
    max_examples=8, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.differing_executors],
)  # fmt: skip
@given(data=st.data())
def test_recursive_filters_keep_their_tolerance(name: str, data: st.DataObject) -> None:
    operation = data.draw(with_any_values(CATALOG[name]()))
    thin = data.draw(st.integers(1, 6))
    spacing = tuple(data.draw(spacings) for _ in range(3))
    voxels = noisy((thin, 60, 70), "float32", data.draw(st.integers(0, 99)))

    result = block_wise(operation, voxels, spacing, (max(1, thin // 2), 21, 19))

    allowed = recursive_tolerance(operation, voxels, spacing)
    np.testing.assert_allclose(result, operation(voxels, spacing), rtol=0, atol=allowed)

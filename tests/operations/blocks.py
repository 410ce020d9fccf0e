"""An array computed block by block, as the engine does it, and values for filters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from roiwidgets.operations import Operation

Voxels = NDArray[np.generic]
Spacing = tuple[float, ...]
Side = tuple[int, int]


def block_wise(
    operation: Operation, voxels: Voxels, spacing: Spacing, chunks: tuple[int, ...]
) -> Voxels:
    """Return the blocks' results side by side, halos clipped at the border."""
    halo = operation.halo(spacing)
    result = np.empty(voxels.shape, operation.output_dtype(voxels.dtype))
    for inner in _boxes(voxels.shape, chunks):
        outer = [
            (max(0, a - h), min(n, b + h))
            for (a, b), h, n in zip(inner, halo, voxels.shape, strict=True)
        ]
        trim = tuple(slice(a - c, b - c) for (a, b), (c, _) in zip(inner, outer, strict=True))
        block = operation(voxels[tuple(slice(*side) for side in outer)], spacing, inside=trim)
        result[tuple(slice(*side) for side in inner)] = block
    return result


def _boxes(shape: tuple[int, ...], chunks: tuple[int, ...]) -> Iterator[tuple[Side, ...]]:
    sides = [
        [(a, min(a + c, n)) for a in range(0, n, c)] for n, c in zip(shape, chunks, strict=True)
    ]
    return product(*sides)


def noisy(shape: tuple[int, ...], dtype: str, seed: int) -> Voxels:
    """Values with an object, zeros around it and noise everywhere."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 256, shape) * (rng.random(shape) < 0.5)
    if np.dtype(dtype).kind == "f":
        return (values - 100 * (values > 0) + rng.random(shape)).astype(dtype)
    return values.astype(dtype)


VALUES: dict[str, st.SearchStrategy[object]] = {
    "alpha": st.sampled_from([-8.0, 0.5, 20.0]),
    "amount": st.floats(0, 2),
    "average_gradient": st.floats(1, 100),
    "axis": st.sampled_from(["x", "y"]),
    "beta": st.floats(0, 200),
    "birth_threshold": st.integers(0, 30),
    "classes": st.integers(2, 4),
    "connectivity": st.sampled_from(["face", "full"]),
    "distance": st.floats(0.3, 4),
    "domain_sigma": st.floats(0.3, 1.2),
    "fully_connected": st.booleans(),
    "gamma": st.floats(0.1, 5),
    "input_maximum": st.floats(100, 255),
    "input_minimum": st.floats(0, 99),
    "inside_value": st.integers(0, 255),
    "iterations": st.integers(1, 3),
    "larger_sigma": st.floats(1.1, 2),
    "lower": st.floats(-10, 100),
    "majority_threshold": st.integers(0, 3),
    "maximum": st.floats(0, 300),
    "maximum_distance": st.floats(0.3, 5),
    "maximum_error": st.sampled_from([0.01, 0.2]),
    "maximum_kernel_width": st.sampled_from([3, 32]),
    "minimum_size": st.integers(1, 40),
    "offset": st.floats(0, 9),
    "order": st.integers(1, 2),
    "output_maximum": st.floats(100, 999),
    "output_minimum": st.floats(-99, 99),
    "outside_value": st.integers(0, 255),
    "radius": st.integers(0, 2),
    "range_sigma": st.floats(5, 60),
    "repetitions": st.integers(1, 3),
    "scale": st.floats(-3, 3),
    "shape": st.sampled_from(["ball", "box", "cross"]),
    "shift": st.floats(-9, 9),
    "sigma": st.floats(0.3, 1),
    "sort_by_size": st.booleans(),
    "stencil_radius": st.integers(1, 2),
    "survival_threshold": st.integers(0, 30),
    "threshold": st.floats(0, 20),
    "time_step": st.floats(0.01, 0.0625),
    "upper": st.floats(101, 260),
    "window_maximum": st.floats(100, 255),
    "window_minimum": st.floats(0, 99),
}
"""Values for each parameter of the catalogue, small so that blocks have an inside."""


def with_any_values(operation: Operation) -> st.SearchStrategy[Operation]:
    """Return an operation with values of its parameters."""
    chosen = {
        parameter.name: VALUES[parameter.name].filter(
            lambda value, least=parameter.minimum: least is None or value >= least
        )
        for parameter in operation.parameters
    }
    return st.fixed_dictionaries(chosen).map(lambda values: operation.with_values(**values))


@st.composite
def pieces(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return a shape, often thin, and chunks that cut each axis in up to three."""
    ndim, longest = draw(st.sampled_from([(2, 25), (3, 9)]))
    shape = tuple(draw(st.integers(1, longest)) for _ in range(ndim))
    chunks = tuple(-(-side // draw(st.integers(1, 3))) for side in shape)
    return shape, chunks


spacings = st.sampled_from([0.4, 0.7, 1.0, 1.3, 2.5])

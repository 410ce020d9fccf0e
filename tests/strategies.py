"""Hypothesis strategies for grids, regions and boxes."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from roiwidgets.images.geometry import Direction, Grid
from roiwidgets.regions import Region

AXES = [
    (*prefix, *space)
    for space in (("y", "x"), ("z", "y", "x"))
    for prefix in ((), ("t",), ("c",), ("t", "c"))
] + [("y", "x", "c"), ("z", "y", "x", "c")]

spacings = st.floats(1e-3, 1e3).map(lambda value: float(np.float32(value)))
origins = st.floats(-1e4, 1e4).map(lambda value: float(np.float32(value)))


@st.composite
def directions(draw: st.DrawFn, size: int) -> Direction | None:
    """Identity, flips, and rotations about one axis."""
    kind = draw(st.sampled_from(["identity", "flip", "rotation"]))
    if kind == "identity":
        return None
    matrix = np.eye(size)
    if kind == "flip":
        signs = draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=size, max_size=size))
        matrix = np.diag(signs)
    else:
        angle = draw(st.floats(-3.0, 3.0))
        i, j = draw(st.sampled_from([(0, 1)] if size == 2 else [(0, 1), (0, 2), (1, 2)]))
        matrix[i, i] = matrix[j, j] = np.cos(angle)
        matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
    return tuple(tuple(float(v) for v in row) for row in matrix)


@st.composite
def grids(draw: st.DrawFn, *, oblique: bool = True) -> Grid:
    """Grids of every axes combination, 1 to 40 voxels a side."""
    axes = draw(st.sampled_from(AXES))
    n = len(axes)
    shape = draw(st.lists(st.integers(1, 40), min_size=n, max_size=n))
    size = sum(axis in "zyx" for axis in axes)
    return Grid(
        axes=axes,
        shape=tuple(shape),
        spacing=tuple(draw(st.lists(spacings, min_size=n, max_size=n))),
        origin=tuple(draw(st.lists(origins, min_size=n, max_size=n))),
        direction=draw(directions(size)) if oblique else None,
    )


@st.composite
def boxes(draw: st.DrawFn, grid: Grid) -> tuple[slice, ...]:
    """Non-empty slices inside a grid, one per axis."""
    slices = []
    for size in grid.shape:
        start = draw(st.integers(0, size - 1))
        slices.append(slice(start, draw(st.integers(start + 1, size))))
    return tuple(slices)


@st.composite
def regions_in(draw: st.DrawFn, grid: Grid) -> Region:
    """Regions in the frame of a grid that overlap it."""
    lower, upper = [], []
    for axis in grid.spatial_axes:
        low, high = grid.edges(axis)
        fractions = sorted(
            draw(st.lists(st.floats(-0.2, 1.2), min_size=2, max_size=2, unique=True))
        )
        a, b = (low + f * (high - low) for f in fractions)
        a, b = min(a, high - 0.01 * (high - low)), max(b, low + 0.01 * (high - low))
        lower.append(a)
        upper.append(b if b > a else a + 0.01 * (high - low))
    return Region(grid.spatial_axes, tuple(lower), tuple(upper), grid.direction)

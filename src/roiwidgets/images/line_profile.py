"""Values of an image along a straight line through the world."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, ParameterError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import VoxelSource, voxel_source
from roiwidgets.images.voxel_at import world_point

SEGMENT = 64
"""Samples that are read together: the box around them stays small, whatever the line."""

MOST_SAMPLES = 10**6

FloatArray = NDArray[np.float64]


def line_profile(
    image: object,
    start: Mapping[str, float],
    stop: Mapping[str, float],
    *,
    order: int = 1,
    samples: int | None = None,
    indices: Mapping[str, int] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return distances along a line and the values of an image there.

    Parameters
    ----------
    image
        One value per voxel; anything that ``open_image`` takes. The finest scale is
        read, only around the line.
    start, stop
        World positions ``{'x': ..., 'y': ..., 'z': ...}`` of both ends.
    order
        0 takes the nearest voxel, 1 interpolates linearly between voxel centres.
    samples
        Number of evenly spaced samples, ends included; by default about one for
        each voxel along the line.
    indices
        Index along ``t`` and ``c``, 0 where not given.

    Returns
    -------
    distance
        float64, shape ``(samples,)``, in units of the world from ``start``.
    values
        float64, shape ``(samples,)``; NaN outside the image.

    Raises
    ------
    RegionError
        If an end lacks an axis or is not finite.
    ParameterError
        If ``order`` is not 0 or 1, or ``samples`` not from 2 to ``MOST_SAMPLES``.
    ImageError
        If voxels hold colours.

    Examples
    --------
    >>> ramp = np.arange(5.0)[None, :].repeat(3, axis=0)
    >>> line_profile(ramp, {"x": 0, "y": 1}, {"x": 4, "y": 1}, samples=3)[1].tolist()
    [0.0, 2.0, 4.0]
    """
    level = open_image(image).images[0]
    grid = grid_of(level)
    if grid.is_rgb:
        raise ImageError("a profile is of one value per voxel, the image has colours")
    if order not in (0, 1):
        raise ParameterError(f"order must be 0 (nearest) or 1 (linear), got {order!r}")
    ends = np.array([world_point(end, grid.spatial_axes) for end in (start, stop)])
    first, last = grid.world_to_index(ends)
    if samples is None:
        samples = int(min(np.ceil(np.abs(last - first).max()) + 1, MOST_SAMPLES))
        samples = max(samples, 2)
    if int(samples) != samples or not 2 <= samples <= MOST_SAMPLES:
        raise ParameterError(
            f"samples must be an integer from 2 to {MOST_SAMPLES}, got {samples!r:.80}"
        )
    share = np.linspace(0, 1, samples)
    places = first + share[:, None] * (last - first)
    chosen = {"t": 0, "c": 0, **(indices or {})}
    source = voxel_source(level.data)
    values = np.concatenate(
        [
            _sample(source, grid, places[i : i + SEGMENT], order, chosen)
            for i in range(0, samples, SEGMENT)
        ]
    )
    return share * float(np.linalg.norm(ends[1] - ends[0])), values


def _sample(
    source: VoxelSource, grid: Grid, places: FloatArray, order: int, chosen: Mapping[str, int]
) -> FloatArray:
    """Return the values at fractional indices, shape (n, spatial axes); NaN outside."""
    shape = np.array(grid.spatial_shape)
    values = np.full(len(places), np.nan)
    inside = ((places >= -0.5) & (places < shape - 0.5)).all(axis=1)
    if not inside.any():
        return values
    kept = np.clip(places[inside], 0, shape - 1)
    lower = np.floor(kept + (0.5 if order == 0 else 0)).astype(int)
    low, high = lower.min(axis=0), np.minimum(lower.max(axis=0) + 2, shape)
    sides = dict(zip(grid.spatial_axes, map(slice, low.tolist(), high.tolist()), strict=True))
    box = tuple(
        sides.get(axis, slice(chosen.get(axis, 0), chosen.get(axis, 0) + 1)) for axis in grid.axes
    )
    block = source.read(box).reshape(high - low).astype(np.float64)
    if order == 0:
        values[inside] = block[tuple((lower - low).T)]
    else:
        values[inside] = _interpolate(block, kept - low)
    return values


def _interpolate(block: FloatArray, places: FloatArray) -> FloatArray:
    """Return linear interpolations at fractional indices inside a block."""
    lower = np.floor(places).astype(int)
    share = places - lower
    result = np.zeros(len(places))
    for corner in itertools.product((0, 1), repeat=block.ndim):
        index = np.minimum(lower + corner, np.array(block.shape) - 1)
        weight = np.where(corner, share, 1 - share).prod(axis=1)
        # a corner without weight does not count, not even a NaN
        result += np.where(weight > 0, block[tuple(index.T)] * weight, 0.0)
    return result

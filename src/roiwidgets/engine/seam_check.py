"""Check on a few voxels that a stated halo is wide enough.

The halos of the catalogue are proven by tests. What a user states, or what ITK says
of a filter that is not in the catalogue, may be wrong; a block computed with that
halo is then compared with the same block computed with a wider one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from roiwidgets.engine.source_checks import most_varied_box
from roiwidgets.engine.worker import SharedOperation
from roiwidgets.errors import OperationError
from roiwidgets.images.reading import read_voxels
from roiwidgets.images.sources import Slices, Voxels, VoxelSource
from roiwidgets.regions.blocks import grow, relative_to

FLOAT_TOLERANCE = 1e-5
"""Share of the range of a result of floats that a seam may differ by."""

EXTRA = 8
"""Voxels, beyond the halo again, that the wider block reads."""


@dataclass(frozen=True, slots=True)
class SeamCheck:
    """What a worker needs to compare a block with and without more around it.

    Parameters
    ----------
    source
        Where voxels are read.
    spatial, spacing
        Spatial axes of the source, and their spacing.
    halo
        What is checked, per spatial axis.
    operation
        What is run.
    """

    source: VoxelSource
    spatial: tuple[int, ...]
    spacing: tuple[float, ...]
    halo: tuple[int, ...]
    operation: SharedOperation


def check_seams(check: SeamCheck) -> float:
    """Return how much a block changes when more is read around it.

    Returns
    -------
    float
        Largest difference, relative to the range of the result; 0 if it is the same,
        bit for bit. Filters of floats that recur without end, such as recursive
        Gaussians, are never quite the same.

    Raises
    ------
    OperationError
        If integers change at all, or floats by more than ``FLOAT_TOLERANCE``.
    """
    stated, reference = _both_results(check)
    if np.array_equal(stated, reference, equal_nan=stated.dtype.kind == "f"):
        return 0.0
    is_float = stated.dtype.kind == "f"
    difference = _relative_difference(stated, reference)
    if is_float and difference <= FLOAT_TOLERANCE:
        return difference
    differ = int(np.count_nonzero(stated != reference))
    raise OperationError(
        f"a halo of {check.halo} voxels is too small: {differ} of {stated.size} voxels of a block "
        f"change, by up to {difference:.2g} of their range, when more is read around it; state a "
        "larger halo=, or use a local operation if this one looks at the whole image"
    )


def _both_results(check: SeamCheck) -> tuple[Voxels, Voxels]:
    box = most_varied_box(check.source, check.spatial)
    halo, wider = [0] * len(box), [0] * len(box)
    for axis, reach in zip(check.spatial, check.halo, strict=True):
        halo[axis], wider[axis] = reach, 2 * reach + EXTRA
    shape = check.source.shape
    return _result(check, box, grow(box, tuple(halo), shape)), _result(
        check, box, grow(box, tuple(wider), shape)
    )


def _result(check: SeamCheck, box: Slices, outer: Slices) -> Voxels:
    voxels = read_voxels(check.source, outer)
    volume = voxels.reshape([voxels.shape[axis] for axis in check.spatial])
    trim = relative_to(box, outer)
    return check.operation.load()(volume, check.spacing)[tuple(trim[a] for a in check.spatial)]


def _relative_difference(a: Voxels, b: Voxels) -> float:
    first, second = a.astype(np.float64), b.astype(np.float64)
    if (np.isfinite(first) != np.isfinite(second)).any():
        return float("inf")
    finite = np.isfinite(first)
    spread = float(np.ptp(second[finite])) if finite.any() else 0.0
    change = float(np.abs(first - second)[finite].max(initial=0.0))
    return change / spread if spread else float("inf")

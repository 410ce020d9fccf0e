"""Coarse levels that are smoothed before they are binned, on the exact grid."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from roiwidgets.engine.promote import build_pyramid
from roiwidgets.images.geometry import grid_of
from tests.engine.phantoms import Inline, Voxels, binned, image_of, voxels_of

FWHM = 2 * math.sqrt(2 * math.log(2))


def smoothed(voxels: Voxels, factors: tuple[int, ...]) -> Voxels:
    """Return a whole level smoothed by SciPy, weights scaled to 1 at the border and at NaN."""
    # as wide as a coarse voxel sees, less what the mean of its bin does by itself
    variances = [(f**2 - 1) / FWHM**2 - (f**2 - 1) / 12 for f in factors]
    sigmas = [math.sqrt(variance) for variance in variances]
    options = {"sigma": sigmas, "mode": "constant", "radius": [math.ceil(5 * s) for s in sigmas]}
    known = np.isfinite(voxels)
    total = gaussian_filter(np.where(known, voxels, 0).astype(np.float64), **options)
    result = total / gaussian_filter(known.astype(np.float64), **options)
    result[~known] = np.nan
    return result.astype(voxels.dtype) if voxels.dtype.kind == "f" else np.rint(result)


def steps(levels: list[object]) -> list[tuple[int, ...]]:
    """Return by how much each level is coarser than the one below."""
    return [
        tuple(
            round(b / a)
            for a, b in zip(grid_of(fine).spacing, grid_of(coarse).spacing, strict=True)
        )
        for fine, coarse in itertools.pairwise(levels)
    ]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize(
    ("shape", "chunks"), [((21, 70, 131), (5, 8, 16)), ((9, 66, 65), (3, 7, 9)), ((130, 141), 11)]
)
def test_every_level_is_the_smoothed_one_below_binned(
    dtype: str, shape: tuple[int, ...], chunks: object, tmp_path: Path
) -> None:
    voxels = (np.random.default_rng(3).random(shape) * 250).astype(dtype)
    if dtype == "float32":
        voxels[voxels > 240] = np.nan
    image = image_of(voxels, axes="zyx"[-len(shape) :])

    result = build_pyramid(
        image, tmp_path / "out.zarr", executor=Inline(), chunks=chunks, binning="gaussian",
        progress=False,
    )  # fmt: skip

    levels = [voxels_of(level) for level in result.images]
    np.testing.assert_array_equal(levels[0], voxels)
    assert len(levels) >= 2
    for (fine, coarse), factors in zip(
        itertools.pairwise(levels), steps(result.images), strict=True
    ):
        expected = smoothed(fine, factors).astype(dtype)
        with np.errstate(invalid="ignore"):
            wanted = (
                nan_means(expected, factors) if dtype == "float32" else binned(expected, factors)
            )
        np.testing.assert_allclose(coarse, wanted, rtol=2e-6, atol=0)


def nan_means(voxels: Voxels, factors: tuple[int, ...]) -> Voxels:
    """Return means of bins without NaN, by padding with NaN to whole bins."""
    padded = np.pad(
        voxels.astype(np.float64),
        [(0, -n % f) for n, f in zip(voxels.shape, factors, strict=True)],
        constant_values=np.nan,
    )
    sides = [(n // f, f) for n, f in zip(padded.shape, factors, strict=True)]
    bins = padded.reshape([side for pair in sides for side in pair])
    within = tuple(range(1, bins.ndim, 2))
    return np.nansum(bins, axis=within) / np.isfinite(bins).sum(axis=within)


def test_a_ramp_stays_where_it_is_in_the_world(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.arange(300, dtype=np.float32), (300, 300))
    image = image_of(ramp, axes="yx")
    finest = grid_of(image.images[0])

    result = build_pyramid(
        image, tmp_path / "out.zarr", executor=Inline(), chunks=32, binning="gaussian",
        progress=False,
    )  # fmt: skip

    assert len(result.images) >= 3
    for level in result.images:
        grid = grid_of(level)
        x = grid.origin[1] + np.arange(grid.shape[1]) * grid.spacing[1]
        there = (x - finest.origin[1]) / finest.spacing[1]
        inside = slice(4, -4)
        np.testing.assert_allclose(voxels_of(level)[5, inside], there[inside], rtol=1e-5)


def test_a_fine_pattern_does_not_become_a_coarse_one(tmp_path: Path) -> None:
    # three voxels a period: bins of two see another, longer one
    stripes = np.broadcast_to(np.where(np.arange(270) % 3 == 0, 240, 0), (270, 270))
    image = image_of(stripes.astype(np.uint8), {"y": 1.0, "x": 1.0}, axes="yx")

    spread = {
        binning: float(np.std(voxels_of(
            build_pyramid(
                image, tmp_path / f"{binning}.zarr", executor=Inline(), binning=binning,
                progress=False,
            ).images[1]
        )[9:-9, 9:-9]))
        for binning in ("mean", "gaussian")
    }  # fmt: skip

    assert spread["gaussian"] < 0.65 * spread["mean"]

"""The recipe that notebooks copy from each other, for comparison: dask, ITK and ngff-zarr.

Written anew from what is common to tutorials of "filter a large volume with ITK and dask",
for today's versions: open the OME-Zarr, map the filter over dask's blocks (with a depth where
it has neighbours), build the pyramid with ngff-zarr's default method, and write. Everything is
as a notebook has it: dask's threads, chunks of the store, ITK's public functions. What is
copied with it stays: the gradient magnitude is uint8 and knows no spacing.

    python benchmarks/notebook_recipe.py FILTER SOURCE OUTPUT
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import dask.array as da
import itk
import numpy as np
from ngff_zarr import NgffImage, from_ngff_zarr, to_multiscales, to_ngff_zarr
from numpy.typing import NDArray

Voxels = NDArray[np.generic]


def threshold(block: Voxels) -> Voxels:
    image = itk.image_from_array(block)
    return itk.array_from_image(itk.threshold_image_filter(image, lower=60, upper=170))


def gradient_magnitude(block: Voxels) -> Voxels:
    image = itk.image_from_array(block)
    return itk.array_from_image(itk.gradient_magnitude_image_filter(image))


def median(block: Voxels) -> Voxels:
    image = itk.image_from_array(block)
    return itk.array_from_image(itk.median_image_filter(image, radius=2))


def bilateral(block: Voxels) -> Voxels:
    image = itk.image_from_array(block)
    filtered = itk.bilateral_image_filter(image, domain_sigma=1.1, range_sigma=30.0)
    return itk.array_from_image(filtered)


FILTERS: dict[str, tuple[Callable[[Voxels], Voxels] | None, int]] = {
    "identity": (None, 0),
    "threshold": (threshold, 0),
    "gradient_magnitude": (gradient_magnitude, 1),
    "median": (median, 2),
    "bilateral": (bilateral, 3),
}
"""Function on a block, and the depth that it is given."""


def filtered(image: NgffImage, name: str) -> da.Array:
    function, depth = FILTERS[name]
    if function is None:
        return image.data
    # a notebook tries the filter first; ITK cannot be loaded by two of dask's threads at once
    function(np.asarray(image.data[:8, :8, :8]))
    if depth == 0:
        return da.map_blocks(function, image.data, dtype=image.data.dtype)
    return da.map_overlap(
        function, image.data, depth=depth, boundary="nearest", dtype=image.data.dtype
    )


def load() -> None:
    """Load what ITK loads when a filter is first used."""
    median(np.zeros((8, 8, 8), np.uint8))


def main(name: str, source: str, output: str) -> None:
    image = from_ngff_zarr(source).images[0]
    image.data = filtered(image, name)
    to_ngff_zarr(output, to_multiscales(image), version="0.5")


if __name__ == "__main__":
    main(*sys.argv[1:])

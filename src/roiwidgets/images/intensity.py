"""Which values an image has, estimated from a sample of its voxels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ngff_zarr import Multiscales, NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import ImageError
from roiwidgets.images.crop import crop_image
from roiwidgets.images.pyramid import BinnedSource
from roiwidgets.images.reading import read_voxels
from roiwidgets.images.sources import Slices, VoxelSource, voxel_source

WHOLE_READ = 2**22
"""Voxels up to which a level is read whole."""

SAMPLE_SIDE = 32
"""Longest side of a box of a sample, in voxels."""

SAMPLE_BOXES = 64
"""Boxes of a sample, each inside one chunk."""

FEWEST_BOXES = 8
DECODED = 2**27
"""Voxels of chunks that a sample decodes at most, unless ``FEWEST_BOXES`` need more."""


def value_range(
    image: Multiscales | NgffImage, *, quantiles: tuple[float, float] = (0.001, 0.999)
) -> tuple[float, float]:
    """Return the values between which almost all voxels of an image lie.

    Parameters
    ----------
    image
        An image; of several levels the coarsest stored one is looked at.
    quantiles
        Shares of the sample at or below the two values, from 0 to 1; (0, 1) for
        the smallest and the largest value of the sample.

    Returns
    -------
    tuple of two floats
        The first below the second. Where the quantiles coincide, the extremes are
        returned; of a constant image ``(value, value + 1)``; of booleans (0, 1).

    Raises
    ------
    ImageError
        If no voxel of the sample is finite, or one of them cannot be read.

    Notes
    -----
    A level of up to ``WHOLE_READ`` voxels is read whole. Of a larger one, boxes
    spread evenly over the image are read: a value that is nowhere among them,
    such as one hot voxel, is missed.
    """
    source = _smallest_stored(image)
    if source.dtype.kind == "b":
        return 0.0, 1.0
    values = np.concatenate([_finite(read_voxels(source, box)) for box in _sample_boxes(source)])
    if not values.size:
        raise ImageError(
            f"the image of shape {source.shape} has no finite value in the voxels sampled: they "
            "are all NaN or infinite; replace them first, for example with numpy.nan_to_num"
        )
    low, high = (float(value) for value in np.quantile(values, quantiles, method="nearest"))
    if low == high:
        low, high = float(values.min()), float(values.max())
    return with_width(low, high)


def with_width(low: float, high: float) -> tuple[float, float]:
    """Return a range, or ``(value, value + 1)`` where both ends are one value.

    Of a value so large that adding 1 does not change it, to the next float.
    """
    if low < high:
        return low, high
    return low, max(low + 1.0, float(np.nextafter(low, np.inf)))


def channel_ranges(image: Multiscales, channels: int) -> list[tuple[float, float]]:
    """Return ``value_range`` of each of the first channels of an image; a constant is allowed.

    Raises
    ------
    ImageError
        If no voxel of a channel's sample is finite.
    """
    level = _smallest_level(image)
    whole = [slice(0, size) for size in level.data.shape]
    axis = level.dims.index("c")
    ranges = []
    for channel in range(channels):
        whole[axis] = slice(channel, channel + 1)
        ranges.append(value_range(crop_image(level, tuple(whole), name=level.name)))
    return ranges


def _smallest_stored(image: Multiscales | NgffImage) -> VoxelSource:
    return voxel_source((_smallest_level(image) if isinstance(image, Multiscales) else image).data)


def _smallest_level(image: Multiscales) -> NgffImage:
    # binned levels would read every voxel of the level they are made from
    return [
        level for level in image.images if not isinstance(voxel_source(level.data), BinnedSource)
    ][-1]


def _finite(block: NDArray[np.generic]) -> NDArray[np.generic]:
    values = block.ravel()
    return values[np.isfinite(values)] if block.dtype.kind == "f" else values


def _sample_boxes(source: VoxelSource) -> Iterator[Slices]:
    """Yield boxes that cover a small array, or are spread evenly over a large one."""
    shape = source.shape
    if int(np.prod(shape)) <= WHOLE_READ:
        yield tuple(slice(0, n) for n in shape)
        return
    chunks = [min(chunk, n) for chunk, n in zip(source.chunks, shape, strict=True)]
    boxes = min(SAMPLE_BOXES, max(FEWEST_BOXES, DECODED // int(np.prod(chunks))))
    counts = _boxes_per_axis(shape, boxes)
    for position in np.ndindex(*counts):
        yield tuple(
            _inside_chunk(int((i + 0.5) / count * n), n, chunk)
            for i, count, n, chunk in zip(position, counts, shape, chunks, strict=True)
        )


def _inside_chunk(index: int, size: int, chunk: int) -> slice:
    """Return a side of a box in the middle of the chunk that holds ``index``."""
    start = index // chunk * chunk
    stop = min(start + chunk, size)
    trim = max(0, stop - start - SAMPLE_SIDE) // 2
    return slice(start + trim, min(start + trim + SAMPLE_SIDE, stop))


def _boxes_per_axis(shape: tuple[int, ...], boxes: int) -> list[int]:
    """Return how many boxes to place along each axis: more along longer ones."""
    counts = [1] * len(shape)
    while 2 * int(np.prod(counts)) <= boxes:
        longest = max(range(len(shape)), key=lambda axis: shape[axis] / counts[axis])
        counts[longest] *= 2
    return counts

"""Series: the values of each pixel over time, in memory and on disk.

Images are stored one after the other; a series then lies scattered over all of them.
``write_series`` turns the data around once, in bounded memory.
"""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Iterator
from pathlib import Path

import xarray
import zarr

from roiwidgets.errors import ImageError, ParameterError
from roiwidgets.images.sources import source_array, zarr_source
from roiwidgets.stacks.labelled import check_stack, dimension, is_lazy
from roiwidgets.stacks.series.series_store import SERIES, create_store, holds_series, read_labels
from roiwidgets.stacks.whole_outputs import whole_folder

BLOCK_BYTES = 64 * 1024**2
"""Of whole series that a lazy function works on at once."""

CHUNK_BYTES = 1024**2
"""Of a chunk on disk: a few thousand pixels over all of time, or many samples of a few."""


def to_series(stack: xarray.DataArray) -> xarray.DataArray:
    """Return a stack with time as its last axis: one series for each pixel.

    Parameters
    ----------
    stack
        Images along time (``t``, ``time`` or ``frame``).

    Returns
    -------
    xarray.DataArray
        The same values, a view of a numpy array; a lazy stack stays lazy, in blocks of
        whole series of at most 64 MiB.

    Raises
    ------
    ParameterError
        If there is no axis of time.

    Notes
    -----
    Thunder's ``toSeries``. Computing a block of a lazy stack reads every image: for
    data larger than memory write them once with ``write_series``.
    """
    time = dimension(check_stack(stack), "t")
    series = stack.transpose(..., time)
    if not is_lazy(series) or len(series.chunksizes[time]) == 1:
        return series
    return _in_whole_series(series)


def in_blocks(stack: xarray.DataArray) -> xarray.DataArray:
    """Return series to work on: as ``to_series``, and large numpy arrays as blocks, too."""
    series = to_series(stack)
    if is_lazy(series) or series.nbytes <= BLOCK_BYTES:
        return series
    return _in_whole_series(series.chunk())


def _in_whole_series(series: xarray.DataArray) -> xarray.DataArray:
    sizes = dict.fromkeys(range(series.ndim - 1), "auto")
    blocks = series.data.rechunk({**sizes, series.ndim - 1: -1}, block_size_limit=BLOCK_BYTES)
    return series.copy(data=blocks)


def to_images(series: xarray.DataArray) -> xarray.DataArray:
    """Return series as a stack of images, with time as the first axis, one image per chunk.

    Raises
    ------
    ParameterError
        If there is no axis of time.
    """
    time = dimension(check_stack(series), "t")
    stack = series.transpose(time, ...)
    if not is_lazy(stack):
        return stack
    return stack.chunk({time: 1, **dict.fromkeys(stack.dims[1:], -1)})


def write_series(
    stack: xarray.DataArray,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    memory: int = 128 * 1024**2,
) -> xarray.DataArray:
    """Write a stack so that series are quick to read, and return it opened, lazily.

    Parameters
    ----------
    stack
        Images along time, numpy or lazy; it is read once, a batch of images at a time.
    path
        Folder of the store, ``NAME.zarr`` by custom.
    overwrite
        Whether series that are there may be replaced, once the new ones are complete.
    memory
        Bytes of values in a batch, at least one image; about three times as much is in
        use while a batch is turned around. Time is one chunk where all of it fits in a
        batch, else each batch is one.

    Returns
    -------
    xarray.DataArray
        As ``open_series`` returns it.

    Raises
    ------
    ParameterError
        If there is no axis of time, memory holds no image, or attributes are no JSON.
    OutputExistsError
        If something is there and may not be replaced.
    OutputLocationError
        If the folder cannot be written.

    Notes
    -----
    Zarr 3 as xarray writes it (``xarray.open_zarr`` reads it): an array with time last,
    in chunks of about 1 MiB, beside one array for each coordinate.
    """
    time = dimension(check_stack(stack), "t")
    series = stack.transpose(..., time)
    chunks = _chunk_sizes(series, _frames_at_once(series, time, memory))
    with whole_folder(path, overwrite=overwrite, is_ours=holds_series) as partial:
        array = create_store(series, partial, tuple(chunks.values()))
        for box in _boxes(series, chunks, memory):
            where = tuple(box.get(dim, slice(0, size)) for dim, size in series.sizes.items())
            # computed as it is stored, and turned around by chunks: much sooner than at once
            block = stack.isel(box).compute().transpose(*series.dims)
            array[where] = block.values
    return open_series(path)


def open_series(path: str | os.PathLike[str]) -> xarray.DataArray:
    """Return series that ``write_series`` wrote, lazily, with their labels.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    ImageError
        If something else is there.
    """
    folder = Path(path).expanduser().absolute()
    if not folder.exists():
        raise FileNotFoundError(f"there are no series at {folder}; check the path")
    try:
        group = zarr.open_group(str(folder), mode="r")
        array = group[SERIES]
    except (OSError, KeyError, ValueError) as error:
        raise ImageError(
            f"{folder} holds no series: {error}; write some with rw.series.write_series"
        ) from error
    if not holds_series(folder) or not isinstance(array, zarr.Array):
        raise ImageError(f"{folder} holds no series; write some with rw.series.write_series")
    return read_labels(folder, group).copy(data=source_array(zarr_source(array)))


def _frames_at_once(series: xarray.DataArray, time: Hashable, memory: int) -> int:
    """Return the images of a batch, whole chunks of a lazy stack."""
    count = series.sizes[time]
    bytes_each = series.nbytes // count
    if memory < bytes_each:
        raise ParameterError(
            f"memory must hold one image of {bytes_each} bytes at least, got {memory}"
        )
    fitting = min(count, memory // bytes_each)
    chunk = max(series.chunksizes[time]) if is_lazy(series) else 1
    return fitting if fitting == count else max(chunk, fitting // chunk * chunk)


def _chunk_sizes(series: xarray.DataArray, frames: int) -> dict[Hashable, int]:
    """Return near-square chunks of about ``CHUNK_BYTES``; ``frames`` along time."""
    pixels = max(1, CHUNK_BYTES // (frames * series.dtype.itemsize))
    sizes: dict[Hashable, int] = {series.dims[-1]: frames}
    spatial = series.dims[-2::-1]  # from x on
    for place, dim in enumerate(spatial):
        side = math.isqrt(pixels) if place == 0 and len(spatial) > 1 else pixels
        sizes[dim] = max(1, min(series.sizes[dim], side))
        pixels //= sizes[dim]
    return {dim: sizes[dim] for dim in series.dims}


def _boxes(
    series: xarray.DataArray, chunks: dict[Hashable, int], memory: int
) -> Iterator[dict[Hashable, slice]]:
    """Give boxes of whole chunks that fit in memory: batches of images, cut where they are long."""
    time = series.dims[-1]
    frames = chunks[time]
    longest = max(series.dims[:-1], key=lambda dim: series.sizes[dim])
    row_bytes = frames * series.nbytes // (series.sizes[time] * series.sizes[longest])
    rows = max(1, memory // max(1, row_bytes) // chunks[longest]) * chunks[longest]
    for start in range(0, series.sizes[time], frames):
        for first in range(0, series.sizes[longest], rows):
            yield {
                time: slice(start, min(start + frames, series.sizes[time])),
                longest: slice(first, min(first + rows, series.sizes[longest])),
            }

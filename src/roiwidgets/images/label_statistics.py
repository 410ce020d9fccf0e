"""What an image is like within each label, block by block."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import GeometryError, ImageError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import Slices, VoxelSource, voxel_source

BLOCK_VOXELS = 2**22
"""Voxels that are held at once."""

Rows = dict[int, NDArray[np.float64]]
Table = dict[str, NDArray[np.generic]]


def label_statistics(image: object, label_image: object) -> Table:
    """Return a table of what an image is like within each label.

    Parameters
    ----------
    image
        One value per voxel; anything that ``open_image`` takes.
    label_image
        Integer labels on the same grid; 0 is the background.

    Returns
    -------
    dictionary of arrays of equal length, one entry per label in rising order
        ``label``; ``voxels``; ``volume`` in units of the world to the power of the
        number of spatial axes; ``mean``, ``std`` (of all voxels, not of a sample),
        ``minimum``, ``maximum``; per spatial axis ``centroid_x`` in the world,
        ``start_x`` and ``stop_x`` as voxel indices, stop exclusive. It goes as it is
        into ``pandas.DataFrame``.

    Raises
    ------
    GeometryError
        If the two have different grids.
    ImageError
        If the labels are not integers, or there are several times, channels or
        colours.

    Notes
    -----
    Blocks are read one after the other; their moments are joined after Chan,
    Golub & LeVeque (1983), "Algorithms for computing the sample variance".
    NaN within a label makes its mean, std, minimum and maximum NaN.

    Examples
    --------
    >>> table = label_statistics(np.array([[1, 3], [5, 0]]), np.array([[1, 1], [2, 0]]))
    >>> table["label"].tolist(), table["mean"].tolist(), table["voxels"].tolist()
    ([1, 2], [2.0, 5.0], [2, 1])
    """
    values, labels = (open_image(each).images[0] for each in (image, label_image))
    grid = grid_of(labels)
    if grid_of(values) != grid:
        raise GeometryError(
            f"image and labels must lie on one grid, got {grid_of(values)} and {grid}; resample one"
        )
    if labels.data.dtype.kind not in "iub":
        raise ImageError(f"labels must be integers, got {labels.data.dtype}; convert them first")
    if len(grid.spatial_axes) != len(grid.axes):
        raise ImageError(
            f"statistics are of one volume or plane, got axes {grid.axes}; choose a time or channel"
        )
    source = voxel_source(labels.data)
    rows = (_block_rows(voxel_source(values.data), source, block) for block in _blocks(source))
    return _describe(_join(rows, len(grid.axes)), grid)


def _blocks(source: VoxelSource) -> list[Slices]:
    """Return boxes of whole chunks, or parts of a chunk that is too large."""
    steps = [min(chunk, size) for chunk, size in zip(source.chunks, source.shape, strict=True)]
    while int(np.prod(steps)) > BLOCK_VOXELS:
        longest = int(np.argmax(steps))
        steps[longest] = -(-steps[longest] // 2)
    sides = [
        [slice(start, min(start + step, size)) for start in range(0, size, step)]
        for step, size in zip(steps, source.shape, strict=True)
    ]
    return list(itertools.product(*sides))


def _block_rows(values: VoxelSource, labels: VoxelSource, block: Slices) -> Rows:
    """Return, per label, count, mean, squares, extremes, and sums and bounds of indices."""
    ids = labels.read(block).ravel()
    inside = np.flatnonzero(ids)
    order = inside[np.argsort(ids[inside], kind="stable")]
    if not order.size:
        return {}
    ids = ids[order]
    first = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    data = values.read(block).ravel()[order].astype(np.float64)
    count = np.diff(np.append(first, ids.size)).astype(np.float64)
    mean = np.add.reduceat(data, first) / count
    squares = np.add.reduceat((data - np.repeat(mean, count.astype(int))) ** 2, first)
    columns = [count, mean, squares]
    columns += [np.minimum.reduceat(data, first), np.maximum.reduceat(data, first)]
    shape = tuple(side.stop - side.start for side in block)
    for side, index in zip(block, np.unravel_index(order, shape), strict=True):
        place = index + side.start
        columns += [np.add.reduceat(place.astype(np.float64), first)]
        columns += [np.minimum.reduceat(place, first), np.maximum.reduceat(place, first)]
    return dict(zip(ids[first].tolist(), np.stack(columns, axis=1), strict=True))


def _join(blocks: Iterable[Rows], axes: int) -> Rows:
    """Return one row for each label; rows of several blocks are merged."""
    joined: Rows = {}
    for block in blocks:
        for label, row in block.items():
            known = joined.get(label)
            joined[label] = row if known is None else _merge(known, row, axes)
    return joined


def _merge(a: NDArray[np.float64], b: NDArray[np.float64], axes: int) -> NDArray[np.float64]:
    count = a[0] + b[0]
    difference = b[1] - a[1]
    merged = np.empty_like(a)
    merged[0] = count
    merged[1] = a[1] + difference * b[0] / count
    merged[2] = a[2] + b[2] + difference**2 * a[0] * b[0] / count
    merged[3], merged[4] = np.minimum(a[3], b[3]), np.maximum(a[4], b[4])
    for axis in range(axes):
        i = 5 + 3 * axis
        merged[i] = a[i] + b[i]
        merged[i + 1] = min(a[i + 1], b[i + 1])
        merged[i + 2] = max(a[i + 2], b[i + 2])
    return merged


def _describe(rows: Rows, grid: Grid) -> Table:
    labels = sorted(rows)
    width = 5 + 3 * len(grid.axes)
    table = np.array([rows[label] for label in labels]).reshape(len(labels), width)
    count = table[:, 0]
    centroid = grid.index_to_world(table[:, 5::3] / count[:, None])
    result: Table = {
        "label": np.array(labels, np.uint64 if labels and labels[-1] >= 2**63 else np.int64),
        "voxels": count.astype(np.int64),
        "volume": count * float(np.prod(grid.spatial_spacing)),
        "mean": table[:, 1],
        "std": np.sqrt(table[:, 2] / count),
        "minimum": table[:, 3],
        "maximum": table[:, 4],
    }
    for i, axis in enumerate(grid.spatial_axes):
        result[f"centroid_{axis}"] = centroid[:, i]
        result[f"start_{axis}"] = table[:, 6 + 3 * i].astype(np.int64)
        result[f"stop_{axis}"] = table[:, 7 + 3 * i].astype(np.int64) + 1
    return result

"""An operation as a lazy dask array, for those who compose their own graphs."""

from __future__ import annotations

import dataclasses

import numpy as np
from dask.array import map_overlap
from ngff_zarr import NgffImage

from roiwidgets.engine.passes import check_one_pass
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.image_levels import check_scale
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import Voxels
from roiwidgets.operations.operation import Operation, Pipeline


def apply(image: object, operation: Operation | Pipeline, *, scale: int = 0) -> NgffImage:
    """Return the result of an operation on one level of an image, lazily.

    Parameters
    ----------
    image
        Anything that ``open_image`` takes.
    operation
        What is run.
    scale
        Level that is read, 0 is the finest.

    Returns
    -------
    NgffImage
        ``data`` is a dask array on the same grid; computed, it equals the operation
        on the whole image. To write it, ``promote`` is several times cheaper.

    Raises
    ------
    OperationError
        If the operation depends on the whole image: ``promote`` runs it in passes.
    """
    check_one_pass(operation)
    levels = open_image(image).images
    check_scale(scale, len(levels))
    level: NgffImage = levels[scale]
    grid = grid_of(level)
    operation.check_dtype(level.data.dtype)
    halo = dict(zip(grid.spatial_axes, operation.halo(grid.spatial_spacing), strict=True))
    reach = {i: halo.get(axis, 0) for i, axis in enumerate(grid.axes)}
    # dask wants chunks at least as long as the halo: short axes stay whole and need none
    whole = {i: -1 for i, size in enumerate(grid.shape) if reach[i] >= size}
    spatial = tuple(i for i, axis in enumerate(grid.axes) if axis in grid.spatial_axes)
    single = {i: 1 for i in range(len(grid.axes)) if i not in spatial}

    def run(block: Voxels) -> Voxels:
        volume = np.ascontiguousarray(block).reshape([block.shape[i] for i in spatial])
        return operation(volume, grid.spatial_spacing).reshape(block.shape)

    data = map_overlap(
        run,
        level.data.rechunk({**single, **whole}),
        depth={i: 0 if i in whole else voxels for i, voxels in reach.items()},
        boundary="none",
        dtype=operation.output_dtype(level.data.dtype),
        meta=np.empty((0,) * len(grid.axes), operation.output_dtype(level.data.dtype)),
    )
    return dataclasses.replace(level, data=data, computed_callbacks=[])

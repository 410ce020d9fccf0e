"""Where an image's voxels are: from ``NgffImage`` to ``Grid`` and back.

``Grid`` itself lives in ``roiwidgets.images.grid``, which worker processes
import without ngff-zarr; its names are offered here too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ngff_zarr import NgffImage

from roiwidgets.images.axes import spatial_axes
from roiwidgets.images.grid import (
    Direction,
    FloatArray,
    Grid,
    is_identity,
    rotate_point,
    world_translation,
)

__all__ = [
    "DirectedImage",
    "Direction",
    "FloatArray",
    "Grid",
    "grid_of",
    "is_identity",
    "world_translation",
]


@dataclass
class DirectedImage(NgffImage):
    """An ``NgffImage`` that also keeps the direction cosines of its axes.

    OME-Zarr 0.4 and 0.5 have no field for a rotation, ITK images do: readers
    return this subclass so that the direction is not dropped.
    """

    direction: Direction | None = None
    """Direction cosines, rows and columns in array-axis order (z, y, x); None is identity."""


def grid_of(image: NgffImage) -> Grid:
    """Return the grid of an image.

    ``NgffImage.translation`` is a world position; it is turned into the frame
    where the image carries a direction.
    """
    dims = tuple(image.dims)
    direction = image.direction if isinstance(image, DirectedImage) else None
    if is_identity(direction):
        direction = None
    origin = {axis: float(image.translation.get(axis, 0.0)) for axis in dims}
    if direction is not None:
        origin.update(rotate_point(origin, np.asarray(direction, float).T, spatial_axes(dims)))
    return Grid(
        axes=dims,
        shape=tuple(int(n) for n in image.data.shape),
        spacing=tuple(float(image.scale.get(axis, 1.0)) for axis in dims),
        origin=tuple(origin[axis] for axis in dims),
        direction=direction,
    )

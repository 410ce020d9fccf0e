"""Where an image's voxels are: from ``NgffImage`` to ``Grid`` and back.

``Grid`` itself lives in ``roiwidgets.images.grid``, which worker processes
import without ngff-zarr; its names are offered here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngff_zarr import NgffImage

from roiwidgets.images.grid import (
    Direction,
    FloatArray,
    Grid,
    is_identity,
    placed_grid,
    world_translation,
)
from roiwidgets.images.sources import VoxelSource, source_array

if TYPE_CHECKING:
    import dask.array as da

__all__ = [
    "DirectedImage",
    "Direction",
    "FloatArray",
    "Grid",
    "grid_of",
    "image_on_grid",
    "is_identity",
    "make_image",
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
    direction = image.direction if isinstance(image, DirectedImage) else None
    return placed_grid(
        tuple(image.dims), image.data.shape, image.scale, image.translation, direction
    )


def make_image(
    source: VoxelSource,
    *,
    axes: Sequence[str],
    spacing: Mapping[str, float],
    translation: Mapping[str, float],
    direction: Direction | None = None,
    name: str = "image",
    units: Mapping[str, str] | None = None,
    channel_names: Sequence[str] | None = None,
    channel_colors: Sequence[str] | None = None,
) -> DirectedImage:
    """Return a lazy image of what a source reads.

    Parameters
    ----------
    source
        Where the voxels come from.
    axes
        Names in the order of the source's axes.
    spacing
        Distance between voxel centres per axis; 1 where missing.
    translation
        World position of the centre of the first voxel per axis; 0 where missing.
    direction
        Direction cosines of the spatial axes, in array-axis order.
    name, units, channel_names, channel_colors
        Kept where they are given.

    Returns
    -------
    DirectedImage
        Its ``direction`` is None if it is the identity. The grid has been checked.
    """
    image = DirectedImage(
        data=source_array(source),
        dims=tuple(axes),
        scale={axis: float(spacing.get(axis, 1.0)) for axis in axes},
        translation={axis: float(translation.get(axis, 0.0)) for axis in axes},
        name=name,
        axes_units=dict(units) if units else None,
        channel_names=list(channel_names) if channel_names else None,
        channel_colors=list(channel_colors) if channel_colors else None,
        direction=None if is_identity(direction) else direction,
    )
    grid_of(image)
    return image


def image_on_grid(image: NgffImage, data: da.Array, grid: Grid) -> NgffImage:
    """Return an image like another one, but of other voxels on another grid.

    Parameters
    ----------
    image
        Its class, name, units, channels and direction are kept.
    data
        Voxels, of the grid's shape.
    grid
        Where they are: the same axes and direction as the image's.
    """
    return replace(
        image,
        data=data,
        scale=dict(zip(grid.axes, grid.spacing, strict=True)),
        translation=world_translation(grid),
        computed_callbacks=[],
    )

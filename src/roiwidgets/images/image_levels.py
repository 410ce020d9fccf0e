"""The levels of an image as a promotion needs them: sources on grids, without ngff-zarr.

``NgffImage`` and dask arrays are what people hold in their hands. They take 2.5 s and
100 MB to import, which a promotion from one path to another does without.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import zarr

from roiwidgets.errors import ImageError
from roiwidgets.images.grid import Grid, placed_grid
from roiwidgets.images.ome_metadata import is_multiscales, is_plate, parse_multiscales
from roiwidgets.images.ome_reading import located_levels
from roiwidgets.images.sources import VoxelSource, voxel_source
from roiwidgets.images.store_paths import local_path, open_store

if TYPE_CHECKING:
    from ngff_zarr import Multiscales, NgffImage


@dataclass(frozen=True, eq=False)
class ImageLevel:
    """One level of an image.

    Parameters
    ----------
    source
        Where the voxels come from.
    grid
        Where they are.
    name
        Name of the image.
    units
        Unit per axis, as far as they are known.
    channel_names, channel_colors
        One per channel, where there are any.
    """

    source: VoxelSource
    grid: Grid
    name: str
    units: Mapping[str, str] = field(default_factory=dict)
    channel_names: Sequence[str] | None = None
    channel_colors: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class ImageLevels:
    """All levels of an image, finest first.

    Parameters
    ----------
    levels
        At least one.
    is_labels
        Whether voxels are numbers of labels.
    """

    levels: tuple[ImageLevel, ...]
    is_labels: bool

    def at(self, scale: int) -> ImageLevel:
        """Return a level; 0 is the finest.

        Raises
        ------
        ImageError
            If there is no such level.
        """
        check_scale(scale, len(self.levels))
        return self.levels[scale]


def check_scale(scale: int, count: int) -> None:
    """Raise an ``ImageError`` unless an image of so many levels has this one."""
    if not 0 <= scale < count:
        raise ImageError(f"scale {scale} does not exist; give 0 (finest) to {count - 1}")


def open_levels(image: object) -> ImageLevels:
    """Return the levels of anything that ``open_image`` takes.

    Raises
    ------
    As ``open_image`` does.
    """
    if isinstance(image, (str, os.PathLike)):
        group = _image_group(os.fspath(image))
        if group is not None:
            return _read_levels(group)
    # everything else is, or becomes, an image of ngff-zarr
    from roiwidgets.images.readers import open_image

    return levels_of(open_image(image))


def levels_of(image: Multiscales) -> ImageLevels:
    """Return the levels of an opened image."""
    levels = tuple(_level_of(level) for level in image.images)
    return ImageLevels(levels, is_labels="image-label" in (image.root_attributes or {}))


def _level_of(level: NgffImage) -> ImageLevel:
    from roiwidgets.images.geometry import grid_of

    return ImageLevel(
        source=voxel_source(level.data),
        grid=grid_of(level),
        name=level.name,
        units=dict(level.axes_units or {}),
        channel_names=level.channel_names,
        channel_colors=level.channel_colors,
    )


def _image_group(location: str) -> zarr.Group | None:
    """Return the group of an OME-Zarr image in a local store; None for what is none."""
    path = local_path(location)
    if path is None or not path.is_dir():
        return None
    node = open_store(path)
    attributes = dict(node.attrs)
    if not isinstance(node, zarr.Group) or is_plate(attributes) or not is_multiscales(attributes):
        return None
    return node


def _read_levels(group: zarr.Group) -> ImageLevels:
    stored = parse_multiscales(dict(group.attrs), where=str(group.store_path))
    levels = tuple(
        ImageLevel(
            source=level.source,
            grid=placed_grid(
                level.axes,
                level.source.shape,
                level.spacing,
                level.translation,
                stored.direction,
            ),
            name=stored.name,
            units=stored.units,
            channel_names=stored.channel_names,
            channel_colors=stored.channel_colors,
        )
        for level in located_levels(group, stored)
    )
    return ImageLevels(levels, is_labels=stored.is_labels)

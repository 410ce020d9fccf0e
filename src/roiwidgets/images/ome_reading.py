"""The arrays of an OME-Zarr image, as sources in the order of the axes in memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import zarr

from roiwidgets.errors import ImageError
from roiwidgets.images.axes import check_axes
from roiwidgets.images.ome_metadata import StoredImage, StoredLevel
from roiwidgets.images.sources import VoxelSource, zarr_source
from roiwidgets.images.transposed import TransposedSource

if TYPE_CHECKING:
    from typing import Any

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]


@dataclass(frozen=True, eq=False)
class LocatedLevel:
    """A level of a stored image, found and placed.

    Parameters
    ----------
    source
        Where the voxels come from.
    axes
        Names in the order of the source's axes.
    spacing
        Distance between voxel centres per axis.
    translation
        World position of the centre of the first voxel per axis.
    """

    source: VoxelSource
    axes: tuple[str, ...]
    spacing: Mapping[str, float]
    translation: Mapping[str, float]


def located_levels(group: zarr.Group, stored: StoredImage) -> Iterator[LocatedLevel]:
    """Yield the levels of an image, finest first.

    Parameters
    ----------
    group
        Group of the image.
    stored
        What its attributes say.

    Raises
    ------
    ImageError
        If an array is missing, empty, or has other axes than its metadata.

    Warns
    -----
    UserWarning
        For a level without a scale.
    """
    where = str(group.store_path)
    arrays = [_level_array(group, level, stored, where) for level in stored.levels]
    axes = check_axes(stored.memory_axes or stored.axes)
    for level, array in zip(stored.levels, arrays, strict=True):
        if 0 in array.shape:
            raise ImageError(f"{where}/{level.path} of shape {array.shape} has no voxels")
        source = zarr_source(array)
        if axes != stored.axes:
            source = TransposedSource(source, tuple(stored.axes.index(axis) for axis in axes))
        scale, translation = _placed(level, arrays[0].shape, array.shape, where)
        yield LocatedLevel(
            source,
            axes,
            dict(zip(stored.axes, scale, strict=True)),
            dict(zip(stored.axes, translation, strict=True)),
        )


def _level_array(
    group: zarr.Group, level: StoredLevel, stored: StoredImage, where: str
) -> ZarrArray:
    array = group.get(level.path)
    if not isinstance(array, zarr.Array):
        raise ImageError(f"{where} lists the level {level.path!r}, but there is no array of it")
    if array.ndim != len(stored.axes):
        raise ImageError(
            f"{where}/{level.path} has {array.ndim} axes, but its metadata name {stored.axes}"
        )
    return array


def _placed(
    level: StoredLevel, finest: Sequence[int], shape: Sequence[int], where: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return scale and translation: where none is stored, what the level's shape suggests."""
    if level.scale is not None:
        return level.scale, level.translation
    warnings.warn(
        f"{where}/{level.path} has no scale; one is derived from its shape, with voxels of size 1 "
        "at the finest level",
        stacklevel=3,
    )
    scale = tuple(float(round(n / m)) for n, m in zip(finest, shape, strict=True))
    return scale, tuple(0.5 * (s - 1) for s in scale)

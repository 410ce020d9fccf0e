"""Distances in the world up to a largest one, and masks that grow and shrink by them.

An object is where values are not 0. Beyond the largest distance nothing is looked for,
which is what makes block-wise equal to whole-volume: within it, distances are exact.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import ParameterError
from roiwidgets.operations.catalog.declaration import Filter
from roiwidgets.operations.catalog.rules import WorldReach, world_length
from roiwidgets.operations.operation import Operation, Spacing, Values, Voxels

__all__ = [
    "binary_dilate_by_distance",
    "binary_erode_by_distance",
    "distance_map",
    "inner_distance_map",
    "signed_distance_map",
]

LARGEST_REACH = 128
"""In voxels; the time per voxel grows with it, and a halo must fit into memory."""


def distance_map(maximum_distance: float = 10.0) -> Operation:
    """Return the distance to the nearest object, 0 within objects, as float32.

    Parameters
    ----------
    maximum_distance
        World units, > 0; larger distances become this.

    Notes
    -----
    Between centers of voxels, as ITK's DanielssonDistanceMapImageFilter has it.
    """
    return _DISTANCE_MAP.operation(maximum_distance=maximum_distance)


def inner_distance_map(maximum_distance: float = 10.0) -> Operation:
    """Return the distance from within objects to the nearest background, as float32.

    Parameters
    ----------
    maximum_distance
        World units, > 0; larger distances become this.

    Notes
    -----
    Between centers of voxels, as ``scipy.ndimage.distance_transform_edt`` has it; what
    lies outside the image is neither object nor background.
    """
    return _INNER_DISTANCE_MAP.operation(maximum_distance=maximum_distance)


def signed_distance_map(maximum_distance: float = 10.0) -> Operation:
    """Return the distance to the nearest object, and minus the distance out of it, as float32.

    Parameters
    ----------
    maximum_distance
        World units, > 0; larger distances become this, with their sign.

    Notes
    -----
    ``distance_map`` less ``inner_distance_map``: the surface lies between the voxels
    that have the distance of one step and those that have minus one step.
    """
    return _SIGNED_DISTANCE_MAP.operation(maximum_distance=maximum_distance)


def binary_dilate_by_distance(distance: float = 1.0) -> Operation:
    """Return objects and all that is no farther from them, 255 in 0, as uint8.

    Parameters
    ----------
    distance
        World units, > 0: a true ball on any spacing.
    """
    return _DILATE.operation(distance=distance)


def binary_erode_by_distance(distance: float = 1.0) -> Operation:
    """Return what of objects is farther from all background, 255 in 0, as uint8.

    Parameters
    ----------
    distance
        World units, > 0: a true ball on any spacing. Nothing is taken away from the
        border of the image.
    """
    return _ERODE.operation(distance=distance)


# Functions --------------------------------------------------------------------


def _distance(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    return np.sqrt(_squared(array != 0, spacing, float(values["maximum_distance"])))


def _inner_distance(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    return np.sqrt(_squared(array == 0, spacing, float(values["maximum_distance"])))


def _signed_distance(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    largest = float(values["maximum_distance"])
    outer, inner = (_squared(mask, spacing, largest) for mask in (array != 0, array == 0))
    return np.sqrt(outer) - np.sqrt(inner)


def _dilate(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    return np.multiply(_is_near(array != 0, spacing, values), 255, dtype=np.uint8)


def _erode(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    return np.multiply(~_is_near(array == 0, spacing, values), 255, dtype=np.uint8)


def _is_near(mask: NDArray[np.bool], spacing: Spacing, values: Values) -> NDArray[np.bool]:
    # a little farther, so that what is exactly as far is found in spite of rounding
    distance = float(values["distance"]) * (1 + 1e-6)
    return _squared(mask, spacing, distance) < np.float32(distance**2)


def _squared(mask: NDArray[np.bool], spacing: Spacing, largest: float) -> NDArray[np.float32]:
    """Return squared distances to the nearest voxel of a mask, up to the largest squared.

    One axis after the other, the least sum of what an axis adds and what the axes
    before have found is taken over all voxels in reach (Felzenszwalb and Huttenlocher,
    without their envelope): the sums of two blocks are the same to the last bit, which
    those of a search for the nearest voxel are not where two are equally near.
    """
    squared = np.where(mask, np.float32(0), np.float32(largest**2))
    for axis, step in enumerate(spacing):
        squared = _least_along(squared, axis, step, largest)
    return squared


def _least_along(
    squared: NDArray[np.float32], axis: int, step: float, largest: float
) -> NDArray[np.float32]:
    reach = math.ceil(largest / step)
    if reach > LARGEST_REACH:
        raise ParameterError(
            f"a distance of {largest:g} is {reach} voxels at spacing {step:g}, at most "
            f"{LARGEST_REACH} can be looked through; choose a smaller one, or a coarser scale"
        )
    given, least = np.moveaxis(squared, axis, 0), squared.copy()
    found = np.moveaxis(least, axis, 0)
    for voxels in range(1, min(reach, len(given) - 1) + 1):
        added = np.float32((voxels * step) ** 2)
        np.minimum(found[:-voxels], given[voxels:] + added, out=found[:-voxels])
        np.minimum(found[voxels:], given[:-voxels] + added, out=found[voxels:])
    return least


# Declarations -----------------------------------------------------------------

_MAXIMUM = world_length("maximum_distance", 10.0, "Larger distances become this")
_DISTANCE = world_length("distance", 1.0, "How far masks grow or shrink")

_DISTANCE_MAP = Filter(
    "distance_map", _distance, (_MAXIMUM,), WorldReach("maximum_distance"), "float32", dtypes=()
)

_INNER_DISTANCE_MAP = Filter(
    "inner_distance_map",
    _inner_distance,
    (_MAXIMUM,),
    WorldReach("maximum_distance"),
    "float32",
    dtypes=(),
)

_SIGNED_DISTANCE_MAP = Filter(
    "signed_distance_map",
    _signed_distance,
    (_MAXIMUM,),
    WorldReach("maximum_distance"),
    "float32",
    dtypes=(),
)

_DILATE = Filter(
    "binary_dilate_by_distance",
    _dilate,
    (_DISTANCE,),
    WorldReach("distance"),
    "uint8",
    dtypes=(),
    makes_labels=True,
)

_ERODE = Filter(
    "binary_erode_by_distance",
    _erode,
    (_DISTANCE,),
    WorldReach("distance"),
    "uint8",
    dtypes=(),
    makes_labels=True,
)

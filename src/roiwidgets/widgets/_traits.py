"""Traits whose values are checked at the door, whichever side they come from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import numpy as np
import traitlets

from roiwidgets.errors import ParameterError, RegionError, RoiwidgetsError
from roiwidgets.images.grid import Grid, rotate_point
from roiwidgets.regions import Region

T = TypeVar("T")
Point = dict[str, float]

FARTHEST = 1e150
"""Largest coordinate of a point: sums, products and quotients of two stay finite."""


class RefusedRegionError(RegionError, traitlets.TraitError):
    """A region that a trait refuses; traitlets then keeps the old one, whoever sent it."""


class RefusedParameterError(ParameterError, traitlets.TraitError):
    """A value that a trait refuses; traitlets then keeps the old one, whoever sent it."""


class Checked(traitlets.TraitType[T, object], Generic[T]):
    """A synced trait whose values pass through ``check``.

    Parameters
    ----------
    check
        Returns the value in its final form, or raises a ``RoiwidgetsError``.
    default
        Value before anything was set.
    help
        Meaning, unit and range.
    to_json, from_json
        Convert to and from the browser's form, given the grid of the image; None
        where both sides hold the same.
    """

    def __init__(
        self,
        check: Callable[[object], T],
        *,
        default: T,
        help: str,  # noqa: A002 # the name that traitlets gives it
        to_json: Callable[[T, Grid | None], object] | None = None,
        from_json: Callable[[object, Grid | None], object] | None = None,
    ) -> None:
        super().__init__(default_value=default, help=help)
        self._check = check
        self.tag(sync=True)
        if to_json is not None:
            self.tag(to_json=lambda value, widget: to_json(value, widget.image_grid))
        if from_json is not None:
            self.tag(from_json=lambda value, widget: from_json(value, widget.image_grid))

    def validate(self, obj: object, value: object) -> T:  # noqa: ARG002 # traitlets' signature
        """Return the checked value."""
        return self._check(value)


class BoundedFloat(traitlets.Float[float, "float | int"]):
    """A number from ``min`` to ``max``; traitlets' own takes NaN as well."""

    def validate(self, obj: traitlets.HasTraits | None, value: object) -> float:
        """Return the checked number."""
        number = super().validate(obj, plain(value))
        if number != number:
            raise RefusedParameterError(f"{self.name} must be a number, got {value!r}")
        return number


def check_region(value: object) -> Region | None:
    """Return a region from a ``Region``, a pair of corners of the world or their object."""
    if value is None or isinstance(value, Region):
        return value
    if isinstance(value, Mapping) and {"lower", "upper"} <= set(value):
        value = (value["lower"], value["upper"])
    if isinstance(value, list | tuple) and len(value) == 2:
        lower, upper = value
        if isinstance(lower, Mapping) and isinstance(upper, Mapping):
            return Region.from_bounds(lower, upper)
    raise RegionError(
        f"a region is a Region or a pair of corners such as ({{'x': 0, 'y': 0}}, "
        f"{{'x': 9, 'y': 9}}), got {value!r:.120}"
    )


def region_on(grid: Grid, region: Region | None) -> Region:
    """Return a region in the frame of a grid, inside it, along all its axes.

    None is the whole grid.

    Raises
    ------
    RegionError
        If the region lies outside.
    """
    whole = Region.whole(grid)
    if region is None:
        return whole
    if set(region.axes) != set(whole.axes):
        extent = whole.in_frame(region.direction)
        lower, upper = (
            {**outer, **{a: own[a] for a in own if a in outer}}
            for own, outer in zip(region.bounds(), extent.bounds(), strict=True)
        )
        region = Region.from_bounds(lower, upper, direction=region.direction)
    return region.in_frame(grid.direction).clip(whole)


def region_to_json(region: Region | None, grid: Grid | None) -> object:  # noqa: ARG001
    """Return the protocol's form of a region, which is in the frame already."""
    if region is None:
        return None
    lower, upper = region.bounds()
    return {"lower": lower, "upper": upper}


def region_from_json(value: object, grid: Grid | None) -> Region | None:
    """Return the region that the browser means, whose coordinates are the frame's."""
    region = check_region(value)
    if region is None or grid is None or set(region.axes) != set(grid.spatial_axes):
        return region
    return Region(region.axes, region.lower, region.upper, grid.direction)


def check_point(value: object) -> Point:
    """Return a point ``{'x': ..., 'y': ..., 'z': ...}`` of numbers up to ``FARTHEST``."""
    if not isinstance(value, Mapping) or not set(value) <= {"x", "y", "z"}:
        raise RegionError(f"a point is a dictionary with keys x, y, z, got {value!r:.120}")
    point = {str(axis): finite_number(number, str(axis)) for axis, number in value.items()}
    for axis, number in point.items():
        if abs(number) > FARTHEST:
            raise RegionError(f"{axis} must be at most {FARTHEST:g} from 0, got {number!r}")
    return point


def point_to_json(point: Point, grid: Grid | None) -> Point:
    """Return a point of the world in the frame of the image."""
    if grid is None or grid.direction is None or not point:
        return point
    return rotate_point({**middle_of(grid), **point}, grid.matrix().T, grid.spatial_axes)


def point_from_json(value: object, grid: Grid | None) -> Point:
    """Return where in the world a point of the frame is."""
    point = check_point(value)
    if grid is None or grid.direction is None or not point:
        return point
    known = point_to_json(middle_of(grid), grid)
    return rotate_point({**known, **point}, grid.matrix(), grid.spatial_axes)


def middle_of(grid: Grid) -> Point:
    """Return the middle of a grid in the world."""
    middle = {axis: 0.5 * sum(grid.edges(axis)) for axis in grid.spatial_axes}
    return rotate_point(middle, grid.matrix(), grid.spatial_axes)


def check_range(value: object) -> tuple[float, float]:
    """Return a pair (low, high) of finite numbers with low <= high."""
    value = plain(value)
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise RegionError(f"a range is a pair (low, high), got {value!r:.120}")
    low, high = (finite_number(number, "range") for number in value)
    if low > high:
        raise RegionError(f"a range needs low <= high, got {low} and {high}; swap them")
    return low, high


def check_camera(value: object) -> dict[str, object]:
    """Return a camera description made of dictionaries, lists and finite numbers."""
    if not isinstance(value, Mapping) or not set(value) <= {"volume", "planes"}:
        raise RegionError(
            f"a camera is a dictionary with keys 'volume' and 'planes', got {value!r:.120}"
        )
    _check_numbers(value, depth=0)
    return dict(value)


def _check_numbers(value: object, depth: int) -> None:
    if depth > 4:
        raise RegionError("a camera is nested at most four deep")
    if isinstance(value, Mapping):
        for item in value.values():
            _check_numbers(item, depth + 1)
    elif isinstance(value, list | tuple) and len(value) <= 3:
        for item in value:
            _check_numbers(item, depth + 1)
    else:
        finite_number(value, "camera")


def plain(value: object) -> object:
    """Return scalars and arrays of numpy as Python's own numbers and lists."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value


def finite_number(value: object, name: str, error: type[RoiwidgetsError] = RegionError) -> float:
    """Return a finite float, or raise an error that names what it was for."""
    value = plain(value)
    largest = sys.float_info.max  # compared with it: JSON carries integers no float can hold
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= largest:
        raise error(f"{name} must be a finite number, got {value!r:.80}")
    return float(value)

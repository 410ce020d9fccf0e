"""Names and kinds of image axes.

Axis order is the array's own, with ``t`` and ``c`` first and ``z, y, x`` last;
an RGB image carries its colours on a last ``c`` axis.
"""

from __future__ import annotations

from collections.abc import Sequence

from roiwidgets.errors import GeometryError

SPATIAL_AXES = ("z", "y", "x")
KNOWN_AXES = ("t", "c", *SPATIAL_AXES)


def spatial_axes(axes: Sequence[str]) -> tuple[str, ...]:
    """Return the axes of ``axes`` that are directions in space, in array order.

    Examples
    --------
    >>> spatial_axes(("t", "c", "y", "x"))
    ('y', 'x')
    """
    return tuple(axis for axis in axes if axis in SPATIAL_AXES)


def is_rgb(axes: Sequence[str], shape: Sequence[int]) -> bool:
    """Tell whether colours lie on the last axis: ``c`` last, of length 3 or 4."""
    return len(axes) > 1 and axes[-1] == "c" and shape[-1] in (3, 4)


def check_axes(axes: Sequence[str]) -> tuple[str, ...]:
    """Return ``axes`` as a tuple after checking names, uniqueness and order.

    Raises
    ------
    GeometryError
        If a name is unknown or repeated, if ``y`` or ``x`` is missing, or if
        the spatial axes are not in the order z, y, x.
    """
    names = tuple(axes)
    unknown = [name for name in names if name not in KNOWN_AXES]
    if unknown or len(set(names)) != len(names):
        raise GeometryError(
            f"axes {names} must be distinct names out of {KNOWN_AXES}; rename or drop the others"
        )
    spatial = spatial_axes(names)
    if spatial not in (("z", "y", "x"), ("y", "x")):
        raise GeometryError(
            f"axes {names} must contain y, x or z, y, x in this order; transpose the array first"
        )
    return names

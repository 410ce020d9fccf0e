"""Traits of how the volume is drawn; twin of ``VolumeLook`` in js/src/render."""

from __future__ import annotations

import itertools
from typing import ClassVar

import traitlets

from roiwidgets.errors import ParameterError
from roiwidgets.widgets import _traits

PROJECTIONS = ("composite", "maximum", "minimum", "average")
MOST_POINTS = 64

OpacityPoints = tuple[tuple[float, float], ...]


class VolumeLook(traitlets.HasTraits):
    """How voxels become the picture of a volume."""

    volume_projection = traitlets.CaselessStrEnum(
        PROJECTIONS,
        "composite",
        help="What a ray through the volume shows: the voxels one behind the other, or their "
        "maximum, minimum or average.",
    ).tag(sync=True)
    opacity_points: _traits.Checked[OpacityPoints] = _traits.Checked(
        lambda value: check_opacity_points(value),
        default=(),
        help="Opacity of the composite over values of the image: pairs (value, opacity 0 to 1) "
        "in rising order; empty to follow the window.",
    )
    gradient_opacity = _traits.BoundedFloat(
        0.3, min=0, max=1, help="0 draws flat parts like edges, 1 draws edges only."
    ).tag(sync=True)
    gradient_opacity_scale = _traits.BoundedFloat(
        0.5, min=0.01, max=1, help="How steep an edge is that is drawn fully: 1 is the steepest."
    ).tag(sync=True)
    scattering = _traits.BoundedFloat(
        0, min=0, max=1, help="Share of light that the volume itself shades, 0 to 1; costs time."
    ).tag(sync=True)
    rotate = traitlets.Bool(False, help="Whether the volume turns by itself.").tag(sync=True)
    shading = traitlets.Bool(True, help="Whether surfaces are lit.").tag(sync=True)
    sample_distance = _traits.BoundedFloat(
        0.7, min=0.2, max=3, help="Distance of samples along a ray, in voxels that are loaded."
    ).tag(sync=True)

    looks: ClassVar[tuple[str, ...]] = (
        "volume_projection", "opacity_points", "gradient_opacity", "gradient_opacity_scale",
        "scattering", "rotate", "shading", "sample_distance",
    )  # fmt: skip


def check_opacity_points(value: object) -> OpacityPoints:
    """Return pairs (value, opacity) in rising order of the value.

    Raises
    ------
    ParameterError
        If there are one or more than ``MOST_POINTS`` of them, an opacity is outside
        0 to 1, or the values do not rise.
    """
    value = _traits.plain(value)
    if not isinstance(value, list | tuple) or len(value) > MOST_POINTS or len(value) == 1:
        raise ParameterError(
            f"opacity_points is empty or a list of 2 to {MOST_POINTS} pairs (value, opacity), "
            f"got {value!r:.120}"
        )
    points = tuple(_check_point(point) for point in value)
    if any(b[0] < a[0] for a, b in itertools.pairwise(points)):
        raise ParameterError(f"values of opacity_points must rise, got {points!r:.200}; sort them")
    return points


def _check_point(point: object) -> tuple[float, float]:
    if not isinstance(point, list | tuple) or len(point) != 2:
        raise ParameterError(f"a point of opacity_points is (value, opacity), got {point!r:.80}")
    number, opacity = (
        _traits.finite_number(item, "opacity_points", ParameterError) for item in point
    )
    if not 0 <= opacity <= 1:
        raise ParameterError(f"an opacity is from 0 to 1, got {opacity}")
    return number, opacity

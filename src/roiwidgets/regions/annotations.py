"""Regions of interest drawn on a picture: geometry, name, color; no pixels."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, cast, get_args

import numpy as np
import shapely

from roiwidgets.errors import RegionError
from roiwidgets.regions.outlines import (
    Point,
    Ring,
    box_ring,
    ellipse_bounds,
    ellipse_ring,
    even_odd_polygon,
)

Kind = Literal["box", "ellipse", "polygon", "freehand"]

KINDS: tuple[Kind, ...] = get_args(Kind)
DEFAULT_COLOR = "#ffd500"
FARTHEST = 1e100
"""Largest coordinate: areas and products of two stay finite."""

FLAT = 1e-12
"""Share of the square around it below which an area is none but rounding errors."""

MOST_POINTS = 200_000
"""Points of one annotation; a line drawn by hand has hundreds."""
MOST_ANNOTATIONS = 20_000
LONGEST_TEXT = 500

_COLOR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Annotation:
    """A region of interest in the plane of an image.

    Coordinates are pairs (x, y) in the image's world units, in the frame whose axes are
    parallel to the array's: the centre of pixel (row, column) is at
    ``(origin_x + column * spacing_x, origin_y + row * spacing_y)``.

    Parameters
    ----------
    kind
        "box", "ellipse", "polygon" or "freehand" (a polygon that was drawn by hand).
    points
        Two opposite corners of a box, in any order; of an ellipse the corners of the box
        around it before it is turned; the outline of a polygon, at least three points, the
        last joined to the first (a last point that repeats the first is left out).
    id
        Unique within a set; made up if empty.
    name, group
        Free text; ``group`` is the type, such as "soma".
    color
        "#rrggbb"; upper case is turned into lower case.
    visible
        Whether it is drawn. Hidden annotations have traces as well.
    angle
        Of an ellipse, in radians from x towards y about its middle; 0 for other kinds.
    rings
        Further outlines of a polygon: its holes and separate parts.

    Raises
    ------
    RegionError
        If a coordinate is not finite or beyond ``FARTHEST``, points are too few or too
        many, nothing is enclosed, or a field is malformed.

    Notes
    -----
    A polygon covers what lies inside an odd number of its outlines (even-odd rule), also
    where an outline crosses itself: a loop inside a loop is a hole.

    Examples
    --------
    >>> soma = Annotation("box", [(0, 0), (4, 2.5)], id="a", name="soma 1")
    >>> soma.points
    ((0.0, 0.0), (4.0, 2.5))
    """

    kind: Kind
    points: Ring
    id: str = ""
    name: str = ""
    group: str = ""
    color: str = DEFAULT_COLOR
    visible: bool = True
    angle: float = 0.0
    rings: tuple[Ring, ...] = field(default=())

    def __post_init__(self) -> None:
        self._settle_texts()
        self._settle_points()
        (x0, y0), (x1, y1) = self.bounds
        square = max(x1 - x0, y1 - y0) ** 2
        if shapely.area(even_odd_polygon(self.outlines)) <= FLAT * square:
            raise RegionError(f"{self} encloses no area; draw it anew or leave it out")

    def __str__(self) -> str:
        return f"{self.kind} {self.name or self.id!r}"

    @property
    def outlines(self) -> tuple[Ring, ...]:
        """Closed outlines under the even-odd rule; of an ellipse 128 points on it."""
        if self.kind == "box":
            return (box_ring(self.points),)
        if self.kind == "ellipse":
            return (ellipse_ring(self.points, self.angle),)
        return (self.points, *self.rings)

    @property
    def bounds(self) -> tuple[Point, Point]:
        """Lowest and highest (x, y) of the smallest box around it."""
        if self.kind == "ellipse":
            return ellipse_bounds(self.points, self.angle)
        corners = np.array([point for ring in self.outlines for point in ring])
        (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        return (x0, y0), (x1, y1)

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides which pixels belong to it: equal for equal footprints, hashable."""
        kind = "polygon" if self.kind == "freehand" else self.kind
        return (kind, self.points, self.angle, self.rings)

    def as_dict(self) -> dict[str, object]:
        """Return the annotation as JSON: strings, numbers, booleans, lists of pairs."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        values["points"] = [list(point) for point in self.points]
        values["rings"] = [[list(point) for point in ring] for ring in self.rings]
        return values

    @classmethod
    def from_dict(cls, value: object) -> Annotation:
        """Return the annotation of an untrusted dictionary, as ``as_dict`` writes it.

        Parameters
        ----------
        value
            Keys are the parameters of the class; ``kind`` and ``points`` must be there.

        Raises
        ------
        RegionError
            If it is no such dictionary; the message names the entry.
        """
        known = {entry.name for entry in fields(cls)}
        if not isinstance(value, Mapping) or not {"kind", "points"} <= set(value) <= known:
            raise RegionError(
                f"an annotation is a dictionary with keys out of {sorted(known)}, kind and points "
                f"among them, got {value!r:.200}"
            )
        return cls(**value)

    def _settle_texts(self) -> None:
        if self.kind not in KINDS:
            raise RegionError(f"kind is one of {', '.join(KINDS)}, got {self.kind!r:.80}")
        for key in ("id", "name", "group", "color"):
            text = getattr(self, key)
            if not isinstance(text, str) or len(text) > LONGEST_TEXT or not _is_unicode(text):
                raise RegionError(
                    f"{key} of an annotation is a text of at most {LONGEST_TEXT} characters, got "
                    f"{text!r:.80}"
                )
        self._settle("id", self.id or uuid.uuid4().hex[:12])
        self._settle("color", self.color.lower())
        if not _COLOR.fullmatch(self.color):
            raise RegionError(f"color of {self} is written as #rrggbb, got {self.color!r}")
        if not isinstance(self.visible, bool):
            raise RegionError(f"visible of {self} is true or false, got {self.visible!r:.80}")

    def _settle_points(self) -> None:
        cornered = self.kind in ("box", "ellipse")
        self._settle("points", _ring(self.points, self, fewest=2 if cornered else 3))
        self._settle("angle", _number(self.angle, self))
        if cornered and len(self.points) != 2:
            raise RegionError(f"{self} needs two opposite corners, got {len(self.points)} points")
        if self.angle and self.kind != "ellipse":
            raise RegionError(f"only an ellipse has an angle, {self} got {self.angle}")
        self._settle("rings", _rings(self.rings, self))
        if self.rings and cornered:
            raise RegionError(f"only a polygon has rings, {self} got {len(self.rings)}")
        points = sum(len(ring) for ring in (self.points, *self.rings))
        if points > MOST_POINTS:
            raise RegionError(f"{self} has {points} points, more than {MOST_POINTS}; simplify it")

    def _settle(self, key: str, value: object) -> None:
        object.__setattr__(self, key, value)


def check_annotations(value: object) -> tuple[Annotation, ...]:
    """Return a set of annotations out of untrusted JSON, or of ``Annotation`` objects.

    Parameters
    ----------
    value
        A list of dictionaries as ``Annotation.as_dict`` writes them, or of annotations.

    Raises
    ------
    RegionError
        If one is malformed (its position is named), two have the same id, or there are
        more than ``MOST_ANNOTATIONS``.
    """
    if isinstance(value, Annotation):
        value = [value]
    if isinstance(value, np.ndarray):
        raise RegionError(
            f"annotations come as a list, got an array of {value.dtype} of shape {value.shape}; "
            "rw.annotations_from_labels makes them of a label image or a mask"
        )
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise RegionError(f"annotations come as a list, got {value!r:.120}")
    entries = list(value)
    if len(entries) > MOST_ANNOTATIONS:
        raise RegionError(f"{len(entries)} annotations are more than {MOST_ANNOTATIONS}")
    found: dict[str, Annotation] = {}
    for position, entry in enumerate(entries):
        annotation = _entry(entry, position)
        if annotation.id in found:
            raise RegionError(
                f"annotations {found[annotation.id]} and {annotation} have the same id "
                f"{annotation.id!r}; give each its own"
            )
        found[annotation.id] = annotation
    return tuple(found.values())


def _entry(entry: object, position: int) -> Annotation:
    if isinstance(entry, Annotation):
        return entry
    try:
        return Annotation.from_dict(entry)
    except RegionError as error:
        raise RegionError(f"annotation {position} of the list: {error}") from error


def _rings(value: object, owner: Annotation) -> tuple[Ring, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RegionError(f"rings of {owner} is a list of outlines, got {value!r:.80}")
    return tuple(_ring(ring, owner, fewest=3) for ring in value)


def _ring(value: object, owner: Annotation, *, fewest: int) -> Ring:
    """Return checked points without the closing one."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RegionError(f"points of {owner} come as a list of pairs, got {value!r:.80}")
    if len(value) > MOST_POINTS + 1:
        raise RegionError(f"{owner} has {len(value)} points, more than {MOST_POINTS}; simplify it")
    ring = tuple(_point(entry, owner) for entry in value)
    if len(ring) > fewest and ring[0] == ring[-1]:
        ring = ring[:-1]
    if len(set(ring)) < fewest:
        raise RegionError(
            f"{owner} needs at least {fewest} different points, got {len(set(ring))}; draw it anew"
        )
    return ring


def _point(value: object, owner: Annotation) -> Point:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise RegionError(f"a point of {owner} is a pair (x, y), got {value!r:.80}")
    return _number(value[0], owner), _number(value[1], owner)


def _number(value: object, owner: Annotation) -> float:
    if isinstance(value, np.generic):
        value = value.item()
    # compared before it is converted: JSON carries integers that no float can hold
    limit = min(FARTHEST, sys.float_info.max)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= limit:
        raise RegionError(
            f"coordinates of {owner} are finite numbers of at most {FARTHEST:g}, got {value!r:.80}"
        )
    return float(cast("float", value)) + 0.0  # turns -0.0 into 0.0, which is the same point


def _is_unicode(text: str) -> bool:
    """Tell whether a text can be written: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

"""Hypothesis strategies for annotations, and the exact rule of what lies inside."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from roiwidgets.errors import RegionError
from roiwidgets.regions.annotations import Annotation
from roiwidgets.regions.outlines import Ring

on_a_busy_machine = settings(
    max_examples=40,
    deadline=None,
    # both look at the clock, not at the work; the folder of a test is written over each time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

coordinates = st.integers(-8, 40).map(lambda n: n / 2)  # centres of pixels are hit, too
points = st.tuples(coordinates, coordinates)
texts = st.text(max_size=12)
colors = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@st.composite
def annotations(draw: st.DrawFn, *, kinds: tuple[str, ...] = ()) -> Annotation:
    """Annotations of every kind, crossed outlines, holes and separate parts among them."""
    kind = draw(st.sampled_from(kinds or ("box", "ellipse", "polygon", "freehand")))
    cornered = kind in ("box", "ellipse")
    rings = st.lists(points, min_size=3, max_size=7)
    values = {
        "kind": kind,
        "points": draw(st.lists(points, min_size=2, max_size=2) if cornered else rings),
        "id": draw(st.text(min_size=1, max_size=6)),
        "name": draw(texts),
        "group": draw(texts),
        "color": draw(colors),
        "visible": draw(st.booleans()),
        "angle": draw(st.floats(-4, 4)) if kind == "ellipse" else 0.0,
        "rings": [] if cornered else draw(st.lists(rings, max_size=2)),
    }
    try:
        return Annotation.from_dict(values)
    except RegionError:  # encloses nothing: draw another one
        return draw(annotations(kinds=kinds))


def is_inside(rings: tuple[Ring, ...], x: float, y: float) -> bool:
    """Tell by rational arithmetic whether a point is in an odd number of rings, or on one."""
    point = Fraction(x), Fraction(y)
    crossings = 0
    for ring in rings:
        exact = [(Fraction(a), Fraction(b)) for a, b in ring]
        for start, end in zip(exact, [*exact[1:], exact[0]], strict=True):
            if _on_line(start, end, point):
                return True
            crossings += _is_crossed(start, end, point)
    return crossings % 2 == 1


def _on_line(
    start: tuple[Fraction, Fraction],
    end: tuple[Fraction, Fraction],
    point: tuple[Fraction, Fraction],
) -> bool:
    turn = (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])
    between = all(min(a, b) <= p <= max(a, b) for a, b, p in zip(start, end, point, strict=True))
    return turn == 0 and between


def _is_crossed(
    start: tuple[Fraction, Fraction],
    end: tuple[Fraction, Fraction],
    point: tuple[Fraction, Fraction],
) -> bool:
    """Tell whether a ray from the point towards larger x crosses a line."""
    if (start[1] > point[1]) == (end[1] > point[1]):
        return False
    share = (point[1] - start[1]) / (end[1] - start[1])
    return start[0] + share * (end[0] - start[0]) > point[0]

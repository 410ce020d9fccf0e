"""Annotations check themselves, and travel as JSON that is not trusted."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roiwidgets.errors import RegionError
from roiwidgets.regions.annotations import Annotation, check_annotations
from tests.regions.annotation_shapes import annotations, on_a_busy_machine

TRIANGLE = {"kind": "polygon", "points": [[0, 0], [4, 0], [0, 4]]}
BOX = {"kind": "box", "points": [[0, 0], [4, 2]]}


@on_a_busy_machine
@given(annotations())
def test_json_brings_an_annotation_back(annotation: Annotation) -> None:
    text = json.dumps(annotation.as_dict(), allow_nan=False)

    assert Annotation.from_dict(json.loads(text)) == annotation


def test_arrays_closed_outlines_and_upper_case_colors_are_settled() -> None:
    square = np.array([[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]], np.int16)

    found = Annotation("polygon", square, color="#FF00aa")  # type: ignore[arg-type] # arrays come

    assert found.points == ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
    assert found.color == "#ff00aa"
    assert found.id
    assert found.id != Annotation.from_dict(BOX).id


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "circle"}, "kind is one of box, ellipse, polygon, freehand, got 'circle'"),
        ({"kind": ["box"]}, "kind is one of"),
        ({"points": [[0, 0], [4, 0]]}, "at least 3 different points, got 2"),
        ({"points": [[0, 0], [4, 0], [0, 0], [4, 0]]}, "at least 3 different points, got 2"),
        ({"points": [[0, 0], [4, math.nan], [0, 4]]}, "finite numbers"),
        ({"points": [[0, 0], [4, 10**400], [0, 4]]}, "finite numbers"),
        ({"points": [[0, 0], [4, True], [0, 4]]}, "finite numbers"),
        ({"points": [[0, 0], [4, "1"], [0, 4]]}, "finite numbers"),
        ({"points": [[0, 0], [4, 0, 0], [0, 4]]}, r"a pair \(x, y\)"),
        ({"points": [[0, 0], None, [0, 4]]}, r"a pair \(x, y\)"),
        ({"points": "00 40 04"}, "list of pairs"),
        ({"points": {"x": 0}}, "list of pairs"),
        ({"points": [[0, 0], [1, 1], [2, 2]]}, "encloses no area"),
        ({"points": [[0, 0], [4, 0], [0, 4], [0, 0], [4, 0], [0, 4]]}, "encloses no area"),
        ({"points": [[i, i % 7] for i in range(200_002)]}, "more than 200000"),
        ({**BOX, "points": [[0, 0], [0, 4]]}, "encloses no area"),
        ({"kind": "ellipse", "points": [[-0.5, 0], [18, 0]], "angle": 0.53125}, "encloses no area"),
        ({**BOX, "points": [[0, 0], [1, 4], [2, 2]]}, "two opposite corners, got 3"),
        ({**BOX, "angle": 0.5}, "only an ellipse has an angle"),
        ({**BOX, "rings": [[[0, 0], [1, 0], [0, 1]]]}, "only a polygon has rings"),
        ({"rings": [[[0, 0], [1, 0]]]}, "at least 3 different points"),
        ({"rings": "none"}, "list of outlines"),
        ({"angle": math.inf}, "finite numbers"),
        ({"color": "red"}, "#rrggbb, got 'red'"),
        ({"color": "#ff00aa\n"}, "#rrggbb"),
        ({"color": None}, "color of an annotation is a text"),
        ({"name": 4}, "name of an annotation is a text"),
        ({"name": "\ud800"}, "name of an annotation is a text"),
        ({"id": "x" * 501}, "at most 500 characters"),
        ({"visible": 1}, "true or false"),
        ({"colour": "#000000"}, "keys out of"),
    ],
)
def test_malformed_annotations_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(RegionError, match=message):
        Annotation.from_dict({**TRIANGLE, **change})


def test_the_door_names_the_position_and_refuses_double_ids() -> None:
    with pytest.raises(RegionError, match="annotation 1 of the list: kind is one of"):
        check_annotations([BOX, {**BOX, "kind": "oval"}])
    with pytest.raises(RegionError, match="box 'first' and polygon 'second' have the same id 'a'"):
        check_annotations(
            [{**BOX, "id": "a", "name": "first"}, {**TRIANGLE, "id": "a", "name": "second"}]
        )
    with pytest.raises(RegionError, match="20001 annotations are more than 20000"):
        check_annotations([BOX] * 20_001)


@pytest.mark.parametrize("value", [None, 4, "box", BOX, [None], [[0, 1]], [{}], [{1: 2}]])
def test_the_door_takes_lists_of_annotations_only(value: object) -> None:
    with pytest.raises(RegionError):
        check_annotations(value)


def test_the_door_takes_annotations_themselves() -> None:
    box = Annotation.from_dict(BOX)

    assert check_annotations([box]) == check_annotations(box) == (box,)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@on_a_busy_machine
@given(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["box", "ellipse", "polygon"]) | json_values},
        optional={
            "points": st.lists(st.lists(st.floats() | st.integers(), min_size=2, max_size=2)),
            "rings": json_values,
            "angle": st.floats() | json_values,
            "name": json_values,
            "visible": json_values,
        },
    )
)
def test_any_json_is_taken_or_refused_with_one_error(value: dict[str, object]) -> None:
    try:
        (found,) = check_annotations([value])
    except RegionError:
        return

    assert check_annotations(json.loads(json.dumps([found.as_dict()]))) == (found,)


def test_equal_geometry_is_equal_whatever_its_name() -> None:
    named = Annotation.from_dict({**TRIANGLE, "name": "a", "color": "#123456"})
    drawn = Annotation.from_dict({**TRIANGLE, "kind": "freehand"})
    other = Annotation.from_dict({**TRIANGLE, "points": [[0, 0], [4, 0], [0, 4.5]]})

    assert named.geometry == drawn.geometry
    assert named.geometry != other.geometry

"""GeoJSON of other programs is read leniently; what cannot be kept is refused by name."""

from __future__ import annotations

import json

import pytest

from roiwidgets.errors import RegionError
from roiwidgets.regions.annotations import Annotation
from roiwidgets.regions.geojson import from_geojson, to_geojson

SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [1, 2], [2, 2], [2, 1], [1, 1]]
FAR = [[10, 0], [12, 0], [12, 3], [10, 0]]


def collection(*features: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def feature(kind: str, coordinates: object, **members: object) -> dict[str, object]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": {}, **members}


def square(**properties: object) -> dict[str, object]:
    return feature("Polygon", [SQUARE], properties=properties)


def read(text: str) -> tuple[Annotation, ...]:
    return from_geojson(text)[0]


def test_qupath_names_classes_and_colors_are_read() -> None:
    # as QuPath 0.5 exports annotations: a list, colors as numbers
    exported = [
        feature(
            "Polygon", [SQUARE], id="7f2d7d60-0000-4000-8000-000000000001",
            properties={
                "objectType": "annotation",
                "name": "region 1",
                "classification": {"name": "Tumor", "color": [200, 0, 10]},
                "isLocked": True,
            },
        ),
        square(classification={"name": "a", "colorRGB": -3670016}),
        square(classification={"names": ["CD3", "CD8"]}, color=[1, 2, 3]),
    ]  # fmt: skip

    first, second, third = read(json.dumps(exported))

    assert (first.id, first.name) == ("7f2d7d60-0000-4000-8000-000000000001", "region 1")
    assert (first.group, first.color) == ("Tumor", "#c8000a")
    assert (second.id, second.group, second.color) == ("roi-2", "a", "#c80000")
    assert (third.group, third.color) == ("CD3: CD8", "#010203")


def test_holes_and_parts_are_kept() -> None:
    text = collection(feature("MultiPolygon", [[SQUARE, HOLE], [FAR]], id=4))

    (found,) = read(text)

    assert found.id == "4"
    assert found.outlines == tuple(
        tuple((float(x), float(y)) for x, y in ring[:-1]) for ring in (SQUARE, HOLE, FAR)
    )
    assert read(to_geojson([found], "")) == (found,)


def test_parts_that_overlap_are_joined_not_cut_out() -> None:
    moved = [[x + 2, y] for x, y in SQUARE]

    (found,) = read(collection(feature("MultiPolygon", [[SQUARE], [moved]])))
    (same,) = read(collection(feature("MultiPolygon", [[SQUARE], [SQUARE]])))

    assert found.rings == ()
    assert found.bounds == ((0.0, 0.0), (6.0, 4.0))
    assert len(found.points) in (4, 8)
    assert same.bounds == ((0.0, 0.0), (4.0, 4.0))


def test_a_polygon_that_was_moved_elsewhere_counts() -> None:
    value = json.loads(to_geojson([Annotation("ellipse", [(0, 0), (4, 2)], id="a")], ""))
    value["features"][0]["geometry"] = {"type": "Polygon", "coordinates": [SQUARE]}

    (found,) = read(json.dumps(value))

    assert found.kind == "polygon"
    assert found.bounds == ((0.0, 0.0), (4.0, 4.0))


def test_a_single_feature_without_properties_is_read() -> None:
    (found,) = read(json.dumps(feature("Polygon", [SQUARE], properties=None)))

    assert (found.id, found.name, found.group, found.visible) == ("roi-1", "", "", True)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (feature("Point", [1, 2], id="p1"), r"feature 1 \(id 'p1', name ''\): .*got 'Point'"),
        (feature("LineString", SQUARE), "Polygon or a MultiPolygon, got 'LineString'"),
        ({"type": "Feature", "geometry": None}, "got None"),
        (feature("Polygon", []), "nested lists"),
        (feature("Polygon", None), "nested lists"),
        (feature("Polygon", [[]]), "at least 3 different points, got 0"),
        (feature("Polygon", [SQUARE, [[1, 1], [2, 2]]]), "at least 3 different points, got 2"),
        (feature("Polygon", [[[0, 0, 5], [4, 0, 5], [4, 4, 5]]]), r"a pair \(x, y\)"),
        (feature("Polygon", [[[0, 0], [1, 1], [2, 2]]]), "encloses no area"),
        (feature("MultiPolygon", [SQUARE]), r"a pair \(x, y\)"),
        (feature("MultiPolygon", [[SQUARE], []]), "nested lists"),
        (square(color=[0, 0, 300]), "from 0 to 255"),
        (square(name="n", color="red"), "name 'n'.*rrggbb"),
        (square(drawn={"kind": "oval", "points": []}), "kind"),
        ("a text", "feature 1 is a GeoJSON object, got 'a text'"),
        (feature("Polygon", [SQUARE], id="roi-1"), "the same id 'roi-1'"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_by_name(value: object, message: str) -> None:
    with pytest.raises(RegionError, match=message):
        read(collection(feature("Polygon", [SQUARE]), value))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1, 2", "4", "null", "{}", '{"type": "Topology"}', "[" * 100_000, '{"features": 3}'],
)
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(RegionError, match=r"no JSON|FeatureCollection"):
        read(text)

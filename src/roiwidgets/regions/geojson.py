"""Annotations as GeoJSON: polygons that every program draws, and how they were drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

import shapely
from shapely.geometry.polygon import orient

from roiwidgets.errors import RegionError
from roiwidgets.regions.annotations import DEFAULT_COLOR, Annotation, check_annotations
from roiwidgets.regions.outlines import Ring, even_odd_polygon, rings_of

VERSION = 1

Json = Mapping[str, object]


def to_geojson(annotations: Sequence[Annotation], unit: str) -> str:
    """Return a FeatureCollection of RFC 7946 as text.

    Parameters
    ----------
    annotations
        A checked set.
    unit
        Of the coordinates, such as "micrometer"; kept in the member ``roiwidgets``.

    Returns
    -------
    str
        Each feature is a valid Polygon or MultiPolygon by the even-odd rule (ellipses with
        128 corners) with properties name, group, color and visible. Boxes, ellipses,
        freehand and crossed outlines keep their own points in the property ``drawn``.
    """
    collection = {
        "type": "FeatureCollection",
        "roiwidgets": {"version": VERSION, "unit": unit},
        "features": [_feature(annotation) for annotation in annotations],
    }
    return json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1)


def from_geojson(text: str) -> tuple[tuple[Annotation, ...], str | None]:
    """Return the annotations, and their unit if the text is one of ours ("" for none).

    Parameters
    ----------
    text
        A FeatureCollection, a Feature, or a list of features as QuPath writes it, with
        Polygon and MultiPolygon geometries; holes are kept. QuPath's ``classification``
        gives group and color where the feature has none. Other properties are not kept.
        Features without an id are called "roi-1", "roi-2" and so on by their position.

    Raises
    ------
    RegionError
        If it is something else; the message names the feature. Nothing is left out.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RegionError(f"the file holds no JSON: {error}") from error
    features = _features(value)
    return check_annotations([_annotation(entry, i) for i, entry in enumerate(features)]), _unit(
        value
    )


def _feature(annotation: Annotation) -> dict[str, object]:
    polygon = _oriented(even_odd_polygon(annotation.outlines))
    properties: dict[str, object] = {
        "name": annotation.name,
        "group": annotation.group,
        "color": annotation.color,
        "visible": annotation.visible,
    }
    if annotation.kind != "polygon" or rings_of(polygon) != annotation.outlines:
        drawn = annotation.as_dict()
        properties["drawn"] = {key: drawn[key] for key in ("kind", "points", "angle", "rings")}
    return {
        "type": "Feature",
        "id": annotation.id,
        "geometry": shapely.geometry.mapping(polygon),
        "properties": properties,
    }


def _oriented(polygon: shapely.Geometry) -> shapely.Geometry:
    """Turn outer rings counter-clockwise and holes clockwise, as the standard wants."""
    parts = [orient(part) for part in shapely.get_parts(polygon)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _features(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping) and value.get("type") == "Feature":
        return [value]
    if isinstance(value, Mapping) and isinstance(value.get("features"), list):
        return cast("list[object]", value["features"])
    raise RegionError(
        "GeoJSON of annotations is a FeatureCollection, a Feature or a list of features, got "
        f"{value!r:.120}"
    )


def _unit(value: object) -> str | None:
    own = value.get("roiwidgets") if isinstance(value, Mapping) else None
    unit = own.get("unit") if isinstance(own, Mapping) else None
    return unit if isinstance(unit, str) else None


def _annotation(feature: object, position: int) -> Annotation:
    if not isinstance(feature, Mapping):
        raise RegionError(f"feature {position} is a GeoJSON object, got {feature!r:.120}")
    properties = feature.get("properties")
    if not isinstance(properties, Mapping):
        properties = {}
    given = feature.get("id")
    name = _text(properties.get("name"))
    try:
        values = {
            "id": f"roi-{position + 1}" if given is None or given == "" else str(given),
            "name": name,
            "group": _text(properties.get("group")) or _class_name(properties),
            "color": _color(properties),
            "visible": properties.get("visible", True) is not False,
        }
        drawn = properties.get("drawn")
        read = Annotation.from_dict({**values, **_geometry(feature.get("geometry"))})
        own = Annotation.from_dict({**values, **drawn}) if isinstance(drawn, Mapping) else read
    except RegionError as error:
        raise RegionError(
            f"feature {position} (id {given!r:.80}, name {name!r:.80}): {error}"
        ) from error
    # a program that moves the polygon may leave what was drawn behind: the polygon counts
    return own if _same_area(own, read) else read


def _geometry(value: object) -> dict[str, object]:
    kind = value.get("type") if isinstance(value, Mapping) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise RegionError(f"an annotation is a Polygon or a MultiPolygon, got {kind!r:.80}")
    coordinates = cast("Json", value).get("coordinates")
    parts = _filled_list(coordinates) if kind == "MultiPolygon" else [coordinates]
    polygons = [_polygon(_filled_list(part)) for part in parts]
    first, *others = _without_overlaps(polygons)
    return {"kind": "polygon", "points": first, "rings": others}


def _polygon(rings: list[object]) -> Annotation:
    first, *holes = rings
    return Annotation.from_dict({"kind": "polygon", "points": first, "rings": holes})


def _filled_list(value: object) -> list[object]:
    if not isinstance(value, list) or not value:
        raise RegionError(f"coordinates are nested lists with an entry each, got {value!r:.80}")
    return value


def _without_overlaps(polygons: Sequence[Annotation]) -> tuple[Ring, ...]:
    """Return the outlines of parts, joined where they overlap: even-odd would make a hole."""
    parts = [even_odd_polygon(polygon.outlines) for polygon in polygons]
    union = shapely.union_all(parts)
    area = float(sum(shapely.area(part) for part in parts))
    if shapely.area(union) < area * (1 - 1e-12):
        return rings_of(union)
    return tuple(ring for polygon in polygons for ring in polygon.outlines)


def _same_area(first: Annotation, second: Annotation) -> bool:
    """Tell whether two annotations cover the same, but for rounding on another machine."""
    (x0, y0), (x1, y1) = first.bounds
    tolerance = 1e-9 * max(x1 - x0, y1 - y0)
    one, two = (shapely.normalize(even_odd_polygon(a.outlines)) for a in (first, second))
    return bool(shapely.equals_exact(one, two, tolerance=tolerance))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _class_name(properties: Json) -> str:
    found = properties.get("classification")
    if isinstance(found, Mapping):
        names = found.get("names")
        joined = ": ".join(map(str, names)) if isinstance(names, list) else ""
        return _text(found.get("name")) or joined
    return _text(found)


def _color(properties: Json) -> str:
    """Return the color of a feature, or else of its class: "#rrggbb", [r, g, b] or an integer."""
    found = properties.get("classification")
    classification: Json = found if isinstance(found, Mapping) else {}
    for holder in (properties, classification):
        value = holder.get("color", holder.get("colorRGB"))
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return f"#{value & 0xFFFFFF:06x}"  # QuPath's packed alpha, red, green, blue
        if isinstance(value, list) and len(value) in (3, 4):
            if all(type(part) is int and 0 <= part <= 255 for part in value):
                return "#" + "".join(f"{part:02x}" for part in value[-3:])
            raise RegionError(f"a color is three numbers from 0 to 255, got {value!r:.80}")
    return DEFAULT_COLOR

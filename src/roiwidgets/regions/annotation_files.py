"""Annotations on disk: GeoJSON and SQLite, by the suffix of the path."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from roiwidgets.errors import ParameterError, RegionError
from roiwidgets.images.new_file import new_file
from roiwidgets.images.units import spelt_out_unit
from roiwidgets.regions.annotation_database import read_database, write_database
from roiwidgets.regions.annotations import Annotation, check_annotations
from roiwidgets.regions.geojson import from_geojson, to_geojson

GEOJSON = (".geojson", ".json")
SQLITE = (".sqlite", ".sqlite3", ".db")


def write_annotations(
    annotations: Iterable[Annotation] | Annotation,
    path: str | Path,
    *,
    unit: str = "",
    overwrite: bool = False,
) -> None:
    """Write a set of annotations to a file; whatever happens, it holds all of a set or the old one.

    Parameters
    ----------
    annotations
        A set with unique ids.
    path
        ``.geojson`` or ``.json``: a FeatureCollection that other programs read. ``.sqlite``,
        ``.sqlite3`` or ``.db``: tables of our own, documented in
        ``regions/annotation_database.py``; other tables of that file stay as they are.
    unit
        Of the coordinates, such as "micrometer"; stated in the file.
    overwrite
        Whether the set in a file that exists is replaced.

    Raises
    ------
    OutputExistsError
        If the file exists and overwriting was not asked for.
    OutputLocationError
        If the file cannot be written, or is an SQLite file that another program holds locked for
        more than two seconds. It is then as before.
    ParameterError
        If the suffix is another one.
    RegionError
        If an annotation is malformed or two share an id.
    """
    target = _checked_path(path)
    entries = check_annotations(annotations)
    if target.suffix.lower() in SQLITE:
        write_database(entries, target, unit, overwrite=overwrite)
        return
    with new_file(target, overwrite=overwrite) as partial:
        partial.write_text(to_geojson(entries, unit), encoding="utf-8")


def read_annotations(path: str | Path, *, unit: str | None = None) -> tuple[Annotation, ...]:
    """Return the annotations of a file.

    Parameters
    ----------
    path
        As ``write_annotations`` names it. GeoJSON of other programs is read as well: QuPath's
        coordinates are in pixels, and are taken as they are.
    unit
        Of the image, "" if it has none; a file of ours that states another one is refused. None
        takes coordinates as they are.

    Returns
    -------
    tuple of Annotation
        In the order of the file. Holes and several parts are kept.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RegionError
        If the file holds anything but annotations: nothing is left out silently. Or if its
        coordinates are in another unit.
    OutputLocationError
        If an SQLite file is locked, or none.
    ParameterError
        If the suffix is unknown.
    """
    source = _checked_path(path)
    if not source.is_file():
        what = "is a folder, no file" if source.is_dir() else "does not exist"
        raise FileNotFoundError(f"{source} {what}; give the path of a GeoJSON or SQLite file")
    stated: str | None
    if source.suffix.lower() in SQLITE:
        found, stated = read_database(source)
    else:
        try:
            found, stated = from_geojson(source.read_text(encoding="utf-8-sig"))
        except (RegionError, UnicodeDecodeError) as error:
            raise RegionError(f"{source}: {error}") from error
    if unit is None or stated is None or spelt_out_unit(unit) == spelt_out_unit(stated):
        return found
    raise RegionError(
        f"the coordinates in {source} have {_in_words(stated)}, those of the image "
        f"{_in_words(unit)}; convert them, or take them as they are: "
        "player.rois = rw.read_annotations(path)"
    )


def _in_words(unit: str) -> str:
    return f"the unit {unit}" if unit else "no unit"


def _checked_path(path: str | Path) -> Path:
    checked = Path(path)
    if checked.suffix.lower() not in GEOJSON + SQLITE:
        raise ParameterError(
            f"annotations are kept in {', '.join(GEOJSON + SQLITE)}, got {str(path)!r}"
        )
    return checked

"""Annotations come back from files as they were, and other programs read them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from roiwidgets.errors import (
    OutputExistsError,
    OutputLocationError,
    ParameterError,
    RegionError,
)
from roiwidgets.images.grid import Grid
from roiwidgets.regions.annotation_files import read_annotations, write_annotations
from roiwidgets.regions.annotations import Annotation
from roiwidgets.regions.footprints import footprint
from tests.regions.annotation_shapes import annotations, on_a_busy_machine

BOX = Annotation("box", [(1, 2), (5, 7)], id="a", name="soma", group="cell", color="#00ff00")
HOLED = Annotation(
    "polygon", [(0, 0), (9, 0), (9, 9), (0, 9)], id="b", visible=False,
    rings=[[(2, 2), (2, 4), (4, 4), (4, 2)], [(12, 1), (14, 1), (14, 3)]],
)  # fmt: skip
BOW_TIE = Annotation("freehand", [(0, 0), (6, 6), (6, 0), (0, 6)], id="c")
OVAL = Annotation("ellipse", [(0, 0), (8, 4)], id="d", angle=0.5)
ALL = (BOX, HOLED, BOW_TIE, OVAL)
SUFFIXES = [".geojson", ".sqlite"]

sets = st.lists(annotations(), max_size=4, unique_by=lambda entry: entry.id)


@pytest.mark.parametrize("suffix", SUFFIXES)
@on_a_busy_machine
@given(drawn=sets)
def test_files_bring_a_set_back(suffix: str, drawn: list[Annotation], tmp_path: Path) -> None:
    path = tmp_path / f"rois{suffix}"

    write_annotations(drawn, path, overwrite=True)

    assert read_annotations(path) == tuple(drawn)


@on_a_busy_machine
@given(drawn=annotations(kinds=("box", "polygon", "freehand")))
def test_other_readers_of_geojson_find_the_same_pixels(drawn: Annotation, tmp_path: Path) -> None:
    grid = Grid(("y", "x"), (12, 13), (1.7, 1.3), (0.13, 0.07))  # off the half grid of points
    rows, columns, mask = footprint(drawn, grid)
    own = np.zeros((12, 13), bool)
    own[rows, columns] = mask
    y, x = 0.13 + 1.7 * np.arange(12), 0.07 + 1.3 * np.arange(13)

    write_annotations(drawn, tmp_path / "rois.json", overwrite=True)

    (feature,) = json.loads((tmp_path / "rois.json").read_text())["features"]
    polygon = shape(feature["geometry"])
    assert polygon.is_valid
    assert feature["properties"]["color"] == drawn.color
    near = shapely.dwithin(polygon.boundary, shapely.points(*np.meshgrid(x, y)), 1e-9)
    found = shapely.contains_xy(polygon, *np.meshgrid(x, y))
    np.testing.assert_array_equal(found | near, own | near)


def test_geojson_follows_the_standard(tmp_path: Path) -> None:
    path = tmp_path / "rois.geojson"

    write_annotations(ALL, path, unit="micrometer")

    collection = json.loads(path.read_text())
    geometries = [feature["geometry"] for feature in collection["features"]]
    assert collection["type"] == "FeatureCollection"
    assert collection["roiwidgets"] == {"version": 1, "unit": "micrometer"}
    assert [g["type"] for g in geometries] == ["Polygon", "MultiPolygon", "MultiPolygon", "Polygon"]
    for geometry in geometries:
        parts = geometry["coordinates"]
        for part in parts if geometry["type"] == "MultiPolygon" else [parts]:
            assert all(ring[0] == ring[-1] for ring in part)
            turns = [shapely.is_ccw(shapely.LinearRing(ring)) for ring in part]
            assert turns == [True] + [False] * (len(part) - 1)
    assert shape(geometries[1]).area == 81 - 4 + 2
    assert shape(geometries[3]).area == pytest.approx(np.pi * 4 * 2, rel=1e-3)


@pytest.mark.skipif(which("sqlite3") is None, reason="there is no sqlite3 command to compare with")
def test_the_sqlite3_command_reads_the_documented_tables(tmp_path: Path) -> None:
    path = tmp_path / "rois.db"

    write_annotations(ALL, path, unit="micrometer")

    query = "SELECT id, name, group_name, kind, color, visible, points FROM roiwidgets_annotations"
    shown = subprocess.run(
        ["sqlite3", "-json", str(path), query], capture_output=True, text=True, check=True
    )
    first, second, *_ = json.loads(shown.stdout)
    points = json.loads(first.pop("points"))
    assert first == {
        "id": "a", "name": "soma", "group_name": "cell", "kind": "box", "color": "#00ff00",
        "visible": 1,
    }  # fmt: skip
    assert points == [[1.0, 2.0], [5.0, 7.0]]
    assert second["visible"] == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_is_replaced_unasked(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rois{suffix}"
    write_annotations(ALL, path)

    with pytest.raises(OutputExistsError, match="pass overwrite=True"):
        write_annotations([BOX], path)
    kept = read_annotations(path)
    write_annotations([BOX], path, overwrite=True)

    assert kept == ALL
    assert read_annotations(path) == (BOX,)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_unit_that_does_not_fit_is_refused(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rois{suffix}"
    write_annotations(ALL, path, unit="µm")

    assert read_annotations(path, unit="micrometer") == read_annotations(path) == ALL
    with pytest.raises(RegionError, match="have the unit µm, those of the image the unit milli"):
        read_annotations(path, unit="millimeter")
    with pytest.raises(RegionError, match=r"have the unit µm, those of the image no unit; .* as"):
        read_annotations(path, unit="")
    write_annotations(ALL, path, overwrite=True)
    with pytest.raises(RegionError, match="have no unit, those of the image the unit µm"):
        read_annotations(path, unit="µm")


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()

    with pytest.raises(OutputLocationError, match="is a folder"):
        write_annotations(ALL, tmp_path / "folder.json", overwrite=True)
    for name in ("none/rois.json", "none/rois.db"):
        with pytest.raises(OutputLocationError, match="does not exist; create it first"):
            write_annotations(ALL, tmp_path / name)
    with pytest.raises(ParameterError, match=r"\.geojson.*got 'rois.csv'"):
        write_annotations(ALL, "rois.csv")
    with pytest.raises(FileNotFoundError, match=r"none\.json does not exist; give the path of"):
        read_annotations(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError, match=r"folder\.json is a folder, no file"):
        read_annotations(tmp_path / "folder.json")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    write_annotations(ALL, tmp_path / "kept" / "rois.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "kept" / "rois.json")

    write_annotations([BOX], tmp_path / "link.json", overwrite=True)

    assert (tmp_path / "link.json").is_symlink()
    assert read_annotations(tmp_path / "kept" / "rois.json") == (BOX,)


def test_foreign_tables_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    with sqlite3.connect(path) as lab:
        lab.execute("CREATE TABLE mice (name TEXT)")
        lab.execute("INSERT INTO mice VALUES ('m1')")
    lab.close()

    with pytest.raises(OutputExistsError):
        write_annotations(ALL, path)
    with pytest.raises(RegionError, match="no table roiwidgets_annotations"):
        read_annotations(path)
    for entries in (ALL, (BOX,)):
        write_annotations(entries, path, overwrite=True)
        assert read_annotations(path) == entries

    lab = sqlite3.connect(path)
    assert lab.execute("SELECT name FROM mice").fetchall() == [("m1",)]
    lab.close()


def test_a_locked_database_is_one_error_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roiwidgets.regions.annotation_database.LOCK_WAIT_S", 0.02)
    path = tmp_path / "rois.db"
    write_annotations(ALL, path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(OutputLocationError, match="locked by another program; nothing was changed"):
        write_annotations([BOX], path, overwrite=True)
    with pytest.raises(OutputLocationError, match="locked by another program"):
        read_annotations(path)
    other.execute("ROLLBACK")
    other.close()

    assert read_annotations(path) == ALL


def test_a_transaction_that_fails_halfway_leaves_the_old_set(tmp_path: Path) -> None:
    path = tmp_path / "rois.db"
    write_annotations(ALL, path)
    with sqlite3.connect(path) as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON roiwidgets_annotations WHEN NEW.id = 'b' "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        )
    other.close()

    with pytest.raises(OutputLocationError, match=r"not this one.*nothing was changed"):
        write_annotations([OVAL, HOLED], path, overwrite=True)

    assert read_annotations(path) == ALL


def test_files_that_are_no_database_of_ours_stay_as_they_are(tmp_path: Path) -> None:
    text, table = tmp_path / "text.db", tmp_path / "table.db"
    text.write_text("not a database, but long enough to look like one" * 50)
    with sqlite3.connect(table) as foreign:
        foreign.execute("CREATE TABLE roiwidgets_annotations (mine TEXT)")
    foreign.close()
    before = text.read_bytes(), table.read_bytes()

    with pytest.raises(OutputLocationError, match="cannot be used as an SQLite database"):
        write_annotations(ALL, text, overwrite=True)
    with pytest.raises(OutputLocationError, match="cannot be used as an SQLite database"):
        read_annotations(text)
    with pytest.raises(OutputLocationError, match=r"columns \['mine'\]"):
        write_annotations(ALL, table, overwrite=True)

    assert (text.read_bytes(), table.read_bytes()) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE roiwidgets_annotations SET points = '[[0, 0]'", "malformed annotation"),
        ("UPDATE roiwidgets_annotations SET visible = 7", "true or false, got 7"),
        ("UPDATE roiwidgets_annotations SET color = 'red'", "#rrggbb"),
        ("UPDATE roiwidgets_meta SET value = '2' WHERE key = 'version'", "version '2'"),
    ],
)
def test_rows_changed_by_hand_are_checked(change: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "rois.db"
    write_annotations([BOX], path)
    with sqlite3.connect(path) as other:
        other.execute(change)
    other.close()

    with pytest.raises(RegionError, match=message):
        read_annotations(path)


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rois.geojson"
    write_annotations(ALL, path)

    def half(self: Path, text: str, **options: str) -> int:
        with self.open("w", **options) as file:
            file.write(text[:100])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="no space left"):
        write_annotations([BOX], path, overwrite=True)

    assert read_annotations(path) == ALL
    assert [entry.name for entry in tmp_path.iterdir()] == ["rois.geojson"]

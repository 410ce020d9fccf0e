"""Annotations in an SQLite file, beside tables of other programs.

Schema
------
``roiwidgets_annotations``: one row per annotation: ``position`` (order), ``id``, ``name``,
``group_name``, ``kind``, ``color`` ("#rrggbb"), ``visible`` (0 or 1), ``angle`` (radians),
``points`` and ``rings`` (JSON: lists of [x, y]) in world units.
``roiwidgets_meta``: ``key``, ``value``: ``version`` (1) and ``unit`` of the coordinates.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from roiwidgets.errors import OutputLocationError, RegionError
from roiwidgets.images.new_file import new_file
from roiwidgets.regions.annotations import Annotation, check_annotations

VERSION = 1
LOCK_WAIT_S = 2.0
"""How long another program may hold the file before we give up."""

_COLUMNS = {
    "position": "INTEGER PRIMARY KEY",
    "id": "TEXT NOT NULL UNIQUE",
    "name": "TEXT NOT NULL",
    "group_name": "TEXT NOT NULL",
    "kind": "TEXT NOT NULL",
    "color": "TEXT NOT NULL",
    "visible": "INTEGER NOT NULL",
    "angle": "REAL NOT NULL",
    "points": "TEXT NOT NULL",
    "rings": "TEXT NOT NULL",
}
_NAMES = ", ".join(_COLUMNS)
_TYPED = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
_TABLES = (
    f"CREATE TABLE IF NOT EXISTS roiwidgets_annotations ({_TYPED})",
    "CREATE TABLE IF NOT EXISTS roiwidgets_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
)


def write_database(
    annotations: Sequence[Annotation], path: Path, unit: str, *, overwrite: bool
) -> None:
    """Replace the set of annotations in a file, in one transaction.

    Parameters
    ----------
    annotations
        A checked set.
    path
        A file that is there already keeps all its other tables.
    unit
        Of the coordinates.
    overwrite
        Whether a file that is there may be written to.

    Raises
    ------
    OutputExistsError
        If the file exists and overwriting was not asked for.
    OutputLocationError
        If it is no SQLite file, holds a table of our name with other columns, is locked, or
        cannot be written. It is then as before.
    """
    if overwrite and path.is_file():
        _replace_set(path, annotations, unit)
        return
    with new_file(path, overwrite=overwrite) as partial:
        _replace_set(partial, annotations, unit)


def read_database(path: Path) -> tuple[tuple[Annotation, ...], str]:
    """Return the annotations of a file, and their unit.

    Raises
    ------
    RegionError
        If the file holds no annotations, or malformed ones.
    OutputLocationError
        If it is no SQLite file, or locked.
    """
    with _opened(path, "ro") as connection:
        if not _columns(connection):
            raise RegionError(f"{path} has no table roiwidgets_annotations; nothing to read")
        _check_columns(connection, path)
        rows = connection.execute(
            f"SELECT {_NAMES} FROM roiwidgets_annotations ORDER BY position"  # noqa: S608 # ours
        ).fetchall()
        meta = dict(connection.execute("SELECT key, value FROM roiwidgets_meta").fetchall())
    if meta.get("version") != str(VERSION):
        raise RegionError(
            f"{path} holds annotations of version {meta.get('version')!r}, known is {VERSION}; "
            "update roiwidgets"
        )
    try:
        return check_annotations([_values(row) for row in rows]), str(meta.get("unit", ""))
    except (RegionError, ValueError, TypeError, RecursionError) as error:
        raise RegionError(f"{path} holds a malformed annotation: {error}") from error


def _replace_set(path: Path, annotations: Sequence[Annotation], unit: str) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    with _opened(path, "rwc") as connection:
        connection.execute("BEGIN IMMEDIATE")
        for table in _TABLES:
            connection.execute(table)
        _check_columns(connection, path)
        connection.execute("DELETE FROM roiwidgets_annotations")
        connection.executemany(
            f"INSERT INTO roiwidgets_annotations ({_NAMES}) VALUES ({marks})",  # noqa: S608 # ours
            [_row(position, annotation) for position, annotation in enumerate(annotations)],
        )
        connection.executemany(
            "INSERT OR REPLACE INTO roiwidgets_meta VALUES (?, ?)",
            [("version", str(VERSION)), ("unit", unit)],
        )
        connection.execute("COMMIT")


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Open a file and say in one error what SQLite cannot do; an open transaction is undone."""
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=LOCK_WAIT_S,
            isolation_level=None,
        )  # fmt: skip
        with closing(connection):
            yield connection
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise OutputLocationError(
                f"{path} is locked by another program; nothing was changed: close it there, or "
                "choose another path"
            ) from error
        raise OutputLocationError(
            f"{path} cannot be used as an SQLite database ({error}); nothing was changed: choose "
            "another path"
        ) from error


def _columns(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("PRAGMA table_info(roiwidgets_annotations)").fetchall()
    return [str(row[1]) for row in rows]


def _check_columns(connection: sqlite3.Connection, path: Path) -> None:
    found = _columns(connection)
    if not set(_COLUMNS) <= set(found):
        raise OutputLocationError(
            f"the table roiwidgets_annotations of {path} has columns {found}, expected "
            f"{list(_COLUMNS)}; it is not ours: choose another path"
        )


def _row(position: int, annotation: Annotation) -> tuple[object, ...]:
    values = annotation.as_dict()
    return (
        position, annotation.id, annotation.name, annotation.group, annotation.kind,
        annotation.color, int(annotation.visible), annotation.angle,
        json.dumps(values["points"]), json.dumps(values["rings"]),
    )  # fmt: skip


def _values(row: tuple[object, ...]) -> dict[str, object]:
    values = dict(zip(_COLUMNS, row, strict=True))
    del values["position"]
    values["group"] = values.pop("group_name")
    values["visible"] = {0: False, 1: True}.get(values["visible"], values["visible"])  # type: ignore[call-overload] # checked after
    for key in ("points", "rings"):
        values[key] = json.loads(str(values[key]))
    return values

"""Tables of traces hold the very numbers, for readers that are not ours."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pyarrow import parquet

from roiwidgets.errors import (
    MissingPackageError,
    OutputExistsError,
    OutputLocationError,
    ParameterError,
)
from roiwidgets.stacks.traces import traces
from roiwidgets.stacks.traces.trace_files import write_traces
from tests.stacks.traces.counted_movies import BOX, CROSSED, ELLIPSE, random_movie


@pytest.fixture
def found() -> xr.DataArray:
    array = random_movie("f4")
    array[4] = np.nan
    regions = [BOX, replace(CROSSED, name='a "b", c'), replace(ELLIPSE, name="größer")]
    return traces(array, regions)


def test_csv_gives_the_very_numbers_back(found: xr.DataArray, tmp_path: Path) -> None:
    path = tmp_path / "traces.csv"

    write_traces(found, path)

    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    numbers = np.array([[float(field or "nan") for field in row] for row in rows])
    assert header == ["t", "soma", 'a "b", c', "größer"]
    np.testing.assert_array_equal(numbers[:, 0], found.t)
    np.testing.assert_array_equal(numbers[:, 1:].T, found)
    assert pd.read_csv(path)["soma"].isna().to_numpy().nonzero()[0].tolist() == [4]


def test_parquet_gives_numbers_and_labels_back(found: xr.DataArray, tmp_path: Path) -> None:
    path = tmp_path / "traces.parquet"

    write_traces(found, path)

    table = parquet.read_table(path)
    about = json.loads(table.schema.metadata[b"roiwidgets"])
    assert table.column_names == ["t", "soma", 'a "b", c', "größer"]
    np.testing.assert_array_equal([column.to_numpy() for column in table.columns[1:]], found)
    assert about["roi"] == ["box", "crossed", "ellipse"]
    assert about["color"] == found.color.values.tolist()
    assert about["attributes"] == {"statistic": "mean"}


@pytest.mark.parametrize("name", ["traces.csv", "traces.parquet"])
def test_nothing_is_replaced_unasked(name: str, found: xr.DataArray, tmp_path: Path) -> None:
    path = tmp_path / name
    write_traces(found, path)
    before = path.read_bytes()

    with pytest.raises(OutputExistsError, match="pass overwrite=True"):
        write_traces(found[:1], path)
    assert path.read_bytes() == before
    write_traces(found[:1], path, overwrite=True)

    assert path.read_bytes() != before
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("names", [("same", "same"), ("", "b"), ("t", "b")])
def test_ids_name_the_columns_where_names_do_not(names: tuple[str, str], tmp_path: Path) -> None:
    regions = [replace(BOX, name=names[0]), replace(CROSSED, name=names[1])]

    write_traces(traces(random_movie(), regions), tmp_path / "traces.csv")

    assert pd.read_csv(tmp_path / "traces.csv").columns.tolist() == ["t", "box", "crossed"]


def test_no_region_is_a_table_of_times(tmp_path: Path) -> None:
    write_traces(traces(random_movie(), []), tmp_path / "traces.csv")

    assert pd.read_csv(tmp_path / "traces.csv").shape == (23, 1)


def test_what_cannot_be_written_is_said(
    found: xr.DataArray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ParameterError, match=r"\.csv or \.parquet, got 'traces.xlsx'"):
        write_traces(found, "traces.xlsx")
    with pytest.raises(ParameterError, match=r"dims \(roi, t\).*got \('t', 'roi'\)"):
        write_traces(found.T, tmp_path / "traces.csv")
    with pytest.raises(ParameterError, match="differ from each other and from 't'"):
        write_traces(
            traces(random_movie(), [replace(BOX, id="t", name="")]), tmp_path / "traces.csv"
        )
    with pytest.raises(OutputLocationError, match="does not exist"):
        write_traces(found, tmp_path / "none" / "traces.csv")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'roiwidgets\[parquet\]'"):
        write_traces(found, tmp_path / "traces.parquet")
    assert list(tmp_path.iterdir()) == []

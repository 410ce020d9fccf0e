"""Traces as tables on disk: CSV and Parquet, a row per frame and a column per region."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from roiwidgets.errors import MissingPackageError, ParameterError
from roiwidgets.images.new_file import new_file

if TYPE_CHECKING:
    import xarray

TIME = "t"


def write_traces(traces: xarray.DataArray, path: str | Path, *, overwrite: bool = False) -> None:
    """Write traces as a table; the file is complete when it appears.

    Parameters
    ----------
    traces
        As ``roiwidgets.traces`` returns them, dims (roi, t).
    path
        ``.csv`` or ``.parquet``. The first column is ``t`` in the movie's unit of time, then
        comes one per region: under its name where all regions have names that differ, else
        all under their ids. NaN is an empty field in CSV. Numbers come back exactly from
        both. A Parquet file has ids, names, groups, colors, the unit of time and the
        attributes in its metadata under the key "roiwidgets"; CSV has no place for them.
    overwrite
        Whether a file that exists is replaced.

    Raises
    ------
    ParameterError
        If the suffix is another one, or ``traces`` has other dimensions.
    MissingPackageError
        If Parquet is asked for without pyarrow.
    OutputExistsError
        If the file exists and overwriting was not asked for.
    OutputLocationError
        If the path is a folder, or its folder is missing or cannot be written to.
    """
    target = Path(path)
    writers = {".csv": _write_csv, ".parquet": _write_parquet}
    write = writers.get(target.suffix.lower())
    if write is None:
        raise ParameterError(f"traces are written to .csv or .parquet, got {str(path)!r}")
    if getattr(traces, "dims", None) != ("roi", TIME):
        raise ParameterError(
            "traces are a DataArray with dims (roi, t), as roiwidgets.traces returns them, got "
            f"{getattr(traces, 'dims', type(traces))}"
        )
    with new_file(target, overwrite=overwrite) as partial:
        write(traces, partial)


def _labels(traces: xarray.DataArray) -> list[str]:
    """Return a column's name for each region, all different."""
    ids = [str(value) for value in traces["roi"].values]
    names = [str(value) for value in traces["name"].values] if "name" in traces.coords else ids
    for labels in (names, ids):
        if len({*labels, TIME, ""}) == len(labels) + 2:
            return labels
    raise ParameterError(f"ids of regions differ from each other and from {TIME!r}, got {ids}")


def _write_csv(traces: xarray.DataArray, path: Path) -> None:
    columns = np.vstack([traces[TIME].values, traces.values]).T.tolist()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([TIME, *_labels(traces)])
        for row in columns:
            writer.writerow(["" if math.isnan(value) else repr(value) for value in row])


def _write_parquet(traces: xarray.DataArray, path: Path) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingPackageError(
            "Parquet needs pyarrow: pip install 'roiwidgets[parquet]', or write .csv"
        ) from error
    labels = _labels(traces)
    columns = [traces[TIME].values, *np.asarray(traces.values)]
    table = pyarrow.table(dict(zip([TIME, *labels], columns, strict=True)))
    about = {
        "columns": labels,
        "attributes": {str(key): str(value) for key, value in traces.attrs.items()},
        "unit": {TIME: str(traces[TIME].attrs.get("units", ""))},
        **{
            str(key): traces[key].values.tolist()
            for key in traces.coords
            if traces[key].dims == ("roi",)
        },
    }
    table = table.replace_schema_metadata({"roiwidgets": json.dumps(about)})
    parquet.write_table(table, path)

"""What stands in a store of series: one array, its labels, and nothing half-written."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray
import zarr
from zarr.codecs import BloscCodec

from roiwidgets.errors import ParameterError
from roiwidgets.images.zarr_arrays import open_local_array_to_write

if TYPE_CHECKING:
    from roiwidgets.images.rust_arrays import RustArray

SERIES = "series"
"""Name of the array."""

_OWN_KEY = "roiwidgets_series"


def create_store(series: xarray.DataArray, folder: Path, chunks: tuple[int, ...]) -> RustArray:
    """Write the labels of series into an empty folder, and return their array, to be filled.

    Raises
    ------
    ParameterError
        If attributes or text labels are no JSON, or a coordinate has several levels or
        the array's name.
    """
    told: dict[Hashable, xarray.DataArray] = {}
    stored: dict[Hashable, xarray.DataArray] = {}
    for name, labels in series.coords.items():
        if getattr(series.indexes.get(name), "nlevels", 1) > 1:
            raise ParameterError(
                f"the coordinate {name} has several levels; call .reset_index({str(name)!r}) first"
            )
        if name == SERIES:
            raise ParameterError("a coordinate named series is in the way of the array; rename it")
        # Zarr 3 has no settled type for text: it goes into the attributes
        (told if labels.dtype.kind in "OUST" else stored)[name] = labels
    own = {
        "name": series.name if series.name is None else str(series.name),
        "attributes": dict(series.attrs),
        "text": {
            str(name): {"dims": list(labels.dims), "values": labels.values.tolist()}
            for name, labels in told.items()
        },
    }
    attributes = _as_json({_OWN_KEY: own})
    kept = {name: labels.variable.copy(deep=False) for name, labels in stored.items()}
    for variable in kept.values():
        variable.encoding = {"_FillValue": None} if variable.dtype.kind == "f" else {}
    xarray.Dataset(coords=kept).to_zarr(str(folder), consolidated=False, zarr_format=3, mode="a")
    group = zarr.open_group(str(folder), mode="r+")
    group.create_array(
        SERIES,
        shape=series.shape,
        chunks=chunks,
        dtype=series.dtype,
        dimension_names=[str(dim) for dim in series.dims],
        compressors=BloscCodec(
            cname="zstd",
            clevel=1,
            shuffle="bitshuffle" if series.dtype.itemsize > 1 else "noshuffle",
        ),
        attributes={"coordinates": " ".join(str(name) for name in kept)},
        fill_value=0,
    )
    group.update_attributes(attributes)
    return open_local_array_to_write(str(folder / SERIES))


def holds_series(folder: Path) -> bool:
    """Tell whether a folder is a store of series."""
    metadata = folder / "zarr.json"
    if not metadata.is_file():
        return False
    try:
        found = json.loads(metadata.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(found, dict) and _OWN_KEY in found.get("attributes", {})


def read_labels(folder: Path, group: zarr.Group) -> xarray.DataArray:
    """Return the labels of a store as an array of its shape, whose values are not read."""
    dataset = xarray.open_zarr(
        str(folder),
        consolidated=False,
        chunks=None,
        mask_and_scale=False,  # a fill value of an array of Zarr is no missing value here
        decode_timedelta=xarray.coders.CFTimedeltaCoder(decode_via_units=False),
    )
    own: Any = group.attrs[_OWN_KEY]
    text = {name: (entry["dims"], np.array(entry["values"])) for name, entry in own["text"].items()}
    labels = dataset[SERIES]
    coordinates = {name: labels.coords[name].variable.load() for name in labels.coords}
    return xarray.DataArray(
        labels.variable,
        coords={**coordinates, **text},
        name=own["name"],
        attrs=own["attributes"],
    )


def _as_json(attributes: dict[str, object]) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = json.loads(json.dumps(attributes, default=_plain))
    except TypeError as error:
        raise ParameterError(
            f"attributes and text labels are kept as JSON, but {error}; drop or convert them"
        ) from error
    return plain


def _plain(value: object) -> object:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is none")

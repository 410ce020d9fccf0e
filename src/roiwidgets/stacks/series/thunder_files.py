"""Series as Thunder stores them: flat binary records beside a ``conf.json``.

A record is the position of a pixel, one key along each axis, followed by its values over
time. Nothing stands between records, and the file says nothing about itself: whatever
does not fit ``conf.json`` is an error here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import xarray
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, ParameterError, UnsupportedDtypeError
from roiwidgets.images.interop import axis_of_name
from roiwidgets.images.sources import Slices, Voxels, native_dtype, source_array
from roiwidgets.stacks.labelled import check_stack, dimension
from roiwidgets.stacks.whole_outputs import whole_folder

CONF = "conf.json"
_DATA = "key{axis:02d}_00000"
_AXES = ("y", "x", "z")
"""Thunder's order: rows, columns, pages."""

_BATCH_BYTES = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """What ``conf.json`` says: the size of the grid, and the layout of a record."""

    dims: tuple[int, ...]
    values: int
    key_type: str
    value_type: str

    @property
    def record(self) -> np.dtype[np.void]:
        """One record: keys, then values, little endian."""
        return np.dtype(
            [
                ("keys", np.dtype(self.key_type).newbyteorder("<"), (len(self.dims),)),
                ("values", np.dtype(self.value_type).newbyteorder("<"), (self.values,)),
            ]
        )


def read_thunder_series(
    folder: str | os.PathLike[str], *, axes: Sequence[str] | None = None
) -> xarray.DataArray:
    """Return the series in a folder that Thunder wrote, lazily.

    Parameters
    ----------
    folder
        Holds ``conf.json`` and one or more ``.bin`` files, in any order of records.
    axes
        Names of the axes of the pixels; y, x, z by default, as many as there are.

    Returns
    -------
    xarray.DataArray
        Axes y, x, z (planes last, as Thunder has them) and t; keys and samples as
        coordinates. Chunks of one plane each at most.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no ``conf.json`` in it.
    ImageError
        If ``conf.json`` is not complete and sensible; if a file is cut off or of another
        layout; if pixels are missing, twice there, or outside the grid.

    Notes
    -----
    Keys are read here, 6 bytes a pixel out of each record; values when they are needed.
    """
    path = Path(folder).expanduser().absolute()
    layout = _read_conf(path)
    names = tuple(axes) if axes is not None else _AXES[: len(layout.dims)]
    if len(names) != len(layout.dims):
        raise ParameterError(
            f"the pixels of {path} have {len(layout.dims)} axes, got the names {names}; pass axes="
        )
    files = sorted(path.glob("*.bin"))
    if not files:
        raise ImageError(f"{path} holds {CONF}, but no .bin file; copy those, too")
    source = RecordSource(
        tuple(str(file) for file in files), layout, _record_numbers(files, layout)
    )
    return xarray.DataArray(
        source_array(source),
        dims=(*names[::-1], "t"),
        coords={
            **{name: np.arange(size) for name, size in zip(names, layout.dims, strict=True)},
            "t": np.arange(layout.values),
        },
        name=path.name,
    ).transpose(*names, "t")


def write_thunder_series(
    series: xarray.DataArray, folder: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write series as Thunder's ``saveAsBinarySeries`` does, and return the folder.

    Parameters
    ----------
    series
        Axes y, x, z (of those, the ones there are; other axes follow in their order) and
        time, in any order. Lazy ones are computed in batches of about 32 MiB: larger
        images should go through ``write_series`` first, or each batch reads all of them.
    folder
        Gets one ``.bin`` file and ``conf.json``.
    overwrite
        Whether such a folder may be replaced, once the new one is complete.

    Raises
    ------
    ParameterError
        If there is no axis of time or of pixels, or one is longer than keys of int16 count.
    UnsupportedDtypeError
        For booleans: convert them with ``.astype("uint8")``.
    OutputExistsError, OutputLocationError
        If something is there, or the folder cannot be written.

    Notes
    -----
    Coordinates are not kept: keys are indices. The first key varies fastest, as in
    Thunder's own files.
    """
    time = dimension(check_stack(series), "t")
    pixels = sorted((dim for dim in series.dims if dim != time), key=_thunder_place)
    if not pixels or any(series.sizes[dim] > np.iinfo(np.int16).max for dim in pixels):
        raise ParameterError(
            f"Thunder counts pixels along each axis with int16, got {dict(series.sizes)}; write "
            "series of at least one and at most 32767 pixels along an axis"
        )
    if series.dtype.kind == "b":
        raise UnsupportedDtypeError('Thunder knows no booleans; convert with .astype("uint8")')
    layout = RecordFormat(
        tuple(series.sizes[dim] for dim in pixels), series.sizes[time], "int16", series.dtype.name
    )
    name = "-".join(_DATA.format(axis=axis) for axis in reversed(range(len(pixels))))
    with whole_folder(folder, overwrite=overwrite, is_ours=_is_thunder) as partial:
        with (partial / f"{name}.bin").open("wb") as file:
            for records in _records(series.transpose(*reversed(pixels), time), layout):
                records.tofile(file)
        (partial / CONF).write_text(json.dumps(_conf(layout)), encoding="utf-8")
    return Path(folder).expanduser().absolute()


def _thunder_place(dim: object) -> int:
    axis = axis_of_name(dim)
    return _AXES.index(axis) if axis in _AXES else len(_AXES)


def _records(series: xarray.DataArray, layout: RecordFormat) -> Iterator[NDArray[np.void]]:
    """Give batches of records; the slowest axes come first, time last."""
    for box in _batches(series.shape[:-1], layout.record.itemsize):
        values = series[box].values
        records = np.empty(values.shape[:-1], layout.record)
        records["values"] = values
        for axis, (part, size) in enumerate(zip(box, series.shape, strict=False)):
            shape = [1] * (series.ndim - 1)
            shape[axis] = -1
            keys = np.arange(*part.indices(size)).reshape(shape)
            records["keys"][..., len(box) - 1 - axis] = keys
        yield records.reshape(-1)


def _batches(shape: tuple[int, ...], record_bytes: int) -> Iterator[tuple[slice, ...]]:
    """Give boxes, each of neighbouring records, in their order."""
    inner = int(np.prod(shape[1:])) * record_bytes
    if len(shape) > 1 and inner > _BATCH_BYTES:
        for first in range(shape[0]):
            for box in _batches(shape[1:], record_bytes):
                yield (slice(first, first + 1), *box)
        return
    step = max(1, _BATCH_BYTES // inner)
    for start in range(0, shape[0], step):
        yield (slice(start, min(start + step, shape[0])), *(slice(0, size) for size in shape[1:]))


def _conf(layout: RecordFormat) -> dict[str, object]:
    return {
        "input": ".",
        "dims": list(layout.dims),
        "nkeys": len(layout.dims),
        "nvalues": layout.values,
        "keytype": layout.key_type,
        "valuetype": layout.value_type,
    }


def _is_thunder(folder: Path) -> bool:
    names = {entry.name for entry in folder.iterdir()}
    return CONF in names and all(name == CONF or name.endswith(".bin") for name in names)


def _read_conf(folder: Path) -> RecordFormat:
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; check the path")
    file = folder / CONF
    if not file.is_file():
        raise FileNotFoundError(f"{folder} holds no {CONF}; without it records cannot be read")
    try:
        conf = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ImageError(f"{file} is no JSON: {error}") from error
    if not isinstance(conf, Mapping):
        raise ImageError(f"{file} holds no JSON object, got {type(conf).__name__}")
    return _checked_conf(conf, file)


def _checked_conf(conf: Mapping[str, object], file: Path) -> RecordFormat:
    missing = {"dims", "nkeys", "nvalues", "keytype", "valuetype"} - set(conf)
    if missing:
        raise ImageError(f"{file} lacks {', '.join(sorted(missing))}")
    dims = conf["dims"]
    if not isinstance(dims, list) or not dims or not all(_is_count(size) for size in dims):
        raise ImageError(f"dims in {file} must be positive integers, got {dims!r}")
    if conf["nkeys"] != len(dims):
        raise ImageError(f"nkeys in {file} must be that of dims, {len(dims)}; got {conf['nkeys']}")
    if not _is_count(conf["nvalues"]):
        raise ImageError(f"nvalues in {file} must be a positive integer, got {conf['nvalues']!r}")
    types = []
    for key in ("keytype", "valuetype"):
        try:
            types.append(native_dtype(np.dtype(str(conf[key]))))
        except TypeError as error:  # of numpy for unknown names, of ours for complex ones
            raise ImageError(f"{key} in {file} is no type of numbers: {conf[key]!r}") from error
    if types[0].kind not in "iu":
        raise ImageError(f"keytype in {file} must be a type of integers, got {conf['keytype']!r}")
    return RecordFormat(tuple(dims), int(str(conf["nvalues"])), types[0].name, types[1].name)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _record_numbers(files: Sequence[Path], layout: RecordFormat) -> NDArray[np.int64]:
    """Return for each pixel, the first key varying fastest, the number of its record."""
    expected = int(np.prod(layout.dims))
    _check_sizes(files, layout, expected)
    numbers = np.full(expected, -1, np.int64)
    count = 0
    for file in files:
        records = _open_records(str(file), layout)
        for start in range(0, len(records), 2**16):
            keys = records["keys"][start : start + 2**16].astype(np.int64)
            outside = ((keys < 0) | (keys >= layout.dims)).any(axis=1)
            if outside.any():
                raise ImageError(
                    f"{file} has a record of pixel {keys[outside][0].tolist()}, outside dims "
                    f"{list(layout.dims)}: {CONF} does not belong to it"
                )
            pixels = np.ravel_multi_index(tuple(keys.T), layout.dims, order="F")
            numbers[pixels] = np.arange(count, count + len(keys))
            count += len(keys)
    missing = int((numbers < 0).sum())
    if missing:
        raise ImageError(
            f"{missing} of {expected} pixels have no record in {files[0].parent}, as others have "
            "two: the files do not belong together"
        )
    return numbers


def _check_sizes(files: Sequence[Path], layout: RecordFormat, expected: int) -> None:
    size = layout.record.itemsize
    for file in files:
        if file.stat().st_size % size:
            raise ImageError(
                f"{file} is cut off, or {CONF} does not belong to it: {file.stat().st_size} bytes "
                f"are no multiple of a record of {size}"
            )
    found = sum(file.stat().st_size for file in files) // size
    if found != expected:
        raise ImageError(
            f"{files[0].parent} holds {found} records, but dims {list(layout.dims)} make "
            f"{expected}: a file is missing or cut off, or {CONF} does not belong to it"
        )


def _open_records(file: str, layout: RecordFormat) -> NDArray[np.void]:
    if not Path(file).stat().st_size:  # nothing to map
        return np.empty(0, layout.record)
    return np.memmap(file, layout.record, mode="r")


@dataclass(frozen=True, eq=False)
class RecordSource:
    """Values in records, as an array whose last pixel axis is the first key, then time.

    Parameters
    ----------
    files
        Together they hold the records.
    layout
        What ``conf.json`` says.
    numbers
        For each pixel the number of its record; 8 bytes a pixel.
    """

    files: tuple[str, ...]
    layout: RecordFormat
    numbers: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Pixels along the keys, from the last to the first, and samples."""
        return (*self.layout.dims[::-1], self.layout.values)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type in native byte order."""
        return np.dtype(self.layout.value_type)

    @property
    def chunks(self) -> tuple[int, ...]:
        """One row of the fastest keys after the other, up to about 32 MiB; all of time."""
        room = max(1, _BATCH_BYTES // self.layout.record.itemsize)
        sides = []
        for size in self.layout.dims:
            sides.append(min(size, room))
            room = max(1, room // size)
        if len(sides) > 2:
            sides[2:] = [1] * (len(sides) - 2)
        return (*sides[::-1], self.layout.values)

    def read(self, slices: Slices) -> Voxels:
        """Return the values in ``slices``."""
        grid = self.numbers.reshape(self.shape[:-1])
        wanted = grid[slices[:-1]]
        numbers = wanted.reshape(-1)
        result = np.empty((numbers.size, slices[-1].stop - slices[-1].start), self.dtype)
        first = 0
        for file in self.files:
            records = _open_records(file, self.layout)
            here = (numbers >= first) & (numbers < first + len(records))
            result[here] = records["values"][numbers[here] - first, slices[-1]]
            first += len(records)
        return result.reshape(*wanted.shape, -1)

    def restrict(self, slices: Slices) -> Self:  # noqa: ARG002 - paths and numbers of records
        """Return the source itself."""
        return self

"""Thunder's binary records, and what is wrong with those that do not fit."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets as rw
from roiwidgets.errors import (
    ImageError,
    OutputExistsError,
    ParameterError,
    UnsupportedDtypeError,
)
from tests.stacks.phantoms import WAYS

DIMS, SAMPLES = (3, 4, 2), 5
VALUES = np.random.default_rng(0).integers(0, 999, (*DIMS, SAMPLES)).astype(np.int16)


def records(values, order=None) -> bytes:
    """Return records one by one, as a program without numpy's structures would write them."""
    dims = values.shape[:-1]
    keys = np.array(list(np.ndindex(dims[::-1])))[:, ::-1]  # the first key varies fastest
    keys = keys if order is None else keys[order]
    parts = (key.astype("<i2").tobytes() + values[tuple(key)].tobytes() for key in keys)
    return b"".join(parts)


def write(folder: Path, files: dict[str, bytes], **changes: object) -> Path:
    conf = {"input": "/x", "dims": list(DIMS), "nkeys": 3, "nvalues": SAMPLES,
            "keytype": "int16", "valuetype": "int16"}  # fmt: skip
    conf |= changes
    folder.mkdir(exist_ok=True)
    (folder / "conf.json").write_text(json.dumps({k: v for k, v in conf.items() if v != "gone"}))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_records_in_any_order_and_number_of_files(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(24)
    content = records(VALUES, order)
    cut = 11 * (6 + 2 * SAMPLES)
    files = {"b.bin": content[cut:], "a.bin": content[:cut], "empty.bin": b"", "notes.txt": b"!"}
    folder = write(tmp_path / "s", files)

    series = rw.series.read_thunder_series(folder)

    assert series.sizes == {"y": 3, "x": 4, "z": 2, "t": 5}
    np.testing.assert_array_equal(series.values, VALUES)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(series))[1:, 2, 1, ::2], VALUES[1:, 2, 1, ::2]
    )


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_what_is_written_is_read_again(data, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("thunder")
    pixels = data.draw(st.integers(1, 3), label="axes")
    shape = tuple(data.draw(st.integers(1, 5)) for _ in range(pixels + 1))
    dtype = data.draw(st.sampled_from(["uint8", "int16", "uint32", "float32", "float64"]))
    values = np.random.default_rng(0).integers(0, 99, shape).astype(dtype)
    axes = ("y", "x", "z")[:pixels]
    series = xarray.DataArray(values, dims=(*axes, "t"))
    order = data.draw(st.permutations(series.dims), label="order")

    for number, way in enumerate(WAYS):
        written = rw.series.write_thunder_series(
            way(series.transpose(*order)), folder / str(number)
        )

        (file,) = written.glob("*.bin")
        assert file.read_bytes() == records(values)
        again = rw.series.read_thunder_series(written)
        assert again.dtype == dtype
        np.testing.assert_array_equal(again.values, values)


def test_series_larger_than_a_batch_are_written_in_order(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("roiwidgets.stacks.series.thunder_files._BATCH_BYTES", 40)
    series = xarray.DataArray(VALUES, dims=("y", "x", "z", "t"))

    written = rw.series.write_thunder_series(series, tmp_path / "s")

    (file,) = written.glob("*.bin")
    assert file.read_bytes() == records(VALUES)
    again = rw.series.read_thunder_series(written)
    assert max(again.chunksizes["z"]) == 1
    np.testing.assert_array_equal(again.values, VALUES)


RECORD = 6 + 2 * SAMPLES
WRONG = {
    "cut": (lambda c: {"a.bin": c[:-3]}, {}, "is cut off, or conf.json does not belong"),
    "record missing": (lambda c: {"a.bin": c[:-RECORD]}, {}, "holds 23 records, .* make 24"),
    "twice": (lambda c: {"a.bin": c[:-RECORD] + c[:RECORD]}, {}, "1 of 24 pixels have no record"),
    "other dims": (lambda c: {"a.bin": c}, {"dims": [4, 3, 2]}, "of pixel .* outside dims"),
    "other type": (lambda c: {"a.bin": c}, {"valuetype": "float32"}, "is cut off, or|holds"),
    "no data": (lambda c: {}, {}, "but no .bin file"),
    "dims": (lambda c: {"a.bin": c}, {"dims": [3, "4", 2]}, "dims in .* positive integers"),
    "no dims": (lambda c: {"a.bin": c}, {"dims": []}, "dims in .* positive integers"),
    "keys": (lambda c: {"a.bin": c}, {"nkeys": 2}, "nkeys in .* that of dims, 3"),
    "values": (lambda c: {"a.bin": c}, {"nvalues": 0}, "nvalues in .* positive integer, got 0"),
    "type": (lambda c: {"a.bin": c}, {"valuetype": "uint7"}, "valuetype in .* 'uint7'"),
    "complex": (lambda c: {"a.bin": c}, {"valuetype": "complex64"}, "valuetype in .*complex64"),
    "key type": (lambda c: {"a.bin": c}, {"keytype": "float32"}, "keytype in .* integers"),
    "gone": (lambda c: {"a.bin": c}, {"nvalues": "gone", "dims": "gone"}, "lacks dims, nvalues"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_what_does_not_fit_is_one_clear_error(case: str, tmp_path: Path) -> None:
    files, changes, message = WRONG[case]
    folder = write(tmp_path / "s", files(records(VALUES)), **changes)

    with pytest.raises(ImageError, match=message):
        rw.series.read_thunder_series(folder)


@pytest.mark.parametrize("text", ["{", "[1]", ""])
def test_a_conf_that_is_no_object_is_an_error(text: str, tmp_path: Path) -> None:
    (write(tmp_path / "s", {}) / "conf.json").write_text(text)

    with pytest.raises(ImageError, match=r"conf\.json (is no JSON|holds no JSON object)"):
        rw.series.read_thunder_series(tmp_path / "s")


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        rw.series.read_thunder_series(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match=r"holds no conf\.json"):
        rw.series.read_thunder_series(tmp_path)
    folder = write(tmp_path / "s", {"a.bin": records(VALUES)})
    with pytest.raises(ParameterError, match="have 3 axes, got the names"):
        rw.series.read_thunder_series(folder, axes="yx")


def test_series_that_thunder_cannot_count_are_refused(tmp_path: Path) -> None:
    long = xarray.DataArray(np.zeros((2**15, 1), np.uint8), dims=("y", "t"))
    folder = write(tmp_path / "s", {"a.bin": b"", "thesis.docx": b"years of work"})

    with pytest.raises(ParameterError, match="int16"):
        rw.series.write_thunder_series(long, tmp_path / "a")
    with pytest.raises(UnsupportedDtypeError, match="knows no booleans"):
        rw.series.write_thunder_series(long[:5].astype(bool), tmp_path / "a")
    with pytest.raises(OutputExistsError, match="holds something else"):
        rw.series.write_thunder_series(long[:5], folder, overwrite=True)
    assert not (tmp_path / "a").exists()

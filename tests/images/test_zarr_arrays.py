"""Arrays opened by location hold what zarr-python's own decoding gives."""

import json

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, BytesCodec, GzipCodec, TransposeCodec, ZstdCodec

from roiwidgets.errors import ImageError
from roiwidgets.images.rust_arrays import RustArray
from roiwidgets.images.sources import zarr_source
from roiwidgets.images.zarr_arrays import (
    open_array_to_read,
    open_local_array_to_write,
    open_zarr_array,
)

STORED = {
    "default": {},
    "lz4": {"compressors": [BloscCodec(cname="lz4")]},
    "gzip": {"compressors": [GzipCodec()]},
    "checksum": {"compressors": [ZstdCodec(checksum=True)]},
    "transposed": {"filters": [TransposeCodec(order=(1, 0))]},
    "shards": {"shards": (16, 16)},
    "not compressed": {"compressors": None},
    "v2": {"zarr_format": 2, "compressors": None},
    "v2 blosc": {"zarr_format": 2, "compressors": numcodecs.Blosc()},
    "v2 zstd": {"zarr_format": 2, "compressors": numcodecs.Zstd()},
    "v2 without fill value": {"zarr_format": 2, "fill_value": None},
}
UNKNOWN_TO_RUST = {
    "v2 Fortran order": {"zarr_format": 2, "order": "F"},
    "v2 lz4": {"zarr_format": 2, "compressors": numcodecs.LZ4()},
    "v2 zlib": {"zarr_format": 2, "compressors": numcodecs.Zlib()},
    "v2 delta": {"zarr_format": 2, "filters": [numcodecs.Delta(dtype="u2")]},
    "big endian": {"serializer": BytesCodec(endian="big")},
}
BOX = (slice(3, 27), slice(5, 30))


def written(folder, dtype, **options):
    values = (np.random.default_rng(0).random((20, 31)) * 100).astype(dtype)
    array = zarr.create_array(folder, shape=(33, 31), chunks=(8, 8), dtype=dtype, **options)
    array[:20] = values  # the last chunks are missing
    return np.concatenate([values, np.zeros((13, 31), dtype)])


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", ">u2", "f2", "f4", "f8", "i8", "bool"])
@pytest.mark.parametrize("name", STORED)
def test_voxels_are_those_written(tmp_path, name, dtype):
    expected = written(tmp_path / "a", dtype, **STORED[name])

    array = open_array_to_read(str(tmp_path), "a")

    np.testing.assert_array_equal(array[BOX], expected[BOX])
    np.testing.assert_array_equal(array[0:33, 0:31], expected)
    assert (array.shape, array.chunks) == ((33, 31), (8, 8))


@pytest.mark.parametrize("name", STORED)
def test_common_arrays_are_decoded_by_rust(tmp_path, name):
    written(tmp_path / "a", "u2", **STORED[name])

    array = open_array_to_read(str(tmp_path), "a")

    assert isinstance(array, RustArray)
    assert array[BOX].dtype == array.dtype == np.uint16


def test_what_a_source_reads_may_be_written_to(tmp_path):
    expected = written(tmp_path / "a", "u2")
    source = zarr_source(zarr.open_array(tmp_path / "a"))

    source.read(BOX)[...] = 7

    np.testing.assert_array_equal(source.read(BOX), expected[BOX])


@pytest.mark.parametrize("name", UNKNOWN_TO_RUST)
def test_what_rust_does_not_know_is_left_to_zarr_python(tmp_path, name):
    expected = written(tmp_path / "a", "u2", **UNKNOWN_TO_RUST[name])

    array = open_array_to_read(str(tmp_path / "a"))

    assert isinstance(array, zarr.Array)
    np.testing.assert_array_equal(array[:], expected)


def test_metadata_that_zarrs_refuses_are_left_to_zarr_python(tmp_path):
    expected = written(tmp_path / "a", "u2")
    metadata = json.loads((tmp_path / "a" / "zarr.json").read_text())
    metadata["must_understand_this"] = {"must_understand": False}
    metadata["attributes"] = {"known": "to nobody"}
    (tmp_path / "a" / "zarr.json").write_text(json.dumps(metadata))

    np.testing.assert_array_equal(open_array_to_read(str(tmp_path / "a"))[0:33, 0:31], expected)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8", "bool"])
@pytest.mark.parametrize("name", STORED)
def test_zarr_python_reads_what_was_written(tmp_path, name, dtype):
    expected = written(tmp_path / "a", dtype, **STORED[name])
    expected[8:33, 8:31] = np.arange(25 * 23).reshape(25, 23).astype(dtype)

    # whole chunks, some of them beyond the end of the array; not in C order
    open_local_array_to_write(str(tmp_path / "a"))[8:33, 8:31] = expected.T[8:31, 8:33].T

    np.testing.assert_array_equal(zarr.open_array(tmp_path / "a")[:], expected)


def test_only_arrays_as_outputs_have_them_are_written_to(tmp_path):
    written(tmp_path / "a", "u2", **UNKNOWN_TO_RUST["v2 zlib"])

    with pytest.raises(ImageError, match="no array that can be written"):
        open_local_array_to_write(str(tmp_path / "a"))


def test_a_single_row_is_written_whatever_its_strides(tmp_path):
    written(tmp_path / "a", "u2")
    row = np.arange(31, dtype="u2")[::-1][:, np.newaxis].T

    open_local_array_to_write(str(tmp_path / "a"))[4:5, 0:31] = row

    np.testing.assert_array_equal(zarr.open_array(tmp_path / "a")[4], row[0])


@pytest.mark.parametrize("version", [2, 3])
def test_chunks_of_nothing_but_zeros_are_not_stored(tmp_path, version):
    written(tmp_path / "a", "u1", zarr_format=version)
    before = sum(file.is_file() for file in (tmp_path / "a").rglob("*"))

    array = open_local_array_to_write(str(tmp_path / "a"))
    array[0:16, 0:31] = np.zeros((16, 31), "u1")
    array[24:32, 0:31] = np.zeros((8, 31), "u1")

    assert sum(file.is_file() for file in (tmp_path / "a").rglob("*")) == before - 8
    assert not zarr.open_array(tmp_path / "a")[:16].any()


def test_a_group_is_refused(tmp_path):
    zarr.create_group(tmp_path / "g")

    for opens in (open_zarr_array, open_array_to_read):
        with pytest.raises(ImageError, match="Zarr group"):
            opens(str(tmp_path / "g"))

"""Arrays opened by location hold what zarr-python's own decoding gives."""

import numcodecs
import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec, GzipCodec, TransposeCodec, ZstdCodec

from roiwidgets.errors import ImageError
from roiwidgets.images.zarr_arrays import open_zarr_array

RUST = "ZarrsCodecPipeline"
STORED = {
    "default": {},
    "lz4": {"compressors": [BloscCodec(cname="lz4")]},
    "gzip": {"compressors": [GzipCodec()]},
    "checksum": {"compressors": [ZstdCodec(checksum=True)]},
    "transposed": {"filters": [TransposeCodec(order=(1, 0))]},
    "shards": {"shards": (16, 16)},
    "v2 blosc": {"zarr_format": 2, "compressors": numcodecs.Blosc()},
    "v2 zlib": {"zarr_format": 2, "compressors": numcodecs.Zlib()},
    "v2 without fill value": {"zarr_format": 2, "fill_value": None},
}
UNKNOWN_TO_RUST = {
    "v2 Fortran order": {"zarr_format": 2, "order": "F"},
    "v2 lz4": {"zarr_format": 2, "compressors": numcodecs.LZ4()},
    "v2 delta": {"zarr_format": 2, "filters": [numcodecs.Delta(dtype="u2")]},
}


def written(folder, dtype, **options):
    values = (np.random.default_rng(0).random((20, 31)) * 100).astype(dtype)
    array = zarr.create_array(folder, shape=(33, 31), chunks=(8, 8), dtype=dtype, **options)
    array[:20] = values  # the last chunks are missing
    return np.concatenate([values, np.zeros((13, 31), dtype)])


@pytest.mark.parametrize("dtype", ["u1", "u2", ">u2", "f4", "f8", "u8", "bool"])
@pytest.mark.parametrize("name", STORED)
def test_voxels_are_those_written(tmp_path, name, dtype):
    expected = written(tmp_path / "a", dtype, **STORED[name])

    array = open_zarr_array(str(tmp_path / "a"))

    np.testing.assert_array_equal(array[:], expected)
    np.testing.assert_array_equal(array[3:27, 5:30], expected[3:27, 5:30])


@pytest.mark.parametrize("name", UNKNOWN_TO_RUST)
def test_what_rust_does_not_know_is_left_to_zarr_python(tmp_path, name):
    expected = written(tmp_path / "a", "u2", **UNKNOWN_TO_RUST[name])

    array = open_zarr_array(str(tmp_path / "a"))

    assert type(array.async_array.codec_pipeline).__name__ != RUST
    np.testing.assert_array_equal(array[:], expected)


def test_common_arrays_are_decoded_by_rust(tmp_path):
    written(tmp_path / "a", "u2")

    assert type(open_zarr_array(str(tmp_path), "a").async_array.codec_pipeline).__name__ == RUST
    assert "zarrs" not in zarr.config.get("codec_pipeline.path")


def test_a_group_is_refused(tmp_path):
    zarr.create_group(tmp_path / "g")

    with pytest.raises(ImageError, match="Zarr group"):
        open_zarr_array(str(tmp_path / "g"))

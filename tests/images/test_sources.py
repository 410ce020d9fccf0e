"""Voxel sources: reading boxes, pickling, and what a worker has to import."""

from __future__ import annotations

import pickle
import subprocess
import sys

import dask.array as da
import numpy as np
import pytest
import zarr

from roiwidgets.errors import ImageError, UnsupportedDtypeError
from roiwidgets.images.pyramid import BinnedSource
from roiwidgets.images.sources import (
    ArraySource,
    DaskSource,
    VoxelSource,
    ZarrSource,
    native_dtype,
    source_array,
    voxel_source,
    zarr_source,
)
from roiwidgets.images.transposed import TransposedSource

SHAPE = (9, 10, 11)
BOX = (slice(2, 7), slice(0, 3), slice(5, 11))


def values() -> np.ndarray:
    return np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE)


def written(path, data, **options):
    array = zarr.create_array(
        str(path), shape=data.shape, chunks=(4, 5, 6), dtype=data.dtype, **options
    )
    array[...] = data
    return array


@pytest.fixture(params=["array", "zarr2", "zarr3", "dask", "transposed", "binned"])
def source(request, tmp_path) -> VoxelSource:
    data = values()
    match request.param:
        case "array":
            return ArraySource(data, (4, 4, 4))
        case "zarr2" | "zarr3":
            return zarr_source(written(tmp_path / "a", data, zarr_format=int(request.param[-1])))
        case "dask":
            return DaskSource(da.from_array(data, chunks=4))
        case "transposed":
            return TransposedSource(ArraySource(data.transpose(2, 0, 1), (3, 3, 3)), (1, 2, 0))
        case _:
            doubled = data.repeat(2, axis=1)
            return BinnedSource(ArraySource(doubled, (4, 4, 4)), (1, 2, 1), "mean")


def test_a_source_reads_boxes_as_native_contiguous_arrays(source):
    block = source.read(BOX)

    assert source.shape == SHAPE
    assert len(source.chunks) == 3
    assert source.dtype == block.dtype == np.uint16
    assert block.flags.c_contiguous
    np.testing.assert_array_equal(block, values()[BOX])


def test_a_restricted_source_keeps_the_indices_and_survives_a_pickle(source):
    inner = (slice(3, 6), slice(1, 3), slice(6, 10))

    restricted = pickle.loads(pickle.dumps(source.restrict(BOX)))

    assert restricted.shape == SHAPE
    np.testing.assert_array_equal(restricted.read(inner), values()[inner])


def test_an_array_of_a_source_computes_like_numpy(source):
    array = source_array(source)

    for index in [(slice(None),) * 3, (slice(None, None, -2), 3, slice(1, 8, 3)), (-1, [2, 0], 4)]:
        np.testing.assert_array_equal(array[index].compute(), values()[index])


def test_the_source_of_an_array_is_recognised_also_after_a_pickle(source):
    array = source_array(source)

    assert voxel_source(array) is source
    assert type(voxel_source(pickle.loads(pickle.dumps(array)))) is type(source)
    assert isinstance(voxel_source(array[1:]), DaskSource)
    assert isinstance(voxel_source(array + 1), DaskSource)


@pytest.mark.parametrize("chunks", [100, 10])
def test_a_task_carries_little_more_than_its_box(chunks):
    data = np.random.default_rng(0).random((100, 100, 100))
    box = (slice(10, 20),) * 3

    for source in (DaskSource(da.from_array(data, chunks=chunks)), ArraySource(data, (50,) * 3)):
        assert len(pickle.dumps(source.restrict(box))) < 3 * 8 * 10**3


def test_a_zarr_source_pickles_as_its_location(tmp_path):
    source = zarr_source(written(tmp_path / "a", values()))

    assert len(pickle.dumps(source)) < 500


def test_missing_chunks_read_as_the_fill_value(tmp_path):
    zarr.create_array(
        str(tmp_path / "a"), shape=(8, 8), chunks=(4, 4), dtype="int16", fill_value=-7
    )

    block = ZarrSource(str(tmp_path / "a")).read((slice(2, 6), slice(0, 8)))

    assert (block == -7).all()


@pytest.mark.parametrize("dtype", [">u2", ">f4", ">i8"])
def test_big_endian_data_become_native(tmp_path, dtype):
    data = values().astype(dtype)
    written(tmp_path / "a", data, zarr_format=2)

    source = ZarrSource(str(tmp_path / "a"))

    assert source.dtype.isnative
    assert source.read(BOX).dtype.isnative
    np.testing.assert_array_equal(source.read(BOX), data[BOX])


def test_a_store_that_is_written_anew_is_opened_anew(tmp_path):
    first = zarr_source(written(tmp_path / "a", values()))
    first.read(BOX)

    second = zarr_source(written(tmp_path / "a", values()[:5] + 1, overwrite=True))

    assert second.shape == (5, 10, 11)


def test_reading_outside_a_restricted_source_is_an_error():
    restricted = ArraySource(values(), (4, 4, 4)).restrict(BOX)

    with pytest.raises(ImageError, match="beyond the voxels held"):
        restricted.read((slice(0, 9), slice(0, 3), slice(5, 11)))


def test_a_group_is_no_array(tmp_path):
    zarr.create_group(str(tmp_path / "g"))

    with pytest.raises(ImageError, match="group"):
        _ = ZarrSource(str(tmp_path / "g")).shape


@pytest.mark.parametrize("dtype", ["c8", "S3", "U3", "O", [("a", "u1")], "M8[s]"])
def test_other_data_types_are_refused(dtype):
    with pytest.raises(UnsupportedDtypeError, match="convert"):
        native_dtype(np.dtype(dtype))


def test_workers_import_no_more_than_numpy_and_zarr():
    code = (
        "import sys, roiwidgets.images.sources, roiwidgets.images.pyramid, "
        "roiwidgets.images.ome_writing; "
        "heavy = {'ngff_zarr', 'dask.array', 'itk', 'IPython', 'ipywidgets', 'anywidget'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_fresh_process_computes_a_pickled_array(tmp_path):
    array = source_array(zarr_source(written(tmp_path / "a", values())))
    (tmp_path / "pickle").write_bytes(pickle.dumps(array))
    code = (
        "import pickle, sys, pathlib; "
        "array = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()); "
        "print(int(array.sum().compute(scheduler='synchronous')))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "pickle")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip

    assert int(printed) == values().sum(dtype=int)

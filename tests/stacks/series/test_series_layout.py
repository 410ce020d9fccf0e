"""Series in memory and on disk hold the values and labels of the images."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import xarray
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets as rw
from roiwidgets.errors import ImageError, OutputExistsError, ParameterError
from tests.stacks.phantoms import WAYS, lazily

ARRAY = np.random.default_rng(0).integers(0, 60_000, (7, 2, 9, 10), dtype=np.uint16)
STACK = xarray.DataArray(ARRAY, dims=("t", "z", "y", "x"), name="fish", attrs={"gain": 3})


@pytest.mark.parametrize("way", WAYS)
def test_time_is_last_and_series_are_whole(way) -> None:
    series = rw.series.to_series(way(STACK))
    back = rw.series.to_images(series)

    assert series.dims == ("z", "y", "x", "t")
    assert (series.chunks is not None) == (way is lazily)
    assert way is not lazily or series.chunksizes["t"] == (7,)
    np.testing.assert_array_equal(series.values, np.moveaxis(ARRAY, 0, -1))
    xarray.testing.assert_identical(back.compute(), STACK)


def test_lazy_blocks_of_series_are_bounded() -> None:
    frames = da.zeros((4000, 600, 600), chunks=(1, 600, 600), dtype=np.uint8)

    series = rw.series.to_series(xarray.DataArray(frames, dims=("frame", "height", "width")))

    largest = np.prod([max(sizes) for sizes in series.chunks])
    assert series.chunksizes["frame"] == (4000,)
    assert largest <= 64 * 1024**2


def test_without_time_there_are_no_series() -> None:
    with pytest.raises(ParameterError, match="there is no axis 't'"):
        rw.series.to_series(STACK.isel(t=0))


@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_written_series_are_the_images_turned(data, tmp_path_factory) -> None:
    folder = tmp_path_factory.mktemp("series")
    frames = data.draw(st.integers(1, 7), label="frames")
    chunks = data.draw(st.one_of(st.none(), st.tuples(*[st.integers(1, 10)] * 4)), label="chunks")
    memory = data.draw(st.integers(2 * 9 * 10 * 2, 10_000), label="memory")
    stack = STACK.isel(t=slice(0, frames))
    given = stack if chunks is None else stack.copy(data=da.from_array(stack.values, chunks=chunks))

    series = rw.series.write_series(given, folder / "a.zarr", memory=memory)

    expected = np.moveaxis(ARRAY[:frames], 0, -1)
    np.testing.assert_array_equal(zarr.open_array(folder / "a.zarr" / "series")[...], expected)
    np.testing.assert_array_equal(series.values, expected)
    np.testing.assert_array_equal(
        xarray.open_zarr(folder / "a.zarr", consolidated=False, mask_and_scale=False)["series"],
        expected,
    )


def test_batches_are_as_large_as_memory_allows(tmp_path: Path) -> None:
    read: list[int] = []

    def watch(block):
        read.append(block.nbytes)
        return block

    frames = da.from_array(ARRAY, chunks=(1, -1, -1, -1)).map_blocks(watch, dtype=ARRAY.dtype)
    frame_bytes = ARRAY[0].nbytes
    read.clear()

    series = rw.series.write_series(
        STACK.copy(data=frames), tmp_path / "a.zarr", memory=3 * frame_bytes
    )

    assert read == [frame_bytes] * 7  # each image once
    assert series.chunksizes["t"] == (3, 3, 1)


def test_all_labels_come_back(tmp_path: Path) -> None:
    moments = np.datetime64("2020-01-01T12:00:00.123456789") + np.arange(7) * np.timedelta64(37)
    stack = STACK.assign_coords(
        t=("t", 0.5 * np.arange(7), {"units": "seconds"}),
        when=("t", moments),
        since=("t", moments - moments[0]),
        stimulus=("t", list("abcabca")),
        y=("y", np.array([np.nan, *range(8)])),
        depth=3.5,
    )

    series = rw.series.write_series(lazily(stack), tmp_path / "a.zarr")

    xarray.testing.assert_identical(series.compute(), stack.transpose(..., "t"))


def test_nothing_is_overwritten_unasked_and_nothing_foreign_at_all(tmp_path: Path) -> None:
    rw.series.write_series(STACK, tmp_path / "a.zarr")

    with pytest.raises(OutputExistsError, match="pass overwrite=True"):
        rw.series.write_series(STACK, tmp_path / "a.zarr")
    again = rw.series.write_series(STACK + 1, tmp_path / "a.zarr", overwrite=True)
    assert int(again[0, 0, 0, 0]) == ARRAY[0, 0, 0, 0] + 1

    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "zarr.json").write_text("[]")
    with pytest.raises(OutputExistsError, match="holds something else"):
        rw.series.write_series(STACK, tmp_path / "thesis", overwrite=True)


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def fail(block, block_info=None):
        if block_info[0]["array-location"][0][0] == 3:
            raise RuntimeError("no more")
        return block

    lazy = STACK.chunk({"t": 1})
    broken = lazy.copy(data=lazy.data.map_blocks(fail, dtype=STACK.dtype))

    with pytest.raises(RuntimeError, match="no more"):
        rw.series.write_series(broken, tmp_path / "a.zarr", memory=ARRAY[0].nbytes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (STACK.assign_attrs(f=len), "kept as JSON"),
        (STACK.assign_coords(series=("t", np.arange(7))), "coordinate named series"),
        (STACK.stack(p=("y", "x")), "several levels"),
    ],
)
def test_labels_that_cannot_be_kept_are_refused(stack, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=message):
        rw.series.write_series(stack, tmp_path / "a.zarr")
    assert list(tmp_path.iterdir()) == []


def test_memory_for_less_than_an_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="memory must hold one image of 360 bytes"):
        rw.series.write_series(STACK, tmp_path / "a.zarr", memory=100)


def test_what_is_no_store_of_series_is_refused(tmp_path: Path) -> None:
    zarr.save_group(str(tmp_path / "other.zarr"), series=np.zeros(3))

    with pytest.raises(FileNotFoundError, match="there are no series at"):
        rw.series.open_series(tmp_path / "absent")
    for name in ("", "other.zarr"):
        with pytest.raises(ImageError, match="holds no series"):
            rw.series.open_series(tmp_path / name)

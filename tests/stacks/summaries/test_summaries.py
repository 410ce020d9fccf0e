"""Summaries of a movie equal those of numpy on the whole array."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets as rw
from roiwidgets.errors import ImageError, ParameterError, StackCancelled
from roiwidgets.images.samples import calcium_movie, data_folder
from roiwidgets.stacks.movie import Movie, open_movie
from roiwidgets.stacks.summaries import accumulator as accumulator_module
from roiwidgets.stacks.summaries import frame_blocks, iter_summaries, one_pass, summaries
from roiwidgets.stacks.summaries.accumulator import Accumulator
from roiwidgets.stacks.summaries.frame_blocks import FrameBlock, bit_reversed, frame_groups
from tests.stacks.oracles import Array, assert_summaries

DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int64", "float32", "float64"]


def movie_of(array: Array, chunks: tuple[int, ...] | None = None) -> Movie:
    """A movie of an array, in memory or in a Zarr store with chunks."""
    if chunks is None:
        return open_movie(rw.open_image(array, axes="tyx"))
    import zarr

    store = zarr.create_array({}, data=array, chunks=chunks)
    return open_movie(rw.open_image(store, axes="tyx"))


def random_movie(seed: int, shape: tuple[int, ...], dtype: str) -> Array:
    """Values over all of the type's range, or few of them, so that maxima are not unique."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "f":
        return (1000 + 50 * rng.standard_normal(shape)).astype(dtype)
    if kind == "b" or seed % 2:
        return rng.integers(0, 2 if kind == "b" else 5, shape).astype(dtype)
    limits = np.iinfo(dtype)
    bound = 2**40  # sums of larger ones are rounded, as the docstring says
    return rng.integers(
        max(limits.min, -bound), min(limits.max, bound), shape, dtype, endpoint=True
    )


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    seed=st.integers(0, 2**16),
    dtype=st.sampled_from(DTYPES),
    shape=st.tuples(st.integers(1, 40), st.integers(1, 6), st.integers(1, 6)),
)
def test_summaries_are_those_of_the_whole_array_in_any_order_of_blocks(data, seed, dtype, shape):
    array = random_movie(seed, shape, dtype)
    movie = movie_of(array)
    frames, rows = data.draw(st.integers(1, shape[0])), data.draw(st.integers(1, shape[1]))
    blocks = [
        FrameBlock(slice(f, min(f + frames, shape[0])), slice(r, min(r + rows, shape[1])))
        for f in range(0, shape[0], frames)
        for r in range(0, shape[1], rows)
    ]
    accumulator = Accumulator(movie)

    for block in data.draw(st.permutations(blocks)):
        accumulator.add(accumulator.read(block), block)

    found = accumulator.result()
    assert_summaries(found, array)
    if np.dtype(dtype).itemsize <= 2:  # sums are exact: not a digit depends on the blocks
        for name, values in summaries(movie).arrays().items():
            np.testing.assert_array_equal(getattr(found, name), values, err_msg=name)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    dtype=st.sampled_from(["float32", "float64"]),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 5), st.integers(1, 5)),
    share=st.sampled_from([0.1, 0.6]),
)
def test_missing_values_are_passed_over(seed, dtype, shape, share):
    array = random_movie(seed, shape, dtype)
    rng = np.random.default_rng(seed)
    array[rng.random(shape) < share] = np.nan
    array[rng.random(shape[0]) < 0.2] = np.nan  # whole frames, as dropped ones are stored

    found = summaries(movie_of(array))

    assert_summaries(found, array)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_a_movie_of_one_frame_does_not_deviate(dtype):
    array = random_movie(1, (1, 4, 5), dtype)

    found = summaries(movie_of(array))

    assert_summaries(found, array)
    assert not found.std.any()
    assert not found.correlation.any()
    assert not found.argmax.any()


def test_a_movie_of_one_pixel_has_no_neighbours():
    array = np.array([3, 9, 9, 1], np.uint8).reshape(4, 1, 1)

    found = summaries(movie_of(array))

    assert_summaries(found, array)
    assert found.correlation.tolist() == [[0.0]]
    assert found.argmax.tolist() == [[1]]


def test_squares_and_differences_of_extreme_integers_do_not_overflow():
    array = np.zeros((600, 2, 3), np.uint16)
    array[::2] = 65535
    signed = np.where(array > 0, 32767, -32768).astype(np.int16)

    for movie in (array, signed, array.astype(np.uint8), signed.astype(np.int8)):
        assert_summaries(summaries(movie_of(movie)), movie)


@pytest.mark.parametrize("largest", [16, 40, 63, 64, 255])
def test_sums_of_few_and_of_many_grey_levels_are_exact(largest):
    rng = np.random.default_rng(largest)
    array = rng.integers(0, largest, (300, 2, 3), np.uint8, endpoint=True)
    array[:, 0, 0] = largest
    array[:, 0, 1] = np.where(np.arange(300) % 2, largest, 0)

    found = summaries(movie_of(array))

    assert_summaries(found, array)


def test_sums_of_more_frames_than_32_bits_hold():
    frames = 2**32 // 255**2 + 100
    array = np.full((frames, 1, 2), 255, np.uint8)
    array[::2, 0, 1] = 0

    found = summaries(movie_of(array))

    assert_summaries(found, array)


def test_small_changes_far_from_zero_keep_their_digits():
    rng = np.random.default_rng(0)
    array = 1e6 + rng.standard_normal((300, 3, 4))

    found = summaries(movie_of(array))

    assert_summaries(found, array)


def test_a_pixel_with_an_infinite_value_has_no_mean():
    array = random_movie(3, (6, 3, 3), "float32")
    array[2, 1, 1] = np.inf

    found = summaries(movie_of(array))

    assert found.maximum[1, 1] == np.inf
    assert found.argmax[1, 1] == 2
    assert np.isnan(found.mean[1, 1])
    assert np.isnan(found.std[1, 1])
    assert found.correlation[1, 1] == 0
    assert np.isfinite(found.correlation).all()
    assert np.isfinite(np.delete(found.mean.ravel(), 4)).all()


def test_a_plane_of_a_volume_over_time_is_summed_up():
    array = random_movie(2, (7, 3, 4, 5), "uint8")
    image = rw.open_image(array, axes="tzyx")

    assert_summaries(summaries(open_movie(image, plane=2)), array[:, 2])


@pytest.mark.parametrize("chunks", [(1, 5, 6), (7, 2, 3), (40, 2, 6), (40, 1, 1)])
def test_blocks_cover_the_movie_once_in_whole_chunks(chunks, monkeypatch):
    array = random_movie(4, (40, 5, 6), "uint8")
    movie = movie_of(array, chunks)
    monkeypatch.setattr(frame_blocks, "BLOCK_BYTES", 450)
    monkeypatch.setattr(frame_blocks, "BAND_BYTES", 900)
    groups = frame_groups(movie)
    covered = np.zeros(array.shape, int)

    for block in (block for group in groups for block in group):
        covered[block.frames, block.rows] += 1

    assert (covered == 1).all()
    assert all(block.frames.start % chunks[0] == 0 for group in groups for block in group)
    assert all(block.rows.start % chunks[1] == 0 for group in groups for block in group)
    assert all(block.frame_count * block.row_count * 6 <= 900 for g in groups for block in g)
    assert_summaries(summaries(movie), array)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 13, 100])
def test_bit_reversed_order_visits_all_and_spreads_evenly(count):
    order = list(bit_reversed(count))

    assert sorted(order) == list(range(count))
    for taken in (2, 4, 8):
        gaps = np.diff([*sorted(order[:taken]), count])
        assert len(order) <= taken or gaps.max() <= 2 * -(-count // taken)


def test_partial_summaries_are_those_of_the_frames_seen(monkeypatch):
    array = random_movie(5, (30, 4, 5), "uint8")
    monkeypatch.setattr(frame_blocks, "BLOCK_BYTES", 4 * 20)
    monkeypatch.setattr(accumulator_module, "TILE_PIXELS", 10)
    monkeypatch.setattr(one_pass, "PAUSE", 0)

    partials = list(iter_summaries(movie_of(array), every_s=0))

    assert [partial.blocks_done for partial in partials] == list(range(1, 9))
    assert [partial.is_complete for partial in partials] == [False] * 7 + [True]
    for partial in partials:
        part = array[partial.seen]
        np.testing.assert_array_equal(partial.summaries.maximum, part.max(axis=0))
        np.testing.assert_allclose(partial.summaries.std, part.std(axis=0), rtol=1e-10)
        np.testing.assert_array_equal(partial.summaries.top_view[partial.seen], part.max(axis=1))
        assert not partial.summaries.top_view[~partial.seen].any()
        assert not partial.summaries.right_view[~partial.seen].any()
    assert_summaries(partials[-1].summaries, array)


def test_rare_results_are_the_first_and_the_last(monkeypatch):
    monkeypatch.setattr(frame_blocks, "BLOCK_BYTES", 4 * 20)

    partials = list(iter_summaries(movie_of(np.zeros((30, 4, 5), np.uint8)), every_s=1000))

    assert [partial.blocks_done for partial in partials] == [1, 8]


def test_progress_counts_blocks_and_a_cancelled_pass_stops(monkeypatch):
    monkeypatch.setattr(frame_blocks, "BLOCK_BYTES", 4 * 20)
    movie = movie_of(random_movie(6, (30, 4, 5), "uint8"))
    cancel = threading.Event()
    seen: list[tuple[int, int]] = []

    def stop_at_the_third(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 3:
            cancel.set()

    with pytest.raises(StackCancelled, match="cancelled"):
        summaries(movie, progress=stop_at_the_third, cancel=cancel)
    assert seen == [(1, 8), (2, 8), (3, 8)]


def test_pictures_keep_the_place_of_the_movie():
    movie, _, _ = calcium_movie(20, (12, 14), cells=2)
    image = rw.open_image(movie, spacing={"y": 2.0, "x": 3.0}, origin={"y": 5.0})

    found = summaries(image)

    picture = found.image("maximum")
    assert picture.scale == {"y": 2.0, "x": 3.0}
    assert picture.translation == {"y": 5.0, "x": 0.0}
    assert picture.axes_units == {"y": "micrometer", "x": "micrometer"}
    np.testing.assert_array_equal(picture.data.compute(), found.maximum)
    with pytest.raises(ParameterError, match="name must be one of maximum"):
        found.image("top_view")


def test_a_dataset_labels_all_summaries():
    movie, _, _ = calcium_movie(20, (12, 14), cells=2)

    found = summaries(movie)
    dataset = found.to_xarray()

    assert dataset["top_view"].dims == ("t", "x")
    assert dataset["right_view"].dims == ("t", "y")
    assert dataset["t"].values[-1] == pytest.approx(0.95)
    assert dataset["t"].attrs == {"units": "second"}
    np.testing.assert_array_equal(dataset["std"], found.std)


def test_the_brightest_frame_of_a_cell_is_where_its_trace_is_highest():
    movie, footprints, traces = calcium_movie(300, (48, 64), cells=4, seed=2)

    found = summaries(movie)

    for footprint, trace in zip(footprints, traces, strict=True):
        center = np.unravel_index(footprint.argmax(), footprint.shape)
        assert trace[found.argmax[center]] > 0.8 * trace.max()
        assert found.correlation[center] > 2 * np.median(found.correlation)


def test_a_real_miniscope_movie():
    folder = data_folder()
    path = folder and folder / "miniscope" / "real_miniscope_uint8.zarr" / "varr_ref"
    if path is None or not path.is_dir():
        pytest.skip("the miniscope recording is not on this machine")
    movie = open_movie(rw.open_image(path, axes="tyx"))
    array = movie.read(slice(0, movie.shape[0]))[:, 200:240, 300:340]

    found = summaries(movie)
    part = summaries(movie_of(array))

    assert found.maximum.shape == (480, 752)
    np.testing.assert_array_equal(found.maximum[200:240, 300:340], array.max(axis=0))
    assert_summaries(part, array)


def test_an_image_that_is_no_movie_is_refused():
    with pytest.raises(ImageError, match="a movie has axes"):
        summaries(np.zeros((4, 5), np.uint8))


def test_a_missing_chunk_is_empty_and_a_broken_one_is_named(tmp_path):
    import zarr

    array = random_movie(7, (12, 4, 5), "uint8")
    zarr.create_array(tmp_path / "movie.zarr", data=array, chunks=(4, 4, 5))
    chunks = tmp_path / "movie.zarr" / "c"
    movie = movie_at(tmp_path / "movie.zarr")
    (chunks / "1" / "0" / "0").unlink()
    array[4:8] = 0

    assert_summaries(summaries(movie), array)
    (chunks / "2" / "0" / "0").write_bytes(b"no chunk")
    with pytest.raises(ImageError, match=r"cannot be read at \[\d+:\d+, .*restore that chunk"):
        summaries(movie)


def movie_at(path: Path) -> Movie:
    return open_movie(rw.open_image(path, axes="tyx"))

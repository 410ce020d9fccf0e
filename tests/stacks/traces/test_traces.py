"""Traces equal numpy over the whole array, and only what changed is computed."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from ngff_zarr import NgffImage

import roiwidgets as rw
from roiwidgets.errors import ParameterError
from roiwidgets.images.samples import data_folder
from roiwidgets.regions.annotations import Annotation
from roiwidgets.stacks.movie import open_movie
from roiwidgets.stacks.traces import traces
from tests.regions.annotation_shapes import annotations, on_a_busy_machine
from tests.stacks.traces.counted_movies import (
    ALL,
    BOX,
    CROSSED,
    ELLIPSE,
    OUTSIDE,
    counted,
    mask_of,
    random_movie,
)


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "u2", "i4", "u4"])
def test_integers_give_the_very_numbers_of_numpy(dtype: str) -> None:
    array = random_movie() > 99 if dtype == "?" else random_movie(dtype)
    movie = open_movie(array)

    found = {name: traces(array, ALL, statistic=name) for name in ("mean", "sum", "max")}

    for row, annotation in enumerate(ALL):
        pixels = array[:, mask_of(annotation, movie)]
        np.testing.assert_array_equal(found["mean"][row], pixels.mean(axis=1))
        np.testing.assert_array_equal(found["sum"][row], pixels.sum(axis=1))
        np.testing.assert_array_equal(found["max"][row], pixels.max(axis=1))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u8"])
def test_wide_numbers_are_summed_in_float64(dtype: str) -> None:
    array = random_movie(dtype)

    found = traces(array, ALL)

    for row, annotation in enumerate(ALL):
        pixels = array[:, mask_of(annotation, open_movie(array))]
        np.testing.assert_allclose(found[row], pixels.mean(axis=1, dtype="f8"), rtol=1e-12)


@on_a_busy_machine
@given(
    st.lists(annotations(), max_size=4, unique_by=lambda entry: entry.id),
    st.tuples(st.integers(1, 8), st.integers(1, 9), st.integers(1, 11)),
    st.sampled_from(["mean", "sum", "max"]),
)
def test_any_chunks_give_the_traces_of_the_whole_array(
    drawn: list[Annotation], chunks: tuple[int, int, int], statistic: str
) -> None:
    array = random_movie("u2", (8, 9, 11))
    movie, source = counted(array, chunks)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some lie outside
        found = traces(movie, drawn, statistic=statistic)

    for row, annotation in enumerate(drawn):
        pixels = array[:, mask_of(annotation, movie)]
        if pixels.size:
            np.testing.assert_array_equal(found[row], getattr(pixels, statistic)(axis=1))
        else:
            np.testing.assert_array_equal(found[row], 0 if statistic == "sum" else np.nan)
    read = source.chunks_read()
    assert len(read) == len(set(read))  # once each, for all of them


def test_only_chunks_under_a_region_are_read() -> None:
    movie, source = counted(random_movie("u1", (20, 12, 12)), (4, 3, 3))

    traces(movie, Annotation("box", [(3, 3), (5, 7)]))

    assert {chunk[1:] for chunk in source.chunks_read()} == {(1, 1), (2, 1)}


def test_coordinates_are_ids_names_and_the_time_of_the_movie() -> None:
    image = NgffImage(
        random_movie(), ("t", "y", "x"), {"t": 0.05, "y": 2.0, "x": 0.5},
        {"t": 10.0, "y": -3.0, "x": 7.0}, axes_units={"t": "second"},
    )  # fmt: skip
    moved = Annotation("box", [(8, -1), (10, 4.9)], id="moved")

    found = traces(image, [replace(BOX, points=((7, -3), (9, 5))), moved])

    assert found.dims == ("roi", "t")
    assert found.roi.values.tolist() == ["box", "moved"]
    assert found["name"].values.tolist() == ["soma", ""]
    assert found.group.values.tolist() == ["cell", ""]
    assert found.color.values.tolist() == ["#00ff00", "#ffd500"]
    np.testing.assert_array_equal(found.t, 10.0 + np.arange(23) * 0.05)
    assert found.t.attrs == {"units": "second"}
    np.testing.assert_array_equal(
        found.sel(roi="moved"), image.data[:, 1:4, 2:7].reshape(23, -1).mean(axis=1)
    )


def test_weights_of_one_array_and_by_annotation() -> None:
    array = random_movie("i2")
    weights = np.random.default_rng(1).uniform(0.1, 1, (9, 11))
    own = {"box": weights, "ellipse": 2 - weights}

    shared = traces(array, [BOX, ELLIPSE], weights=weights)
    single = traces(array, [BOX, ELLIPSE], statistic="sum", weights=own)

    for row, annotation in enumerate([BOX, ELLIPSE]):
        mask = mask_of(annotation, open_movie(array))
        pixels = array[:, mask].astype("f8")
        mean = np.average(pixels, axis=1, weights=weights[mask])
        np.testing.assert_allclose(shared[row], mean, rtol=1e-12)
        np.testing.assert_allclose(single[row], pixels @ own[annotation.id][mask], rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"statistic": "median"}, "statistic is one of mean, sum, max, got 'median'"),
        ({"statistic": "max", "weights": np.ones((9, 11))}, "a maximum has no weights"),
        ({"weights": np.ones((11, 9))}, r"shape \(9, 11\), got shape \(11, 9\)"),
        ({"weights": np.full((9, 11), np.nan)}, "with NaN or infinity"),
        ({"weights": "heavy"}, "weights are numbers, got 'heavy'"),
        ({"weights": {"other": np.ones((9, 11))}}, r"box 'soma' \(id 'box'\) has no weights"),
        ({"weights": np.zeros((9, 11))}, "weights of box 'soma' sum to 0"),
    ],
)
def test_unfit_weights_and_statistics_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        traces(random_movie(), BOX, **options)


def test_regions_of_no_pixel_are_named_and_have_no_values() -> None:
    array = random_movie()

    with pytest.warns(UserWarning, match="no pixel centre of the movie lies in box 'lost': no"):
        mean = traces(array, [OUTSIDE, BOX])
    with pytest.warns(UserWarning, match="box 'lost'"):
        total = traces(array, [OUTSIDE], statistic="sum")

    assert np.isnan(mean[0]).all()
    assert mean.pixels.values.tolist() == [0, 25]
    np.testing.assert_array_equal(mean[1], array[:, 1:6, 2:7].reshape(23, -1).mean(axis=1))
    assert (total == 0).all()


@pytest.mark.parametrize("statistic", ["mean", "sum", "max"])
def test_nan_and_infinite_pixels_stay_in_their_frames_and_regions(statistic: str) -> None:
    array = random_movie("f4")
    array[4] = np.nan
    array[6, 3, 3] = np.nan
    array[8, 2, 2:4] = np.inf, -np.inf
    array[9, 0, 4] = np.nan  # in the box around the crossed outline, outside of it
    inside = array[:, 1:6, 2:7].reshape(23, -1).astype("f8")

    with np.errstate(invalid="ignore"):
        crossed = array[:, mask_of(CROSSED, open_movie(array))]
        nan_frames = np.flatnonzero(np.isnan(getattr(crossed, statistic)(axis=1)))

    found = traces(array, [BOX, CROSSED], statistic=statistic)

    assert 9 not in nan_frames
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(found[0], getattr(inside, statistic)(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found[1])), nan_frames)


@pytest.mark.parametrize("shape", [(1, 9, 11), (23, 1, 1), (1, 1, 1)])
def test_one_frame_and_one_pixel(shape: tuple[int, int, int]) -> None:
    array = random_movie("u1", shape)

    found = traces(array, Annotation("box", [(-0.5, -0.5), (20, 20)]))

    np.testing.assert_array_equal(found[0], array.reshape(shape[0], -1).mean(axis=1))


def test_no_annotation_gives_no_trace() -> None:
    assert traces(random_movie(), []).shape == (0, 23)


def test_missing_chunks_read_as_the_fill_value(tmp_path: Path) -> None:
    stored = zarr.create_array(
        tmp_path / "movie.zarr", shape=(6, 9, 11), chunks=(2, 9, 11), dtype="u1", fill_value=3
    )
    stored[2:4] = random_movie()[2:4]

    found = traces(rw.open_image(stored, axes=("t", "y", "x")), BOX)

    np.testing.assert_array_equal(found[0], stored[:, 1:6, 2:7].reshape(6, -1).mean(axis=1))
    assert found[0, 0] == 3


def test_progress_ends_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roiwidgets.stacks.traces.trace_cache.STEP_BYTES", 1)
    movie, _ = counted(random_movie(), (5, 9, 11))
    seen: list[float] = []

    traces(movie, BOX, progress=seen.append)

    assert seen == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


@pytest.mark.skipif(data_folder() is None, reason="no folder of real images (ROIWIDGETS_DATA)")
def test_a_real_miniscope_recording_gives_the_numbers_of_numpy() -> None:
    path = data_folder() / "miniscope" / "real_miniscope_uint8.zarr"
    (name, stored), *_ = [
        (name, array) for name, array in zarr.open_group(path, mode="r").arrays() if array.ndim == 3
    ]
    oval = Annotation("ellipse", [(100.2, 50.7), (340.0, 91.3)], angle=0.3)
    movie = open_movie(path / name)

    found = traces(movie, oval)

    pixels = stored[:][:, mask_of(oval, movie)]
    assert pixels.shape[1] > 7000
    np.testing.assert_array_equal(found[0], pixels.mean(axis=1))

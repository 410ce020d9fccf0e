"""dF/F with each baseline equals its definition, written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
import pytest
import xarray
from numpy.typing import NDArray

from roiwidgets.errors import ParameterError
from roiwidgets.stacks.traces import traces
from roiwidgets.stacks.traces.fluorescence import baseline_of, relative_fluorescence
from tests.stacks.traces.counted_movies import BOX, CROSSED, random_movie

TRACES = np.random.default_rng(3).uniform(10, 20, (3, 57))


def sliding(trace: NDArray[np.float64], percentile: float, window: int) -> list[float]:
    """The value at a rank of each window, over the trace mirrored at both ends."""
    before, after = window // 2, window - 1 - window // 2
    mirrored = np.concatenate([trace[:before][::-1], trace, trace[len(trace) - after :][::-1]])
    rank = min(int(window * percentile / 100), window - 1)
    return [np.sort(mirrored[i : i + window])[rank] for i in range(len(trace))]


@pytest.mark.parametrize(("percentile", "window"), [(10.0, 11), (0.0, 4), (100.0, 9), (50.0, 57)])
def test_a_sliding_percentile_is_the_rank_in_each_window(percentile: float, window: int) -> None:
    floor = np.array([sliding(row, percentile, window) for row in TRACES])

    found = relative_fluorescence(TRACES, percentile=percentile, window=window)

    np.testing.assert_allclose(found, (TRACES - floor) / floor, rtol=1e-13)


@pytest.mark.parametrize(
    ("baseline", "floor"),
    [
        ("percentile", np.percentile(TRACES, 20, axis=1, keepdims=True)),
        ("mean", TRACES.mean(axis=1, keepdims=True)),
        (12.5, 12.5),
        ([[1.0], [2.0], [3.0]], np.array([[1.0], [2.0], [3.0]])),
    ],
)
def test_constant_baselines(baseline: object, floor: NDArray[np.float64]) -> None:
    found = relative_fluorescence(TRACES, baseline=baseline, percentile=20)

    np.testing.assert_allclose(found, (TRACES - floor) / floor, rtol=1e-13)


def test_labels_of_traces_are_kept() -> None:
    labelled = traces(random_movie(), [BOX, CROSSED])

    found = relative_fluorescence(labelled, baseline="mean")

    assert found.dims == ("roi", "t")
    assert found["name"].values.tolist() == ["soma", ""]
    assert found.attrs == {"statistic": "mean", "baseline": "mean"}
    assert "baseline" not in labelled.attrs
    np.testing.assert_allclose(
        found, labelled.values / labelled.values.mean(axis=1, keepdims=True) - 1, atol=1e-13
    )


@pytest.mark.parametrize("time", ["t", "time", "frame"])
def test_time_is_found_by_its_name(time: str) -> None:
    values = np.random.default_rng(2).uniform(5, 9, (2, 12))
    traces = xarray.DataArray(values, dims=("roi", time), coords={"roi": ["a", "b"]})

    turned = relative_fluorescence(traces.transpose(time, "roi"), baseline="mean")

    assert turned.dims == (time, "roi")
    floor = values.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(turned.values.T, (values - floor) / floor, rtol=1e-14)


def test_a_movie_is_no_table_though_an_axis_is_called_columns() -> None:
    movie = xarray.DataArray(
        np.arange(1.0, 13).reshape(3, 2, 2),
        dims=("time", "rows", "columns"),
        coords={"columns": [0.0, 0.5]},
    )

    found = relative_fluorescence(movie, baseline="mean")

    np.testing.assert_allclose(found, movie / movie.mean("time") - 1, atol=1e-15)


def test_lists_are_arrays_with_time_last() -> None:
    found = relative_fluorescence([[1.0, 2.0, 3.0]], baseline="mean")

    np.testing.assert_allclose(found, [[-0.5, 0.0, 0.5]])


@pytest.mark.parametrize(
    ("traces", "what"),
    [
        (pandas.DataFrame({"a": [1.0, 2.0]}), "a table"),
        ("trace", "<U5"),
        (np.array([[1j, 2j]]), "complex128"),
    ],
)
def test_what_has_no_time_last_or_no_real_numbers_is_refused(traces: Any, what: str) -> None:
    with pytest.raises(ParameterError, match=rf"real numbers with time last.*got {what}"):
        relative_fluorescence(traces)


def test_traces_without_a_frame_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"at least one frame, got shape \(2, 0\)"):
        relative_fluorescence(np.zeros((2, 0)))


@pytest.mark.parametrize("baseline", ["percentile", "sliding percentile", "mean"])
def test_frames_of_nan_are_left_out(baseline: str) -> None:
    gaps = np.insert(TRACES, [0, 5, 5, 57], np.nan, axis=1)
    gaps = np.vstack([gaps, np.full((1, 61), np.nan)])

    found = relative_fluorescence(gaps, baseline=baseline, window=9)

    np.testing.assert_array_equal(np.isnan(found), np.isnan(gaps))
    known = ~np.isnan(gaps[0])
    expected = relative_fluorescence(TRACES, baseline=baseline, window=9)
    np.testing.assert_array_equal(found[:3, known], expected)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_baseline_that_is_not_positive_gives_nan_and_a_warning(value: float) -> None:
    dark = np.array([[value] * 4 + [5.0], [1.0] * 4 + [2.0]])

    with pytest.warns(UserWarning, match="zero or negative in 1 of 2 traces"):
        found = relative_fluorescence(dark, baseline="percentile")

    np.testing.assert_array_equal(found, [[np.nan] * 5, [0, 0, 0, 0, 1]])


def test_a_window_longer_than_the_trace_is_cut_to_it() -> None:
    found = baseline_of(TRACES, "sliding percentile", window=10_000)

    np.testing.assert_array_equal(found, baseline_of(TRACES, "sliding percentile", window=57))
    np.testing.assert_array_equal(relative_fluorescence(np.array([3.0])), [0.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"baseline": "median"}, "baseline is one of percentile, sliding percentile, mean"),
        ({"baseline": [1.0, 2.0]}, r"broadcasts with traces of shape \(3, 57\)"),
        ({"percentile": 101}, "percentile is 0 to 100, got 101"),
        ({"percentile": float("nan")}, "percentile is 0 to 100"),
        ({"window": 0}, "window is a number of frames, at least 1, got 0"),
        ({"window": 2.5}, "window is a number of frames"),
    ],
)
def test_unfit_parameters_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        relative_fluorescence(TRACES, **options)

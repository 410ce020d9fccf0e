"""Functions on series equal what numpy, scipy and plain loops make of each pixel."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal as scipy_signal
from scipy import stats

import roiwidgets as rw
from roiwidgets.errors import ImageError, ParameterError
from roiwidgets.stacks.series.along_time import map_blocks
from tests.stacks.phantoms import WAYS, in_memory, lazily

rng = np.random.default_rng(0)
ARRAY = rng.integers(0, 255, (24, 3, 5), dtype=np.uint8)
ARRAY[:, 1, 2] = 200  # a constant series
STACK = xarray.DataArray(
    ARRAY, dims=("t", "y", "x"), coords={"x": 2.0 * np.arange(5)}, name="fish", attrs={"gain": 3}
)
SIGNAL = rng.normal(size=24)
TOLERANCE = 1e-12
both_ways = pytest.mark.parametrize("way", WAYS)


def each_pixel(function) -> np.ndarray:
    """Return what a function makes of each series, one after the other."""
    rows = [[function(ARRAY[:, y, x].astype(float)) for x in range(5)] for y in range(3)]
    return np.array(rows)


def check(found: xarray.DataArray, expected, way, dims=("y", "x", "t")) -> None:
    assert found.dims == dims
    assert (found.chunks is not None) == (way is lazily)
    assert found.dtype == np.float64
    assert found.name == "fish"
    assert found.attrs == {"gain": 3}
    assert found.coords["x"].values.tolist() == [0, 2, 4, 6, 8]
    np.testing.assert_allclose(found.values, expected, TOLERANCE, TOLERANCE)


@both_ways
def test_centering_removes_the_mean(way) -> None:
    check(rw.series.center(way(STACK)), each_pixel(lambda y: y - y.mean()), way)


@both_ways
def test_zscores_have_mean_0_and_deviation_1_and_constants_are_0(way) -> None:
    expected = each_pixel(lambda y: (y - y.mean()) / y.std() if np.ptp(y) else 0 * y)

    check(rw.series.zscore(way(STACK)), expected, way)


@pytest.mark.parametrize("value", [0.1, 1e10 / 3, -7.7])
def test_constant_series_of_floats_are_no_noise(value: float) -> None:
    constant = xarray.DataArray(np.full((1001, 1, 1), value), dims=("t", "y", "x"))

    assert not rw.series.zscore(constant).values.any()
    assert np.isnan(rw.series.correlate(constant, np.arange(1001.0)).values).all()
    assert np.isnan(rw.series.fourier(constant, 3)["coherence"].values).all()


def test_large_arrays_are_worked_on_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roiwidgets.stacks.series.series_layout.BLOCK_BYTES", 100)
    seen: list[int] = []

    def centered(block):
        seen.append(block.size)
        return block - block.mean(axis=-1, keepdims=True)

    found = map_blocks(centered, STACK)

    check(found, each_pixel(lambda y: y - y.mean()), in_memory)
    assert max(seen) <= 100
    assert sum(size for size in seen if size > 1) >= ARRAY.size


@both_ways
@pytest.mark.parametrize(
    ("options", "baseline"),
    [
        ({}, lambda y: np.percentile(y, 20)),
        ({"percentile": 55.5, "offset": 3.0}, lambda y: np.percentile(y, 55.5)),
        ({"baseline": "mean"}, np.mean),
        (
            {"baseline": "window", "window": 7, "percentile": 10},
            lambda y: np.array([np.percentile(y[max(0, i - 3) : i + 4], 10) for i in range(24)]),
        ),
    ],
)
def test_normalized_series_are_changes_of_their_baseline(way, options, baseline) -> None:
    offset = options.get("offset", 0.1)
    expected = each_pixel(lambda y: (y - baseline(y)) / (baseline(y) + offset))

    check(rw.series.normalize(way(STACK), **options), expected, way)


def test_a_baseline_that_cancels_its_offset_is_not_finite() -> None:
    zero = xarray.DataArray(np.array([0.0, 1, 0, 0]), dims="t")

    found = rw.series.normalize(zero, offset=0).values

    np.testing.assert_array_equal(found, [np.nan, np.inf, np.nan, np.nan])


@both_ways
def test_series_with_nan_are_nan(way) -> None:
    array = ARRAY.astype(np.float32)
    array[3, 0, 0] = np.nan
    stack = way(xarray.DataArray(array, dims=("t", "y", "x")))

    for function in (rw.series.center, rw.series.zscore, rw.series.normalize, rw.series.detrend):
        found = np.isnan(function(stack).values)
        assert found[0, 0].all()
        assert found.sum() == 24


@pytest.mark.parametrize(
    "options",
    [{"baseline": "median"}, {"percentile": 101}, {"offset": np.nan}, {"window": 5},
     {"baseline": "window"}, {"baseline": "window", "window": 4}],
)  # fmt: skip
def test_baselines_that_are_none_are_refused(options) -> None:
    with pytest.raises(ParameterError):
        rw.series.normalize(STACK, **options)


@both_ways
def test_a_line_is_removed_as_scipy_does(way) -> None:
    expected = each_pixel(scipy_signal.detrend)

    check(rw.series.detrend(way(STACK)), expected, way)


@given(order=st.integers(0, 8), seed=st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_polynomials_vanish_over_uneven_times(order: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    times = np.cumsum(generator.uniform(0.1, 5, 30)) + 1e4
    scaled = (times - times.mean()) / np.ptp(times)
    curve = np.polynomial.Polynomial(generator.normal(size=order + 1))(scaled)
    noise = generator.normal(size=30)
    series = xarray.DataArray(curve + noise, dims="t", coords={"t": times})
    fitted = np.polynomial.Polynomial.fit(times, curve + noise, order)

    found = rw.series.detrend(series, order=order)
    of_dates = rw.series.detrend(
        series.assign_coords(t=(times * 1e9).astype("timedelta64[ns]")), order=order
    )
    nothing = rw.series.detrend(series.copy(data=curve), order=order)

    np.testing.assert_allclose(found.values, curve + noise - fitted(times), atol=1e-8)
    np.testing.assert_allclose(of_dates.values, found.values, atol=1e-6)
    np.testing.assert_allclose(nothing.values, 0, atol=1e-9)


@both_ways
def test_squelched_series_never_reach_the_threshold(way) -> None:
    found = rw.series.squelch(way(STACK), 245)

    expected = np.where((ARRAY.max(axis=0) >= 245), ARRAY, 0)
    assert 0 < (ARRAY.max(axis=0) < 245).sum() < 15
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found.transpose("t", "y", "x").values, expected)


@both_ways
def test_any_function_runs_on_each_series(way) -> None:
    images = rw.series.map_series(way(STACK), np.median, returns="number")
    sorted_series = rw.series.map_series(way(STACK), np.sort, dtype=np.uint8)

    check(images, np.median(ARRAY, axis=0), way, ("y", "x"))
    assert sorted_series.dtype == np.uint8
    np.testing.assert_array_equal(sorted_series.values, np.sort(np.moveaxis(ARRAY, 0, -1)))


def test_functions_that_return_something_else_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"must return shape \(24,\) .* got \(\)"):
        rw.series.map_series(STACK, np.max)
    with pytest.raises(ParameterError, match="returns must be"):
        rw.series.map_series(STACK, np.max, returns="image")


@both_ways
def test_correlations_are_pearsons(way) -> None:
    expected = each_pixel(lambda y: stats.pearsonr(y, SIGNAL).statistic if np.ptp(y) else np.nan)

    check(rw.series.correlate(way(STACK), SIGNAL), expected, way, ("y", "x"))


@both_ways
@pytest.mark.parametrize("lag", [0, 4, 23])
def test_cross_correlations_are_scipys(way, lag: int) -> None:
    def of_pixel(y):
        if not np.ptp(y):
            return np.full(2 * lag + 1, np.nan)
        a, b = y - y.mean(), SIGNAL - SIGNAL.mean()
        full = scipy_signal.correlate(a, b, method="direct") / (
            np.linalg.norm(a) * np.linalg.norm(b)
        )
        lags = scipy_signal.correlation_lags(24, 24)
        return full[np.abs(lags) <= lag]

    found = rw.series.crosscorrelate(way(STACK), SIGNAL, lag)

    check(found, each_pixel(of_pixel), way, ("y", "x", "lag"))
    assert found.coords["lag"].values.tolist() == list(range(-lag, lag + 1))


def test_what_follows_the_signal_peaks_at_a_positive_lag() -> None:
    late = xarray.DataArray(np.roll(SIGNAL, 3), dims="t")

    found = rw.series.crosscorrelate(late, SIGNAL, 6)

    assert int(found.idxmax("lag")) == 3


@pytest.mark.parametrize(
    "signal", [SIGNAL[:-1], SIGNAL[:, None], [*SIGNAL[:-1], np.nan], list("a" * 24)]
)
def test_signals_that_do_not_fit_are_refused(signal) -> None:
    with pytest.raises(ParameterError):
        rw.series.correlate(STACK, signal)


def test_a_signal_of_other_times_is_refused() -> None:
    timed = STACK.assign_coords(t=np.arange(24))

    with pytest.raises(ImageError, match="times of the signal are not those"):
        rw.series.correlate(timed, timed[:, 0, 0].assign_coords(t=1 + np.arange(24)))
    assert float(rw.series.correlate(timed, timed[:, 0, 0])[0, 0]) == pytest.approx(1)


@both_ways
@pytest.mark.parametrize("samples", [24, 23])
@pytest.mark.parametrize("frequency", [1, 5])
def test_coherence_and_phase_follow_the_formula(way, samples: int, frequency: int) -> None:
    found = rw.series.fourier(way(STACK.isel(t=slice(0, samples))), frequency)

    for y in range(3):
        for x in range(5):
            series = ARRAY[:samples, y, x].astype(float)
            if not np.ptp(series):
                assert np.isnan(found["coherence"].values[y, x])
                continue
            # sums written out: no fast transform
            k = np.arange(samples // 2)[:, None]
            spectrum = (
                (series - series.mean()) * np.exp(-2j * np.pi * k * np.arange(samples) / samples)
            ).sum(axis=1)
            coherence = abs(spectrum[frequency]) / np.sqrt((abs(spectrum) ** 2).sum())
            phase = (-np.pi / 2 - np.angle(spectrum[frequency])) % (2 * np.pi)
            assert found["coherence"].values[y, x] == pytest.approx(coherence, abs=1e-10)
            assert found["phase"].values[y, x] == pytest.approx(phase, abs=1e-9)


@pytest.mark.parametrize("delay", [0.0, 0.5, 3.0, 6.0])
def test_a_sine_is_coherent_and_its_delay_is_the_phase(delay: float) -> None:
    series = xarray.DataArray(np.sin(2 * np.pi * 3 * np.arange(48) / 48 - delay) + 9, dims="t")

    found = rw.series.fourier(series, 3)

    assert float(found["coherence"]) == pytest.approx(1)
    assert np.exp(1j * float(found["phase"])) == pytest.approx(np.exp(1j * delay))


@both_ways
@pytest.mark.parametrize("window", [1, 4, 5])
def test_windows_are_averaged_around_their_centres(way, window: int) -> None:
    indices = [3, 10, 11, 20]
    before = window // 2

    found = rw.series.mean_by_window(way(STACK), indices, window)

    expected = each_pixel(
        lambda y: np.mean([y[i - before : i - before + window] for i in indices], axis=0)
    )
    check(found, expected, way, ("y", "x", "offset"))
    assert found.coords["offset"].values.tolist() == list(range(-before, window - before))


@pytest.mark.parametrize(
    ("indices", "window"), [([1], 5), ([22], 5), ([], 3), ([0.5], 3), ([5], 0), ([5], 25)]
)
def test_windows_beyond_the_series_are_refused(indices, window: int) -> None:
    with pytest.raises(ParameterError):
        rw.series.mean_by_window(STACK, indices, window)


BACKWARDS = STACK.assign_coords(t=[*range(12), 11, *range(12, 23)])


@pytest.mark.parametrize(
    "function",
    [
        lambda s: rw.series.normalize(s, "window", window=3),
        lambda s: rw.series.detrend(s),
        lambda s: rw.series.crosscorrelate(s, SIGNAL, 2),
        lambda s: rw.series.fourier(s, 2),
        lambda s: rw.series.mean_by_window(s, [5], 3),
    ],
)
@pytest.mark.parametrize("stack", [BACKWARDS, STACK.assign_coords(t=[*range(23), np.nan])])
def test_times_must_increase_where_their_order_matters(function, stack) -> None:
    with pytest.raises(ImageError, match=r"needs times that increase, .* sort with"):
        function(stack)


def test_the_order_of_times_does_not_matter_elsewhere() -> None:
    for function in (rw.series.center, rw.series.zscore, rw.series.normalize):
        np.testing.assert_array_equal(function(BACKWARDS).values, function(STACK).values)


@both_ways
def test_samples_are_selected_by_time(way) -> None:
    timed = way(STACK.assign_coords(t=10 * np.arange(24)[::-1]))

    listed = rw.series.select(timed, [30, 200, 30])
    late = rw.series.select(timed, lambda times: times >= 210)
    by_number = rw.series.select(way(STACK), [2, 0])

    np.testing.assert_array_equal(listed.transpose("t", "y", "x").values, ARRAY[[20, 3, 20]])
    np.testing.assert_array_equal(late.transpose("t", "y", "x").values, ARRAY[:3])
    np.testing.assert_array_equal(by_number.transpose("t", "y", "x").values, ARRAY[[2, 0]])


def test_a_time_is_found_though_its_float_is_another() -> None:
    timed = STACK.assign_coords(t=0.1 * np.arange(24))
    assert 0.3 not in timed.t.values

    found = rw.series.select(timed, [0.3, 2.3])

    np.testing.assert_array_equal(found.transpose("t", "y", "x").values, ARRAY[[3, 23]])
    for missing in (0.35, -0.1, 2.4, np.nan):
        with pytest.raises(ParameterError, match=r"there are 24 from 0\.0 to 2\.3"):
            rw.series.select(timed, [missing])


@pytest.mark.parametrize("times", [[5], [], lambda t: t, lambda t: t > 999])
def test_times_that_are_not_there_are_refused(times) -> None:
    with pytest.raises(ParameterError):
        rw.series.select(STACK.assign_coords(t=10 * np.arange(24)), times)


@both_ways
def test_sampled_series_say_where_they_come_from(way) -> None:
    threshold = float(np.sort(ARRAY.std(axis=0), axis=None)[7:9].mean())
    passing = int((ARRAY.std(axis=0) > threshold).sum())

    found = rw.series.sample(way(STACK), passing, threshold=threshold, seed=3)

    y, x = found.coords["y_index"].values, found.coords["x_index"].values
    assert found.dims == ("sample", "t")
    assert found.dtype == np.uint8
    assert (found.chunks is not None) == (way is lazily)
    assert sorted(zip(y, x, strict=True)) == sorted(
        zip(*np.nonzero(ARRAY.std(axis=0) > threshold), strict=True)
    )
    np.testing.assert_array_equal(found.values, ARRAY[:, y, x].T)
    np.testing.assert_array_equal(found.coords["x"].values, 2.0 * x)


def test_the_same_seed_draws_the_same_pixels() -> None:
    first, again = (rw.series.sample(STACK, 5, seed=1) for _ in range(2))
    other = rw.series.sample(STACK, 5, seed=2)

    xarray.testing.assert_identical(first, again)
    assert not np.array_equal(first.values, other.values)


@pytest.mark.parametrize("count", [0, 16, 2.0, True])
def test_more_samples_than_there_are_are_refused(count) -> None:
    with pytest.raises(ParameterError):
        rw.series.sample(STACK, count)


def test_a_threshold_that_leaves_too_few_says_how_many() -> None:
    with pytest.raises(ParameterError, match="there are 0 with a standard deviation above 999"):
        rw.series.sample(STACK, 2, threshold=999)

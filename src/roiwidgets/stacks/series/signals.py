"""Series compared: with a signal, with a frequency, with themselves around events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray
from numpy.typing import NDArray

from roiwidgets.errors import ParameterError
from roiwidgets.stacks.checks import whole_number
from roiwidgets.stacks.labelled import check_increasing
from roiwidgets.stacks.series.along_time import (
    Block,
    as_signal,
    centered,
    is_constant,
    map_blocks,
    time_axis,
)


def correlate(series: xarray.DataArray, signal: object) -> xarray.DataArray:
    """Return Pearson's correlation of each series with one signal, -1 to 1.

    Parameters
    ----------
    signal
        One finite number for each sample; a labelled one must have the same times.

    Returns
    -------
    xarray.DataArray
        float64, an image. NaN where a series, or the signal, is constant: it is not
        defined there.

    Raises
    ------
    ParameterError, ImageError
        If the signal does not fit the series.

    Notes
    -----
    Thunder's ``correlate`` with one signal.
    """
    direction = _unit(as_signal(signal, series))
    return map_blocks(lambda block: _unit(block) @ direction, series, result={})


def crosscorrelate(series: xarray.DataArray, signal: object, lag: int) -> xarray.DataArray:
    """Return the correlation of each series with a signal at lags from ``-lag`` to ``lag``.

    Parameters
    ----------
    signal
        As for ``correlate``.
    lag
        Samples, 0 to one less than there are. At lag k the series at sample i + k is
        compared with the signal at sample i: where a series follows the signal after k
        samples, its largest value is at k.

    Returns
    -------
    xarray.DataArray
        float64, with a last axis ``lag``. Values are divided by the norms of the whole
        series and signal, less their means, so that fewer products count at larger lags.
        NaN where a series, or the signal, is constant. Samples are counted, however
        even their times are.

    Raises
    ------
    ParameterError, ImageError
        If the signal does not fit the series, the lag is none, or times do not increase.

    Notes
    -----
    Thunder's ``crossCorr``, which gives 0 for constant series.
    """
    time = time_axis(series)
    samples = series.sizes[time]
    reach = whole_number("lag", lag, 0, samples - 1)
    check_increasing(series, time, "a cross-correlation")
    direction = _unit(as_signal(signal, series))
    lags = np.arange(-reach, reach + 1)
    shifted = np.zeros((samples, len(lags)))
    for column, shift in enumerate(range(-reach, reach + 1)):
        start, stop = max(0, shift), samples + min(0, shift)
        shifted[start:stop, column] = direction[start - shift : stop - shift]
    compared = map_blocks(lambda block: _unit(block) @ shifted, series, result={"lag": len(lags)})
    return compared.assign_coords(lag=("lag", lags, {"units": "samples"}))


def fourier(series: xarray.DataArray, frequency: int) -> xarray.Dataset:
    """Return how strongly, and at which phase, each series oscillates at one frequency.

    Parameters
    ----------
    frequency
        Whole cycles over the whole series, 0 up to, but without, half its samples;
        these are taken as evenly spaced.

    Returns
    -------
    xarray.Dataset
        Two images of float64. With F the discrete Fourier transform of the series less
        its mean and n its samples: ``coherence`` = abs(F[frequency]) / sqrt(sum over k
        of abs(F[k])**2), k from 0 to floor(n / 2) - 1, a number from 0 to 1, NaN for
        constant series; ``phase`` = (-pi/2 - arg F[frequency]) modulo 2 pi, in radians:
        0 for a sine, and b for a sine that comes b radians later.

    Raises
    ------
    ParameterError
        If the frequency is none of these.
    ImageError
        If times do not increase.

    Notes
    -----
    The definition of Thunder's ``Series.fourier``. It leaves the highest frequency out of
    the sum, so that an oscillation at it does not lower the coherence.
    """
    time = time_axis(series)
    half = series.sizes[time] // 2
    cycles = whole_number("frequency (cycles over the whole series)", frequency, 0, half - 1)
    check_increasing(series, time, "a Fourier transform")

    def both(block: Block) -> Block:
        spectrum = np.fft.rfft(centered(block), axis=-1)[..., :half]
        strength = np.sqrt((np.abs(spectrum) ** 2).sum(axis=-1))
        flat = is_constant(block)[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            coherence = np.where(flat, np.nan, np.abs(spectrum[..., cycles]) / strength)
        phase = np.mod(-np.pi / 2 - np.angle(spectrum[..., cycles]), 2 * np.pi)
        return np.stack([coherence, phase], axis=-1)

    found = map_blocks(both, series, result={"_part": 2})
    parts = {"coherence": found.isel(_part=0), "phase": found.isel(_part=1)}
    parts["phase"] = parts["phase"].assign_attrs(units="radian")
    return xarray.Dataset({name: part.rename(name) for name, part in parts.items()})


def mean_by_window(
    series: xarray.DataArray, indices: Sequence[int], window: int
) -> xarray.DataArray:
    """Return the mean of each series over windows around some of its samples.

    Parameters
    ----------
    indices
        Sample numbers at the centres, for example those of stimuli.
    window
        Samples of a window, at least 1. It begins ``window // 2`` samples before its
        centre; an odd one is symmetric.

    Returns
    -------
    xarray.DataArray
        float64, with a last axis ``offset``: samples from the centre.

    Raises
    ------
    ParameterError
        If there is no index, or a window reaches beyond the series.
    ImageError
        If times do not increase.

    Notes
    -----
    Thunder's ``mean_by_window``, whose axis counts from 0 and whose indices are times.
    """
    time = time_axis(series)
    samples = series.sizes[time]
    length = whole_number("window (samples)", window, 1, samples)
    centers = np.asarray(indices)
    if centers.ndim != 1 or not centers.size or centers.dtype.kind not in "iu":
        raise ParameterError(f"indices must be one or more sample numbers, got {indices!r}")
    check_increasing(series, time, "a mean over windows")
    offsets = np.arange(length) - length // 2
    where = centers[:, None] + offsets
    beyond = (where < 0).any(axis=1) | (where >= samples).any(axis=1)
    if beyond.any():
        raise ParameterError(
            f"the window of {length} samples around {centers[beyond][0]} reaches beyond the "
            f"{samples} samples; leave that index out, or make the window shorter"
        )
    averaged = map_blocks(
        lambda block: block[..., where].mean(axis=-2), series, result={"offset": length}
    )
    return averaged.assign_coords(offset=("offset", offsets, {"units": "samples"}))


def _unit(block: Block) -> NDArray[np.float64]:
    """Return series less their means, of length 1; NaN where they are constant."""
    rest = centered(block)
    constant = is_constant(block)
    length = np.sqrt((rest**2).sum(axis=-1, keepdims=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        unit: Block = np.where(constant, np.nan, rest / length)
    return unit

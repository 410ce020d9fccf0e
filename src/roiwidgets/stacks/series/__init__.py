"""Series of pixels over time: ``rw.series``.

Series are an ``xarray.DataArray`` with an axis of time. Every function takes one and
returns one, with time last: dask arrays stay lazy, numpy arrays stay numpy, and axes,
coordinates and attributes are kept. The names follow Thunder's ``Series`` where they are
words of the field; each docstring says where the results differ.
"""

from __future__ import annotations

from roiwidgets.stacks.series.normalizing import (
    center,
    detrend,
    map_series,
    normalize,
    squelch,
    zscore,
)
from roiwidgets.stacks.series.sampling import sample, select
from roiwidgets.stacks.series.series_layout import open_series, to_images, to_series, write_series
from roiwidgets.stacks.series.signals import correlate, crosscorrelate, fourier, mean_by_window
from roiwidgets.stacks.series.thunder_files import read_thunder_series, write_thunder_series

__all__ = [
    "center",
    "correlate",
    "crosscorrelate",
    "detrend",
    "fourier",
    "map_series",
    "mean_by_window",
    "normalize",
    "open_series",
    "read_thunder_series",
    "sample",
    "select",
    "squelch",
    "to_images",
    "to_series",
    "write_series",
    "write_thunder_series",
    "zscore",
]

"""Traces: one number per frame and region of interest."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from roiwidgets.regions.annotations import Annotation
from roiwidgets.stacks.traces.trace_cache import TraceCache, Weights
from roiwidgets.stacks.traces.trace_reading import Statistic

if TYPE_CHECKING:
    import xarray


def traces(
    movie: object,
    annotations: Iterable[Annotation] | Annotation,
    *,
    statistic: Statistic = "mean",
    weights: Weights | None = None,
    progress: Callable[[float], None] | None = None,
) -> xarray.DataArray:
    """Return one number per region of interest and frame, in one pass over the movie.

    Parameters
    ----------
    movie
        Anything that ``open_movie`` takes.
    annotations
        Regions of interest in the frame's world units.
    statistic
        Over the pixels whose centres a region holds: "mean", "sum" or "max".
    weights
        One finite number per pixel, shape (height, width), for all regions, or a
        dictionary of such arrays by the ids of the annotations. "mean" is then
        ``sum(w * v) / sum(w)`` and "sum" is ``sum(w * v)``.
    progress
        Called after each step with the share that is done, 0 to 1.

    Returns
    -------
    xarray.DataArray, float64, dims (roi, t)
        ``roi`` are the ids; ``name``, ``group``, ``color`` and ``pixels`` lie beside them.
        ``t`` is in the movie's unit of time. Integers of up to 32 bits are summed exactly,
        everything else in float64. A frame with NaN inside a region gives NaN there, as
        numpy does; other frames and regions are not touched. Where a region holds no pixel
        the mean and the maximum are NaN, the sum is 0.

    Raises
    ------
    RegionError
        If annotations are malformed or share an id.
    ParameterError
        If the statistic is unknown or the weights do not fit.

    Warns
    -----
    UserWarning
        For regions that hold no pixel; it names them.

    Examples
    --------
    >>> import numpy as np
    >>> movie = np.arange(24, dtype=np.uint8).reshape(2, 2, 6)
    >>> traces(movie, Annotation("box", [(0, 0), (1, 1)], id="a")).values
    array([[ 3.5, 15.5]])
    """
    cache = TraceCache(movie, statistic=statistic, weights=weights)
    cache.update(annotations)
    if cache.empty:
        empty = [str(entry) for entry in cache.annotations if entry.id in cache.empty]
        warnings.warn(
            f"no pixel centre of the movie lies in {', '.join(empty)}: no value there; move, "
            "enlarge or remove them",
            stacklevel=2,
        )
    for step in cache.steps():
        if progress is not None:
            progress(step.done)
    return cache.as_array()

"""One way to sum a movie up, for ``summaries.py`` to measure in a process of its own.

    python benchmarks/summaries_once.py WAY MOVIE.zarr OUT.npz

``three`` and ``five`` are what the published deep-image-stack app does, in our own words: the
maximum over each axis, and then mean and deviation, each as a dask computation of its own.
Seconds of the work itself, without imports, are printed and kept with the results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Found = dict[str, NDArray[np.generic]]


def imports(path: str) -> Found:
    """Load what all ways need, and do nothing."""
    import dask.array  # noqa: F401 # imports are what is measured

    import roiwidgets.stacks.summaries  # noqa: F401

    del path
    return {}


def three(path: str) -> Found:
    import dask.array as da

    movie = da.from_zarr(path)
    return {
        "maximum": movie.max(axis=0).compute(),
        "top_view": movie.max(axis=1).compute(),
        "right_view": movie.max(axis=2).compute(),
    }


def five(path: str) -> Found:
    import dask.array as da

    movie = da.from_zarr(path)
    return {
        **three(path),
        "mean": movie.mean(axis=0).compute(),
        "std": movie.std(axis=0).compute(),
    }


def fused(path: str) -> Found:
    from roiwidgets.stacks.summaries import summaries

    return _arrays(summaries(path, cache=False))


def progressive(path: str) -> Found:
    from roiwidgets.stacks.summaries import iter_summaries

    started, cpu = time.perf_counter(), time.process_time()
    results = iter_summaries(path, cache=False)
    last = next(results)
    first_s = (time.perf_counter() - started, time.process_time() - cpu)
    partials = 1
    for last in results:  # noqa: B007 # the last one is used
        partials += 1
    return {
        **_arrays(last.summaries),
        "first_s": np.array(first_s),
        "partials": np.array(partials),
    }


def _arrays(found: object) -> Found:
    names = ("maximum", "minimum", "mean", "std", "correlation", "argmax", "top_view", "right_view")
    return {name: getattr(found, name) for name in names}


WAYS: dict[str, Callable[[str], Found]] = {
    "imports": imports,
    "three": three,
    "five": five,
    "fused": fused,
    "progressive": progressive,
}


def main() -> None:
    way, path, output = sys.argv[1:]
    import dask.array

    import roiwidgets.stacks.summaries  # noqa: F401 # not what is timed

    del dask
    started, cpu = time.perf_counter(), time.process_time()
    found = WAYS[way](path)
    found["work_s"] = np.array([time.process_time() - cpu, time.perf_counter() - started])
    np.savez(output, **found)


if __name__ == "__main__":
    main()

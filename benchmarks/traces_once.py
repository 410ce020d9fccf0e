"""Compute traces one way, alone in its process.

python benchmarks/traces_once.py SIDE MOVIE REGIONS ANSWER
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray

from roiwidgets.regions.annotations import Annotation, Kind
from roiwidgets.regions.footprints import footprint
from roiwidgets.stacks.movie import open_movie
from roiwidgets.stacks.traces.trace_cache import TraceCache

SIZE = 20
CORNER = ("corner", "1")
"""The region on the corner of four chunks, and how many that is."""


def box(path: str, place: float) -> Annotation:
    """Return a box of 20 x 20 pixels, its middle in chunks from the corner of the frame."""
    movie = open_movie(path)
    _, *sizes = movie.chunks
    middles = [place * size for size in sizes]
    y, x = (
        int(min(middle - SIZE / 2, side - SIZE))
        for middle, side in zip(middles, movie.shape[1:], strict=True)
    )
    return _annotation("box", x, y, "0")


def cells(count: int, side: int) -> list[Annotation]:
    """Return round cells of 20 x 20 pixels (boxes for the recipe)."""
    corners = np.random.default_rng(1).integers(0, side - SIZE, (count, 2)).tolist()
    return [_annotation("ellipse", x, y, str(i)) for i, (x, y) in enumerate(corners)]


def _annotation(kind: Kind, x: int, y: int, name: str) -> Annotation:
    return Annotation(kind, ((x, y), (x + SIZE - 1, y + SIZE - 1)), id=name)


def main(side: str, path: str, count: str, answer: str) -> None:
    known, *added = (int(n) for n in count.replace(*CORNER).split("+"))
    if known == 1:
        wanted = [box(path, 1.0 if count == CORNER[0] else 0.5)]
    else:
        wanted = cells(known + sum(added), open_movie(path).shape[1])
    result: dict[str, float] = {}
    if side == "ours":
        found = ours(path, wanted, known, result)
    else:
        started = time.process_time()
        found = {"dask": plain_dask, "recipe": recipe}[side](path, wanted)
        result["cpu_s"] = time.process_time() - started
    result["error"] = largest_error(path, wanted[known:] or wanted, found, side)
    Path(answer).write_text(json.dumps(result), encoding="utf-8")


def ours(
    path: str, wanted: list[Annotation], known: int, result: dict[str, float]
) -> NDArray[np.float64]:
    movie = open_movie(path)
    movie.read(slice(0, 1), slice(0, 1), slice(0, 1))  # imports the codecs
    cache = TraceCache(movie)
    if known < len(wanted):
        cache.update(wanted[:known])
        for _ in cache.steps():
            pass
    started = time.process_time()
    cache.update(wanted)
    for step in cache.steps():
        result.setdefault("first_s", time.process_time() - started)
        assert len(step.ids) == len(wanted) - (known if known < len(wanted) else 0)
    result["cpu_s"] = time.process_time() - started
    asked = wanted[known:] or wanted
    return np.array([cache.trace(entry.id) for entry in asked])


def plain_dask(path: str, wanted: list[Annotation]) -> NDArray[np.float64]:
    movie = da.from_zarr(path)
    grid = open_movie(path).grid
    means = []
    for entry in wanted:
        rows, columns, mask = footprint(entry, grid)
        masked = movie[:, rows, columns] * mask
        means.append(masked.sum(axis=(1, 2)) / np.count_nonzero(mask))
    return np.array(dask.compute(*means))


def recipe(path: str, wanted: list[Annotation]) -> NDArray[np.float64]:
    movie = xr.DataArray(da.from_zarr(path), dims=("t", "y", "x"))
    grid = open_movie(path).grid
    boxes = [footprint(entry, grid) for entry in wanted]
    means = [movie.isel(y=box.rows, x=box.columns).mean(["y", "x"]).data for box in boxes]
    return np.array(dask.compute(*means))


def largest_error(
    path: str, wanted: list[Annotation], found: NDArray[np.float64], side: str
) -> float:
    """Compare three traces with numpy over their pixels."""
    stored = zarr.open_array(path, mode="r")
    grid = open_movie(path).grid
    errors = []
    for row in sorted({0, len(wanted) // 2, len(wanted) - 1}):
        rows, columns, mask = footprint(wanted[row], grid)
        box = np.asarray(stored[:, rows, columns])
        pixels = box.reshape(len(box), -1) if side == "recipe" else box[:, mask]
        errors.append(np.abs(found[row] - pixels.mean(axis=1)).max())
    return float(max(errors))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What the summaries of a movie cost, beside separate dask passes; all results against numpy.

Each way runs in a fresh process; memory is the largest proportional set size of the process.
CPU and wall seconds are those of the work itself; imports, which all ways share, have a row:

    python benchmarks/summaries.py [--frames 4000] [--side 600] [--ways fused progressive]
    python benchmarks/summaries.py --movie MOVIE.zarr    # a Zarr array of t, y, x on this machine
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import zarr
from numcodecs import Blosc
from numpy.typing import NDArray
from process_tree import Cost, measure
from summaries_once import WAYS

from roiwidgets.images.samples import calcium_movie

HERE = Path(__file__).parent
CHUNK_FRAMES = 50
REPEATED = 1000
"""Frames that are made; a longer movie repeats them."""
BAND = 10

Array = NDArray[np.generic]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=4000)
    parser.add_argument("--side", type=int, default=600)
    parser.add_argument("--movie", help="a Zarr array instead of the made-up movie")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--unchecked", action="store_true", help="without numpy's results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roiwidgets-benchmark-") as folder:
        path = Path(options.movie or Path(folder) / "movie.zarr")
        if not options.movie:
            write_movie(path, options.frames, options.side)
        array = zarr.open_array(path, mode="r")
        print(f"{array.shape} {array.dtype}, chunks {array.chunks}, on disk {stored_mb(path)} MB")
        expected = None if options.unchecked else oracle(np.asarray(array[:]))
        columns = ("CPU s", "wall s", "peak MB", "process CPU s")
        print(f"{'way':>12}", *(f"{column:>6}" for column in columns), "result", sep="  ")
        for way in options.ways:
            output = Path(folder) / f"{way}.npz"
            cost = measure([sys.executable, str(HERE / "summaries_once.py"), way, str(path),
                            str(output)])  # fmt: skip
            report(way, cost, dict(np.load(output)), expected)


def write_movie(path: Path, frames: int, side: int) -> None:
    """Write a calcium movie as recordings are stored: 50 whole frames a chunk, LZ4."""
    made = calcium_movie(min(frames, REPEATED), (side, side), cells=side // 4).movie.data.compute()
    array = zarr.create_array(
        path, shape=(frames, side, side), chunks=(CHUNK_FRAMES, side, side), dtype="uint8",
        zarr_format=2, compressors=Blosc("lz4", clevel=5, shuffle=Blosc.SHUFFLE),
    )  # fmt: skip
    for start in range(0, frames, CHUNK_FRAMES):
        count = min(CHUNK_FRAMES, frames - start)
        array[start : start + count] = made.take(range(start, start + count), axis=0, mode="wrap")


def oracle(movie: Array) -> dict[str, Array]:
    """Return what numpy finds on the whole array; squares in bands of rows, for memory."""
    _, height, width = movie.shape
    mean, std, total = (np.zeros((height, width)) for _ in range(3))
    for start in range(0, height, BAND):
        rows = slice(start, min(start + BAND, height))
        outer = slice(max(0, start - 1), min(rows.stop + 1, height))
        values = movie[:, outer].astype(np.float64)
        inner = slice(rows.start - outer.start, rows.stop - outer.start)
        mean[rows] = values[:, inner].mean(axis=0)
        std[rows] = values[:, inner].std(axis=0)
        total[rows] = _correlation(values)[inner]
    return {
        "maximum": movie.max(axis=0), "minimum": movie.min(axis=0), "argmax": movie.argmax(axis=0),
        "top_view": movie.max(axis=1), "right_view": movie.max(axis=2),
        "mean": mean, "std": std, "correlation": total,
    }  # fmt: skip


def _correlation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean correlation with those neighbours that are in ``values``."""
    centred = values - values.mean(axis=0)
    deviation = values.std(axis=0)
    centred /= np.where(deviation > 0, deviation, 1)
    padded = np.pad(centred, ((0, 0), (1, 1), (1, 1)))
    there = np.pad(np.ones(values.shape[1:]), 1)
    height, width = values.shape[1:]
    total, count = np.zeros((2, height, width))
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                box = (slice(down, down + height), slice(right, right + width))
                total += np.einsum("tyx,tyx->yx", centred, padded[(slice(None), *box)])
                count += there[box]
    return total / len(values) / np.maximum(count, 1)


def report(
    way: str, cost: Cost, found: dict[str, Array], expected: dict[str, Array] | None
) -> None:
    cpu_s, wall_s = found.pop("work_s")
    words = []
    if "first_s" in found:
        wall, cpu = found.pop("first_s")
        words.append(f"first of {found.pop('partials')} after {wall:.2f} s ({cpu:.2f} CPU s)")
    for name, values in found.items() if expected is not None else ():
        wanted = expected[name]
        if np.array_equal(values, wanted):
            words.append(f"{name} equal")
        else:
            words.append(f"{name} within {np.abs(values - wanted.astype(float)).max():.1e}")
    print(
        f"{way:>12}  {cpu_s:>6.2f}  {wall_s:>6.2f}  {cost.peak_mb:>7.0f}  {cost.cpu_s:>13.2f}  "
        f"{', '.join(words)}",
        flush=True,
    )


def stored_mb(path: Path) -> int:
    return round(sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6)


if __name__ == "__main__":
    main()

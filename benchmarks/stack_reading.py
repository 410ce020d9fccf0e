"""What a frame and a trace cost to read, from a movie as it is recorded and as a stack.

The movie is written in chunks of 50 whole frames, and then by ``rw.to_stack`` in a process of its
own, whose CPU seconds and memory are those of all it does. Frames are read at random, traces of
20 x 20 pixels over all frames, through ``Movie.read``, in CPU milliseconds of this process:

    python benchmarks/stack_reading.py [--frames 4000] [--side 600]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from process_tree import measure
from summaries import stored_mb, write_movie

from roiwidgets.stacks.movie import Movie, open_movie

WRITE = "import sys, roiwidgets as rw; rw.to_stack(sys.argv[1], sys.argv[2], progress=False)"
IMPORTS = "import roiwidgets.stacks.layout"
RANDOM_FRAMES = 20
REGION = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=4000)
    parser.add_argument("--side", type=int, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roiwidgets-benchmark-") as folder:
        recorded, stack = Path(folder) / "movie.zarr", Path(folder) / "stack.ome.zarr"
        write_movie(recorded, options.frames, options.side)
        imports = measure([sys.executable, "-c", IMPORTS])
        cost = measure([sys.executable, "-c", WRITE, str(recorded), str(stack)])
        print(
            f"to_stack: {cost.cpu_s:.1f} CPU s (imports {imports.cpu_s:.1f}), {cost.wall_s:.1f} s, "
            f"peak {cost.peak_mb:.0f} MB"
        )
        print(f"{'':>10}  {'MB':>5}  {'frame ms':>8}  {'20 frames ms':>12}  {'trace ms':>8}")
        movies = {"recorded": open_movie(recorded), "stack": open_movie(stack)}
        rows = {name: reading(movie) for name, movie in movies.items()}
        for (name, times), path in zip(rows.items(), (recorded, stack), strict=True):
            size = stored_mb(path)
            print(f"{name:>10}  {size:>5}  {times[0]:>8.1f}  {times[1]:>12.1f}  {times[2]:>8.1f}")
        ratios = [a / b for a, b in zip(rows["recorded"], rows["stack"], strict=True)]
        print(f"{'ratio':>10}  {'':>5}  {ratios[0]:>8.1f}  {ratios[1]:>12.1f}  {ratios[2]:>8.1f}")


def reading(movie: Movie) -> list[float]:
    """Return CPU ms of a random frame, of twenty in a row, and of a trace."""
    frames, height, width = movie.shape
    chosen = np.random.default_rng(0).integers(frames, size=RANDOM_FRAMES)
    rows, columns = (slice(size // 3, size // 3 + REGION) for size in (height, width))
    movie.read(slice(0, 1))  # opens the array
    one = [cpu_ms(lambda f=int(f): movie.read(slice(f, f + 1))) for f in chosen]
    return [
        float(np.mean(one)),
        cpu_ms(lambda: movie.read(slice(0, min(20, frames)))),
        cpu_ms(lambda: movie.read(slice(0, frames), rows, columns)),
    ]


def cpu_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return 1000 * (time.process_time() - started)


if __name__ == "__main__":
    main()

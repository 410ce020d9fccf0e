"""What traces cost, side by side with plain dask and with the recipe that notebooks copy.

A movie of noise over uneven light is stored twice: whole frames in chunks of 50, and as
``rw.to_stack`` writes it. Each line is a fresh process; CPU seconds are those of the work without
imports, the memory that of the whole process:

    python benchmarks/traces.py [--frames 4000] [--side 600] [--regions 150] [--ours]

A single region is a box of 20 x 20 pixels, once in the middle of a chunk ("1") and once on the
corner of four ("corner"), which is as much as such a box can cost.

``dask``: ``(movie[:, rows, columns] * mask).sum(axis=(1, 2)) / mask.sum()`` for each region, all
computed together in one graph (``movie[:, mask]`` with a mask over two axes is an error in dask).
``recipe``: ``movie.isel(y=..., x=...).mean(["y", "x"])`` of xarray, which can only do boxes.
All traces are compared with numpy over the pixels themselves.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import zarr
from process_tree import measure
from zarr.codecs import BloscCodec

import roiwidgets as rw

HERE = Path(__file__).parent
WHOLE_FRAMES, BALANCED = "frames.zarr", "balanced.ome.zarr"
MADE_AT_ONCE = 200
"""Frames."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=4000)
    parser.add_argument("--side", type=int, default=600)
    parser.add_argument("--regions", type=int, default=150)
    parser.add_argument("--repeats", type=int, default=3, help="of ours; the least counts")
    parser.add_argument("--ours", action="store_true", help="without the others")
    parser.add_argument("--folder", type=Path, help="keep the movies here for another run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roiwidgets-benchmark-") as folder:
        kept = options.folder or Path(folder)
        write_movies(kept, options.frames, options.side)
        print(f"{options.frames} x {options.side} x {options.side} uint8; CPU s, first part, MB")
        for path in (kept / WHOLE_FRAMES, kept / BALANCED / "0"):
            for count in ("1", "corner", str(options.regions)):
                compare(path, count, options)
            show(path, "ours", f"{options.regions}+1", options.repeats)


def compare(path: Path, count: str, options: argparse.Namespace) -> None:
    ours = show(path, "ours", count, options.repeats)
    for side in () if options.ours else ("dask", "recipe"):
        theirs = show(path, side, count, 1)
        print(f"{'':>30}  {side} / ours: {theirs / ours:.1f}", flush=True)


def show(path: Path, side: str, count: str, repeats: int) -> float:
    """Print the cheapest of some runs and return its CPU seconds."""
    runs = []
    for _ in range(repeats):
        with tempfile.NamedTemporaryFile(suffix=".json") as answer:
            script = str(HERE / "traces_once.py")
            cost = measure([sys.executable, script, side, str(path), count, answer.name])
            runs.append({**json.loads(Path(answer.name).read_text()), "peak_mb": cost.peak_mb})
    best = min(runs, key=lambda run: run["cpu_s"])
    first = f"{best['first_s']:6.2f}" if "first_s" in best else f"{'':>6}"
    layout = "balanced" if BALANCED in path.parts else "frames"
    label = f"{layout:>9} {count:>6} regions {side:>7}"
    print(
        f"{label}  {best['cpu_s']:7.2f}  {first}  {best['peak_mb']:6.0f}  "
        f"largest error {best['error']:.1g}",
        flush=True,
    )
    return float(best["cpu_s"])


def write_movies(folder: Path, frames: int, side: int) -> None:
    """Write the same movie in both layouts, unless it is there."""
    plain = folder / WHOLE_FRAMES
    if (folder / BALANCED / "zarr.json").is_file():
        return
    stored = zarr.create_array(
        plain, shape=(frames, side, side), chunks=(min(50, frames), side, side), dtype="u1",
        compressors=[BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle")],
        dimension_names=("t", "y", "x"), overwrite=True,
    )  # fmt: skip
    rng = np.random.default_rng(0)
    rows, columns = np.arange(side)[:, None] / 40, np.arange(side) / 60
    light = (30 + 20 * np.sin(rows) * np.cos(columns)).astype(np.int8)
    for start in range(0, frames, MADE_AT_ONCE):
        count = min(MADE_AT_ONCE, frames - start)
        noise = rng.integers(-4, 5, (count, side, side), dtype=np.int8)
        stored[start : start + count] = (noise + light).astype(np.uint8)
    rw.to_stack(plain, folder / BALANCED, progress=False)


if __name__ == "__main__":
    main()

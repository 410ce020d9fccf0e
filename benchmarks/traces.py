"""What traces cost, side by side with plain dask and with the recipe that notebooks copy.

A movie of noise over uneven light is stored twice: whole frames in chunks of 50, and the balanced
layout of ``rw.to_stack`` (chunks of 32 x 150 x 150 in shards of 192 frames). Each line is a fresh
process; CPU seconds are those of the work without imports, the memory that of the whole process:

    python benchmarks/traces.py [--frames 4000] [--side 600] [--regions 150] [--ours]

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

HERE = Path(__file__).parent
LAYOUTS = ("frames", "balanced")


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
        for layout in LAYOUTS:
            for count in (1, options.regions):
                compare(kept / f"{layout}.zarr", count, options)
            show(kept / f"{layout}.zarr", "ours", f"{options.regions}+1", options.repeats)


def compare(path: Path, count: int, options: argparse.Namespace) -> None:
    ours = show(path, "ours", str(count), options.repeats)
    for side in () if options.ours else ("dask", "recipe"):
        theirs = show(path, side, str(count), 1)
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
    label = f"{path.stem:>9} {count:>6} regions {side:>7}"
    print(
        f"{label}  {best['cpu_s']:7.2f}  {first}  {best['peak_mb']:6.0f}  "
        f"largest error {best['error']:.1g}",
        flush=True,
    )
    return float(best["cpu_s"])


def write_movies(folder: Path, frames: int, side: int) -> None:
    """Write the same movie in both layouts, unless it is there."""
    codec = BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle")
    shape = (frames, side, side)
    layouts = {
        "frames": {"chunks": (min(50, frames), side, side)},
        "balanced": {
            "chunks": (min(32, frames), side // 4, side // 4),
            "shards": (min(192, -(-frames // 32) * 32), side // 4 * 4, side // 4 * 4),
        },
    }
    if all((folder / f"{layout}.zarr" / "zarr.json").is_file() for layout in layouts):
        return
    stored = [
        zarr.create_array(
            folder / f"{layout}.zarr", shape=shape, dtype="u1", compressors=[codec],
            dimension_names=("t", "y", "x"), overwrite=True, **sizes,
        )
        for layout, sizes in layouts.items()
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    rows, columns = np.arange(side)[:, None] / 40, np.arange(side) / 60
    light = (30 + 20 * np.sin(rows) * np.cos(columns)).astype(np.int8)
    for start in range(0, frames, 192):
        noise = rng.integers(-4, 5, (min(192, frames - start), side, side), dtype=np.int8)
        for array in stored:
            array[start : start + len(noise)] = (noise + light).astype(np.uint8)


if __name__ == "__main__":
    main()

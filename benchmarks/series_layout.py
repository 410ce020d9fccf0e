"""What it costs to turn a folder of images into series, and to read one of them.

Prints, in one run, the cost of ``rw.series.write_series`` beside that of the plain way (dask
brings time together, xarray writes Zarr), both with the same chunks, and the cost of one
pixel's series out of the folder and out of the store:

    python benchmarks/series_layout.py [FRAMES=1000] [SIDE=600] [FOLDER=/tmp]
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import numpy as np
import tifffile
import xarray

sys.path.insert(0, str(Path(__file__).parents[1]))

import roiwidgets as rw
from benchmarks.process_tree import Cost, measure

MEMORY = 64 * 1024**2


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in WAYS:
        WAYS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
        return
    numbers = [int(text) for text in sys.argv[1:3]]
    frames, side = [*numbers, *(1000, 600)[len(numbers) :]]
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else "/tmp") / f"frames_{frames}_{side}"
    if not folder.exists():
        _write_frames(folder, frames, side)
    costs: dict[str, Cost] = {}
    for way in WAYS:
        output = folder.with_name(f"{folder.name}_{way}.zarr")
        if output.exists():
            shutil.rmtree(output)
        costs[way] = measure([sys.executable, __file__, way, str(folder), str(output)])
    print(f"{frames} TIFF files of {side} x {side} uint8: {frames * side**2 / 1e6:.0f} MB")
    print(f"{'':>14}  CPU s  peak MB")
    for way, cost in costs.items():
        print(f"{way:>14}  {cost.cpu_s:5.1f}  {cost.peak_mb:7.0f}")
    ours, plain, start = (costs[way] for way in ("write_series", "xarray", "import"))
    print(
        "less the import, xarray / write_series: "
        f"CPU {(plain.cpu_s - start.cpu_s) / (ours.cpu_s - start.cpu_s):.1f}, "
        f"memory {(plain.peak_mb - start.peak_mb) / (ours.peak_mb - start.peak_mb):.1f}"
    )
    _compare_reading(folder, folder.with_name(f"{folder.name}_write_series.zarr"), side)


def _nothing(_folder: Path, _output: Path) -> None:
    """Import what the others do: public names are loaded on first use."""
    assert rw.collections
    assert rw.series


def _write_series(folder: Path, output: Path) -> None:
    rw.series.write_series(rw.collections.read_folder(folder), output, memory=MEMORY)


def _xarray(folder: Path, output: Path) -> None:
    stack = rw.collections.read_folder(folder).rename("series")
    side = int(np.sqrt(1024**2 / stack.sizes["t"]))
    chunks = {"y": side, "x": side, "t": -1}
    stack.transpose(..., "t").chunk(chunks).to_zarr(output, consolidated=False, zarr_format=3)


WAYS = {"import": _nothing, "write_series": _write_series, "xarray": _xarray}


def _compare_reading(folder: Path, store: Path, side: int) -> None:
    sources = {
        "folder": rw.collections.read_folder(folder),
        "store": rw.series.open_series(store),
    }
    spent: dict[str, float] = {}
    values: dict[str, xarray.DataArray] = {}
    for name, source in sources.items():
        started = time.process_time()
        values[name] = source.isel(y=side // 2, x=side // 2).compute()
        spent[name] = time.process_time() - started
    np.testing.assert_array_equal(values["folder"].values, values["store"].values)
    shares = ", ".join(f"{name} {seconds:.3f} CPU s" for name, seconds in spent.items())
    print(f"one series: {shares}; folder / store: {spent['folder'] / spent['store']:.0f}")


def _write_frames(folder: Path, frames: int, side: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 40, (side, side), dtype=np.uint8)
    for number in range(frames):
        image = np.roll(noise, number, axis=number % 2) + np.uint8(number % 100)
        tifffile.imwrite(folder / f"frame{number}.tif", image)


if __name__ == "__main__":
    main()

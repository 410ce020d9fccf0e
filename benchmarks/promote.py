"""What ``rw.promote`` costs, side by side with the recipe that notebooks copy.

Both read one OME-Zarr of a CT-like phantom (128^3 chunks) and write a pyramid, each in a fresh
process whose imports count; CPU seconds and memory are those of the process and all its
workers. Level 0 is compared with ITK on the whole array (with 16 planes across the middle of it
where ITK takes long). The limit is the time that the filter alone takes for a voxel, measured
in the same run, times the voxels: shared among the workers for wall time, whole for CPU time.

    python benchmarks/promote.py [--size 512] [--only median threshold]
    python benchmarks/promote.py --ours                      # never the recipe
    python benchmarks/promote.py --recipe-for threshold      # the recipe for some filters only
    python benchmarks/promote.py --sizes 256 512 1024 --only median    # is memory flat?
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from notebook_recipe import FILTERS
from numpy.typing import NDArray
from process_tree import Cost, measure
from promote_once import OPERATIONS

import roiwidgets as rw
from roiwidgets.images.samples import ct_phantom

HERE = Path(__file__).parent
SPACING = (1.0, 1.0, 1.0)
PHANTOM_SIDE = 256
SLOW_ORACLES = ("median", "bilateral")
ALONE_SIDE = 96
ALONE_RUNS = 3
FLAT, MOST_MB = 1.15, 400
"""How much more memory the largest image may take than the smallest one, and how much at all."""

Voxels = NDArray[np.generic]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--sizes", type=int, nargs="*", help="promote only, at these sizes")
    parser.add_argument("--only", nargs="*", default=list(FILTERS), choices=list(FILTERS))
    parser.add_argument("--ours", action="store_true", help="without the recipe")
    parser.add_argument(
        "--recipe-for", nargs="*", default=list(FILTERS), choices=list(FILTERS),
        help="run the recipe for these filters only",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roiwidgets-benchmark-") as folder:
        if options.sizes:
            compare_sizes(Path(folder), options.sizes, options.only, options.workers)
        else:
            compare_recipe(Path(folder), options)


def compare_recipe(folder: Path, options: argparse.Namespace) -> None:
    print(f"{options.size}^3 uint8, {options.workers} workers; CPU s / wall s / peak PSS MB")
    print(
        f"{'filter':>18}  {'recipe':>22}  {'promote':>20}  {'ratios':>19}  "
        f"{'limit: wall s, share':>20}  {'CPU s, share':>12}  mismatches, ours and the recipe's"
    )
    with_recipe = set() if options.ours else set(options.recipe_for)
    recipe = imports("notebook_recipe") if with_recipe else None
    print(
        f"{'imports alone':>18}  {_words(recipe):>22}  {_words(imports('promote_once')):>20}",
        flush=True,
    )
    for name in options.only:
        compare_filter(folder, name, options, has_recipe=name in with_recipe)


def compare_filter(
    folder: Path, name: str, options: argparse.Namespace, *, has_recipe: bool
) -> None:
    source = write_phantom(folder, options.size)
    ours, theirs = folder / "ours.ome.zarr", folder / "theirs.ome.zarr"
    cost = promote_once(name, source, ours, options.workers)
    other = run_recipe(name, source, theirs) if has_recipe else None
    limit = seconds_alone(name) * options.size**3
    wrong = [mismatches(name, source, path) for path in (ours, theirs) if path.exists()]
    ratios = [] if other is None else _ratios(other, cost)
    wall = limit / options.workers
    print(
        f"{name:>18}  {_words(other):>22}  {_words(cost):>20}  {' '.join(ratios):>19}  "
        f"{wall:>12.1f} {wall / cost.wall_s:>7.0%}  {limit:>6.1f} {limit / cost.cpu_s:>5.0%}  "
        f"{', '.join(wrong)}",
        flush=True,
    )
    for path in (ours, theirs):
        shutil.rmtree(path, ignore_errors=True)


def compare_sizes(folder: Path, sizes: list[int], names: list[str], workers: int) -> None:
    print(f"promote with {workers} workers; CPU s / wall s / peak PSS MB")
    for name in names:
        peaks = []
        for size in sizes:
            source, output = write_phantom(folder, size), folder / "output.ome.zarr"
            cost = promote_once(name, source, output, workers)
            print(f"{name:>18}  {size:>5}^3  {_words(cost):>20}", flush=True)
            peaks.append(cost.peak_mb)
            shutil.rmtree(output)
        growth = max(peaks) / min(peaks)
        is_flat = growth <= FLAT and max(peaks) <= MOST_MB
        print(
            f"{name:>18}  memory: {max(peaks):.0f} MB at most, {growth:.2f}x from least to most "
            f"({'flat' if is_flat else f'more than {MOST_MB} MB or {FLAT}x'})",
            flush=True,
        )


def write_phantom(folder: Path, size: int) -> Path:
    """Return the phantom as an OME-Zarr; beyond 256^3 it repeats itself."""
    path = folder / f"phantom-{size}.ome.zarr"
    if not path.exists():
        side = min(size, PHANTOM_SIDE)
        voxels = np.asarray(ct_phantom((side,) * 3).data)
        repeated = np.tile(voxels, (-(-size // side),) * 3)[:size, :size, :size]
        image = rw.open_image(repeated, axes="zyx", spacing=dict(zip("zyx", SPACING, strict=True)))
        rw.build_pyramid(image, path, chunks=128, progress=False)
    return path


def promote_once(name: str, source: Path, output: Path, workers: int) -> Cost:
    script = str(HERE / "promote_once.py")
    return measure([sys.executable, script, name, str(source), str(output), str(workers)])


def run_recipe(name: str, source: Path, output: Path) -> Cost:
    script = str(HERE / "notebook_recipe.py")
    return measure([sys.executable, script, name, str(source), str(output)])


def imports(script: str) -> Cost:
    """Return what a script costs before it does anything."""
    code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import {script} as s; s.load()"
    return measure([sys.executable, "-c", code])


def seconds_alone(name: str) -> float:
    """Return the CPU seconds per voxel that the filter takes by itself, at its best."""
    operation = OPERATIONS[name]()
    voxels = np.asarray(ct_phantom((ALONE_SIDE,) * 3).data)
    operation(voxels[:8], SPACING)  # loads what it needs
    found = []
    for _ in range(ALONE_RUNS):
        started = time.process_time()
        operation(voxels, SPACING)
        found.append(time.process_time() - started)
    return min(found) / voxels.size


def mismatches(name: str, source: Path, output: Path) -> str:
    """Return how many voxels of level 0 differ from ITK's, and out of how many."""
    voxels = rw.open_image(source).images[0].data
    found = rw.open_image(output).images[0].data
    if name in SLOW_ORACLES:
        middle = len(voxels) // 2
        halo = 8
        expected = oracle(name, voxels[middle - 8 - halo : middle + 8 + halo].compute())[halo:-halo]
        given = found[middle - 8 : middle + 8].compute()
    else:
        expected, given = oracle(name, voxels.compute()), found.compute()
    wrong = int(np.count_nonzero(given != expected))
    return f"{wrong} of {given.size / 1e6:.1f} M"


def oracle(name: str, voxels: Voxels) -> Voxels:
    """Return what public ITK makes of an array, in one piece."""
    import itk

    if name == "identity":
        return voxels
    if name == "gradient_magnitude":
        voxels = voxels.astype(np.float32)
    image = itk.image_from_array(voxels)
    image.SetSpacing(SPACING[::-1])
    if name == "threshold":
        result = itk.threshold_image_filter(image, lower=60, upper=170)
    elif name == "gradient_magnitude":
        result = itk.gradient_magnitude_image_filter(image)
    elif name == "median":
        result = itk.median_image_filter(image, radius=2)
    else:
        result = itk.bilateral_image_filter(image, domain_sigma=1.1, range_sigma=30.0)
    return itk.array_from_image(result)


def _ratios(other: Cost, cost: Cost) -> list[str]:
    pairs = (
        (other.cpu_s, cost.cpu_s),
        (other.wall_s, cost.wall_s),
        (other.peak_mb, cost.peak_mb),
    )
    return [f"{theirs / ours:.1f}x" for theirs, ours in pairs]


def _words(cost: Cost | None) -> str:
    return "" if cost is None else f"{cost.cpu_s:.1f} / {cost.wall_s:.1f} / {cost.peak_mb:.0f}"


if __name__ == "__main__":
    main()

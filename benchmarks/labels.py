"""Connected components of a volume in blocks: ours and dask-image's, against the whole array.

A seeded mask of blobs (about an eighth of the voxels) is stored in chunks of 64^3. Ours is
``rw.promote`` with two workers, scales included; dask-image's is ``ndmeasure.label`` and
``to_zarr`` of one scale, with two threads. Each runs in a process of its own whose imports count.
Both results are compared with connected-components-3d on the whole array: ours number for number,
dask-image's up to numbering. dask-image is needed for this comparison only:

    uv run --with dask-image python benchmarks/labels.py [--sizes 256 512] [--limit 600]

or ``--python`` names the interpreter of an environment with dask-image, zarr and psutil. What
has not ended after ``--limit`` CPU seconds is stopped, and its row says so.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from process_tree import Cost, measure

CHUNK = 64
TILE = 128
"""Side of the pattern, which repeats itself without a seam."""

SHARE = 0.12
PARTS = ("ours", "dask")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[256, 512])
    parser.add_argument("--limit", type=int, default=600, help="CPU seconds for dask-image")
    parser.add_argument("--python", default=sys.executable, help="interpreter with dask-image")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--imports", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--paths", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.imports:
        load(options.part)
    elif options.part == "ours":
        run_ours(*options.paths)
    elif options.part == "dask":
        run_dask(*options.paths, limit=options.limit)
    else:
        for part in PARTS:
            command = [_python(part, options), __file__, "--part", part, "--imports"]
            print(f"{part:>12}  {_words(measure(command)):>24}  imports alone", flush=True)
        for size in options.sizes:
            with tempfile.TemporaryDirectory(prefix="roiwidgets-labels-") as folder:
                compare(Path(folder), size, options)


def compare(folder: Path, size: int, options: argparse.Namespace) -> None:
    source = folder / "mask.ome.zarr"
    write_mask(source, size)
    print(f"{size}^3, {CHUNK}^3 chunks; CPU s / wall s / peak PSS MB", flush=True)
    reference, seconds = label_whole(source)
    print(f"{'whole array':>12}  {seconds:8.2f} CPU s  {reference.max()} components", flush=True)
    costs = {}
    for part in PARTS:
        output = folder / f"{part}.zarr"
        command = [_python(part, options), __file__, "--part", part, "--limit", str(options.limit)]
        try:
            costs[part] = measure([*command, "--paths", str(source), str(output)])
        except subprocess.CalledProcessError as error:
            print(f"{part:>12}  did not end: {error}", flush=True)
            continue
        print(
            f"{part:>12}  {_words(costs[part]):>24}  {verdict(part, output, reference)}", flush=True
        )
    if len(costs) == len(PARTS):
        theirs, ours = costs["dask"], costs["ours"]
        print(
            f"{'ratio':>12}  {theirs.cpu_s / ours.cpu_s:.1f}x less CPU, "
            f"{theirs.peak_mb / ours.peak_mb:.1f}x less memory"
        )


def _python(part: str, options: argparse.Namespace) -> str:
    return str(options.python if part == "dask" else sys.executable)


def load(part: str) -> None:
    """Import what one side uses; each of our workers imports most of it once more."""
    if part == "dask":
        import dask_image.ndmeasure

        assert callable(dask_image.ndmeasure.label)
    else:
        import roiwidgets as rw

        assert callable(rw.promote)


def write_mask(path: Path, size: int) -> None:
    from scipy.ndimage import gaussian_filter

    import roiwidgets as rw

    noise = np.random.default_rng(0).random((TILE,) * 3, dtype=np.float32)
    smooth = gaussian_filter(noise, 2.0, mode="wrap")
    tile = (smooth > np.quantile(smooth, 1 - SHARE)).astype(np.uint8)
    mask = np.tile(tile, (-(-size // TILE),) * 3)[:size, :size, :size]
    rw.build_pyramid(rw.open_image(mask, axes="zyx"), path, chunks=CHUNK, progress=False)


def label_whole(source: Path) -> tuple[np.ndarray, float]:
    """Return the labels of the whole array, by faces, and the CPU seconds they took."""
    import cc3d

    import roiwidgets as rw

    mask = np.asarray(rw.open_image(source).images[0].data)
    started = time.process_time()
    labels = cc3d.connected_components(mask, connectivity=6)
    return labels, time.process_time() - started


def verdict(part: str, output: Path, reference: np.ndarray) -> str:
    import zarr

    found = zarr.open_array(output / "0" if part == "ours" else output, mode="r")[:]
    tasks = output.with_suffix(".tasks")
    counted = f"; {tasks.read_text()}" if tasks.exists() else ""
    if part == "ours" and np.array_equal(found, in_order(reference)):
        return f"equal to the whole array, number for number{counted}"
    equal = np.array_equal(in_order(found), in_order(reference))
    return f"{'equal up to numbering' if equal else 'DIFFERENT'}{counted}"


def in_order(labels: np.ndarray) -> np.ndarray:
    """Return labels numbered by their first voxels."""
    flat = labels.ravel()
    values, first = np.unique(flat, return_index=True)
    ranks = np.zeros(int(values[-1]) + 1, np.uint32)
    order = values[np.argsort(first)]
    order = order[order > 0]
    ranks[order] = np.arange(1, len(order) + 1, dtype=np.uint32)
    return ranks[flat].reshape(labels.shape)


def run_ours(source: Path, output: Path) -> None:
    import roiwidgets as rw
    from roiwidgets.engine import task_runner

    tasks = 0
    submit = task_runner.TaskRunner._submit

    def count(self, bundle, function):
        nonlocal tasks
        tasks += len(bundle)
        return submit(self, bundle, function)

    task_runner.TaskRunner._submit = count
    operation = rw.operations.connected_components()
    blocks = rw.plan(source, operation, output, chunks=CHUNK).blocks
    rw.promote(source, operation, output, chunks=CHUNK, workers=2, progress=False)
    output.with_suffix(".tasks").write_text(
        f"{tasks} tasks for {blocks} blocks: {tasks / blocks:.2f} for each, scales included"
    )


def run_dask(source: Path, output: Path, *, limit: int) -> None:
    import dask
    import dask.array as da
    from dask_image.ndmeasure import label

    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    mask = da.from_zarr(str(source / "0"), chunks=(CHUNK,) * 3)
    labels, _ = label(mask)
    tasks = len(labels.__dask_graph__())
    output.with_suffix(".tasks").write_text(
        f"{tasks} tasks for {mask.npartitions} chunks: {tasks / mask.npartitions:.0f} for each"
    )
    with dask.config.set(scheduler="threads", num_workers=2):
        labels.to_zarr(str(output))


def _words(cost: Cost) -> str:
    return f"{cost.cpu_s:.1f} / {cost.wall_s:.1f} / {cost.peak_mb:.0f}"


if __name__ == "__main__":
    main()

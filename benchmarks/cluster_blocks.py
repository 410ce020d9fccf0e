"""What it costs on a cluster that each block is a task of its own, as its dashboard shows them.

Both sides promote one OME-Zarr of a CT-like phantom on a ``LocalCluster``, in turns and each in
a fresh process; the other side hands blocks out in bundles, as the local pool does:

    python benchmarks/cluster_blocks.py [--size 256] [--only median threshold] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from process_tree import Cost, measure
from promote_once import OPERATIONS

import roiwidgets as rw
from roiwidgets.engine.executors import ClusterWorkers, Workers
from roiwidgets.images.samples import ct_phantom

SIDES = ("blocks", "bundles")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--only", nargs="*", default=["identity", "threshold", "median"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", nargs=4, metavar=("SIDE", "FILTER", "SOURCE", "OUTPUT"))
    options = parser.parse_args()
    if options.run:
        promote_on_cluster(*options.run)
        return
    with tempfile.TemporaryDirectory(prefix="roiwidgets-benchmark-") as folder:
        source = write_phantom(Path(folder), options.size)
        print(f"{options.size}^3 uint8, 2 workers; CPU s of all processes, median of rounds")
        print(f"{'filter':>12}  {'blocks':>8}  {'bundles':>8}  {'ratio':>6}  peak PSS MB")
        for name in options.only:
            compare(name, source, Path(folder), options.rounds)


def write_phantom(folder: Path, size: int) -> Path:
    source = folder / "source.zarr"
    repeats = -(-size // 256)
    voxels = np.tile(np.asarray(ct_phantom((256,) * 3).data).astype(np.uint8), (repeats,) * 3)
    rw.build_pyramid(voxels[:size, :size, :size], source, chunks=128, progress=False)
    return source


def compare(name: str, source: Path, folder: Path, rounds: int) -> None:
    costs: dict[str, list[Cost]] = {side: [] for side in SIDES}
    for number in range(rounds):
        for side in SIDES:
            output = folder / f"{name}-{side}-{number}.zarr"
            costs[side].append(
                measure([sys.executable, __file__, "--run", side, name, str(source), str(output)])
            )
    blocks, bundles = (statistics.median(cost.cpu_s for cost in costs[side]) for side in SIDES)
    peaks = ", ".join(f"{max(cost.peak_mb for cost in costs[side]):.0f}" for side in SIDES)
    print(
        f"{name:>12}  {blocks:8.2f}  {bundles:8.2f}  {blocks / bundles:6.2f}  {peaks}", flush=True
    )


def promote_on_cluster(side: str, name: str, source: str, output: str) -> None:
    from distributed import Client, LocalCluster

    if side == "bundles":
        ClusterWorkers.largest_bundle = Workers.largest_bundle
        ClusterWorkers.submit = Workers.submit  # type: ignore[method-assign] # the other side
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        rw.promote(source, OPERATIONS[name](), output, executor=client, chunks=64, progress=False)


if __name__ == "__main__":
    main()

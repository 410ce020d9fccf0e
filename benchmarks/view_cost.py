"""What it costs to show a 512^3 uint8 array, beside what itkwidgets does before it shows one.

Each side runs in a process of its own, after imports and with the array in memory, and
prints CPU seconds and by how much the peak of resident memory grew. Ours: the viewer, its
picture for saved notebooks, and the voxels of the first image (a look at the whole and the
three slices on screen). Theirs, as itkwidgets 1.0 prepares an image with ngff-zarr: an eager
pyramid, written to a store (in a folder: ngff-zarr writes to memory no more):

    python benchmarks/view_cost.py [SIDE=512]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np


def main() -> None:
    if len(sys.argv) > 2:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
        return
    side = sys.argv[1] if len(sys.argv) > 1 else "512"
    results = {}
    for name in ("roiwidgets", "itkwidgets' way"):
        line = subprocess.check_output([sys.executable, __file__, name, side], text=True)
        results[name] = json.loads(line.splitlines()[-1])
        cpu, memory = results[name]
        print(f"{name:>16}  {cpu:6.2f} CPU s  {memory:6.0f} MB more")
    (cpu, memory), (their_cpu, their_memory) = results.values()
    print(f"{their_cpu / cpu:.0f} x less CPU, {their_memory / max(memory, 1):.0f} x less memory")


def measure(name: str, side: int) -> tuple[float, float]:
    array = np.random.default_rng(0).integers(0, 255, (side,) * 3, dtype=np.uint8)
    prepare = ours() if name == "roiwidgets" else theirs()
    before, cpu = peak_megabytes(), time.process_time()
    prepare(array)
    return time.process_time() - cpu, peak_megabytes() - before


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours() -> Callable[[np.ndarray], None]:
    import roiwidgets as rw
    from roiwidgets.widgets._messages import ChunkRequest

    rw.Viewer(np.zeros((8, 8, 8), np.uint8))

    def prepare(array: np.ndarray) -> None:
        viewer = rw.Viewer(array)
        viewer.draw_png()
        (layer,) = viewer._layers.values()
        served = layer.serve()
        coarsest = len(served.levels) - 1
        served.read(
            ChunkRequest(0, layer.id, coarsest, 0, 0, (0, 0, 0), served.levels[-1].shape, True)
        )
        # a pane of 400 pixels shows a cube of 512 at scale 1
        half = served.levels[1].shape
        for axis in range(3):
            start, shape = [0, 0, 0], list(half)
            start[axis], shape[axis] = half[axis] // 2, 1
            served.read(ChunkRequest(0, layer.id, 1, 0, 0, tuple(start), tuple(shape)))

    return prepare


def theirs() -> Callable[[np.ndarray], None]:
    from ngff_zarr import Methods, to_multiscales, to_ngff_image, to_ngff_zarr

    def prepare(array: np.ndarray) -> None:
        image = to_ngff_image(array, dims=["z", "y", "x"])
        pyramid = to_multiscales(image, method=Methods.ITKWASM_GAUSSIAN, chunks=64)
        with tempfile.TemporaryDirectory() as folder:
            to_ngff_zarr(f"{folder}/image.zarr", pyramid)

    prepare(np.zeros((128,) * 3, np.uint8))
    return prepare


if __name__ == "__main__":
    main()

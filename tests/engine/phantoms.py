"""Images and helpers that the tests of the engine share."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
from ngff_zarr import Multiscales, NgffImage
from numpy.typing import NDArray

from roiwidgets.images.readers import open_image

Voxels = NDArray[np.generic]
SPACING = {"z": 2.0, "y": 0.7, "x": 1.3}
TRANSLATION = {"z": -4.0, "y": 10.0, "x": 0.25}


class Inline(Executor):
    """Runs tasks at once in the calling thread: quick, and it shows the true traceback."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future[object] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 # handed over as executors do
            future.set_exception(error)
        return future


def image_of(
    voxels: Voxels, spacing: Mapping[str, float] = SPACING, *, axes: str = "zyx"
) -> Multiscales:
    """Return an image of an array in memory, anisotropic and off the origin."""
    spatial = [axis for axis in axes if axis in "zyx"]
    return open_image(
        voxels,
        axes=axes,
        spacing={axis: spacing[axis] for axis in spatial},
        origin={axis: TRANSLATION[axis] for axis in spatial},
    )


def voxels_of(level: NgffImage) -> Voxels:
    return np.asarray(level.data.compute(scheduler="synchronous"))


def binned(voxels: Voxels, factors: tuple[int, ...]) -> Voxels:
    """Return bin means, loop by loop: the oracle of pyramids."""
    shape = tuple(-(-n // f) for n, f in zip(voxels.shape, factors, strict=True))
    result = np.empty(shape, voxels.dtype)
    for index in np.ndindex(*shape):
        box = tuple(slice(i * f, (i + 1) * f) for i, f in zip(index, factors, strict=True))
        mean = voxels[box].astype(np.float64).mean()
        result[index] = mean if voxels.dtype.kind == "f" else np.rint(mean)
    return result


def fails_beyond(voxels: Voxels, limit: int = 250) -> Voxels:
    """An operation that fails where a voxel is too bright."""
    if voxels.max() > limit:
        raise ValueError("too bright")
    return voxels.copy()


def kills_its_worker(voxels: Voxels) -> Voxels:
    """An operation that takes its process with it."""
    os.kill(os.getpid(), signal.SIGKILL)
    return voxels


def recorded(path: Path) -> list[str]:
    """Return the keys of the blocks that workers recorded for an unfinished output, sorted."""
    files = path.with_name(f"{path.name}.partial").glob("work-*/finished/*.txt")
    return sorted(line[:-1] for file in files for line in file.read_text().split("\n") if line)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every chunk of a store by its path; metadata with dates are left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("zarr.json", ".zattrs", ".zgroup")
    }


class InlinePreviewWorkers(Inline):
    """Stands in for the warm processes of a preview: blocks run at once in its thread."""

    count = 2
    is_closed = False

    def __init__(self, folder: str) -> None:
        pass

    def prepare(self, preparation: object) -> None:
        """Nothing has to be loaded beforehand."""

    def replace_worker_of(self, future: Future[object]) -> None:
        raise AssertionError("a block that has run is never abandoned")

    def close(self) -> None:
        self.is_closed = True

"""What is asked of an image before a promotion: where it is, whether it is the same."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from roiwidgets.errors import ImageError, OutputLocationError
from roiwidgets.images.sources import ArraySource, Slices, Voxels, VoxelSource, ZarrSource

SAMPLE_BOXES = 8
SAMPLE_SIDE = 16
SCAN_VOXELS = 2**22


def check_apart(source: VoxelSource, output: Path) -> None:
    """Raise an ``OutputLocationError`` if output and input lie inside each other."""
    root = source_folder(source)
    if root is None:
        return
    target = output.resolve()
    if target == root or root in target.parents or target in root.parents:
        raise OutputLocationError(
            f"the output {output} and the input {root} lie inside each other; choose a path beside "
            "the input"
        )


def source_folder(source: object) -> Path | None:
    """Return the folder that a source reads from, through views of it; None for others."""
    if isinstance(source, ZarrSource):
        is_local = "://" not in source.location
        return Path(source.location).resolve() if is_local else None
    inner = getattr(source, "source", None)
    return None if inner is None else source_folder(inner)


def describe_source(source: VoxelSource) -> str:
    """Return where voxels come from, for people."""
    if isinstance(source, ZarrSource):
        return f"{source.location}/{source.path}".rstrip("/")
    inner = getattr(source, "source", None)
    if inner is None:
        return f"an array of this session ({type(source).__name__})"
    return describe_source(inner)


def check_finite(source: VoxelSource) -> None:
    """Raise an ``ImageError`` if an image of floats holds no number at all.

    Reads until the first number: a few boxes of almost any image.
    """
    if source.dtype.kind != "f":
        return
    for box in itertools.chain(_sample_boxes(source), _slabs(source)):
        if np.isfinite(source.read(box)).any():
            return
    raise ImageError(
        f"the image of shape {source.shape} holds no finite value, only NaN or infinity; check how "
        "it was written"
    )


def fingerprint(source: VoxelSource) -> str:
    """Return a digest that tells sources apart.

    Arrays in memory are read whole; of others it is the location, the time the
    array's metadata were written, and a few of the voxels. Voxels that are changed
    in place elsewhere are not noticed.
    """
    digest = hashlib.sha256(f"{source.shape} {source.dtype}".encode())
    if isinstance(source, ArraySource) and isinstance(source.array, np.ndarray):
        for box in _slabs(source):
            digest.update(source.read(box).tobytes())
        return digest.hexdigest()
    if isinstance(source, ZarrSource):
        digest.update(f"{source.location} {source.path} {_written_at(source)}".encode())
    for box in _sample_boxes(source):
        digest.update(source.read(box).tobytes())
    return digest.hexdigest()


def most_varied_box(source: VoxelSource, spatial: tuple[int, ...]) -> Slices:
    """Return the sampled box with the widest range of values, 1 voxel along other axes."""
    boxes = [
        tuple(
            side if axis in spatial else slice(side.start, side.start + 1)
            for axis, side in enumerate(box)
        )
        for box in _sample_boxes(source)
    ]
    return max(boxes, key=lambda box: _spread(source.read(box)))


def _spread(voxels: Voxels) -> float:
    finite = voxels[np.isfinite(voxels)].astype(np.float64)
    return float(finite.max() - finite.min()) if finite.size else -1.0


def _written_at(source: ZarrSource) -> int:
    """Return when a local array's metadata were written, in ns; 0 elsewhere."""
    folder = Path(source.location) / source.path
    files = [folder / name for name in ("zarr.json", ".zarray")]
    return max((file.stat().st_mtime_ns for file in files if file.is_file()), default=0)


def _sample_boxes(source: VoxelSource) -> Iterator[Slices]:
    """Yield a box in the middle of the image, then seeded random ones."""
    rng = np.random.default_rng(0)
    starts = [max(0, (size - SAMPLE_SIDE) // 2) for size in source.shape]
    for _ in range(SAMPLE_BOXES):
        sides = zip(starts, source.shape, source.chunks, strict=True)
        yield tuple(slice(a, min(a + min(chunk, SAMPLE_SIDE), size)) for a, size, chunk in sides)
        starts = [int(rng.integers(0, size)) for size in source.shape]


def _slabs(source: VoxelSource) -> Iterator[Slices]:
    """Yield boxes of about ``SCAN_VOXELS`` that tile the image."""
    steps, rest = [], SCAN_VOXELS
    for size in reversed(source.shape):
        steps.append(max(1, min(size, rest)))
        rest //= max(size, 1)
    ranges = [
        [slice(i, min(i + step, size)) for i in range(0, size, step)]
        for size, step in zip(source.shape, reversed(steps), strict=True)
    ]
    yield from itertools.product(*ranges)

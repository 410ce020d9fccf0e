"""What is asked of an image before a promotion: where it is, whether it is the same."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from roiwidgets.errors import ImageError, OutputLocationError
from roiwidgets.images.reading import describe_source, read_voxels
from roiwidgets.images.sources import ArraySource, Slices, Voxels, VoxelSource, ZarrSource

SAMPLE_BOXES = 8
SAMPLE_SIDE = 16
SCAN_VOXELS = 2**22
LISTED_FILES = 20_000


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


def check_apart_at_url(source: VoxelSource, output: str) -> None:
    """Raise an ``OutputLocationError`` if an output at a URL and the input lie in each other."""
    root = _source_url(source)
    if root is None:
        return
    inner, outer = sorted((f"{root}/", f"{output}/"), key=len, reverse=True)
    if inner.startswith(outer):
        raise OutputLocationError(
            f"the output {output} and the input {root} lie inside each other; choose a URL beside "
            "the input"
        )


def _source_url(source: object) -> str | None:
    """Return the URL that a source reads from, through views of it; None for others."""
    if isinstance(source, ZarrSource):
        return source.location.rstrip("/") if "://" in source.location else None
    inner = getattr(source, "source", None)
    return None if inner is None else _source_url(inner)


def source_folder(source: object) -> Path | None:
    """Return the folder that a source reads from, through views of it; None for others."""
    if isinstance(source, ZarrSource):
        is_local = "://" not in source.location
        return Path(source.location).resolve() if is_local else None
    inner = getattr(source, "source", None)
    return None if inner is None else source_folder(inner)


def check_finite(source: VoxelSource) -> None:
    """Raise an ``ImageError`` if an image of floats holds no number at all.

    Reads until the first number: a few boxes of almost any image.
    """
    if source.dtype.kind != "f":
        return
    for box in itertools.chain(_sample_boxes(source), _slabs(source)):
        if np.isfinite(read_voxels(source, box)).any():
            return
    raise ImageError(
        f"the image of shape {source.shape} holds no finite value, only NaN or infinity; check how "
        "it was written"
    )


def fingerprint(source: VoxelSource) -> str:
    """Return a digest that tells sources apart.

    Arrays in memory are read whole; of others it is the location, a few of the voxels,
    and where they lie in files, also when and how long each was written (of the first
    ``LISTED_FILES``, by name). What is changed in place at a URL is not noticed elsewhere.
    """
    digest = hashlib.sha256(f"{source.shape} {source.dtype}".encode())
    if isinstance(source, ArraySource) and isinstance(source.array, np.ndarray):
        for box in _slabs(source):
            digest.update(read_voxels(source, box).tobytes())
        return digest.hexdigest()
    digest.update(describe_source(source).encode())
    for state in itertools.islice(_file_states(_stored_at(source)), LISTED_FILES):
        digest.update(state.encode())
    for box in _sample_boxes(source):
        digest.update(read_voxels(source, box).tobytes())
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
    return max(boxes, key=lambda box: _spread(read_voxels(source, box)))


def _spread(voxels: Voxels) -> float:
    finite = voxels[np.isfinite(voxels)].astype(np.float64)
    return float(finite.max() - finite.min()) if finite.size else -1.0


def _stored_at(source: object) -> Path | None:
    """Return the file or folder that voxels are read from, through views of it; None elsewhere."""
    if isinstance(source, ZarrSource):
        is_local = "://" not in source.location
        return Path(source.location) / source.path if is_local else None
    file = getattr(source, "path", None)
    if isinstance(file, str):  # of a TIFF
        return Path(file)
    inner = getattr(source, "source", None)
    return None if inner is None else _stored_at(inner)


def _file_states(path: Path | None) -> Iterator[str]:
    """Yield when and how long each file under a path was written, in the order of names."""
    if path is None:
        return
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            yield from _file_states(entry)
    else:
        state = path.stat()
        yield f"{path.name} {state.st_size} {state.st_mtime_ns}"


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

"""Reading voxels, with errors that say which chunk of which file broke.

Imported by every worker process.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from roiwidgets.errors import ImageError
from roiwidgets.images.sources import Slices, Voxels, VoxelSource, ZarrSource, peek


def read_voxels(source: VoxelSource, box: Slices, *, writable: bool = True) -> Voxels:
    """Return the voxels in a box; chunks that are not stored read as the fill value.

    Parameters
    ----------
    source, box
        What is read, and which part.
    writable
        False spares a copy where the source can do without.

    Raises
    ------
    ImageError
        If a chunk cannot be read or decoded: it names the image and the voxels.
    """
    try:
        return source.read(box) if writable else peek(source, box)
    except MemoryError:
        raise
    except Exception as error:
        part, reason = _first_broken(source, box) or (box, error)
        raise ImageError(
            f"{describe_source(source)} cannot be read at {describe_box(part)}: "
            f"{type(reason).__name__}: {reason}; {_remedy(source)}"
        ) from error


def describe_box(box: Slices) -> str:
    """Return a box as it is typed to slice an array.

    Examples
    --------
    >>> describe_box((slice(0, 64), slice(64, 90)))
    '[0:64, 64:90]'
    """
    return f"[{', '.join(f'{side.start}:{side.stop}' for side in box)}]"


def describe_source(source: VoxelSource) -> str:
    """Return where voxels come from, for people."""
    stored = innermost(source)
    if isinstance(stored, ZarrSource):
        return f"{stored.location}/{stored.path}".rstrip("/")
    if _is_file(stored):
        return str(stored.path)
    return f"an array of this session ({type(stored).__name__})"


def _remedy(source: VoxelSource) -> str:
    """Return what to do about a part that cannot be read."""
    stored = innermost(source)
    if isinstance(stored, ZarrSource):
        return (
            "restore that chunk from a copy of the image, or delete its file to read it as the "
            "fill value"
        )
    if _is_file(stored):
        return "the file is cut off or damaged: take a copy of it that is whole"
    return "mend what computes it, or take a part of the image without it"


def innermost(source: Any) -> Any:
    """Return what a source reads from in the end: views of another one hold it as ``source``."""
    while (inner := getattr(source, "source", None)) is not None:
        source = inner
    return source


def _is_file(stored: object) -> bool:
    # of a TIFF, whose module workers need not load
    return isinstance(getattr(stored, "path", None), str)


def _first_broken(source: VoxelSource, box: Slices) -> tuple[Slices, Exception] | None:
    """Return the first chunk in a box that cannot be read, and why; None if each can."""
    for chunk in _chunks_in(source, box):
        # a source that was restricted holds no more than the box
        part = tuple(
            slice(max(a.start, b.start), min(a.stop, b.stop))
            for a, b in zip(chunk, box, strict=True)
        )
        try:
            source.read(part)
        except Exception as error:  # noqa: BLE001 # whatever a codec or file system raises
            return chunk, error
    return None


def _chunks_in(source: VoxelSource, box: Slices) -> Iterator[Slices]:
    ranges = [
        range(side.start - side.start % step, side.stop, step)
        for side, step in zip(box, source.chunks, strict=True)
    ]
    for start in itertools.product(*ranges):
        sides = zip(start, source.chunks, source.shape, strict=True)
        yield tuple(slice(first, min(first + step, size)) for first, step, size in sides)

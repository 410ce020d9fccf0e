"""What a promotion will do and cost, before anything is written."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from ngff_zarr import Multiscales, NgffImage

from roiwidgets.engine.output_store import check_output
from roiwidgets.engine.source_checks import check_apart, check_finite, fingerprint
from roiwidgets.errors import ImageError, OutputLocationError, ParameterError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.ome_writing import VERSIONS
from roiwidgets.images.pyramid import BinKind, PyramidLevel, pyramid_grids
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import voxel_source
from roiwidgets.operations.operation import Operation, Pipeline

DEFAULT_CHUNK = {2: 512, 3: 64}
"""Voxels along each spatial axis of a chunk: 256 KiB of bytes."""

BLOCK_VOXELS = 256**3
"""Most voxels of a block, halo included: about 0.5 GB of working memory at 8 bytes."""

HALO_OVERHEAD = 1.5
"""Blocks grow until no more than this is read per voxel written, if memory allows."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A promotion that has been checked and can be run.

    Parameters
    ----------
    image
        Level that is read.
    operation
        What is run on it.
    path
        Where the image will stand.
    version
        OME-Zarr version.
    levels
        Grids of the output, finest first, in memory order.
    chunks, block_shape
        Of the spatial axes.
    halo
        Voxels read around a block, spatial axes.
    dtype
        Data type of the output.
    kind
        How lower levels are binned.
    notes
        What the user should know: casts and conversions.
    fingerprint
        Identifies the voxels that are read, so that another source never resumes.
    """

    image: NgffImage
    operation: Operation | Pipeline
    path: Path
    version: str
    levels: tuple[PyramidLevel, ...]
    chunks: tuple[int, ...]
    block_shape: tuple[int, ...]
    halo: tuple[int, ...]
    dtype: np.dtype[np.generic]
    kind: BinKind
    notes: tuple[str, ...]
    fingerprint: str

    @property
    def needs_seam_check(self) -> bool:
        """Whether the halo is somebody's word, not one that tests have proven."""
        steps = self.operation.steps if isinstance(self.operation, Pipeline) else (self.operation,)
        return any(step.origin != "catalogue" for step in steps)

    @property
    def grid(self) -> Grid:
        """Grid of the finest level."""
        return self.levels[0].grid

    @property
    def blocks(self) -> int:
        """Number of blocks of the finest level."""
        sides = zip(self.grid.spatial_shape, self.block_shape, strict=True)
        volumes = math.prod(self.grid.shape) // math.prod(self.grid.spatial_shape)
        return volumes * math.prod(-(-size // step) for size, step in sides)

    @property
    def halo_overhead(self) -> float:
        """Voxels read per voxel written, away from the border; 1 without a halo."""
        return _overhead(self.block_shape, self.halo)

    @property
    def block_bytes(self) -> int:
        """Working memory of one worker: input with halo, a float copy, and output."""
        outer = math.prod(n + 2 * h for n, h in zip(self.block_shape, self.halo, strict=True))
        itemsize = int(self.image.data.dtype.itemsize) + 4 + 2 * self.dtype.itemsize
        return outer * itemsize

    @property
    def output_bytes(self) -> int:
        """Size of all levels before compression."""
        voxels = sum(math.prod(level.grid.shape) for level in self.levels)
        return voxels * self.dtype.itemsize

    def identity(self) -> dict[str, object]:
        """Return what must be equal for an interrupted promotion to be resumed."""
        return {
            "operation": self.operation.recipe(),
            "source": self.fingerprint,
            "axes": list(self.grid.axes),
            "shape": list(self.grid.shape),
            "spacing": list(self.grid.spacing),
            "origin": list(self.grid.origin),
            "dtype": self.dtype.name,
            "version": self.version,
            "chunks": list(self.chunks),
            "block_shape": list(self.block_shape),
            "binning": self.kind,
            "versions": {name: version_of(name) for name in ("roiwidgets", "itk")},
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return the plan as pairs of a name and a value, for people."""
        return [
            ("operation", describe_operation(self.operation)),
            ("image", f"{_sides(self.grid.shape)} {self.image.data.dtype}"),
            ("output", f"{self.path}, OME-Zarr {self.version}, {self.dtype}"),
            ("scales", ", ".join(_sides(level.grid.shape) for level in self.levels)),
            (
                "blocks",
                f"{self.blocks} of {_sides(self.block_shape)}, chunks {_sides(self.chunks)}",
            ),
            (
                "halo",
                f"{_sides(self.halo)} voxels, {self.halo_overhead:.2f} read per voxel written",
            ),
            ("memory", f"about {_mebibytes(self.block_bytes)} per worker"),
            ("disk", f"at most {_mebibytes(self.output_bytes)} before compression"),
            *(("note", note) for note in self.notes),
        ]

    def __str__(self) -> str:
        return "\n".join(f"{name:>10}  {value}" for name, value in self.rows())

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self.rows()
        )
        return f"<table>{cells}</table>"


def plan(
    image: object,
    operation: Operation | Pipeline,
    path: str | Path,
    *,
    scale: int = 0,
    tuned_on: int | None = None,
    overwrite: bool = False,
    version: str = "0.5",
    chunks: int | tuple[int, ...] | None = None,
    binning: BinKind | None = None,
) -> Plan:
    """Return what promoting an operation to a whole image will do and cost.

    Parameters
    ----------
    image
        Anything that ``open_image`` takes.
    operation
        Operation with the values as tuned.
    path
        Local path of the OME-Zarr to write.
    scale
        Level that is read, 0 is the finest.
    tuned_on
        Level that the operation was tuned on: its lengths in voxels are converted
        to ``scale``, and the plan says so. By default they hold for ``scale``.
    overwrite
        Whether an image at ``path`` may be replaced.
    version
        OME-Zarr version, "0.5" or "0.4".
    chunks
        Voxels of a chunk along the spatial axes; 64 (3-D) or 512 (2-D) by default.
    binning
        How lower levels are made; the mean by default, the mode for labels and masks.

    Returns
    -------
    Plan
        Nothing has been written.

    Raises
    ------
    OutputExistsError, OutputLocationError
        If the output cannot be written at ``path``.
    UnsupportedDtypeError, OperationError
        If the operation cannot run block by block on this image.
    ImageError
        If there is no such level, or no finite value in the image.
    ParameterError
        If the version or the chunks are not possible.
    """
    if not isinstance(operation, Operation | Pipeline):
        raise ParameterError(
            f"operation must be an Operation, got {type(operation).__name__}; wrap a function with "
            "roiwidgets.operation"
        )
    if version not in VERSIONS:
        raise ParameterError(f"version must be one of {', '.join(VERSIONS)}, got {version!r}")
    multiscales = open_image(image)
    level = level_of(multiscales, scale)
    grid = grid_of(level)
    source = voxel_source(level.data)
    output = _local_path(path)
    check_apart(source, output)
    check_output(output, overwrite=overwrite)
    notes: tuple[str, ...] = ()
    if tuned_on is not None:
        tuned = grid_of(level_of(multiscales, tuned_on)).spatial_spacing
        operation, notes = operation.at_spacing(tuned, grid.spatial_spacing)
    operation.check_dtype(source.dtype)
    halo = operation.halo(grid.spatial_spacing)
    chunk_shape = _chunk_shape(chunks, grid)
    dtype = operation.output_dtype(source.dtype)
    check_finite(source)
    return Plan(
        image=level,
        operation=operation,
        path=output,
        version=version,
        levels=tuple(pyramid_grids(grid)),
        chunks=chunk_shape,
        block_shape=_block_shape(chunk_shape, halo, grid),
        halo=halo,
        dtype=dtype,
        kind=binning or _default_binning(multiscales, operation),
        notes=(*notes, *_notes(source.dtype, dtype, grid)),
        fingerprint=fingerprint(source),
    )


def describe_operation(operation: Operation | Pipeline) -> str:
    """Return an operation and its values, for people."""
    values = ", ".join(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
                       for name, value in operation.values.items())  # fmt: skip
    return f"{operation.name}({values})"


def level_of(multiscales: Multiscales, scale: int) -> NgffImage:
    """Return a level of an image.

    Raises
    ------
    ImageError
        If there is no such level.
    """
    levels = multiscales.images
    if not 0 <= scale < len(levels):
        raise ImageError(f"scale {scale} does not exist; give 0 (finest) to {len(levels) - 1}")
    level: NgffImage = levels[scale]
    return level


def _local_path(path: str | Path) -> Path:
    if isinstance(path, str) and urlsplit(path).scheme not in ("", "file"):
        raise OutputLocationError(
            f"{path} is no local path; write to a local folder and copy the result"
        )
    text = urlsplit(path).path if isinstance(path, str) and path.startswith("file:") else path
    return Path(text).expanduser().absolute()


def _chunk_shape(chunks: int | tuple[int, ...] | None, grid: Grid) -> tuple[int, ...]:
    sides = len(grid.spatial_shape)
    given = DEFAULT_CHUNK[sides] if chunks is None else chunks
    shape = (given,) * sides if isinstance(given, int) else tuple(given)
    if len(shape) != sides or any(size < 1 for size in shape):
        raise ParameterError(
            f"chunks={chunks} must be one positive integer, or one for each of the {sides} spatial "
            f"axes {grid.spatial_axes}"
        )
    return tuple(min(size, n) for size, n in zip(shape, grid.spatial_shape, strict=True))


def _block_shape(chunks: tuple[int, ...], halo: tuple[int, ...], grid: Grid) -> tuple[int, ...]:
    """Return the block: chunks doubled until the halo is cheap, twice at least if memory allows.

    Doubling keeps the next coarser level's chunks whole inside a block.
    """
    block = chunks
    for step in range(8):
        larger = tuple(2 * n for n in block)
        voxels = math.prod(n + 2 * h for n, h in zip(larger, halo, strict=True))
        is_whole = all(n >= size for n, size in zip(block, grid.spatial_shape, strict=True))
        is_good = step >= 1 and _overhead(block, halo) <= HALO_OVERHEAD
        if voxels > BLOCK_VOXELS or is_whole or is_good:
            break
        block = larger
    return block


def _overhead(block: tuple[int, ...], halo: tuple[int, ...]) -> float:
    return math.prod((n + 2 * h) / n for n, h in zip(block, halo, strict=True))


def _default_binning(multiscales: Multiscales, operation: Operation | Pipeline) -> BinKind:
    is_labels = "image-label" in (multiscales.root_attributes or {})
    return "mode" if is_labels or operation.makes_labels else "mean"


def _notes(
    given: np.dtype[np.generic], returned: np.dtype[np.generic], grid: Grid
) -> tuple[str, ...]:
    notes = []
    if given != returned:
        notes.append(f"the result is {returned}, the image is {given}")
    if grid.is_rgb:
        notes.append("the components of the colour are processed one by one")
    return tuple(notes)


def _sides(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"

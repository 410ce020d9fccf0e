"""What a promotion will do and cost, before anything is written."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path

import numpy as np

from roiwidgets.engine.block_layout import BlockLayout, lay_out
from roiwidgets.engine.costs import Cost, mebibytes
from roiwidgets.engine.destinations import Destination, destination_at
from roiwidgets.engine.passes import (
    check_passes,
    is_more_than_previewed,
    reduction_titles,
    scratch_bytes,
    written_halo,
)
from roiwidgets.engine.source_checks import check_finite, fingerprint
from roiwidgets.errors import ParameterError
from roiwidgets.images.binning import Downsampling
from roiwidgets.images.grid import Grid
from roiwidgets.images.image_levels import ImageLevel, ImageLevels, open_levels
from roiwidgets.images.ome_writing import VERSIONS
from roiwidgets.images.pyramid import PyramidLevel
from roiwidgets.operations.operation import Operation, Pipeline

WARNING = "warning"
"""Name of the rows that say what speaks against a plan."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A promotion that has been checked and can be run.

    Parameters
    ----------
    level
        Level that is read.
    operation
        What is run on it.
    destination
        Where the image will stand.
    version
        OME-Zarr version.
    layout
        Scales, chunks and blocks of the output.
    dtype
        Data type of the output.
    kind
        How lower levels are binned.
    notes
        What the user should know: casts and conversions.
    fingerprint
        Identifies the voxels that are read, so that another source never resumes.
    cost
        What it takes of this machine, as far as that is known.
    """

    level: ImageLevel
    operation: Operation | Pipeline
    destination: Destination
    version: str
    layout: BlockLayout
    dtype: np.dtype[np.generic]
    kind: Downsampling
    notes: tuple[str, ...]
    fingerprint: str
    cost: Cost

    @property
    def path(self) -> Path | str:
        """Path or URL where the image will stand."""
        return self.destination.path

    @property
    def needs_seam_check(self) -> bool:
        """Whether the halo is somebody's word, not one that tests have proven."""
        steps = self.operation.steps if isinstance(self.operation, Pipeline) else (self.operation,)
        return any(step.origin != "catalogue" for step in steps)

    @property
    def reductions(self) -> tuple[str, ...]:
        """What each pass before the one that writes gathers; none for local operations."""
        return reduction_titles(self.operation, self.level.source.dtype)

    @property
    def levels(self) -> tuple[PyramidLevel, ...]:
        """Grids of the output, finest first, in memory order."""
        return self.layout.levels

    @property
    def grid(self) -> Grid:
        """Grid of the finest level."""
        return self.layout.grid

    @property
    def chunks(self) -> tuple[int, ...]:
        """Voxels of a chunk, spatial axes."""
        return self.layout.chunks

    @property
    def block_shape(self) -> tuple[int, ...]:
        """Voxels of a block, spatial axes."""
        return self.layout.block_shape

    @property
    def halo(self) -> tuple[int, ...]:
        """Voxels read around a block, spatial axes."""
        return self.layout.halo

    @property
    def blocks(self) -> int:
        """Number of blocks of the finest level."""
        return self.layout.blocks

    @property
    def halo_overhead(self) -> float:
        """Voxels read per voxel written, away from the border; 1 without a halo."""
        return self.layout.halo_overhead

    @property
    def block_bytes(self) -> int:
        """Working memory of one worker: input with halo, a float copy, and output."""
        return self.cost.block_bytes

    @property
    def output_bytes(self) -> int:
        """Size of all levels before compression."""
        return self.cost.output_bytes

    @property
    def warnings(self) -> tuple[str, ...]:
        """What speaks against starting it on this machine; empty if nothing does."""
        return self.cost.warnings

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
            ("image", f"{_sides(self.grid.shape)} {self.level.source.dtype}"),
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
            *self._pass_rows(),
            ("memory", f"about {mebibytes(self.block_bytes)} per worker"),
            (
                "disk",
                f"at most {mebibytes(self.output_bytes)} before compression{self._scratch()}",
            ),
            *([("time", self.cost.time_text)] if self.cost.time_text else []),
            *(("note", note) for note in self.notes),
            *((WARNING, text) for text in self.warnings),
        ]

    def _scratch(self) -> str:
        size = scratch_bytes(self.operation, math.prod(self.grid.shape))
        return f", {mebibytes(size)} more until it is finished" if size else ""

    def _pass_rows(self) -> list[tuple[str, str]]:
        titles = self.reductions
        total = len(titles) + 1
        rows = [("pass", f"{i} of {total}: {title}") for i, title in enumerate(titles, start=1)]
        last = ("pass", f"{total} of {total}: the result is written")
        return [*rows, last] if titles else []

    def __str__(self) -> str:
        return "\n".join(f"{name:>10}  {value}" for name, value in self.rows())

    def _repr_html_(self) -> str:
        return f"<table>{''.join(_row_html(name, value) for name, value in self.rows())}</table>"


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
    binning: Downsampling | None = None,
    workers: int | None = None,
    voxels_per_s: float | None = None,
    storage_options: Mapping[str, object] | None = None,
) -> Plan:
    """Return what promoting an operation to a whole image will do and cost.

    Parameters
    ----------
    image
        Anything that ``open_image`` takes.
    operation
        Operation with the values as tuned.
    path
        Path of the OME-Zarr to write, or a URL that fsspec can write to (s3, gs, az, memory).
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
        How lower levels are made: ``"mean"`` of each bin by default, ``"mode"`` for labels
        and masks, ``"nearest"``, or ``"gaussian"``, the mean after smoothing, which keeps
        fine patterns from becoming coarse ones; each level then takes a pass of its own.
    workers
        Processes that will compute; all processors of this machine by default.
    voxels_per_s
        Voxels that one of them computes in a second, such as a tuner measured; None
        leaves the time open.
    storage_options
        Options for fsspec, of an output at a URL.

    Returns
    -------
    Plan
        Nothing has been written; at a URL, an object that was put to see whether that is
        allowed has been removed.

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
    MissingPackageError
        If the file system of a URL needs a package that is not installed.
    """
    if not isinstance(operation, Operation | Pipeline):
        raise ParameterError(
            f"operation must be an Operation, got {type(operation).__name__}; wrap a function with "
            "roiwidgets.operation"
        )
    if version not in VERSIONS:
        raise ParameterError(f"version must be one of {', '.join(VERSIONS)}, got {version!r}")
    opened = open_levels(image)
    level = opened.at(scale)
    grid, source = level.grid, level.source
    destination = destination_at(path, storage_options)
    destination.check(source, overwrite=overwrite)
    operation, notes = operation_at(opened, operation, scale, tuned_on=tuned_on)
    operation.check_dtype(source.dtype)
    check_passes(operation, source.dtype)
    layout = lay_out(grid, written_halo(operation, grid.spatial_spacing), chunks)
    dtype = operation.output_dtype(source.dtype)
    check_finite(source)
    return Plan(
        level=level,
        operation=operation,
        destination=destination,
        version=version,
        layout=layout,
        dtype=dtype,
        kind=binning or _default_binning(operation, is_labels=opened.is_labels),
        notes=(*notes, *_notes(source.dtype, dtype, grid)),
        fingerprint=fingerprint(source),
        cost=Cost.of(
            layout, source.dtype, dtype, destination.machine(workers=workers),
            voxels_per_s=voxels_per_s, is_lower_bound=is_more_than_previewed(operation, notes),
        ),
    )  # fmt: skip


def describe_operation(operation: Operation | Pipeline) -> str:
    """Return an operation and its values, for people."""
    values = ", ".join(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
                       for name, value in operation.values.items())  # fmt: skip
    return f"{operation.name}({values})"


def operation_at(
    image: ImageLevels, operation: Operation | Pipeline, scale: int, *, tuned_on: int | None
) -> tuple[Operation | Pipeline, tuple[str, ...]]:
    """Return the operation as it runs on a scale, and what was converted, in words.

    Parameters
    ----------
    image, operation, scale, tuned_on
        As for ``plan``.
    """
    if tuned_on is None:
        return operation, ()
    tuned = image.at(tuned_on).grid.spatial_spacing
    return operation.at_spacing(tuned, image.at(scale).grid.spatial_spacing)


def _default_binning(operation: Operation | Pipeline, *, is_labels: bool) -> Downsampling:
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


def _row_html(name: str, value: str) -> str:
    """Return a row of a table; a warning is set in bold and, where there is a theme, its colour."""
    style = "text-align:left"
    if name == WARNING:
        style += ";font-weight:bold;color:var(--jp-warn-color0, inherit)"
    return (
        f"<tr><th style='{style}'>{html.escape(name)}</th>"
        f"<td style='{style}'>{html.escape(value)}</td></tr>"
    )

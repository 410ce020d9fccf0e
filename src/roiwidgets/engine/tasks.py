"""A plan as the tasks of workers, the arrays they fill, and the attributes on top."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version as version_of

from roiwidgets.engine.array_specs import ArraySpec
from roiwidgets.engine.outputs import Output
from roiwidgets.engine.passes import steps_of
from roiwidgets.engine.plan import Plan, describe_operation
from roiwidgets.engine.seam_check import SeamCheck
from roiwidgets.engine.worker import BlockTask, SharedOperation, Target
from roiwidgets.images.gaussian_levels import BinSmoothing
from roiwidgets.images.grid import Grid
from roiwidgets.images.ome_writing import multiscales_metadata, storage_axes
from roiwidgets.images.pyramid import PyramidLevel
from roiwidgets.images.reading import describe_source
from roiwidgets.images.sources import VoxelSource
from roiwidgets.images.transposed import TransposedSource
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.regions.blocks import Block, cut_into_blocks

RECORDED_PACKAGES = ("roiwidgets", "itk", "numpy", "zarr")


def array_specs(checked: Plan) -> list[ArraySpec]:
    """Return the arrays of the output, finest first."""
    axes = storage_axes(checked.grid.axes)
    chunk = dict(zip(checked.grid.spatial_axes, checked.chunks, strict=True))
    specs = []
    for number, level in enumerate(checked.levels):
        sizes = dict(zip(level.grid.axes, level.grid.shape, strict=True))
        specs.append(
            ArraySpec(
                path=str(number),
                shape=tuple(sizes[axis] for axis in axes),
                chunks=tuple(min(chunk.get(axis, 1), sizes[axis]) for axis in axes),
                dtype=checked.dtype.name,
                axes=axes,
            )
        )
    return specs


@dataclass(frozen=True, slots=True)
class BlockPass:
    """Blocks that read one level and write some others; there are tasks once there is an output.

    Parameters
    ----------
    first, last
        Levels that are written. With ``first`` > 0 the level below is read: it is binned
        once before, chunk by chunk, as blocks of it are ``2 ** 3`` times larger.
    operation
        What blocks go through; None leaves them as they are.
    halo
        Voxels that are read around a block, spatial axes.
    block_shape
        Voxels of a block of the level that is read, all axes.
    grid
        Grid of that level.
    """

    first: int
    last: int
    operation: SharedOperation | None
    halo: tuple[int, ...] | None
    block_shape: tuple[int, ...]
    grid: Grid

    def __len__(self) -> int:
        """Return the number of blocks."""
        sides = zip(self.grid.shape, self.block_shape, strict=True)
        return math.prod(-(-size // side) for size, side in sides)

    def tasks(self, checked: Plan, store: Output) -> list[BlockTask]:
        """Return the blocks as tasks that write to an output that has begun."""
        grid = self.grid
        spatial = tuple(grid.axes.index(axis) for axis in grid.spatial_axes)
        reach = [0] * len(grid.axes)
        for axis, side in zip(spatial, self.halo or (0,) * len(spatial), strict=True):
            reach[axis] = side
        source = (
            _written_source(checked, store, self.first - 1) if self.first else checked.level.source
        )
        box = tuple(slice(0, size) for size in grid.shape)
        return [
            BlockTask(
                claim=store.claim,
                key=f"{self.first}:{','.join(map(str, block.start))}",
                title=f"scale {self.first}" if self.first else checked.operation.name,
                source=source,
                block=block,
                spatial=spatial,
                spacing=grid.spatial_spacing,
                operation=self.operation,
                dtype=checked.dtype.name,
                kind="mean" if checked.kind == "gaussian" else checked.kind,
                targets=tuple(_targets(checked, store, block, self.first, self.last)),
            )
            for block in cut_into_blocks(box, self.block_shape, tuple(reach), grid.shape)
        ]


def block_passes(checked: Plan) -> list[BlockPass]:
    """Return the pass of the finest level, then those of levels that its blocks do not cover.

    Raises
    ------
    OperationError
        If the operation cannot be sent to another process.
    """
    covered = _covered_levels(checked)
    operation = SharedOperation.wrap(checked.operation)
    passes = [_block_pass(checked, operation, halo=checked.halo, first=0, last=covered)]
    for number in range(covered + 1, len(checked.levels)):
        smoothing = BinSmoothing(_spatial_factors(checked, checked.levels[number]))
        is_smoothed = checked.kind == "gaussian"
        passes.append(
            _block_pass(
                checked,
                SharedOperation.wrap(smoothing) if is_smoothed else None,
                halo=smoothing.reach if is_smoothed else None,
                first=number,
                last=number,
            )
        )
    return passes


def _block_pass(
    checked: Plan,
    operation: SharedOperation | None,
    *,
    halo: tuple[int, ...] | None,
    first: int,
    last: int,
) -> BlockPass:
    grid = checked.levels[max(first - 1, 0)].grid
    own = dict(
        zip(grid.spatial_axes, _spatial_factors(checked, checked.levels[first]), strict=True)
    )
    sides = dict(
        zip(grid.spatial_axes, checked.chunks if first else checked.block_shape, strict=True)
    )
    block_shape = tuple(sides.get(axis, 1) * own.get(axis, 1) for axis in grid.axes)
    return BlockPass(first, last, operation, halo, block_shape, grid)


def _covered_levels(checked: Plan) -> int:
    """Return the coarsest level whose chunks lie whole inside one block.

    A level that is smoothed needs voxels of blocks beside it.
    """
    if checked.kind == "gaussian":
        return 0
    factors = (1,) * len(checked.chunks)
    for number, level in enumerate(checked.levels[1:], start=1):
        factors = tuple(
            a * b for a, b in zip(factors, _spatial_factors(checked, level), strict=True)
        )
        for block, factor, chunk, size in zip(
            checked.block_shape, factors, checked.chunks, level.grid.spatial_shape, strict=True
        ):
            whole_axis = block >= size * factor
            if not whole_axis and (block % factor or (block // factor) % min(chunk, size)):
                return number - 1
    return len(checked.levels) - 1


def _targets(checked: Plan, store: Output, block: Block, first: int, last: int) -> Iterator[Target]:
    axes = checked.grid.axes
    order = tuple(axes.index(axis) for axis in storage_axes(axes))
    factors = (1,) * len(axes)
    for number in range(first, last + 1):
        level = checked.levels[number]
        factors = tuple(a * b for a, b in zip(factors, level.factors, strict=True))
        box = [
            slice(side.start // factor, min(-(-side.stop // factor), size))
            for side, factor, size in zip(block.inner, factors, level.grid.shape, strict=True)
        ]
        spatial = tuple(factor for factor, axis in zip(factors, axes, strict=True) if axis in "zyx")
        yield Target(store.array(str(number)), spatial, tuple(box[i] for i in order), order)


def _spatial_factors(checked: Plan, level: PyramidLevel) -> tuple[int, ...]:
    pairs = zip(level.factors, checked.grid.axes, strict=True)
    return tuple(factor for factor, axis in pairs if axis in checked.grid.spatial_axes)


def _written_source(checked: Plan, store: Output, number: int) -> VoxelSource:
    source = store.array(str(number)).source()
    axes, stored = checked.grid.axes, storage_axes(checked.grid.axes)
    if axes == stored:
        return source
    return TransposedSource(source, tuple(stored.index(axis) for axis in axes))


def seam_check(checked: Plan, operation: Operation | Pipeline | None) -> SeamCheck | None:
    """Return what a worker needs to check the halo of a local operation.

    Returns
    -------
    SeamCheck or None
        None where there is nothing to check: the halos of the catalogue are proven.
    """
    if operation is None or all(step.origin == "catalogue" for step in steps_of(operation)):
        return None
    grid = checked.levels[0].grid
    return SeamCheck(
        checked.level.source,
        tuple(grid.axes.index(axis) for axis in grid.spatial_axes),
        grid.spatial_spacing,
        operation.halo(grid.spatial_spacing),
        SharedOperation.wrap(operation),
    )


def root_attributes(checked: Plan) -> dict[str, object]:
    """Return the root attributes: OME-Zarr's, and where the voxels come from."""
    level = checked.level
    attributes = multiscales_metadata(
        [str(number) for number in range(len(checked.levels))],
        [one.grid for one in checked.levels],
        name=level.name,
        units=level.units,
        version=checked.version,
        channel_names=level.channel_names,
        channel_colors=level.channel_colors,
        is_labels=checked.kind == "mode",
    )
    own = attributes.setdefault("roiwidgets", {})
    assert isinstance(own, dict)
    own["recipe"] = checked.operation.recipe()
    own["provenance"] = {
        "operation": describe_operation(checked.operation),
        "source": describe_source(level.source),
        "source_digest": checked.fingerprint,
        "halo": list(checked.halo),
        "notes": list(checked.notes),
        "binning": checked.kind,
        "versions": {name: version_of(name) for name in RECORDED_PACKAGES},
    }
    return attributes


def with_found(attributes: dict[str, object], found: list[dict[str, object]]) -> dict[str, object]:
    """Return the root attributes with what global steps took from the whole image."""
    own = attributes["roiwidgets"]
    assert isinstance(own, dict)
    provenance = {**own["provenance"], **({"found": found} if found else {})}
    return {**attributes, "roiwidgets": {**own, "provenance": provenance}}

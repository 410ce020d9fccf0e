"""A plan as the tasks of workers, the arrays they fill, and the attributes on top."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version as version_of

from roiwidgets.engine.output_store import ArraySpec, OutputStore
from roiwidgets.engine.passes import steps_of
from roiwidgets.engine.plan import Plan, describe_operation
from roiwidgets.engine.reading import describe_source
from roiwidgets.engine.seam_check import SeamCheck
from roiwidgets.engine.worker import BlockTask, SharedOperation, Target
from roiwidgets.images.gaussian_levels import BinSmoothing
from roiwidgets.images.ome_writing import multiscales_metadata, storage_axes
from roiwidgets.images.pyramid import PyramidLevel
from roiwidgets.images.sources import VoxelSource, ZarrSource
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


def block_passes(checked: Plan, store: OutputStore) -> Iterator[list[BlockTask]]:
    """Yield the blocks of the finest level, then those of levels that blocks did not cover."""
    covered = _covered_levels(checked)
    source = checked.level.source
    operation = SharedOperation.wrap(checked.operation)
    yield _tasks(checked, store, source, operation, halo=checked.halo, first=0, last=covered)
    for number in range(covered + 1, len(checked.levels)):
        below = _written_source(checked, store, number - 1)
        smoothing = BinSmoothing(_spatial_factors(checked, checked.levels[number]))
        yield _tasks(
            checked, store, below,
            SharedOperation.wrap(smoothing) if checked.kind == "gaussian" else None,
            halo=smoothing.reach if checked.kind == "gaussian" else None,
            first=number, last=number,
        )  # fmt: skip


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


def _tasks(
    checked: Plan,
    store: OutputStore,
    source: VoxelSource,
    operation: SharedOperation | None,
    *,
    halo: tuple[int, ...] | None,
    first: int,
    last: int,
) -> list[BlockTask]:
    """Return the blocks that read ``source`` and write the levels ``first`` to ``last``.

    With ``first`` > 0 the source is the level below: it is binned once before, chunk by
    chunk, as blocks of it are ``2 ** 3`` times larger.
    """
    grid = checked.levels[max(first - 1, 0)].grid
    spatial = tuple(grid.axes.index(axis) for axis in grid.spatial_axes)
    own = _spatial_factors(checked, checked.levels[first])
    sides = checked.block_shape if first == 0 else checked.chunks
    block_shape, reach = [1] * len(grid.axes), [0] * len(grid.axes)
    for axis, size, factor, side in zip(spatial, sides, own, halo or (0,) * len(own), strict=True):
        block_shape[axis], reach[axis] = size * factor, side
    box = tuple(slice(0, size) for size in grid.shape)
    return [
        BlockTask(
            claim=store.claim,
            key=f"{first}:{','.join(map(str, block.start))}",
            title=f"scale {first}" if first else checked.operation.name,
            source=source,
            block=block,
            spatial=spatial,
            spacing=grid.spatial_spacing,
            operation=operation,
            dtype=checked.dtype.name,
            kind="mean" if checked.kind == "gaussian" else checked.kind,
            targets=tuple(_targets(checked, store, block, first, last)),
        )
        for block in cut_into_blocks(box, tuple(block_shape), tuple(reach), grid.shape)
    ]


def _targets(
    checked: Plan, store: OutputStore, block: Block, first: int, last: int
) -> Iterator[Target]:
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
        yield Target(store.location(str(number)), spatial, tuple(box[i] for i in order), order)


def _spatial_factors(checked: Plan, level: PyramidLevel) -> tuple[int, ...]:
    pairs = zip(level.factors, checked.grid.axes, strict=True)
    return tuple(factor for factor, axis in pairs if axis in checked.grid.spatial_axes)


def _written_source(checked: Plan, store: OutputStore, number: int) -> VoxelSource:
    source = ZarrSource(store.location(str(number)))
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

"""What a preview computes, in which order, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.sources import VoxelSource
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.regions.blocks import Block, Slices, cut_into_blocks, grow, shape_of

BLOCK_VOXELS = 2**17
"""Voxels of a block: what becomes visible, or is thrown away, at once."""


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """What to compute.

    Parameters
    ----------
    source
        Where voxels are read.
    region
        Box of the source, all axes, of length 1 along those that are not spatial.
    spatial
        Which axes of the source are spatial.
    spacing
        Spacing of the spatial axes.
    operation
        What is run.
    first
        Boxes of the region (spatial axes, its own indices) that are wanted first.
    """

    source: VoxelSource
    region: Slices
    spatial: tuple[int, ...]
    spacing: tuple[float, ...]
    operation: Operation | Pipeline
    first: tuple[Slices, ...] = ()

    @property
    def box(self) -> Slices:
        """The region along the spatial axes."""
        return tuple(self.region[axis] for axis in self.spatial)

    @property
    def volume_shape(self) -> tuple[int, ...]:
        """Shape of the source along the spatial axes."""
        return tuple(self.source.shape[axis] for axis in self.spatial)


@dataclass(frozen=True, slots=True)
class PreviewState:
    """How far a request is.

    Parameters
    ----------
    run
        Number that ``submit`` returned.
    result
        The region's result, shape of the region; valid inside ``ready``.
    ready
        Boxes that are computed, in the order they were.
    complete
        Whether the whole region is.
    elapsed_s
        Seconds since the request was taken up.
    voxels_per_s
        Voxels, halos included, that one worker computes in a second; None before
        there is a block.
    """

    run: int
    result: NDArray[np.generic]
    ready: tuple[Slices, ...]
    complete: bool
    elapsed_s: float
    voxels_per_s: float | None = None


def halo_of(request: PreviewRequest) -> tuple[int, ...]:
    """Return the halo; none where the operation's is unknown: it then sees the region only."""
    if _is_local(request.operation):
        return request.operation.halo(request.spacing)
    return (0,) * len(request.spatial)


def _is_local(operation: Operation | Pipeline) -> bool:
    return operation.support not in ("unknown", "global")


def blocks_of(request: PreviewRequest, halo: tuple[int, ...]) -> Iterator[Block]:
    """Yield the boxes that are wanted first, then the region; whole, if it cannot be cut."""
    shape, start = request.volume_shape, [side.start for side in request.box]
    if not _is_local(request.operation):
        yield Block(request.box, request.box)
        return
    for box in request.first:
        inner = tuple(
            slice(side.start + base, side.stop + base)
            for side, base in zip(box, start, strict=True)
        )
        yield Block(inner, grow(inner, halo, shape))
    yield from cut_into_blocks(request.box, _block_shape(request.box), halo, shape)


def _block_shape(box: Slices) -> tuple[int, ...]:
    """Return a block of about ``BLOCK_VOXELS``, the longest sides halved first."""
    shape = list(shape_of(box))
    while np.prod(shape) > BLOCK_VOXELS:
        longest = shape.index(max(shape))
        shape[longest] = -(-shape[longest] // 2)
    return tuple(shape)

"""How an image is cut into chunks and blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from roiwidgets.errors import ParameterError
from roiwidgets.images.grid import Grid
from roiwidgets.images.pyramid import PyramidLevel, pyramid_grids

DEFAULT_CHUNK = {2: 512, 3: 64}
"""Voxels along each spatial axis of a chunk: 256 KiB of bytes."""

BLOCK_VOXELS = 256**3
"""Most voxels of a block, halo included: about 0.5 GB of working memory at 8 bytes."""

HALO_OVERHEAD = 1.5
"""Blocks grow until no more than this is read per voxel written, if memory allows."""


@dataclass(frozen=True, slots=True)
class BlockLayout:
    """Scales, chunks and blocks of an output.

    Parameters
    ----------
    levels
        Grids of the output, finest first, in memory order.
    chunks, block_shape
        Of the spatial axes.
    halo
        Voxels read around a block, spatial axes.
    """

    levels: tuple[PyramidLevel, ...]
    chunks: tuple[int, ...]
    block_shape: tuple[int, ...]
    halo: tuple[int, ...]

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
    def outer_voxels(self) -> int:
        """Voxels of a block with its halo."""
        return math.prod(n + 2 * h for n, h in zip(self.block_shape, self.halo, strict=True))

    @property
    def halo_overhead(self) -> float:
        """Voxels read per voxel written, away from the border; 1 without a halo."""
        return _overhead(self.block_shape, self.halo)

    @property
    def voxels(self) -> int:
        """Voxels of all levels."""
        return sum(math.prod(level.grid.shape) for level in self.levels)


def lay_out(
    grid: Grid, halo: tuple[int, ...], chunks: int | tuple[int, ...] | None = None
) -> BlockLayout:
    """Return chunks and blocks for an image.

    Parameters
    ----------
    grid
        Grid of the finest level.
    halo
        Voxels read around a block, spatial axes.
    chunks
        Voxels of a chunk along the spatial axes; 64 (3-D) or 512 (2-D) by default.

    Raises
    ------
    ParameterError
        If the chunks are not possible.
    """
    chunk_shape = _chunk_shape(chunks, grid)
    block_shape = _block_shape(chunk_shape, halo, grid)
    return BlockLayout(tuple(pyramid_grids(grid)), chunk_shape, block_shape, halo)


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

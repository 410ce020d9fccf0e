"""Images and labels of any direction, on grids that are parallel to another image's axes.

Flips and permuted axes only rearrange voxels. Any other turn is interpolated when
it is read, by ``scipy.ndimage.map_coordinates``: it takes every data type, leaves
the GIL to others meanwhile, and its value of a voxel does not depend on which box
is read. ITK's ``ResampleImageFilter`` would hold the GIL, lacks booleans, int8,
int64 and float16, and takes seconds to import. Neither keeps labels beyond 2**53,
so that the nearest voxel is picked by numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from ngff_zarr import Multiscales, NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import GeometryError
from roiwidgets.images.axes import SPATIAL_AXES
from roiwidgets.images.binning import round_to
from roiwidgets.images.geometry import (
    Direction,
    FloatArray,
    Grid,
    grid_of,
    make_image,
    world_translation,
)
from roiwidgets.images.ome_zarr import to_multiscales
from roiwidgets.images.sources import Slices, Voxels, VoxelSource, voxel_source
from roiwidgets.images.tiling import memory_chunks
from roiwidgets.images.transposed import FlippedSource, TransposedSource

Interpolation = Literal["linear", "nearest"]

READ_BYTES = 32 * 2**20
"""Memory that the voxels and the places of one part of a read take, about."""

PLACE_BYTES = 64
"""Memory for one resampled voxel: three coordinates, twice, its value, and masks."""

PARALLEL = 1e-6
"""Direction cosines that differ by less are the same; as ``same_direction`` has it."""

HalfSpace = tuple[float, ...]
"""A normal over the spatial axes in array order, and a limit: ``normal @ point <= limit``."""


@dataclass(frozen=True, eq=False)
class ResampledSource:
    """Another source seen on a turned grid, interpolated when it is read.

    Parameters
    ----------
    source
        What is read.
    axes, shape
        Of the result; those that are not in space have the length that they have in
        ``source``.
    matrix, offset
        ``matrix @ index + offset`` is the place of a voxel in ``source``, in its
        indices, over the spatial axes.
    interpolation
        ``linear`` between the centres of voxels, or the ``nearest`` voxel.

    Notes
    -----
    The data type is that of ``source``: linear interpolations of integers and
    booleans are rounded half to even; 64-bit integers pass through float64. Beside
    a NaN there may be more of them. Beyond the edges of ``source`` there is 0, or
    NaN of floats; but a voxel interpolated linearly that still reaches over an edge
    has the value there, so that what is drawn does not fade at its border.

    A read holds about ``READ_BYTES``: a large box is halved until the box that it
    needs of ``source`` is small enough.
    """

    source: VoxelSource
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    matrix: tuple[tuple[float, ...], ...]
    offset: tuple[float, ...]
    interpolation: Interpolation = "linear"

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type of the source."""
        return self.source.dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Boxes of one to two million voxels."""
        return memory_chunks(self.axes, self.shape)

    def read(self, slices: Slices) -> Voxels:
        """Return the resampled voxels in ``slices``."""
        fill = np.nan if self.dtype.kind == "f" else 0
        result = np.full([s.stop - s.start for s in slices], fill, self.dtype)
        if not result.size:
            return result
        for part in self._parts(slices):
            inside = tuple(
                slice(p.start - s.start, p.stop - s.start)
                for p, s in zip(part, slices, strict=True)
            )
            self._resample(part, result[inside])
        return result

    def restrict(self, slices: Slices) -> ResampledSource:
        """Return the same view on a restricted source."""
        return replace(self, source=self.source.restrict(self._needed(slices)))

    @property
    def _spatial(self) -> list[int]:
        return [i for i, axis in enumerate(self.axes) if axis in SPATIAL_AXES]

    @property
    def _sizes(self) -> list[int]:
        """Voxels of the source along its spatial axes."""
        return [self.source.shape[i] for i in self._spatial]

    def _parts(self, slices: Slices) -> Iterator[Slices]:
        """Yield boxes that fill ``slices``, each small enough to be read at once."""
        sides = [s.stop - s.start for s in slices]
        needed = [s.stop - s.start for s in self._needed(slices)]
        voxels = int(np.prod([sides[i] for i in self._spatial]))
        held = int(np.prod(needed)) * self.dtype.itemsize + voxels * PLACE_BYTES
        longest = int(np.argmax(sides))
        if held <= READ_BYTES or sides[longest] == 1:
            yield slices
            return
        start, stop = slices[longest].start, slices[longest].stop
        middle = (start + stop) // 2
        for half in (slice(start, middle), slice(middle, stop)):
            yield from self._parts((*slices[:longest], half, *slices[longest + 1 :]))

    def _needed(self, slices: Slices) -> Slices:
        """Return the box of the source that the voxels in ``slices`` lie in.

        At least one voxel, also where they lie outside. Places grow or fall along
        each axis, even as floats, so that the corners are the extremes.
        """
        box = list(slices)
        ends = [np.array([slices[i].start, slices[i].stop - 1]) for i in self._spatial]
        for i, size, places in zip(self._spatial, self._sizes, self._places(ends), strict=True):
            low = int(np.clip(np.floor(places.min()), 0, size - 1))
            high = int(np.clip(np.floor(places.max()) + 2, low + 1, size))
            box[i] = slice(low, high)
        return tuple(box)

    def _places(self, sides: Sequence[NDArray[np.integer]]) -> list[FloatArray]:
        """Return where voxels are in the source: for each axis of it, one array of their shape.

        The sums are made in the same order for any box: a voxel is always at the
        same place, to the last bit.
        """
        shape = tuple(len(side) for side in sides)
        places = []
        for row, start in zip(self.matrix, self.offset, strict=True):
            place = np.full(shape, start)
            for step, index in zip(row, np.ix_(*sides), strict=True):
                place += step * index
            places.append(place)
        return places

    def _resample(self, slices: Slices, result: Voxels) -> None:
        """Put resampled voxels into ``result``, where there are any."""
        places = self._places([np.arange(slices[i].start, slices[i].stop) for i in self._spatial])
        inside = self._touches_source(places)
        if not inside.any():
            return
        box = self._needed(slices)
        block = self._spatial_last(self.source.read(box))
        local = np.stack(
            [
                np.clip(place, 0, size - 1) - box[i].start
                for place, size, i in zip(places, self._sizes, self._spatial, strict=True)
            ]
        )
        target = self._spatial_last(result)
        for index in np.ndindex(target.shape[: -len(places)]):
            target[index][inside] = _interpolate(block[index], local, self.interpolation)[inside]

    def _touches_source(self, places: Sequence[FloatArray]) -> NDArray[np.bool_]:
        """Tell which voxels lie in the source; if they are interpolated, which reach into it."""
        inside = np.ones(places[0].shape, bool)
        for place, size, row in zip(places, self._sizes, self.matrix, strict=True):
            reach = 0.5 * sum(abs(step) for step in row) if self.interpolation == "linear" else 0.0
            inside &= (place >= -0.5 - reach) & (place < size - 0.5 + reach)
        return inside

    def _spatial_last(self, voxels: Voxels) -> Voxels:
        """Return a view with the axes of space last."""
        return np.moveaxis(voxels, self._spatial, range(-len(self._spatial), 0))


def _interpolate(block: Voxels, places: FloatArray, interpolation: Interpolation) -> Voxels:
    """Return a block's values at fractional indices inside it, shape (axes, ...)."""
    if interpolation == "nearest":
        picked: Voxels = block[tuple(np.floor(places + 0.5).astype(np.intp))]
        return picked
    from scipy.ndimage import map_coordinates  # 0.3 s that only turned images take

    known = block.astype(np.float32) if block.dtype == np.float16 else block
    values = map_coordinates(known, places, np.float64, order=1, mode="nearest")
    return round_to(values, block.dtype)


def resample_in_frame(
    image: Multiscales, grid: Grid, *, interpolation: Interpolation = "linear"
) -> Multiscales:
    """Return an image on grids that are parallel to another one's, lazily.

    Parameters
    ----------
    image
        An image of any direction.
    grid
        A grid with the same spatial axes; only its direction matters.
    interpolation
        ``linear``, or ``nearest`` for labels; as for ``ResampledSource``.

    Returns
    -------
    Multiscales
        As many levels, each read from the level it stands for; t and c are kept. It
        covers the image in the world. Where the axes are only flipped or permuted,
        the voxels are exactly the image's; elsewhere a step of a voxel is one voxel
        long in the image, so that no detail is lost.

    Raises
    ------
    GeometryError
        If one has two axes in space and the other three.

    Examples
    --------
    >>> from roiwidgets.images.readers import open_image
    >>> image = open_image(np.arange(6).reshape(2, 3), direction=[[0, 1], [-1, 0]])
    >>> straight = resample_in_frame(image, Grid(("y", "x"), (9, 9), (1.0, 1.0), (0.0, 0.0)))
    >>> straight.images[0].data.compute().tolist()
    [[3, 0], [4, 1], [5, 2]]
    """
    finest = grid_of(image.images[0])
    if finest.spatial_axes != grid.spatial_axes:
        raise GeometryError(
            f"an image of the axes {finest.axes} cannot be turned into the frame of one of "
            f"{grid.axes}; both must be 2-D, or both 3-D"
        )
    turn = _turn(finest, grid)
    is_exact = bool(np.allclose(turn, np.rint(turn), atol=PARALLEL))
    levels = []
    for level in image.images:
        if is_exact:
            levels.append(_rearranged(level, np.rint(turn).astype(int), grid.direction))
        else:
            levels.append(_interpolated(level, finest, grid, interpolation))
    attributes = image.root_attributes or {}
    result = to_multiscales(levels, name=image.metadata.name, is_labels=interpolation == "nearest")
    result.root_attributes = {**attributes, **(result.root_attributes or {})}
    return result


def edges_in_frame(grid: Grid, other: Grid) -> tuple[HalfSpace, ...]:
    """Return where a grid ends, in the frame of another one.

    Returns
    -------
    tuple of tuples
        Two half-spaces for each axis in space; the grid's box is where they meet.
    """
    turn = _turn(grid, other)
    sides = []
    for i, axis in enumerate(grid.spatial_axes):
        low, high = grid.edges(axis)
        normal = turn[:, i].tolist()
        sides += [(*normal, high), (*(-cosine for cosine in normal), -low)]
    return tuple(sides)


def _turn(grid: Grid, other: Grid) -> FloatArray:
    """Return the matrix from the frame of a grid to the frame of another one."""
    return np.asarray(other.matrix().T @ grid.matrix())


def _rearranged(level: NgffImage, turn: NDArray[np.int_], direction: Direction | None) -> NgffImage:
    """Return a level whose axes are permuted and flipped by a matrix of 0, 1 and -1."""
    own = grid_of(level)
    positions = [own.axes.index(axis) for axis in own.spatial_axes]
    order, flipped = list(range(len(own.axes))), []
    origin = list(own.origin)
    for row, position in zip(turn, positions, strict=True):
        taken = positions[int(np.flatnonzero(row)[0])]
        order[position] = taken
        origin[position] = own.origin[taken]
        if row.sum() < 0:
            flipped.append(taken)
            last = own.origin[taken] + (own.shape[taken] - 1) * own.spacing[taken]
            origin[position] = -last
    source: VoxelSource = voxel_source(level.data)
    if flipped:
        source = FlippedSource(source, tuple(sorted(flipped)))
    turned = TransposedSource(source, tuple(order))
    spacing = tuple(own.spacing[axis] for axis in order)
    return _image_like(
        level, turned, Grid(own.axes, turned.shape, spacing, tuple(origin), direction)
    )


def _interpolated(
    level: NgffImage, finest: Grid, frame: Grid, interpolation: Interpolation
) -> NgffImage:
    """Return a level that is interpolated on a grid over the box of the finest one."""
    own = grid_of(level)
    target = _covering_grid(own, finest, frame)
    turn = _turn(own, frame)
    step, start = np.array(own.spatial_spacing), own.index_to_frame([0] * len(own.axes))
    spatial = [own.axes.index(axis) for axis in own.spatial_axes]
    matrix = turn.T * np.array(target.spatial_spacing) / step[:, np.newaxis]
    corner = target.index_to_frame([0] * len(target.axes))[spatial]
    offset = (turn.T @ corner - start[spatial]) / step
    source = ResampledSource(
        voxel_source(level.data),
        own.axes,
        target.shape,
        tuple(tuple(float(value) for value in row) for row in matrix),
        tuple(float(value) for value in offset),
        interpolation,
    )
    return _image_like(level, source, target)


def _covering_grid(own: Grid, finest: Grid, frame: Grid) -> Grid:
    """Return a grid, parallel to a frame, over all of an image, as fine as one of its levels."""
    turn = _turn(own, frame)
    edges = np.array([finest.edges(axis) for axis in finest.spatial_axes])
    low = np.minimum(turn * edges[:, 0], turn * edges[:, 1]).sum(axis=1)
    high = np.maximum(turn * edges[:, 0], turn * edges[:, 1]).sum(axis=1)
    steps = 1 / np.linalg.norm(turn / np.array(own.spatial_spacing), axis=1)
    # an edge that rounding has moved a little starts no further voxel
    sizes = np.maximum(np.ceil((high - low) / steps - PARALLEL), 1).astype(int)
    shape, spacing, origin = list(own.shape), list(own.spacing), list(own.origin)
    for i, axis in enumerate(own.spatial_axes):
        position = own.axes.index(axis)
        shape[position] = int(sizes[i])
        spacing[position] = float(steps[i])
        origin[position] = float(low[i] + 0.5 * steps[i])
    return Grid(own.axes, tuple(shape), tuple(spacing), tuple(origin), frame.direction)


def _image_like(level: NgffImage, source: VoxelSource, grid: Grid) -> NgffImage:
    """Return an image of other voxels on a grid of any direction, named like a level."""
    return make_image(
        source,
        axes=grid.axes,
        spacing=dict(zip(grid.axes, grid.spacing, strict=True)),
        translation=world_translation(grid),
        direction=grid.direction,
        name=level.name,
        units=level.axes_units,
        channel_names=level.channel_names,
        channel_colors=level.channel_colors,
    )

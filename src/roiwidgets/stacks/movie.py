"""A movie: frames along time, each a plane of pixels, read a few at a time."""

from __future__ import annotations

from dataclasses import dataclass

from ngff_zarr import NgffImage

from roiwidgets.errors import ImageError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.readers import open_image
from roiwidgets.images.reading import read_voxels
from roiwidgets.images.sources import Slices, Voxels, VoxelSource, voxel_source


@dataclass(frozen=True)
class Movie:
    """One plane of an image over time.

    Parameters
    ----------
    level
        The finest level of the image, with axes ``t, y, x`` or ``t, z, y, x``.
    plane
        Index along ``z``; 0 where there is no such axis.
    """

    level: NgffImage
    plane: int = 0

    @property
    def source(self) -> VoxelSource:
        """What the frames are read from; it pickles."""
        return voxel_source(self.level.data)

    @property
    def grid(self) -> Grid:
        """Where the voxels of all axes are: spacing and origin in the image's units."""
        return grid_of(self.level)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, height and width."""
        frames, *_, height, width = self.level.data.shape
        return frames, height, width

    @property
    def chunks(self) -> tuple[int, int, int]:
        """Frames, height and width of the boxes that are cheapest to read."""
        frames, *_, height, width = self.source.chunks
        return frames, height, width

    def read(
        self, frames: slice, rows: slice | None = None, columns: slice | None = None
    ) -> Voxels:
        """Return a new array ``(frames, rows, columns)`` of the movie's data type.

        Parameters
        ----------
        frames, rows, columns
            Start and stop within the movie; None for all rows or columns.

        Raises
        ------
        ImageError
            If a chunk or page cannot be read or decoded: it names the file and the voxels.
        """
        return self._of_plane(read_voxels(self.source, self._box(frames, rows, columns)))

    def peek(
        self, frames: slice, rows: slice | None = None, columns: slice | None = None
    ) -> Voxels:
        """Return what ``read`` does, to look at and not to write to.

        Stored movies are spared a copy, which takes as long as to decode them.
        """
        box = self._box(frames, rows, columns)
        return self._of_plane(read_voxels(self.source, box, writable=False))

    def _box(self, frames: slice, rows: slice | None, columns: slice | None) -> Slices:
        _, height, width = self.shape
        inside = (rows or slice(0, height), columns or slice(0, width))
        if "z" not in self.level.dims:
            return (frames, *inside)
        return (frames, slice(self.plane, self.plane + 1), *inside)

    def _of_plane(self, voxels: Voxels) -> Voxels:
        return voxels[:, 0] if "z" in self.level.dims else voxels


def open_movie(movie: object, *, plane: int | None = None) -> Movie:
    """Return a movie over anything that ``open_image`` takes.

    Parameters
    ----------
    movie
        An image with axes ``t, y, x`` or ``t, z, y, x``; or a movie, which is returned.
        Three axes without names are taken as ``t, y, x``: hand a ``Movie`` or named axes
        where ``z, y, x`` is meant.
    plane
        Index along ``z``, the middle by default; a ``Movie`` keeps its own.

    Raises
    ------
    ImageError
        If the image has other axes, no frame or no pixel, or no such plane.
    """
    if isinstance(movie, Movie):
        return movie
    level = open_image(movie).images[0]
    axes = tuple(level.dims)
    if axes == ("z", "y", "x"):
        level = open_image(movie, axes=("t", "y", "x")).images[0]
        axes = tuple(level.dims)
    if axes not in (("t", "y", "x"), ("t", "z", "y", "x")):
        raise ImageError(
            f"a movie has axes t, y, x or t, z, y, x, got {', '.join(axes)} of shape "
            f"{tuple(level.data.shape)}; pass axes= to open_image, or pick one channel first"
        )
    if 0 in level.data.shape:
        raise ImageError(
            f"a movie has at least one frame of one pixel, got shape {tuple(level.data.shape)}"
        )
    planes = level.data.shape[1] if len(axes) == 4 else 1
    chosen = planes // 2 if plane is None else plane
    if not 0 <= chosen < planes:
        raise ImageError(f"plane must be 0 to {planes - 1}, got {plane}")
    return Movie(level, chosen)

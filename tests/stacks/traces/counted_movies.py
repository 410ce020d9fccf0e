"""Small movies that note what is read of them, and regions on them."""

from __future__ import annotations

import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray

from roiwidgets.images.sources import source_array
from roiwidgets.regions.annotations import Annotation
from roiwidgets.regions.footprints import footprint
from roiwidgets.stacks.movie import Movie

BOX = Annotation("box", [(2, 1), (6, 5)], id="box", name="soma", group="cell", color="#00ff00")
CROSSED = Annotation("freehand", [(0, 0), (9, 8), (9, 0), (0, 8)], id="crossed")
ELLIPSE = Annotation("ellipse", [(3.2, 2.2), (9, 7.4)], id="ellipse", angle=0.4)
OUTSIDE = Annotation("box", [(50, 50), (60, 60)], id="outside", name="lost")
ALL = [BOX, CROSSED, ELLIPSE]


def random_movie(
    dtype: str = "u1", shape: tuple[int, int, int] = (23, 9, 11)
) -> NDArray[np.generic]:
    rng = np.random.default_rng(7)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


class CountingSource:
    """An array that notes what is read of it."""

    def __init__(self, array: NDArray[np.generic], chunks: tuple[int, int, int]) -> None:
        self.array, self.chunks = array, chunks
        self.boxes: list[tuple[slice, ...]] = []

    shape = property(lambda self: self.array.shape)
    dtype = property(lambda self: self.array.dtype)

    def read(self, slices: tuple[slice, ...]) -> NDArray[np.generic]:
        self.boxes.append(slices)
        return self.array[slices].copy()

    def restrict(self, slices: tuple[slice, ...]) -> CountingSource:
        return self

    def chunks_read(self) -> list[tuple[int, ...]]:
        found = []
        for box in self.boxes:
            first = [s.start // n for s, n in zip(box, self.chunks, strict=True)]
            last = [-(-s.stop // n) for s, n in zip(box, self.chunks, strict=True)]
            counts = [b - a for a, b in zip(first, last, strict=True)]
            found += [tuple(np.add(first, index)) for index in np.ndindex(*counts)]
        return found


def counted(
    array: NDArray[np.generic], chunks: tuple[int, int, int]
) -> tuple[Movie, CountingSource]:
    source = CountingSource(array, chunks)
    axes = ("t", "y", "x")
    image = NgffImage(
        source_array(source), axes, dict.fromkeys(axes, 1.0), dict.fromkeys(axes, 0.0)
    )
    return Movie(image), source


def mask_of(annotation: Annotation, movie: Movie) -> NDArray[np.bool_]:
    rows, columns, mask = footprint(annotation, movie.grid)
    frame = np.zeros(movie.shape[1:], bool)
    frame[rows, columns] = mask
    return frame

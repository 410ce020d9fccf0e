"""A folder of images as one stack: files sorted by name are time."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import uuid4

import numpy as np
import xarray
from ngff_zarr import NgffImage
from tifffile import TiffFileError

from roiwidgets.errors import ImageError, RoiwidgetsError
from roiwidgets.images.locations import TIFF_SUFFIXES
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import Slices, Voxels, source_array, voxel_source
from roiwidgets.images.tiff import TiffSource
from roiwidgets.images.transposed import TransposedSource
from roiwidgets.stacks.labelled import labelled_level

_NAMED = 3
"""Files of one kind that a message names."""


def read_folder(
    path: str | os.PathLike[str],
    pattern: str = "*",
    *,
    start: int | None = None,
    stop: int | None = None,
    axes: str | Sequence[str] | None = None,
) -> xarray.DataArray:
    """Return the images of a folder as one lazy stack; the files are time.

    Parameters
    ----------
    path
        The folder.
    pattern
        Which files, for example ``"*.tif"``; hidden ones are left out.
    start, stop
        Part of the sorted files, as a Python slice: ``stop`` is left out.
    axes
        Names of the axes of one image, where the files leave them open ("zyx").

    Returns
    -------
    xarray.DataArray
        A dask array with axes t and those of one image, (t, y, x) or (t, z, y, x), one
        file per chunk; the data type is that of the files. Along t stand the numbers of
        the files in the sorted folder, along the other axes positions of pixel centres.
        Files are sorted by name in natural order: numbers count as numbers, so that
        ``time2`` comes before ``time10``; letters are compared as they are.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ImageError
        If no file matches, a file cannot be read, one has a time axis of its own, or
        sizes or data types differ: the message names the files. All headers are read
        here (NIfTI, NRRD and MetaImage files whole, one at a time), pixels when they
        are needed.

    Notes
    -----
    Thunder puts the pages of a TIFF file on the last axis; here they are z, before y and
    x, as in every other image of this package. ``stack.transpose("t", "y", "x", "z")``
    has Thunder's order. Thunder sorts ``time10`` before ``time2``. Any format that
    ``rw.open_image`` knows is read: TIFF, PNG, JPEG, NIfTI, NRRD, MetaImage, Zarr.
    """
    folder = Path(path).expanduser().absolute()
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; check the path")
    files = image_files(folder, pattern)
    chosen = range(*slice(start, stop).indices(len(files)))
    if not chosen:
        raise ImageError(
            f"no image in {folder} matches {pattern!r} from {start} to {stop}: {len(files)} files "
            "match the pattern"
        )
    picked = [files[i] for i in chosen]
    names = None if axes is None else tuple(axes)
    first = _common_image(picked, names)
    opened = voxel_source(first.data)
    source = FolderSource(
        tuple(str(file) for file in picked),
        tuple(int(n) for n in first.data.shape),
        str(first.data.dtype),
        names,
        opened.order if isinstance(opened, TransposedSource) else None,
    )
    labels = labelled_level(first)
    return xarray.DataArray(
        source_array(source),
        dims=("t", *labels.dims),
        coords={"t": np.array(chosen), **labels.coords},
        name=folder.name,
    )


def image_files(path: str | os.PathLike[str], pattern: str = "*") -> list[Path]:
    """Return the files of a folder that match, sorted as ``read_folder`` does.

    Folders count only where their name ends in ``.zarr``.
    """
    found = [
        entry
        for entry in Path(path).expanduser().glob(pattern)
        if not entry.name.startswith(".") and (entry.is_file() or entry.name.endswith(".zarr"))
    ]
    return sorted(found, key=_natural_order)


def _natural_order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Return what sorts names so that the numbers in them count as numbers.

    Examples
    --------
    >>> names = ["time10.tif", "time2.tif", "time02b.tif"]
    >>> [str(path) for path in sorted(map(Path, names), key=_natural_order)]
    ['time2.tif', 'time02b.tif', 'time10.tif']
    """
    parts = re.split(r"([0-9]+)", path.name)  # text and numbers take turns
    keys = [(int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts)]
    return keys, path.name  # 2 and 02 are one number: the name decides


def _common_image(files: Sequence[Path], axes: tuple[str, ...] | None) -> NgffImage:
    """Return the first image, once it is sure that all others are of its size and type."""
    kinds: dict[tuple[tuple[str, ...], tuple[int, ...], str], list[Path]] = {}
    first = None
    for file in files:
        level = _open_file(str(file), axes)
        first = level if first is None else first
        kind = (tuple(level.dims), tuple(map(int, level.data.shape)), str(level.data.dtype))
        kinds.setdefault(kind, []).append(file)
    if len(kinds) > 1:
        listed = "; ".join(
            f"{_listed(members)}: {' x '.join(map(str, shape))} ({', '.join(dims)}) of {dtype}"
            for (dims, shape, dtype), members in kinds.items()
        )
        raise ImageError(
            f"the images of {files[0].parent} differ in size or data type: {listed}; choose those "
            "of one kind with pattern=, start= and stop="
        )
    assert first is not None
    if "t" in first.dims:
        raise ImageError(
            f"{files[0]} has a time axis of its own ({', '.join(first.dims)}), but the files of a "
            "folder are time; name its axes with axes=, or open it with rw.open_image"
        )
    return first


def _listed(files: Sequence[Path]) -> str:
    names = ", ".join(file.name for file in files[:_NAMED])
    return names if len(files) <= _NAMED else f"{names} and {len(files) - _NAMED} more"


def _open_file(file: str, axes: tuple[str, ...] | None) -> NgffImage:
    try:
        level: NgffImage = open_image(file, axes=axes).images[0]
    except (RoiwidgetsError, OSError) as error:
        raise ImageError(
            f"{file} cannot be opened as an image: {error}; leave it out with pattern="
        ) from error
    return level


@dataclass(frozen=True)
class FolderSource:
    """Images of one size and type in files of their own, pickled as paths.

    Parameters
    ----------
    files
        One for each time point.
    image_shape, image_dtype
        Of every image.
    axes
        What ``open_image`` is told of their axes.
    order
        For each axis of an image the axis of its TIFF file; None where they are the same.
    """

    files: tuple[str, ...]
    image_shape: tuple[int, ...]
    image_dtype: str
    axes: tuple[str, ...] | None = None
    order: tuple[int, ...] | None = None
    identity: str = field(default_factory=lambda: uuid4().hex, repr=False)
    """Same for all copies of one source: a folder that is read anew is read anew."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Files, then the shape of one image."""
        return (len(self.files), *self.image_shape)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type in native byte order."""
        return np.dtype(self.image_dtype)

    @property
    def chunks(self) -> tuple[int, ...]:
        """One file."""
        return (1, *self.image_shape)

    def read(self, slices: Slices) -> Voxels:
        """Return the pixels in ``slices``, file by file.

        Raises
        ------
        ImageError
            If a file is damaged, missing, or another one than when the folder was read.
        """
        numbers, box = range(slices[0].start, slices[0].stop), slices[1:]
        result = np.empty((len(numbers), *(s.stop - s.start for s in box)), self.dtype)
        for place, number in enumerate(numbers):
            result[place] = self._read_file(self.files[number], box)
        return result

    def restrict(self, slices: Slices) -> Self:  # noqa: ARG002 - paths are small already
        """Return the source itself."""
        return self

    def _read_file(self, file: str, box: Slices) -> Voxels:
        if file.lower().endswith(TIFF_SUFFIXES):
            # straight from tifffile: as an image each file would be opened as a Zarr store, too
            with _said_of(file):
                pixels = TiffSource(file).read_once()
            pixels = pixels if self.order is None else pixels.transpose(self.order)
            self._check(file, pixels.shape, pixels.dtype)
            return pixels[box]
        level = _open_file(file, self.axes)
        self._check(file, tuple(level.data.shape), level.data.dtype)
        with _said_of(file):
            return voxel_source(level.data).read(box)

    def _check(self, file: str, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> None:
        if (shape, dtype.newbyteorder("=")) != (self.image_shape, self.dtype):
            raise ImageError(
                f"{file} was {self.image_shape} of {self.image_dtype} when the folder was read, "
                f"now it is {shape} of {dtype}; read the folder again"
            )


@contextmanager
def _said_of(file: str) -> Iterator[None]:
    """Name the file in what goes wrong while its pixels are read."""
    try:
        yield
    except FileNotFoundError as error:
        raise ImageError(f"{file} cannot be opened: there is no file of this name now") from error
    except (OSError, ValueError, EOFError, TiffFileError, zlib.error) as error:
        raise ImageError(
            f"{file} is damaged, its header was fine when the folder was read: {error}"
        ) from error

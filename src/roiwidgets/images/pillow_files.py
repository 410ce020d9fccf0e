"""PNG, JPEG and other pictures that Pillow reads, decoded when they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from ngff_zarr import NgffImage
from PIL import Image, UnidentifiedImageError

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.interop import image_of_source
from roiwidgets.images.sources import Slices, Voxels, native_dtype

_KEPT = {"1": "bool", "L": "uint8", "I;16": "uint16", "I": "int32", "F": "float32"}
"""Modes of Pillow with one value a pixel, and their data types."""

_COLORS = {"RGB": 3, "RGBA": 4}


@dataclass(frozen=True)
class PillowSource:
    """A picture, pickled as its path and decoded whole at each read.

    Parameters
    ----------
    path
        Path of the file.
    mode
        Mode of Pillow in which it is decoded.
    shape
        Height and width; colours have a third axis.
    """

    path: str
    mode: str = field(repr=False)
    shape: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type in native byte order."""
        return np.dtype(_KEPT.get(self.mode, "uint8"))

    @property
    def chunks(self) -> tuple[int, ...]:
        """The whole picture: formats like these are not decoded in part."""
        return self.shape

    def read(self, slices: Slices) -> Voxels:
        """Return the pixels in ``slices``."""
        with Image.open(self.path) as picture:
            decoded = picture if picture.mode == self.mode else picture.convert(self.mode)
            pixels = np.asarray(decoded)
        return np.array(pixels[slices], dtype=native_dtype(self.dtype), order="C")

    def restrict(self, slices: Slices) -> Self:  # noqa: ARG002 - a path is small already
        """Return the source itself."""
        return self


def read_picture(
    path: Path, *, axes: tuple[str, ...] | None = None, name: str | None = None
) -> NgffImage:
    """Return a picture as an image with axes y, x, and c where it has colours.

    Parameters
    ----------
    path
        A file that Pillow reads. One value a pixel keeps its type: bool, uint8, uint16,
        int32 or float32. Palettes become RGB or RGBA, other colours RGB. A rotation
        that a camera noted is not applied.
    axes
        Names of the axes; ``y, x`` or ``y, x, c`` by default.
    name
        Name of the image; that of the file by default.

    Raises
    ------
    ImageError
        If the file is damaged.
    UnsupportedImageError
        If it holds several frames.
    """
    try:
        with Image.open(path) as picture:
            frames = int(getattr(picture, "n_frames", 1))
            mode = _decoded_mode(picture)
            size = (picture.height, picture.width)
    except (UnidentifiedImageError, OSError) as error:
        raise ImageError(f"{path} cannot be read as a picture: {error}") from error
    if frames > 1:
        raise UnsupportedImageError(
            f"{path} holds {frames} frames; save them as a TIFF stack or as one file each"
        )
    shape = (*size, _COLORS[mode]) if mode in _COLORS else size
    source = PillowSource(str(path.absolute()), mode, shape)
    names = axes if axes is not None else ("y", "x", "c")[: len(shape)]
    return image_of_source(source, names, name=name or path.name.split(".")[0])


def _decoded_mode(picture: Image.Image) -> str:
    if picture.mode in _KEPT or picture.mode in _COLORS:
        return picture.mode
    transparent = picture.mode in ("LA", "PA") or "transparency" in picture.info
    return "RGBA" if transparent else "RGB"

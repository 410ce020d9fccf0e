"""Stacks as PNG and TIFF files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray
from PIL import Image
from tifffile import imwrite

from roiwidgets.errors import ImageError, ParameterError, UnsupportedDtypeError
from roiwidgets.images.axes import KNOWN_AXES, SPATIAL_AXES
from roiwidgets.images.interop import axis_of_name
from roiwidgets.images.new_file import new_file
from roiwidgets.images.sources import Voxels
from roiwidgets.images.units import spelt_out_unit
from roiwidgets.images.xarray_bridge import uniform_spacing
from roiwidgets.stacks.collections.grey_images import (
    Contrast,
    check_two_axes,
    each_image,
    grey_images,
    time_first,
)
from roiwidgets.stacks.whole_outputs import whole_folder

_OME_TYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")

_OME_UNITS = {
    "nanometer": "nm",
    "micrometer": "µm",
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
    "millisecond": "ms",
    "second": "s",
    "minute": "min",
    "hour": "h",
}
"""Units of our coordinates as OME-XML writes them."""


def export_png(
    stack: xarray.DataArray,
    folder: str | os.PathLike[str],
    *,
    contrast: Contrast = "each",
    prefix: str = "export",
    overwrite: bool = False,
) -> list[Path]:
    """Write each image as a PNG file of 256 grey levels, and return their paths.

    Parameters
    ----------
    stack
        Images of two axes, along time or only one of them.
    folder
        Is made here; the folder above must be there.
    contrast
        What becomes black and white: ``"each"`` takes lowest and highest value of each
        image, ``"common"`` those of all, which costs a second pass; or give two values.
    prefix
        Files are named ``export00000.png``, ``export00001.png``, ...
    overwrite
        Whether a folder that holds nothing but such files may be replaced.

    Raises
    ------
    ImageError
        If images have other than two axes.
    ParameterError
        If the contrast is none, or the prefix is no part of a file name.
    OutputExistsError
        If something is there and may not be replaced.
    OutputLocationError
        If the folder cannot be written.

    Notes
    -----
    Names and contrast are those of Thunder's ``exportAsPngs``. The folder appears once
    all files are complete. NaN is black.
    """
    if not prefix or Path(prefix).name != prefix:
        raise ParameterError(f"prefix must be the beginning of a file name, got {prefix!r}")
    images, time = check_two_axes(stack, "a PNG export")
    pattern = re.compile(re.escape(prefix) + r"\d{5,}\.png")
    names = [f"{prefix}{number:05d}.png" for number in range(images.sizes[time])]

    def is_ours(folder: Path) -> bool:
        return all(pattern.fullmatch(entry.name) for entry in folder.iterdir())

    with whole_folder(folder, overwrite=overwrite, is_ours=is_ours) as partial:
        for name, grey in zip(names, grey_images(images, time, contrast), strict=True):
            Image.fromarray(grey).save(partial / name)
    return [Path(folder).expanduser().absolute() / name for name in names]


def export_tiff(
    stack: xarray.DataArray, path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write a stack as one OME-TIFF file with its values as they are, and return its path.

    Parameters
    ----------
    stack
        Axes out of t, c, z, y, x (or their longer names), in any order; written in that
        order, page by page, one chunk of a lazy stack in memory at a time. Uniform
        coordinates become pixel sizes in their unit. BigTIFF from 4 GiB on.
    path
        ``NAME.ome.tif`` by custom.
    overwrite
        Whether a file that is there may be replaced, once the new one is complete.

    Raises
    ------
    ImageError
        If axes are unknown, or y or x is missing.
    UnsupportedDtypeError
        For integers of 64 bits and float16, which OME-TIFF does not know.
    OutputExistsError, OutputLocationError
        If something is there, or the file cannot be written.

    Notes
    -----
    Thunder's ``totif`` writes a file for each image.
    """
    ordered = time_first(stack)[0]
    names = {dim: axis_of_name(dim) for dim in ordered.dims}
    axes = [axis for axis in KNOWN_AXES if axis in names.values()]
    if len(axes) != ordered.ndim or not {"y", "x"} <= set(axes):
        raise ImageError(
            f"a TIFF file has axes out of t, c, z, y, x, with y and x; got {stack.dims}"
        )
    if ordered.dtype.name not in _OME_TYPES:
        raise UnsupportedDtypeError(
            f"OME-TIFF holds {', '.join(_OME_TYPES)}, got {ordered.dtype}; convert with .astype"
        )
    ordered = ordered.transpose(*sorted(names, key=lambda dim: axes.index(str(names[dim]))))
    with new_file(path, overwrite=overwrite) as partial:
        imwrite(
            partial,
            _pages(ordered),
            shape=ordered.shape,
            dtype=ordered.dtype,
            ome=True,
            photometric="minisblack",
            metadata={"axes": "".join(axes).upper(), **_pixel_sizes(ordered)},
        )
    return Path(path).expanduser().absolute()


def _pages(stack: xarray.DataArray) -> Iterator[Voxels]:
    for image in each_image(stack, stack.dims[0]):
        yield from np.ascontiguousarray(image).reshape(-1, *image.shape[-2:])


def _pixel_sizes(stack: xarray.DataArray) -> dict[str, object]:
    sizes: dict[str, object] = {}
    for dim in stack.dims:
        axis = str(axis_of_name(dim))
        if dim not in stack.coords or stack.sizes[dim] < 2 or axis == "c":
            continue
        coordinate = stack.coords[dim]
        unit = _OME_UNITS.get(spelt_out_unit(str(coordinate.attrs.get("units"))))
        if coordinate.dtype.kind not in "iuf" or (axis == "t" and unit is None):
            continue
        try:
            step = uniform_spacing(coordinate.values.astype(np.float64), axis)[0]
        except ImageError:  # such positions cannot be told in TIFF; values are written anyway
            continue
        key = f"PhysicalSize{axis.upper()}" if axis in SPATIAL_AXES else "TimeIncrement"
        sizes |= {key: step, f"{key}Unit": unit or "pixel"}
    return sizes

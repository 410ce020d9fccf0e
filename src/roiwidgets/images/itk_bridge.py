"""To and from ITK: the only module that knows the order x, y, z.

ITK keeps sizes, spacings, origins and directions in x, y, z order; everywhere
else they are in array order. Voxels are copied both ways, so that no array
outlives the memory of an ITK object.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ngff_zarr import NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, UnsupportedDtypeError, UnsupportedImageError
from roiwidgets.images.axes import SPATIAL_AXES
from roiwidgets.images.geometry import (
    DirectedImage,
    Direction,
    grid_of,
    make_image,
    world_translation,
)
from roiwidgets.images.sources import ArraySource, Voxels, voxel_source
from roiwidgets.images.tiling import memory_chunks
from roiwidgets.images.units import spelt_out_unit

if TYPE_CHECKING:
    import itk

ITK_SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
"""Files that are read through ITK."""

_STAND_INS = {"bool": "uint8", "float16": "float32", "int8": "int16"}
"""Data types that ITK's wheels do not wrap, and wider ones that hold every value."""


@contextmanager
def _itk_may_load() -> Iterator[None]:
    """Ignore what SWIG's types warn of: as an error it would crash the interpreter."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"builtin type \w+ has no __module__", DeprecationWarning)
        yield


def is_itk_image(value: object) -> bool:
    """Tell whether an object is an ``itk.Image``, without importing ITK."""
    kind = type(value)
    return kind.__module__.startswith("itk.") and hasattr(value, "GetLargestPossibleRegion")


def is_itk_point_set(value: object) -> bool:
    """Tell whether an object is an ``itk.PointSet`` or a mesh, without importing ITK."""
    kind = type(value)
    return kind.__module__.startswith("itk.") and hasattr(value, "GetPoints")


@_itk_may_load()
def points_of_itk(points: object) -> NDArray[np.float64]:
    """Return the points of an ``itk.PointSet``, shape (N, dimension), columns x, y, z."""
    import itk

    template = itk.template(points)[1]
    vectors = itk.array_from_vector_container(points.GetPoints())  # type: ignore[attr-defined] # ITK's
    return np.asarray(vectors, np.float64).reshape(-1, int(template[1]))


@_itk_may_load()
def from_itk_image(image: itk.Image, *, name: str = "image") -> DirectedImage:
    """Return a copy of an ``itk.Image`` with its spacing, origin and direction.

    Parameters
    ----------
    image
        An image of 2 to 4 dimensions; the fourth is time. Pixels of 3 or 4 bytes
        are colours, on a last axis ``c``; other vectors become channels, on a
        first axis ``c``.
    name
        Name of the result.

    Returns
    -------
    DirectedImage
        Voxels in memory; ``translation`` is the world position of the first
        voxel's centre, in ITK's world (LPS for medical files).

    Raises
    ------
    UnsupportedImageError
        For other numbers of dimensions.
    """
    import itk

    image.UpdateOutputInformation()
    dimension = int(image.GetImageDimension())
    if dimension not in (2, 3, 4):
        raise UnsupportedImageError(
            f"ITK images of 2 to 4 dimensions can be opened, got {dimension}; extract one first"
        )
    axes = ("t", *SPATIAL_AXES)[-dimension:]
    voxels = np.array(itk.array_from_image(image))
    array_axes, voxels = _with_components(axes, voxels)
    return make_image(
        ArraySource(voxels, memory_chunks(array_axes, voxels.shape)),
        axes=array_axes,
        spacing=dict(zip(axes[::-1], map(float, image.GetSpacing()), strict=True)),
        translation=dict(zip(axes[::-1], map(float, image.GetOrigin()), strict=True)),
        direction=_direction_of(image, dimension),
        name=name,
    )


def _with_components(axes: tuple[str, ...], voxels: Voxels) -> tuple[tuple[str, ...], Voxels]:
    if voxels.ndim == len(axes):
        return axes, voxels
    if voxels.shape[-1] in (3, 4) and voxels.dtype == np.uint8:
        return (*axes, "c"), voxels
    channels_first = np.ascontiguousarray(np.moveaxis(voxels, -1, 0))
    if "t" in axes:
        return ("t", "c", *axes[1:]), np.ascontiguousarray(channels_first.swapaxes(0, 1))
    return ("c", *axes), channels_first


def _direction_of(image: itk.Image, dimension: int) -> Direction:
    """Return the direction over the spatial axes, in array order."""
    rows = image.GetDirection().GetVnlMatrix()
    matrix = np.array([[float(rows.get(i, j)) for j in range(dimension)] for i in range(dimension)])
    spatial = min(dimension, 3)
    if dimension == 4 and not np.allclose(matrix[3], [0, 0, 0, 1]):
        raise ImageError(
            f"the direction {matrix.tolist()} turns time into space; set it to the identity along "
            "the fourth axis"
        )
    reversed_order = matrix[:spatial, :spatial][::-1, ::-1]
    return tuple(tuple(float(cosine) for cosine in row) for row in reversed_order)


@_itk_may_load()
def to_itk_image(image: NgffImage) -> itk.Image:
    """Return a copy of an image as an ``itk.Image``; all its voxels are read.

    Parameters
    ----------
    image
        An image of axes y, x; z, y, x; or t, z, y, x; with components on a last
        axis ``c`` if it is RGB.

    Returns
    -------
    itk.Image
        With spacing, origin and direction. Booleans become uint8, float16
        becomes float32 and int8 int16, which ITK wraps in their place.

    Raises
    ------
    UnsupportedImageError
        If there are other axes.
    UnsupportedDtypeError
        For signed 64-bit integers, which ITK's wheels do not wrap.
    """
    import itk

    grid = grid_of(image)
    lattice = tuple(axis for axis in grid.axes if axis != "c")
    if lattice not in (("y", "x"), ("z", "y", "x"), ("t", "z", "y", "x")) or (
        "c" in grid.axes and not grid.is_rgb
    ):
        raise UnsupportedImageError(
            f"axes {grid.axes} do not fit an ITK image; select one time point or channel first"
        )
    voxels = voxel_source(image.data).read(tuple(slice(0, n) for n in grid.shape))
    voxels = voxels.astype(_STAND_INS.get(voxels.dtype.name, voxels.dtype), copy=False)
    if voxels.dtype == np.int64:
        raise UnsupportedDtypeError("ITK's wheels have no int64 images; convert to float64")
    result = itk.image_from_array(np.ascontiguousarray(voxels), is_vector=grid.is_rgb)
    translation = world_translation(grid)
    # ITK reads a single column, which is contiguous in both orders, as a row
    result.SetRegions([voxels.shape[grid.axes.index(axis)] for axis in lattice[::-1]])
    result.SetSpacing([grid.along(axis)[1] for axis in lattice[::-1]])
    result.SetOrigin([translation[axis] for axis in lattice[::-1]])
    result.SetDirection(itk.matrix_from_array(_itk_direction(grid.matrix(), len(lattice))))
    return result


def _itk_direction(matrix: NDArray[np.float64], dimension: int) -> NDArray[np.float64]:
    """Return a direction in x, y, z order, with time as it is."""
    result = np.eye(dimension)
    result[: len(matrix), : len(matrix)] = matrix[::-1, ::-1]
    return np.ascontiguousarray(result)


@_itk_may_load()
def read_itk_file(path: Path, *, name: str | None = None) -> DirectedImage:
    """Return the image in a NIfTI, NRRD or MetaImage file.

    Parameters
    ----------
    path
        A file with one of ``ITK_SUFFIXES``. It is read whole, at once: these
        formats are not chunked. The first read of a process loads ITK, about 6 s.
    name
        Name of the image; the file's by default.

    Returns
    -------
    DirectedImage
        World coordinates are LPS, as ITK gives them; NIfTI is in millimetres.

    Raises
    ------
    ImageError
        If ITK cannot read the file.
    """
    import itk

    try:
        image = itk.imread(str(path))
    except (RuntimeError, TypeError, KeyError) as error:
        raise ImageError(f"ITK cannot read {path}: {error}; is it complete?") from error
    result = from_itk_image(image, name=name or path.name.split(".")[0])
    unit = _unit_in_file(path, image)
    if unit:
        spatial = [axis for axis in result.dims if axis in SPATIAL_AXES]
        result.axes_units = dict.fromkeys(spatial, unit)
    return result


def _unit_in_file(path: Path, image: itk.Image) -> str | None:
    if ".nii" in path.suffixes:
        return "millimeter"  # ITK converts what a NIfTI header gives in other units
    metadata = image.GetMetaDataDictionary()
    if not metadata.HasKey("NRRD_units[0]"):
        return None
    text = str(metadata["NRRD_units[0]"])
    unit = spelt_out_unit(text)
    if unit == text:
        warnings.warn(f"{path} has the unit {text!r}, which is not a known one", stacklevel=4)
    return unit

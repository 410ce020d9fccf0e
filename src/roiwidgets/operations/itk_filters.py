"""Run one ITK filter on a numpy array, safely.

- What ``_GetArrayViewFromImage`` returns dies with its image: it is copied while the
  filter, which owns the image, is alive.
- ITK takes an array for its memory, and a size: arrays must be C-contiguous. Of one that
  is Fortran-ordered as well, such as a single column, it turns the size around: it is told.
- Axes are x, y, z here and nowhere else in this layer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from roiwidgets.errors import UnsupportedDtypeError
from roiwidgets.operations.itk_loader import ItkFilter, load_buffer, make_filter
from roiwidgets.operations.operation import Box, Dtype, Spacing, Voxels

PIXEL_CODES = {
    "uint8": "UC",
    "uint16": "US",
    "int16": "SS",
    "float32": "F",
    "float64": "D",
}
"""ITK's names of the pixel types that its wheels wrap."""

PIXEL_TYPES = tuple(PIXEL_CODES)


def run_filter(
    name: str,
    array: Voxels,
    spacing: Spacing,
    settings: Mapping[str, object],
    *,
    output_dtype: Dtype | None = None,
    takes_kernel: bool = False,
    inside: Box | None = None,
) -> Voxels:
    """Return what an ITK filter makes of an array, computed in one thread.

    Parameters
    ----------
    name
        Class name without ``itk``, for example ``MedianImageFilter``.
    array
        C-contiguous voxels along z, y, x or y, x.
    spacing
        Along the array's axes.
    settings
        Value per setter: ``{"Radius": 2}`` calls ``SetRadius(2)``. Sequences per
        axis are in the array's order.
    output_dtype
        Pixel type of the filter's output; that of the array by default.
    takes_kernel
        Whether the class is wrapped for a structuring element.
    inside
        Box of the result that is computed and returned, with explicit starts and stops;
        all of it by default. For classes that ask for what they need of their input.
    """
    given = image_type(array.dtype, array.ndim)
    returned = image_type(output_dtype or array.dtype, array.ndim)
    # the name keeps the array alive, whose memory the image uses
    voxels = np.ascontiguousarray(array)
    image = load_buffer(given)._GetImageViewFromArray(voxels, voxels.shape[::-1], 1)
    image.SetRegions(list(reversed(voxels.shape)))
    image.SetSpacing([float(step) for step in reversed(spacing)])
    chosen = make_filter(name, given, returned, takes_kernel=takes_kernel)
    chosen.SetNumberOfWorkUnits(1)
    for setter, value in settings.items():
        ordered = list(reversed(value)) if isinstance(value, tuple) else value
        getattr(chosen, f"Set{setter}")(ordered)
    chosen.SetInput(image)
    if inside is not None:
        _request(chosen, inside)
    chosen.Update()
    view = load_buffer(returned)._GetArrayViewFromImage(chosen.GetOutput())
    result = np.frombuffer(view, output_dtype or array.dtype)
    shape = voxels.shape if inside is None else tuple(side.stop - side.start for side in inside)
    return result.reshape(shape).copy()


def _request(chosen: ItkFilter, box: Box) -> None:
    """Let a filter compute a box of its output only."""
    chosen.UpdateOutputInformation()
    region = chosen.GetOutput().GetLargestPossibleRegion()
    for axis, side in enumerate(reversed(box)):
        region.SetIndex(axis, side.start)
        region.SetSize(axis, side.stop - side.start)
    chosen.GetOutput().SetRequestedRegion(region)


def image_type(dtype: Dtype, ndim: int) -> str:
    """Return ITK's name of an image type, for example ``IUC3``.

    Raises
    ------
    UnsupportedDtypeError
        If ITK's wheels do not wrap the type.
    """
    native = np.dtype(dtype).newbyteorder("=").name
    if native not in PIXEL_CODES or ndim not in (2, 3):
        raise UnsupportedDtypeError(
            f"ITK filters take 2-D and 3-D images of {', '.join(PIXEL_TYPES)}, got {ndim}-D "
            f"{native}; convert it first, for example with image.data.astype('float32')"
        )
    return f"I{PIXEL_CODES[native]}{ndim}"

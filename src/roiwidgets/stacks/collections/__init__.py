"""Collections of images: ``rw.collections``.

A collection is an ``xarray.DataArray`` whose axis t counts images. Every function takes
one and returns one: dask arrays stay lazy, numpy arrays stay numpy, and axes,
coordinates and attributes are kept. The names follow Thunder's ``Images`` where they are
words of the field; each docstring says where the results differ.
"""

from __future__ import annotations

from roiwidgets.stacks.collections.export import export_png, export_tiff
from roiwidgets.stacks.collections.image_folders import image_files, read_folder
from roiwidgets.stacks.collections.image_functions import (
    average_boxes,
    filter_images,
    gaussian,
    median,
    planes,
    subsample,
    subtract,
    uniform,
)
from roiwidgets.stacks.collections.moving_pictures import export_gif, export_mp4
from roiwidgets.stacks.collections.projections import (
    maximum,
    mean,
    minimum,
    project,
    std,
    total,
    variance,
)
from roiwidgets.stacks.labelled import from_image
from roiwidgets.stacks.series.series_layout import to_series

__all__ = [
    "average_boxes",
    "export_gif",
    "export_mp4",
    "export_png",
    "export_tiff",
    "filter_images",
    "from_image",
    "gaussian",
    "image_files",
    "maximum",
    "mean",
    "median",
    "minimum",
    "planes",
    "project",
    "read_folder",
    "std",
    "subsample",
    "subtract",
    "to_series",
    "total",
    "uniform",
    "variance",
]

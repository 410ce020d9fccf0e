"""What is known about the viewer of itkwidgets 1.0a55, without importing it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol, cast

import numpy as np
import zarr
from numcodecs import Blosc
from numpy.typing import NDArray
from zarr.storage import MemoryStore

from roiwidgets.errors import UnsupportedViewerError
from roiwidgets.images.grid import Grid
from roiwidgets.images.ome_writing import multiscales_metadata, storage_axes

PACKAGE = "itkwidgets"
IMAGE = "Image"
"""Name under which itkwidgets keeps the image that it was opened with."""

CHUNK_SIDE = 128
"""Longest side of a chunk: itkwidgets asks the kernel for each chunk by a call of its own."""


class Browser(Protocol):
    """The browser's functions; each returns a future of the kernel's event loop."""

    def getCroppedImageWorldBounds(self) -> Awaitable[Sequence[float]]:  # noqa: N802 # its name
        """Return the edges of the crop box: x0, x1, y0, y1, z0, z1."""


class ItkwidgetsLike(Protocol):
    """The part of ``itkwidgets.Viewer`` that is used.

    Its own getters are not: each registers itself with a watcher that holds up all
    later cells until the browser has answered.
    """

    stores: Mapping[str, object]
    """Name of each image, and the OME-Zarr store that the browser reads it from."""

    @property
    def has_viewer(self) -> bool:
        """Whether a browser has connected."""

    @property
    def itk_viewer(self) -> Browser:
        """The browser; only there once it has connected."""

    def set_image(self, image: object, name: str = IMAGE) -> None:
        """Show a store or a group of OME-Zarr 0.4 as it is; anything else is binned first."""

    def set_image_color_range(self, range: Sequence[float]) -> None:  # noqa: A002 # its name
        """Set the values drawn in the first and in the last colour."""

    def set_image_color_range_bounds(self, range: Sequence[float]) -> None:  # noqa: A002
        """Set the ends of the sliders of the colour range."""


def is_itkwidgets_viewer(viewer: object) -> bool:
    """Tell whether an object is a viewer of itkwidgets, of any version."""
    return any(
        cls.__module__.partition(".")[0] == PACKAGE and cls.__name__ == "Viewer"
        for cls in type(viewer).__mro__
    )


def check_itkwidgets_viewer(viewer: object) -> ItkwidgetsLike:
    """Return a viewer of itkwidgets if it can be driven.

    Raises
    ------
    UnsupportedViewerError
        If it is of another version or lives outside a notebook, or if it shows a
        comparison or no image at all.
    """
    if not hasattr(viewer, "viewer_rpc") or not hasattr(viewer, "stores"):
        raise UnsupportedViewerError(
            "tune drives the viewer of itkwidgets 1.0a55 inside a notebook; this one has no "
            "connection to a notebook's page: use rw.view"
        )
    known = cast("ItkwidgetsLike", viewer)
    if IMAGE not in known.stores or "Fixed" in known.stores:
        raise UnsupportedViewerError(
            f"tune needs a viewer of one image, this one shows {sorted(known.stores)}; open "
            "another with itkwidgets.view(image), or use rw.view"
        )
    return known


def ome_zarr_in_memory(
    grids: Sequence[Grid], levels: Sequence[NDArray[np.generic]], *, name: str = IMAGE
) -> zarr.Group:
    """Return an OME-Zarr 0.4 image that itkwidgets takes as it is.

    Parameters
    ----------
    grids, levels
        Where the voxels are, and the voxels, finest first; axes in storage order.
    name
        Name of the image.
    """
    assert all(grid.axes == storage_axes(grid.axes) for grid in grids)
    paths = [str(level) for level in range(len(grids))]
    group = zarr.create_group(
        MemoryStore(),
        zarr_format=2,
        attributes=multiscales_metadata(paths, grids, name=name, version="0.4"),
    )
    for path, voxels in zip(paths, levels, strict=True):
        array = group.create_array(
            path,
            shape=voxels.shape,
            dtype=voxels.dtype,
            chunks=tuple(min(side, CHUNK_SIDE) for side in voxels.shape),
            compressors=Blosc(cname="lz4", clevel=3),  # its front end decodes Blosc only
            chunk_key_encoding={"name": "v2", "separator": "/"},
            fill_value=0,
            # its front end takes a missing chunk for an error
            config={"write_empty_chunks": True},
        )
        array[...] = voxels
    return group

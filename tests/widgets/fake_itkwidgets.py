"""A viewer of the shape of itkwidgets 1.0a55, with a page that a test plays.

Written after ``itkwidgets/viewer.py``, ``integrations/__init__.py`` and ``imjoy_rpc/utils.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import numpy as np
import zarr
from ngff_zarr import Multiscales
from numpy.typing import NDArray
from zarr.abc.store import Store

import roiwidgets as rw
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.readers import open_image
from roiwidgets.widgets._itkwidgets_interface import ome_zarr_in_memory

TIMEOUT_S = 180
SPACING = {"z": 2.0, "y": 1.0, "x": 0.5}
ORIGIN = {"z": -3.0, "y": 10.0, "x": 0.25}
BOX = (slice(4, 15), slice(3, 20), slice(6, 21))
"""Of which a crop box of itkwidgets touches all voxels, and no others."""


class Page:
    """The page's functions, as the RPC offers them: each answers by a future."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds: Any = list(bounds)
        self.answers = True
        self.error: Exception | None = None
        self.open: list[asyncio.Future[Any]] = []
        self.asked = 0
        self.shown: list[Store] = []
        self.calls: list[tuple[str, Any]] = []

    def getCroppedImageWorldBounds(self) -> asyncio.Future[Any]:
        self.asked += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self.answers:
            self.open.append(future)
        elif self.error is not None:
            future.set_exception(self.error)
        else:
            future.set_result(list(self.bounds))
        return future

    def setImage(self, store: Store, name: str) -> None:
        assert name == "Image"
        self.shown.append(store)

    def setImageColorRange(self, values: Sequence[float]) -> None:
        self.calls.append(("range", values))

    def setImageColorRangeBounds(self, values: Sequence[float]) -> None:
        self.calls.append(("bounds", values))

    def voxels(self) -> NDArray[Any]:
        """Return what the page draws."""
        return np.asarray(open_image(self.shown[-1]).images[0].data)


class RPC:
    """Has an ``itk_viewer`` once a page has connected."""

    itk_viewer: Page


class Viewer:
    """The parts of itkwidgets' viewer that exist before and after a page connects."""

    def __init__(self, **stores: object) -> None:
        self.stores: dict[str, object] = dict(stores)
        self.viewer_rpc = RPC()
        self.queue: list[tuple[str, tuple[Any, ...]]] = []

    @property
    def has_viewer(self) -> bool:
        return hasattr(self.viewer_rpc, "itk_viewer")

    @property
    def itk_viewer(self) -> Page:
        return self.viewer_rpc.itk_viewer

    def queue_request(self, method: str, *arguments: object) -> None:
        if self.has_viewer:
            getattr(self.itk_viewer, method)(*arguments)
        else:
            self.queue.append((method, arguments))

    def set_image(self, image: object, name: str = "Image") -> None:
        if isinstance(image, zarr.Group) and "multiscales" in image.attrs:
            image = image.store
        if not isinstance(image, Store):
            raise RuntimeError("Could not process the viewer image")  # noqa: TRY004 # as there
        self.stores[name] = image
        self.queue_request("setImage", image, name)

    def set_image_color_range(self, range: Sequence[float]) -> None:
        self.queue_request("setImageColorRange", range)

    def set_image_color_range_bounds(self, range: Sequence[float]) -> None:
        self.queue_request("setImageColorRangeBounds", range)

    def get_roi_region(self) -> None:
        raise AssertionError("a getter of itkwidgets holds up later cells")

    get_roi_slice = get_roi_image = get_current_scale = get_roi_region


Viewer.__module__ = "itkwidgets.viewer"


def voxels() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (20, 24, 28)).astype(np.uint8)


def source(array: NDArray[Any] | None = None, **options: Any) -> Multiscales:
    given = {"axes": "zyx", "spacing": SPACING, "origin": ORIGIN} | options
    return open_image(voxels() if array is None else array, **given)


def store_of(image: Multiscales) -> Store:
    """What itkwidgets keeps of an image: OME-Zarr 0.4 in memory."""
    level = image.images[0]
    return ome_zarr_in_memory([grid_of(level)], [np.asarray(level.data)]).store


def crop(box: Sequence[slice], inset: float = 0.25) -> list[float]:
    """The page's answer for a crop box that cuts the outer voxels of a box."""
    edges = {
        axis: [
            ORIGIN[axis] + (side.start - 0.5 + inset) * SPACING[axis],
            ORIGIN[axis] + (side.stop - 0.5 - inset) * SPACING[axis],
        ]
        for axis, side in zip("zyx", box, strict=True)
    }
    return [*edges["x"], *edges["y"], *edges["z"]]


def notebook(image: Multiscales | None = None) -> tuple[Viewer, Page]:
    """A viewer whose page has connected and shows a crop box."""
    viewer = Viewer(Image=store_of(image or source()))
    page = viewer.viewer_rpc.itk_viewer = Page(crop(BOX))
    return viewer, page


def in_kernel(test: Coroutine[Any, Any, None]) -> None:
    """Run as a cell does: on an event loop that goes on."""
    asyncio.run(asyncio.wait_for(test, TIMEOUT_S))


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def plus(array: NDArray[Any], number: int = 1, limit: int = 300) -> NDArray[Any]:
    if number > limit:
        raise ValueError("too much")
    return array + np.uint8(number)


def operation() -> Any:
    return rw.operation(plus, halo=0, number=1, limit=300)

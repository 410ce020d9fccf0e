"""Tune an operation in a viewer of itkwidgets 1.0a55.

itkwidgets is not imported and no dependency. Its crop box is the region; since a
function of ours could be called by its page only once, the page cannot tell when
the box moves: it is asked for it, on the kernel's event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import numpy as np
import traitlets
import zarr
from ngff_zarr import Multiscales
from numpy.typing import NDArray

from roiwidgets.errors import (
    RoiwidgetsError,
    UnsupportedImageError,
    UnsupportedViewerError,
    ViewerError,
)
from roiwidgets.images.geometry import Grid
from roiwidgets.images.intensity import value_range
from roiwidgets.images.pyramid import display_levels
from roiwidgets.images.readers import open_image
from roiwidgets.regions import Region, resolve_region
from roiwidgets.widgets._itkwidgets_interface import (
    IMAGE,
    check_itkwidgets_viewer,
    ome_zarr_in_memory,
)
from roiwidgets.widgets._kernel_thread import KernelThread
from roiwidgets.widgets._scene import Layer, are_alike, finest_scale_within, last_index
from roiwidgets.widgets._tuned_viewer import OnChange, RegionResult
from roiwidgets.widgets._viewer_state import ViewerState
from roiwidgets.widgets._wire import image_wire_dtype, to_wire_image

log = logging.getLogger(__name__)

ASK_EVERY_S = 0.5
"""Seconds between an answer of the page and the next question for its region."""

PATIENCE_S = 15.0
"""Seconds without an answer after which the user is told."""

FOLLOWED = ("roi", "problem")
NO_ANSWER = (
    "the itkwidgets viewer does not answer: its page is closed, or could not load the viewer from "
    "the network; previews are shown once it does"
)


class ItkwidgetsViewer(traitlets.HasTraits):
    """A viewer of itkwidgets, as ``rw.tune`` drives it.

    ``rw.tune`` makes one by itself from a viewer of itkwidgets; make one to give the
    image, or the memory that a region may take.

    Parameters
    ----------
    viewer
        An ``itkwidgets.Viewer`` of version 1.0a55, in a notebook, with one image.
    image
        The image that the viewer shows, in any form that ``open_image`` takes; by
        default the viewer's own copy.
    memory_budget
        Bytes that the region may take: it decides on the scale.

    Raises
    ------
    UnsupportedViewerError
        If the viewer cannot be driven.
    UnsupportedImageError
        If itkwidgets draws the image elsewhere than it is, or only a part of it.

    Notes
    -----
    The region is the crop box, whole until the page has answered. The result
    replaces the viewer's image, which a crop box hides beyond the region anyway;
    ``clear_preview`` brings it back. Only complete results are shown, each
    copied into memory in the kernel. Of a crop box that is reset, the whole is what is
    shown: call ``clear_preview`` for the whole image.
    """

    roi = traitlets.Instance(
        Region,
        allow_none=True,
        read_only=True,
        help="The crop box in the world; None for the whole image.",
    )
    problem = traitlets.Unicode(
        read_only=True, help="Why nothing is shown, a line for people; empty if all is well."
    )
    time_index = 0
    channel_index = 0

    def __init__(
        self,
        viewer: object,
        image: object | None = None,
        *,
        memory_budget: int = ViewerState.memory_budget.default_value,
    ) -> None:
        super().__init__()
        self._viewer = check_itkwidgets_viewer(viewer)
        self._loop = _kernel_loop()
        self._kernel = KernelThread()
        self._original = self._viewer.stores[IMAGE]
        self._replaced: object | None = None
        self._waiting: tuple[zarr.Group, tuple[float, float]] | None = None
        self._failure = ""
        self._layer = _layer_of(_image_in(self._original) if image is None else open_image(image))
        self._window = self._layer.value_range
        self._memory_budget = memory_budget
        self._followers = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def image(self) -> Multiscales:
        """The image that is tuned on, with its levels; finest first."""
        return self._layer.image

    @property
    def color_range_bounds(self) -> tuple[float, float]:
        """Robust range of the image's values."""
        return self._layer.value_range

    def get_current_scale(self) -> int:
        """Return the finest scale whose region fits the memory budget."""
        return self._finest_within(self._region())

    def get_roi_slice(self, scale: int = -1) -> tuple[slice, ...]:
        """Return the slices of the voxels that the region touches at a scale."""
        index = self.get_current_scale() if scale == -1 else scale
        return resolve_region(self._region(), self._layer.grids[index])

    def frame_position(self) -> dict[str, float]:
        """Return nothing: only complete results are shown, no plane is wanted first."""
        return {}

    def run_in_kernel(self, function: Callable[[], None]) -> None:
        """Run ``function`` in the kernel's main thread, soon."""
        self._kernel.call(function)

    # Shown in itkwidgets ----------------------------------------------------

    def show_result(self, result: RegionResult) -> None:
        """Show the result in place of the image, once it is complete.

        Raises
        ------
        ViewerError
            If itkwidgets does not take it.
        """
        if not result.state.complete:
            return
        voxels = _as_read_by_itkwidgets(np.array(result.state.result))
        group = ome_zarr_in_memory([_spatial_part(result.grid)], [voxels])
        self._show(group, result.value_range)

    def set_image(self, image: object, name: str = IMAGE) -> None:
        """Show another image, in the scales that fit the memory budget.

        Raises
        ------
        ViewerError
            If itkwidgets does not take it.
        """
        if image is self.image:
            self.clear_preview()
            return
        levels = display_levels(open_image(image))
        layer = Layer("image", name, levels, value_range(levels))
        finest = finest_scale_within(
            Region.whole(layer.grids[0]),
            layer.grids,
            itemsize=layer.bytes_per_voxel,
            budget=self._memory_budget,
        )
        shown = levels.images[finest:]
        voxels = [_as_read_by_itkwidgets(np.asarray(level.data)) for level in shown]
        self._show(ome_zarr_in_memory(layer.grids[finest:], voxels, name=name), layer.value_range)

    def clear_preview(self) -> None:
        """Show the image itself again, unless the user has shown another."""
        self._waiting = None
        if self._replaced is None or self._shows_another():
            return
        try:
            self._put(self._original, self._layer.value_range)
        except ViewerError as error:
            self._tell(str(error), error)
        self._replaced = None

    # The region of itkwidgets -----------------------------------------------

    def follow(self, on_change: OnChange) -> None:
        """Call a function when the region or the problem has changed; ask the page from now on."""
        self.observe(on_change, FOLLOWED)
        self._followers += 1
        if self._task is None:
            self._task = self._loop.create_task(self._keep_asking())

    def unfollow(self, on_change: OnChange) -> None:
        """Stop calling a function, and asking the page if nobody else wants to know."""
        self.unobserve(on_change, FOLLOWED)
        self._followers -= 1
        if self._followers == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep_asking(self) -> None:
        since = self._loop.time()
        while True:
            try:
                if self._viewer.has_viewer:
                    await self._ask()
                    since = self._loop.time()
                elif self._loop.time() - since > PATIENCE_S:
                    self._tell(NO_ANSWER)
            except Exception as error:  # noqa: BLE001 # logged, and shown to the user
                self._tell(f"the region of itkwidgets is not known: {error}", error)
            await asyncio.sleep(ASK_EVERY_S)

    async def _ask(self) -> None:
        """Show what waits for a page, and take over the page's region."""
        if self._shows_another():
            self._tell("the itkwidgets viewer shows another image now; close this and tune again")
            return
        try:
            self._show_waiting()
        except ViewerError as error:
            self._tell(str(error), error)
        answer = asyncio.ensure_future(self._viewer.itk_viewer.getCroppedImageWorldBounds())
        # wait, never cancel: its late answer would be an error in the page's connection
        while not (await asyncio.wait({answer}, timeout=PATIENCE_S))[0]:
            self._tell(NO_ANSWER)
        region = self._region_within(answer.result())
        if region is not None and self._box(region) != self._box(self._region()):
            self.set_trait("roi", region)
        self.set_trait("problem", self._failure)

    # Inside -----------------------------------------------------------------

    def _region_within(self, bounds: Sequence[float]) -> Region | None:
        """Return the page's crop box as a region; None while it has none."""
        numbers = [float(number) for number in bounds]
        if len(numbers) != 6:
            raise ViewerError(f"expected the six edges of a box, got {numbers}")
        edges = {axis: (numbers[2 * i], numbers[2 * i + 1]) for i, axis in enumerate("xyz")}
        axes = self._layer.grids[0].spatial_axes
        if any(edges[axis][0] > edges[axis][1] for axis in axes):  # before anything is drawn
            return None
        return Region.from_bounds(
            {axis: edges[axis][0] for axis in axes}, {axis: edges[axis][1] for axis in axes}
        )

    def _region(self) -> Region:
        return self.roi or Region.whole(self._layer.grids[0])

    def _box(self, region: Region) -> tuple[int, tuple[slice, ...]]:
        """Return on which voxels a region is computed: scale and slices."""
        scale = self._finest_within(region)
        return scale, resolve_region(region, self._layer.grids[scale])

    def _finest_within(self, region: Region) -> int:
        return finest_scale_within(
            region,
            self._layer.grids,
            itemsize=self._layer.bytes_per_voxel,
            budget=self._memory_budget,
        )

    def _shows_another(self) -> bool:
        known = self._original if self._replaced is None else self._replaced
        return self._viewer.stores.get(IMAGE) is not known

    def _show(self, group: zarr.Group, values: tuple[float, float]) -> None:
        self._waiting = (group, values)
        if self._viewer.has_viewer:
            self._show_waiting()

    def _show_waiting(self) -> None:
        if self._waiting is not None:
            (group, values), self._waiting = self._waiting, None
            self._put(group, values)
            self._replaced = self._viewer.stores.get(IMAGE)

    def _put(self, image: object, values: tuple[float, float]) -> None:
        """Hand an image to itkwidgets; its colour range stays where values are alike."""
        try:
            self._viewer.set_image(image, IMAGE)
            if not are_alike(self._window, values):
                self._viewer.set_image_color_range_bounds(list(values))
                self._viewer.set_image_color_range(list(values))
                self._window = values
        except Exception as error:
            self._failure = f"itkwidgets did not take the image: {type(error).__name__}: {error}"
            raise ViewerError(self._failure) from error
        self._failure = ""

    def _tell(self, text: str, error: Exception | None = None) -> None:
        if text == self.problem:
            return
        level = (
            logging.ERROR if error and not isinstance(error, RoiwidgetsError) else logging.WARNING
        )
        log.log(level, text, exc_info=error)
        self.set_trait("problem", text)


def _as_read_by_itkwidgets(voxels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return voxels in a type that its front end reads: none of 64 bits."""
    return to_wire_image(voxels, image_wire_dtype(voxels.dtype))


def _kernel_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError as error:
        raise UnsupportedViewerError(
            "a viewer of itkwidgets answers on a notebook's event loop, and none is running; use "
            "rw.view in scripts"
        ) from error


def _image_in(store: object) -> Multiscales:
    """Return what itkwidgets keeps of an image."""
    try:
        return open_image(store)
    except Exception as error:
        raise UnsupportedImageError(
            f"the image cannot be read out of the itkwidgets viewer ({error}); give it: "
            "rw.tune(rw.ItkwidgetsViewer(viewer, image), operation)"
        ) from error


def _layer_of(image: Multiscales) -> Layer:
    """Return the levels that a viewer of ours would show, if itkwidgets shows the same."""
    levels = display_levels(image)
    layer = Layer("image", IMAGE, levels, value_range(levels))
    grid = layer.grids[0]
    if grid.is_rgb or last_index(grid, "t") or last_index(grid, "c"):
        raise UnsupportedImageError(
            f"itkwidgets has no choice of time or channel, and the image has the axes {grid.axes} "
            f"of shape {grid.shape}; choose one of them, or tune on rw.view(image)"
        )
    if grid.direction is not None:
        raise UnsupportedImageError(
            "itkwidgets draws an image without its direction, so that regions do not fit; tune on "
            "rw.view(image)"
        )
    return layer


def _spatial_part(grid: Grid) -> Grid:
    return Grid(
        axes=grid.spatial_axes,
        shape=grid.spatial_shape,
        spacing=grid.spatial_spacing,
        origin=tuple(grid.along(axis)[2] for axis in grid.spatial_axes),
    )

"""The viewer: a streamed multiscale image, a region of interest, and getters.

Getters are synchronous: the browser pushes the region, the loaded scale, the
slices and the camera into traits, Python computes everything else. Before any
browser answers, Python's own defaults are already valid answers.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from IPython import get_ipython
from IPython.display import display
from ngff_zarr import Multiscales, NgffImage

from roiwidgets.errors import ImageError, RegionError
from roiwidgets.images.crop import crop_image
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.intensity import value_range
from roiwidgets.images.ome_zarr import to_multiscales
from roiwidgets.images.pyramid import display_levels
from roiwidgets.images.readers import open_image
from roiwidgets.regions import Region, resolve_region
from roiwidgets.regions.blocks import shape_of
from roiwidgets.widgets import _colormaps, _picture, _traits
from roiwidgets.widgets._chunk_server import ChunkServer, ServedLayer
from roiwidgets.widgets._kernel_thread import KernelThread
from roiwidgets.widgets._scene import (
    Layer,
    are_alike,
    describe_scene,
    last_index,
    level_within_budget,
    overlap,
)
from roiwidgets.widgets._viewer_state import ViewerState, check_keywords

READ_THREADS = 2
PICTURE_BUDGET = 2**23
"""Bytes of the volume whose planes are drawn in Python."""


class Viewer(ViewerState):
    """Three linked slices and a volume of an image of any size.

    Parameters
    ----------
    image
        Anything that ``open_image`` takes.
    label_image
        Integer labels drawn over the image; anything that ``open_image`` takes.
    name
        Name of the image in the viewer.
    **traits
        Initial values of traits, for example ``color_map="viridis"``.

    Raises
    ------
    TypeError
        If a keyword is not a trait of the viewer.
    UnsupportedImageError, ImageError
        If an image cannot be opened or has no voxels to show.

    Notes
    -----
    Coordinates are those of the world. ``roi`` is a box parallel to the array's axes:
    of an image with a direction matrix it carries that matrix, and its edges are
    in the turned frame; ``get_roi_region`` returns them in the world.
    """

    _is_open = False

    def __init__(
        self,
        image: object,
        label_image: object | None = None,
        *,
        name: str = "Image",
        **traits: object,
    ) -> None:
        check_keywords(traits, self.settable)
        self._kernel = KernelThread()
        self._ids = itertools.count(1)
        self._threads = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="roiwidgets-read")
        weakref.finalize(self, self._threads.shutdown, wait=False, cancel_futures=True)
        self._server = ChunkServer(
            self.send, executor=self._threads, call_in_kernel=self._kernel.call
        )
        self._layers: dict[str, Layer] = {}
        self._preview_id: str | None = None
        self._is_open = True
        self._shown_in_cell: int | None = None
        super().__init__()
        self.on_msg(lambda _, content, __: self._server.handle(content))
        self.set_image(image, name=name)
        if label_image is not None:
            self.set_label_image(label_image)
        for key, value in traits.items():
            setattr(self, key, value)

    # Images -----------------------------------------------------------------

    @property
    def image(self) -> Multiscales:
        """The image that is shown, with the levels that can be asked for; finest first."""
        return self._layers["image"].image

    @image.setter
    def image(self, image: object) -> None:
        self.set_image(image)

    @property
    def label_image(self) -> Multiscales | None:
        """The labels drawn over the image, or None."""
        layer = self._layers.get("labels")
        return None if layer is None else layer.image

    def set_image(self, image: object, name: str = "Image") -> None:
        """Show another image; camera, slices and region stay where they still fit.

        The window (``color_range``) stays if the values of both images have about
        the same range.

        Parameters
        ----------
        image
            Anything that ``open_image`` takes.
        name
            Name of the image in the viewer.
        """
        levels = display_levels(open_image(image))
        layer = Layer(f"image-{next(self._ids)}", name, levels, value_range(levels))
        known = self._layers.get("image")
        self.clear_preview()
        self._replace("image", layer)
        self._fit_view(known)

    def set_label_image(self, label_image: object | None) -> None:
        """Draw integer labels over the image, or remove them with None.

        Raises
        ------
        ImageError
            If the voxels are not integers.
        GeometryError
            If the labels are oriented differently from the image.
        """
        if label_image is None:
            self._replace("labels", None)
            return
        levels = display_levels(open_image(label_image), is_labels=True)
        dtype = levels.images[0].data.dtype
        if dtype.kind not in "iub":
            raise ImageError(f"labels must be integers, got {dtype}; convert with astype('uint32')")
        layer = Layer(f"labels-{next(self._ids)}", "Labels", levels, (0.0, 1.0), is_labels=True)
        self._replace("labels", layer)

    @property
    def color_range_bounds(self) -> tuple[float, float]:
        """Robust range of the image's values."""
        return self._layers["image"].value_range

    # Region of interest -----------------------------------------------------

    def get_current_scale(self) -> int:
        """Return the scale that is loaded over the region; 0 is the finest.

        Before a browser has answered: the finest scale whose region fits
        ``memory_budget``.
        """
        scales = len(self.image.images)
        if 0 <= self.loaded_scale < scales:
            return self.loaded_scale
        return self._finest_within(self._region(), self.memory_budget)

    def get_roi_slice(self, scale: int = -1) -> tuple[slice, ...]:
        """Return the slices of the voxels that the region touches at a scale.

        Parameters
        ----------
        scale
            0 is the finest; -1 is the current scale.

        Returns
        -------
        tuple of slice
            One per axis in the array's own order, stop exclusive.
        """
        return resolve_region(self._region(), self._grid(scale))

    def get_roi_region(self) -> list[dict[str, float]]:
        """Return the lower and the upper edges of the region in world units.

        Returns
        -------
        list of two dictionaries with keys x, y, z
            For an oblique image the smallest box along the world's axes that
            covers the region; ``roi`` holds the exact one.
        """
        lower, upper = self._region().in_frame(None).bounds()
        return [dict(sorted(lower.items())), dict(sorted(upper.items()))]

    def get_roi_image(self, scale: int = -1, name: str = "Image") -> NgffImage:
        """Return the voxels of the region at a scale, lazily.

        Parameters
        ----------
        scale
            0 is the finest; -1 is the current scale.
        name
            Name of the returned image.

        Returns
        -------
        NgffImage
            ``translation`` is exactly ``origin + start * spacing`` of that scale.
        """
        level = self._level(scale)
        return crop_image(level, self.get_roi_slice(scale), name=name)

    def get_roi_multiscale(self, name: str = "Image") -> Multiscales:
        """Return the voxels of the region at every scale, lazily."""
        scales = range(len(self.image.images))
        return to_multiscales([self.get_roi_image(scale, name) for scale in scales], name=name)

    # Preview ----------------------------------------------------------------

    def show_preview(self, layer_id: str, served: ServedLayer, state: Mapping[str, object]) -> None:
        """Draw the result of an operation over the region; ``state`` is protocol's Preview."""
        previous = self._preview_id
        if previous != layer_id:
            self._server.add_layer(layer_id, served)
        self._preview_id = layer_id
        self.set_trait("preview", dict(state))
        if previous not in (None, layer_id):
            self._server.remove_layer(previous)

    def clear_preview(self) -> None:
        """Show the image itself over the region again."""
        if self._preview_id is not None:
            self._server.remove_layer(self._preview_id)
            self._preview_id = None
            self.set_trait("preview", None)

    def new_layer_id(self, kind: str) -> str:
        """Return an id that no layer of this viewer had before."""
        return f"{kind}-{next(self._ids)}"

    def frame_position(self) -> dict[str, float]:
        """Return where the three planes cross in the frame of the image."""
        return _traits.point_to_json(self.slices, self.image_grid)

    def run_in_kernel(self, function: Any) -> None:
        """Run ``function`` in the kernel's main thread, the only one that sets traits."""
        self._kernel.call(function)

    # Pictures ---------------------------------------------------------------

    def draw_png(self) -> bytes:
        """Return the three planes through the crosshair as a PNG, drawn in Python."""
        whole = Region.whole(self._layers["image"].grids[0])
        return _picture.draw(
            self._layers,
            self._finest_within(whole, PICTURE_BUDGET),
            position=self.frame_position(),
            region=self._region(),
            indices={"t": self.time_index, "c": self.channel_index},
            table=_colormaps.color_table(self.color_map),
            window=self.color_range,
            label_opacity=self.label_opacity,
        )

    def _ipython_display_(self) -> None:
        """Display the viewer, unless ``view`` already did so in this cell."""
        cell = _current_cell()
        if self._shown_in_cell is not None and self._shown_in_cell == cell:
            self._shown_in_cell = None
            return
        bundle, metadata = self._repr_mimebundle_()
        display(bundle, metadata=metadata, raw=True)  # type: ignore[no-untyped-call] # IPython's

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, object], dict[str, object]]:
        bundle, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**bundle, "image/png": self.draw_png()}, metadata

    def display_once(self) -> None:
        """Display the viewer now, and not again as the value of the same cell."""
        self._ipython_display_()
        self._shown_in_cell = _current_cell()

    def close(self) -> None:
        """Close the comm and stop serving voxels."""
        if not self._is_open:  # ipywidgets closes once more when the object goes
            return
        self._is_open = False
        for layer_id in self._server.layer_ids:
            self._server.remove_layer(layer_id)
        self._threads.shutdown(wait=False, cancel_futures=True)
        super().close()

    # Inside -----------------------------------------------------------------

    def _replace(self, role: str, layer: Layer | None) -> None:
        layers = {key: value for key, value in self._layers.items() if key != role}
        if layer is not None:
            layers[role] = layer
        ordered = [layers[key] for key in ("image", "labels") if key in layers]
        scene = describe_scene(ordered)
        if layer is not None:
            self._server.add_layer(layer.id, layer.serve())
        previous = self._layers.get(role)
        self._layers = layers
        self.image_grid = layers["image"].grids[0]
        self.set_trait("scene", scene)
        if previous is not None:
            self._server.remove_layer(previous.id)

    def _fit_view(self, previous: Layer | None) -> None:
        grid = self._layers["image"].grids[0]
        kept = previous is not None and overlap(previous.grids[0], grid)
        if kept and self.roi is not None:
            self.roi = self.roi.clip(Region.whole(grid))
        else:
            self.roi = Region.whole(grid)
            self.slices = _traits.middle_of(grid)
            self.camera = {}
            self.send_state(["roi", "slices"])  # another frame, though the world may be the same
        shown = self._layers["image"].value_range
        if previous is None or not kept or not are_alike(previous.value_range, shown):
            self.color_range = shown
        self.time_index = min(self.time_index, last_index(grid, "t"))
        self.channel_index = min(self.channel_index, last_index(grid, "c"))

    def _region(self) -> Region:
        return self.roi or Region.whole(self._layers["image"].grids[0])

    def _level(self, scale: int) -> NgffImage:
        levels = self.image.images
        index = self.get_current_scale() if scale == -1 else scale
        if not 0 <= index < len(levels):
            raise RegionError(
                f"scale {scale} does not exist; give 0 (finest) to {len(levels) - 1}, or -1 for "
                "the scale that is loaded"
            )
        return levels[index]

    def _grid(self, scale: int) -> Grid:
        return grid_of(self._level(scale))

    def _finest_within(self, region: Region, budget: int) -> int:
        """Return the finest scale whose voxels over a region, at one time, fit a budget."""
        shapes = []
        for grid in self._layers["image"].grids:
            sides = dict(zip(grid.axes, shape_of(resolve_region(region, grid)), strict=True))
            shapes.append(tuple(sides[axis] for axis in grid.spatial_axes))
        itemsize = sum(layer.bytes_per_voxel for layer in self._layers.values())
        return level_within_budget(tuple(shapes), itemsize, budget)


def view(image: object, label_image: object | None = None, **traits: Any) -> Viewer:
    """Display an image of any size and return its viewer.

    Parameters
    ----------
    image, label_image, **traits
        As for ``Viewer``.

    Returns
    -------
    Viewer
        Its getters answer at once, in the same cell, in functions and scripts.
    """
    check_keywords(traits, ("name", *Viewer.settable))
    viewer = Viewer(image, label_image, **traits)
    if get_ipython() is not None:
        viewer.display_once()
    return viewer


def _current_cell() -> int | None:
    shell = get_ipython()
    return None if shell is None else int(shell.execution_count)

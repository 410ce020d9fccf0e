"""What a viewer shows: its image, labels, a second image to compare, and their voxels."""

from __future__ import annotations

import functools
import itertools
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import traitlets
from ngff_zarr import Multiscales

from roiwidgets.errors import ImageError, ViewerError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.intensity import channel_ranges, value_range
from roiwidgets.images.pyramid import display_levels
from roiwidgets.images.readers import open_image
from roiwidgets.regions import Region
from roiwidgets.widgets import _traits
from roiwidgets.widgets._channel_look import MOST_CHANNELS, colors_of
from roiwidgets.widgets._chunk_server import ChunkServer
from roiwidgets.widgets._kernel_thread import KernelThread
from roiwidgets.widgets._scene import (
    Layer,
    are_alike,
    describe_scene,
    in_frame,
    last_index,
    overlap,
)
from roiwidgets.widgets._tuned_viewer import OnChange, RegionResult
from roiwidgets.widgets._viewer_state import ViewerState
from roiwidgets.widgets._wire import is_drawn_coarsely

READ_THREADS = 2
ROLES = ("image", "moving", "labels")
"""In the order in which they are drawn."""
FOLLOWED = ("roi", "loaded_scale", "scene", "time_index", "channel_index")
"""Traits that decide on what a preview is computed."""


class ViewerLayers(ViewerState):
    """Serves the layers of a viewer to the browser; one layer for each role at most."""

    _is_open = False

    def __init__(self) -> None:
        self._kernel = KernelThread()
        self._ids = itertools.count(1)
        self._threads = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="roiwidgets-read")
        weakref.finalize(self, self._threads.shutdown, wait=False, cancel_futures=True)
        self._server = ChunkServer(
            self.send, executor=self._threads, call_in_kernel=self._kernel.call
        )
        self._layers: dict[str, Layer] = {}
        self._preview_id: str | None = None
        super().__init__()
        self.on_msg(lambda _, content, __: self._server.handle(content))
        self._is_open = True

    def close(self) -> None:
        """Take the viewer out of all pages, and give back its images, threads and comm.

        The traits keep their values; getters that need the image raise a ``ViewerError``.
        """
        if not self._is_open:  # ipywidgets closes once more when the object goes
            return
        self._is_open = False
        for layer_id in self._server.layer_ids:
            self._server.remove_layer(layer_id)
        self._layers = {}
        self._threads.shutdown(wait=False, cancel_futures=True)
        super().close()

    @property
    def main_layer(self) -> Layer:
        """The layer that regions and scales are of: the image, else the labels."""
        self._check_open()
        return self._layers.get("image") or self._layers["labels"]

    @property
    def image(self) -> Multiscales:
        """The image that is shown, with the levels that can be asked for; finest first.

        Of a viewer that shows labels alone, the labels.
        """
        return self.main_layer.image

    @image.setter
    def image(self, image: object) -> None:
        self.set_image(image)

    @property
    def label_image(self) -> Multiscales | None:
        """The labels drawn over the image, as they were given, or None."""
        layer = self._layers.get("labels")
        return None if layer is None else layer.given or layer.image

    @label_image.setter
    def label_image(self, label_image: object | None) -> None:
        self.set_label_image(label_image)

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
        layer = self._image_layer("image", name, image)
        known = self._layers.get("image")
        self.clear_preview()
        self._replace("image", layer)
        self._fit_view(known)
        if known is None or known.channels != layer.channels:
            self._fit_channels(layer)

    def set_label_image(self, label_image: object | None) -> None:
        """Draw integer labels over the image, or remove them with None.

        Parameters
        ----------
        label_image
            Anything that ``open_image`` takes, on any grid. Where its axes are not
            parallel to the image's, the nearest label is drawn; axes that are only
            flipped or permuted change no label.

        Raises
        ------
        ImageError
            If the voxels are not integers.
        GeometryError
            If labels of another direction are 2-D and the image 3-D, or the reverse.
        """
        if label_image is None:
            if "image" not in self._layers:
                raise ImageError("the labels are all that is shown; set another image first")
            self._replace("labels", None)
            return
        levels = display_levels(open_image(label_image), is_labels=True)
        dtype = levels.images[0].data.dtype
        if dtype.kind not in "iub":
            raise ImageError(f"labels must be integers, got {dtype}; convert with astype('uint32')")
        layer = Layer(self._new_id("labels"), "Labels", levels, (0.0, 1.0), is_labels=True)
        known = self._layers.get("labels")
        self._replace("labels", layer)
        if "image" not in self._layers:
            self._fit_view(known)

    def compare_images(
        self,
        fixed_image: object,
        moving_image: object | None,
        *,
        method: str = "blend",
        image_mix: float = 0.5,
    ) -> None:
        """Show two images over each other, for example before and after a registration.

        Parameters
        ----------
        fixed_image
            Anything that ``open_image`` takes; it becomes the viewer's image.
        moving_image
            Drawn over it at its own place in the world, on any grid: where its axes are
            not parallel to the fixed image's it is interpolated linearly as it is
            loaded, in its own data type; None ends the comparison.
        method
            ``blend``, ``checkerboard``, ``green-magenta``, ``cyan-red`` (where both
            agree it is grey) or ``swap`` (one or the other, by ``image_mix``).
        image_mix
            Share of the moving image in a blend, 0 to 1; ``swap`` shows the moving
            image from 0.5 on.

        Raises
        ------
        GeometryError
            If one image is 2-D, the other 3-D, and their directions differ.

        Notes
        -----
        Later changes go through the traits ``compare_method``, ``image_mix`` and
        ``checkerboard_pattern``. An image of about the same values is seen through
        the same window, another through its own.
        """
        self.set_image(fixed_image, name="Fixed" if moving_image is not None else "Image")
        self.compare_with(moving_image, method=method, image_mix=image_mix)

    def compare_with(
        self, moving_image: object | None, *, method: str = "blend", image_mix: float = 0.5
    ) -> None:
        """Show a second image over the one that is shown; as for ``compare_images``."""
        if moving_image is None:
            self._replace("moving", None)
            return
        layer = self._image_layer("moving", "Moving", moving_image)
        if layer.components > 1 or self.main_layer.components > 1:
            raise ImageError("images that are compared have one value per voxel, not colours")
        self._replace("moving", layer)
        self.compare_method = method
        self.image_mix = image_mix

    @property
    def shows_together(self) -> bool:
        """Whether channels are drawn over each other: there are some, and nothing is compared."""
        is_one = self.main_layer.channels < 2 or "moving" in self._layers
        return self.channels_together and not is_one

    @property
    def shown_channels(self) -> tuple[int, ...]:
        """Indices of the channels that are drawn: those together, or the one."""
        if not self.shows_together:
            return (self.channel_index,)
        visible = self.channel_visibility
        count = min(self.main_layer.channels, MOST_CHANNELS)
        return tuple(i for i in range(count) if i >= len(visible) or visible[i])

    @property
    def layer_names(self) -> list[str]:
        """Names of what is shown, in the order in which it is drawn."""
        return [str(each["name"]) for each in (*self.scene["layers"], *self.point_sets)]

    def is_visible(self, name: str) -> bool:
        """Tell whether layers of a name are drawn."""
        return self.layer_visibility.get(name, True)

    @property
    def color_range_bounds(self) -> tuple[float, float]:
        """Robust range of the image's values."""
        return self.main_layer.value_range

    @property
    def units(self) -> str:
        """Unit of the world's axes, such as ``micrometer``; empty if the image has none."""
        return str(self.scene["unit"])

    # Preview ----------------------------------------------------------------

    def show_result(self, result: RegionResult) -> None:
        """Draw the result of an operation over the region."""
        self._check_open()
        previous = self._preview_id
        if previous != result.id:
            self._server.add_layer(result.id, result.serve())
        self._preview_id = result.id
        self.set_trait("preview", result.describe(self.scene["layers"][0]["id"]))
        if previous not in (None, result.id):
            self._server.remove_layer(previous)

    def clear_preview(self) -> None:
        """Show the image itself over the region again."""
        if self._preview_id is not None:
            self._server.remove_layer(self._preview_id)
            self._preview_id = None
            self.set_trait("preview", None)

    def frame_position(self) -> dict[str, float]:
        """Return where the three planes cross in the frame of the image."""
        return _traits.point_to_json(self.slices, self.image_grid)

    def run_in_kernel(self, function: Any) -> None:
        """Run ``function`` in the kernel's main thread, the only one that sets traits."""
        self._kernel.call(function)

    def follow(self, on_change: OnChange) -> None:
        """Call a function when the region, its scale, or what is shown has changed."""
        self.observe(on_change, FOLLOWED)

    def unfollow(self, on_change: OnChange) -> None:
        """Stop calling a function."""
        self.unobserve(on_change, FOLLOWED)

    # Inside -----------------------------------------------------------------

    def _check_open(self) -> None:
        if not self._is_open:
            raise ViewerError("the viewer is closed; show the image in a new one with rw.view")

    def _image_layer(self, role: str, name: str, image: object) -> Layer:
        levels = display_levels(open_image(image))
        dtype = levels.images[0].data.dtype
        if grid_of(levels.images[0]).is_rgb and dtype != np.uint8:
            raise ImageError(
                f"colours are shown of uint8, got {dtype}; convert them, or move the axis c before "
                "the others to see one channel at a time"
            )
        layer = Layer(self._new_id(role), name, levels, value_range(levels))
        if is_drawn_coarsely(dtype, layer.value_range):
            low = layer.value_range[0]
            warnings.warn(
                f"the viewer cannot tell the values of {name} apart: beyond 2**53 = {2**53} it "
                f"rounds integers, and they begin at {low:.0f}; show image - {low:.0f} instead",
                stacklevel=3,
            )
        return layer

    def _new_id(self, role: str) -> str:
        return f"{role}-{next(self._ids)}"

    def _replace(self, role: str, layer: Layer | None) -> None:
        self._check_open()
        before = self._layers
        layers = {key: value for key, value in before.items() if key != role}
        if layer is not None:
            layers[role] = layer
        frame = (layers.get("image") or layers["labels"]).grids[0]
        layers = {
            key: in_frame(layers[key], frame, functools.partial(self._new_id, key))
            for key in ROLES
            if key in layers
        }
        scene = describe_scene(list(layers.values()))
        shown = {each.id for each in layers.values()}
        for each in layers.values():
            if each.id not in self._server.layer_ids:
                self._server.add_layer(each.id, each.serve())
        self._layers = layers
        self.image_grid = self.main_layer.grids[0]
        self.set_trait("scene", scene)
        self.send_points()
        for each in before.values():
            if each.id not in shown:
                self._server.remove_layer(each.id)

    def _fit_channels(self, layer: Layer) -> None:
        named = layer.image.images[0].channel_colors
        self.channel_visibility = ()
        self.channel_ranges = ()
        self.set_trait("channel_bounds", [])
        self.channel_colors = colors_of(layer.channels, named) if layer.channels > 1 else ()
        self.channels_together = bool(named) and 1 < layer.channels <= MOST_CHANNELS
        self._measure_channels()

    @traitlets.observe("channels_together")
    def _measure_channels(self, _change: object = None) -> None:
        """Find the values of each channel, once they are drawn together."""
        layer = self._layers.get("image")
        if layer is None or not self.channels_together or layer.channels < 2:
            return
        count = min(layer.channels, MOST_CHANNELS)
        if len(self.channel_bounds) < count:
            self.set_trait("channel_bounds", channel_ranges(layer.image, count))

    def _fit_view(self, previous: Layer | None) -> None:
        grid = self.main_layer.grids[0]
        kept = previous is not None and overlap(previous.grids[0], grid)
        if kept and self.roi is not None:
            self.roi = self.roi.clip(Region.whole(grid))
        else:
            self.roi = Region.whole(grid)
            self.slices = _traits.middle_of(grid)
            self.camera = {}
            self.send_state(["roi", "slices"])  # another frame, though the world may be the same
        shown = self.main_layer.value_range
        if previous is None or not kept or not are_alike(previous.value_range, shown):
            self.color_range = shown
        self.time_index = min(self.time_index, last_index(grid, "t"))
        self.channel_index = min(self.channel_index, last_index(grid, "c"))

"""What a viewer shows: its image, labels, a second image to compare, and their voxels."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ngff_zarr import Multiscales

from roiwidgets.errors import ImageError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.intensity import value_range
from roiwidgets.images.pyramid import display_levels
from roiwidgets.images.readers import open_image
from roiwidgets.regions import Region
from roiwidgets.widgets import _traits
from roiwidgets.widgets._chunk_server import ChunkServer, ServedLayer
from roiwidgets.widgets._kernel_thread import KernelThread
from roiwidgets.widgets._scene import Layer, are_alike, describe_scene, last_index, overlap
from roiwidgets.widgets._viewer_state import ViewerState

READ_THREADS = 2
ROLES = ("image", "moving", "labels")
"""In the order in which they are drawn."""


class ViewerLayers(ViewerState):
    """Serves the layers of a viewer to the browser; one layer for each role at most."""

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

    @property
    def main_layer(self) -> Layer:
        """The layer that regions and scales are of: the image, else the labels."""
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
            if "image" not in self._layers:
                raise ImageError("the labels are all that is shown; set another image first")
            self._replace("labels", None)
            return
        levels = display_levels(open_image(label_image), is_labels=True)
        dtype = levels.images[0].data.dtype
        if dtype.kind not in "iub":
            raise ImageError(f"labels must be integers, got {dtype}; convert with astype('uint32')")
        layer = Layer(f"labels-{next(self._ids)}", "Labels", levels, (0.0, 1.0), is_labels=True)
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
            Drawn over it at its own place in the world, on any grid; None ends the
            comparison.
        method
            ``blend``, ``checkerboard``, ``green-magenta``, ``cyan-red`` (where both
            agree it is grey) or ``swap`` (one or the other, by ``image_mix``).
        image_mix
            Share of the moving image in a blend, 0 to 1; ``swap`` shows the moving
            image from 0.5 on.

        Raises
        ------
        GeometryError
            If the images are oriented differently.

        Notes
        -----
        Later changes go through the traits ``compare_method``, ``image_mix`` and
        ``checkerboard_pattern``. An image of about the same values is seen through
        the same window, another through its own.
        """
        self.set_image(fixed_image, name="Fixed" if moving_image is not None else "Image")
        if moving_image is None:
            self._replace("moving", None)
        else:
            self.compare_with(moving_image, method=method, image_mix=image_mix)

    def compare_with(
        self, moving_image: object, *, method: str = "blend", image_mix: float = 0.5
    ) -> None:
        """Show a second image over the one that is shown; as for ``compare_images``."""
        levels = display_levels(open_image(moving_image))
        if grid_of(levels.images[0]).is_rgb or self.main_layer.components > 1:
            raise ImageError("images that are compared have one value per voxel, not colours")
        layer = Layer(f"moving-{next(self._ids)}", "Moving", levels, value_range(levels))
        self._replace("moving", layer)
        self.compare_method = method
        self.image_mix = image_mix

    @property
    def layer_names(self) -> list[str]:
        """Names of what is shown, in the order in which it is drawn."""
        return [str(layer["name"]) for layer in self.scene["layers"]]

    @property
    def color_range_bounds(self) -> tuple[float, float]:
        """Robust range of the image's values."""
        return self.main_layer.value_range

    @property
    def units(self) -> str:
        """Unit of the world's axes, such as ``micrometer``; empty if the image has none."""
        return str(self.scene["unit"])

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

    # Inside -----------------------------------------------------------------

    def _replace(self, role: str, layer: Layer | None) -> None:
        layers = {key: value for key, value in self._layers.items() if key != role}
        if layer is not None:
            layers[role] = layer
        ordered = [layers[key] for key in ROLES if key in layers]
        scene = describe_scene(ordered)
        if layer is not None:
            self._server.add_layer(layer.id, layer.serve())
        previous = self._layers.get(role)
        self._layers = layers
        self.image_grid = self.main_layer.grids[0]
        self.set_trait("scene", scene)
        if previous is not None:
            self._server.remove_layer(previous.id)

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

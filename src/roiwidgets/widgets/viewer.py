"""The viewer: a streamed multiscale image, a region of interest, and getters.

Getters are synchronous: the browser pushes the region, the loaded scale, the
slices and the camera into traits, Python computes everything else. Before any
browser answers, Python's own defaults are already valid answers.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from IPython import get_ipython
from IPython.display import display
from ngff_zarr import Multiscales, NgffImage

from roiwidgets.errors import ImageError, OutputExistsError, RegionError
from roiwidgets.images.crop import crop_image
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.ome_zarr import to_multiscales
from roiwidgets.regions import Region, resolve_region
from roiwidgets.regions.blocks import shape_of
from roiwidgets.widgets import _colormaps, _picture
from roiwidgets.widgets._itkwidgets_names import ItkwidgetsNames
from roiwidgets.widgets._scene import (
    level_within_budget,
)
from roiwidgets.widgets._viewer_layers import ViewerLayers
from roiwidgets.widgets._viewer_state import check_keywords

READ_THREADS = 2
PICTURE_BUDGET = 2**23
"""Bytes of the volume whose planes are drawn in Python."""


class Viewer(ViewerLayers, ItkwidgetsNames):
    """Three linked slices and a volume of an image of any size.

    Parameters
    ----------
    image
        Anything that ``open_image`` takes; None to show labels alone.
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
        image: object | None = None,
        label_image: object | None = None,
        *,
        name: str = "Image",
        **traits: object,
    ) -> None:
        check_keywords(traits, (*self.settable, *self.keywords))
        self._shown_in_cell: int | None = None
        super().__init__()
        self._is_open = True
        if image is None and label_image is None:
            raise ImageError("there is nothing to show: give an image, a label image, or both")
        if image is not None:
            self.set_image(image, name=name)
        if label_image is not None:
            self.set_label_image(label_image)
        for key, value in traits.items():
            setattr(self, key, value)

    # Region of interest -----------------------------------------------------

    def get_current_scale(self) -> int:
        """Return the scale that is loaded over the region; 0 is the finest.

        Before a browser has answered: the finest scale whose region fits
        ``memory_budget``.
        """
        scales = len(self.main_layer.image.images)
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
        scales = range(len(self.main_layer.image.images))
        return to_multiscales([self.get_roi_image(scale, name) for scale in scales], name=name)

    # Pictures ---------------------------------------------------------------

    def draw_png(self) -> bytes:
        """Return the three planes through the crosshair as a PNG, drawn in Python."""
        whole = Region.whole(self.main_layer.grids[0])
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

    def save_png(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write ``draw_png`` to a file and return its path.

        Raises
        ------
        OutputExistsError
            If the file exists and ``overwrite`` is False.
        """
        target = Path(path)
        if target.exists() and not overwrite:
            raise OutputExistsError(f"{target} exists; give another path or overwrite=True")
        target.write_bytes(self.draw_png())
        return target

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
        png = self.draw_png()
        self.set_trait("picture", base64.b64encode(png).decode("ascii"))
        return {**bundle, "image/png": png}, metadata

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

    def _region(self) -> Region:
        return self.roi or Region.whole(self.main_layer.grids[0])

    def _level(self, scale: int) -> NgffImage:
        levels = self.main_layer.image.images
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
        for grid in self.main_layer.grids:
            sides = dict(zip(grid.axes, shape_of(resolve_region(region, grid)), strict=True))
            shapes.append(tuple(sides[axis] for axis in grid.spatial_axes))
        itemsize = sum(layer.bytes_per_voxel for layer in self._layers.values())
        return level_within_budget(tuple(shapes), itemsize, budget)


def view(image: object | None = None, label_image: object | None = None, **traits: Any) -> Viewer:
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
    check_keywords(traits, ("name", *Viewer.settable, *Viewer.keywords))
    viewer = Viewer(image, label_image, **traits)
    if get_ipython() is not None:
        viewer.display_once()
    return viewer


def _current_cell() -> int | None:
    shell = get_ipython()
    return None if shell is None else int(shell.execution_count)

"""The viewer: a streamed multiscale image, a region of interest, and getters.

Getters are synchronous: the browser pushes the region, the loaded scale, the
slices and the camera into traits, Python computes everything else. Before any
browser answers, Python's own defaults are already valid answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, overload

import numpy as np
from IPython import get_ipython
from ngff_zarr import Multiscales, NgffImage
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, ParameterError, RegionError
from roiwidgets.images.crop import crop_image
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.line_profile import line_profile
from roiwidgets.images.ome_zarr import to_multiscales
from roiwidgets.images.readers import open_image
from roiwidgets.images.voxel_at import value_at
from roiwidgets.regions import Region, resolve_region
from roiwidgets.widgets import _colormaps, _picture
from roiwidgets.widgets._door import check_keywords
from roiwidgets.widgets._itkwidgets_names import ItkwidgetsNames
from roiwidgets.widgets._scene import Layer, finest_scale_within, suit_one_window
from roiwidgets.widgets._viewer_layers import ViewerLayers
from roiwidgets.widgets.player import StackViewer, view_stack

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
    points
        World points drawn over the image; as for ``set_points``.
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

    def __init__(
        self,
        image: object | None = None,
        label_image: object | None = None,
        *,
        name: str = "Image",
        points: object | None = None,
        **traits: object,
    ) -> None:
        check_keywords(traits, (*self.settable, *self.keywords))
        super().__init__()
        if image is None and label_image is None:
            raise ImageError("there is nothing to show: give an image, a label image, or both")
        if image is not None:
            self.set_image(image, name=name)
        if label_image is not None:
            self.set_label_image(label_image)
        if points is not None:
            self.set_points(points)
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

    # Values -----------------------------------------------------------------

    def value_at(
        self, point: Mapping[str, float] | None = None
    ) -> np.generic | NDArray[np.generic]:
        """Return the image's value at a point of the world, as it is stored.

        Parameters
        ----------
        point
            ``{'x': ..., 'y': ..., 'z': ...}``; by default ``clicked_point``, or the
            crosshair before anything was clicked.

        Returns
        -------
        numpy scalar, or an array of shape (3 or 4,) for a colour
            At the time point and the channel that are shown.

        Raises
        ------
        RegionError
            If the point lies outside the image.
        """
        place = point or self.clicked_point or {axis: self._slice(axis) for axis in "xyz"}
        return value_at(self.main_layer.image.images[0], place, self._indices())

    def line_profile(
        self,
        start: Mapping[str, float],
        stop: Mapping[str, float],
        *,
        order: int = 1,
        samples: int | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return distances along a line and the image's values there.

        Of the time point and the channel that are shown; parameters and errors as for
        ``roiwidgets.line_profile``.
        """
        return line_profile(
            self.image, start, stop, order=order, samples=samples, indices=self._indices()
        )

    # Pictures ---------------------------------------------------------------

    def draw_png(self) -> bytes:
        """Return the three planes through the crosshair as a PNG, drawn in Python."""
        whole = Region.whole(self.main_layer.grids[0])
        return _picture.draw(
            {role: each for role, each in self._layers.items() if self._is_drawn(each)},
            self._finest_within(whole, PICTURE_BUDGET),
            points=[each for each in self.shown_points() if self.is_visible(each.name)],
            position=self.frame_position(),
            region=self._region() if self.roi_visible else None,
            time=self.time_index,
            paints=self._paints(),
            compare_look=self._compare_look(),
            label_look=_picture.LabelLook(
                opacity=self.label_opacity,
                table=_colormaps.label_table(self.label_color_map),
                hidden=self.hidden_labels,
                weights={int(label): weight for label, weight in self.label_weights.items()},
            ),
        )

    # Inside -----------------------------------------------------------------

    def _is_drawn(self, layer: Layer) -> bool:
        """Tell whether a layer is in the picture; the main one always is, if only as its frame."""
        return layer is self.main_layer or self.is_visible(layer.name)

    def _compare_look(self) -> _picture.CompareLook | None:
        """Return how the second image of a comparison is drawn, if there is one."""
        moving, image = self._layers.get("moving"), self._layers.get("image")
        if moving is None or image is None or not self.is_visible(moving.name):
            return None
        is_like = moving.dtype == image.dtype and suit_one_window(
            moving.value_range, image.value_range
        )
        lower, upper = Region.whole(image.grids[0]).bounds()
        return _picture.CompareLook(
            method=self.compare_method,
            mix=self.image_mix,
            table=_colormaps.color_table(self.color_map),
            window=self.color_range if is_like else moving.value_range,
            corner=lower,
            side=max(upper[axis] - lower[axis] for axis in lower) / self.checkerboard_pattern,
        )

    def _paints(self) -> list[_picture.Paint]:
        """Return how the channels that are shown are drawn."""
        if not self.shows_together:
            table = _colormaps.color_table(self.color_map)
            return [_picture.Paint(self.channel_index, table, self.color_range)]
        dark = np.zeros((256, 3), np.uint8)
        colors = dict(enumerate(self.channel_colors))
        ranges = {**dict(enumerate(self.channel_bounds)), **dict(enumerate(self.channel_ranges))}
        return [
            _picture.Paint(
                channel,
                _colormaps.tint_table(colors[channel]) if channel in colors else dark,
                ranges.get(channel, self.main_layer.value_range),
            )
            for channel in self.shown_channels
        ] or [_picture.Paint(0, dark, (0.0, 1.0))]

    def _indices(self) -> dict[str, int]:
        return {"t": self.time_index, "c": self.channel_index}

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
        itemsize = sum(layer.bytes_per_voxel for layer in self._layers.values())
        itemsize += max(len(self.shown_channels) - 1, 0) * self.main_layer.bytes_per_voxel
        return finest_scale_within(region, self.main_layer.grids, itemsize=itemsize, budget=budget)


@overload
def view(
    image: object | None = None,
    label_image: object | None = None,
    *,
    stack: Literal[False],
    **traits: Any,
) -> Viewer: ...


@overload
def view(
    image: object | None = None,
    label_image: object | None = None,
    *,
    stack: bool | None = None,
    **traits: Any,
) -> Viewer | StackViewer: ...


def view(
    image: object | None = None,
    label_image: object | None = None,
    *,
    stack: bool | None = None,
    **traits: Any,
) -> Viewer | StackViewer:
    """Display an image of any size and return its viewer.

    Parameters
    ----------
    image, label_image, **traits
        As for ``Viewer``, or for ``StackViewer`` where the image is a movie.
    stack
        Whether to play the image as a movie. By default images with axes ``t, y, x`` and
        more than one frame are played, unless something is given along with them that only
        a ``Viewer`` shows, such as labels.

    Returns
    -------
    Viewer or StackViewer
        Its getters answer at once, in the same cell, in functions and scripts.

    Raises
    ------
    ParameterError
        If labels are given with ``stack=True``.
    TypeError
        If a keyword is not known; one of the player's says how to play the image.
    """
    if stack is None:
        stack = label_image is None and _plays(image, traits)
    if stack:
        if label_image is not None:
            raise ParameterError(
                "the player shows no labels; leave out stack=True for a viewer with labels, or "
                "the labels"
            )
        return view_stack(image, **traits)
    known = ("name", "points", *Viewer.settable, *Viewer.keywords)
    only_played = sorted(set(traits) & set(StackViewer.settable) - set(known))
    if only_played:
        raise TypeError(
            f"{', '.join(only_played)} belongs to the player of movies; pass stack=True to play "
            "the image, or name its axes: rw.open_image(image, axes='tyx')"
        )
    check_keywords(traits, known)
    viewer = Viewer(image, label_image, **traits)
    if get_ipython() is not None:
        viewer.display_once()
    return viewer


def _plays(image: object | None, traits: Mapping[str, object]) -> bool:
    """Tell whether an image is a movie, and everything given with it is for a player."""
    if image is None or not set(traits) <= {"name", "plane", *StackViewer.settable}:
        return False
    level = open_image(image).images[0]
    return tuple(level.dims) == ("t", "y", "x") and level.data.shape[0] > 1

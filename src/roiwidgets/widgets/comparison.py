"""Two images over each other in one viewer, or several viewers side by side."""

from __future__ import annotations

from typing import Any

import ipywidgets
import traitlets
from IPython import get_ipython

from roiwidgets.errors import ParameterError
from roiwidgets.widgets.viewer import Viewer

LINKED = ("roi", "slices", "camera", "color_range", "color_map", "view_mode")
COUNTED = {
    "times": ("time_index",),
    "channels": (
        "channel_index", "channels_together", "channel_colors", "channel_ranges",
        "channel_visibility",
    ),
}  # fmt: skip
"""Linked as well, where all images have as many of them."""


def compare(
    fixed_image: object,
    moving_image: object,
    *,
    method: str = "blend",
    image_mix: float = 0.5,
    **traits: Any,
) -> Viewer:
    """Display two images over each other and return the viewer.

    Parameters
    ----------
    fixed_image, moving_image, method, image_mix
        As for ``Viewer.compare_images``.
    **traits
        As for ``Viewer``.

    Returns
    -------
    Viewer
        Its regions and scales are those of the fixed image.
    """
    viewer = Viewer(fixed_image, **{"name": "Fixed", **traits})
    viewer.compare_with(moving_image, method=method, image_mix=image_mix)
    if get_ipython() is not None:
        viewer.display_once()
    return viewer


def side_by_side(*images: object, **traits: Any) -> ipywidgets.HBox:
    """Return viewers of images beside each other that show the same place.

    Parameters
    ----------
    *images
        Two or more; anything that ``open_image`` takes.
    **traits
        As for ``Viewer``, for all of them.

    Returns
    -------
    ipywidgets.HBox
        Its ``children`` are the viewers; their region, slices, camera, window and
        colours are linked in the world's coordinates; time and channels, too, where all
        images have as many of them.

    Raises
    ------
    ParameterError
        If there are fewer than two images.
    """
    if len(images) < 2:
        raise ParameterError(f"side_by_side needs two images or more, got {len(images)}")
    first, *others = viewers = [Viewer(image, **traits) for image in images]
    for viewer in viewers:
        viewer.layout = ipywidgets.Layout(flex="1 1 0", min_width="0")
    counts = [viewer.scene["layers"][0] for viewer in viewers]
    names = list(LINKED)
    for key, counted in COUNTED.items():
        if len({count[key] for count in counts}) == 1:
            names += counted
    for other in others:
        for name in names:
            traitlets.link((first, name), (other, name))
    return ipywidgets.HBox(viewers)

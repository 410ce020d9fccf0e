"""Operations that depend on the whole image: promoted in passes, the first of which reduce it."""

from roiwidgets.operations.automatic_thresholds import (
    huang_threshold,
    li_threshold,
    otsu_threshold,
    rescale_intensity,
    triangle_threshold,
)
from roiwidgets.operations.components import (
    connected_components,
    fill_holes,
    remove_small_components,
)
from roiwidgets.operations.multi_otsu import multi_otsu_threshold

__all__ = [
    "connected_components",
    "fill_holes",
    "huang_threshold",
    "li_threshold",
    "multi_otsu_threshold",
    "otsu_threshold",
    "remove_small_components",
    "rescale_intensity",
    "triangle_threshold",
]

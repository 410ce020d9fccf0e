"""The operations that come with roiwidgets.

Each has the field's name, its parameters with units, the halo that makes
block-wise equal to whole-volume, and the data type of its result. They stand in
modules by theme; what a module's ``__all__`` names is in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable

from roiwidgets.operations.catalog import (
    diffusion,
    distance,
    edges,
    intensity,
    morphology,
    smoothing,
    thresholds,
    whole_image,
)
from roiwidgets.operations.operation import Operation

THEMES = (thresholds, intensity, smoothing, diffusion, edges, morphology, distance, whole_image)

CATALOG: dict[str, Callable[..., Operation]] = {
    name: getattr(theme, name) for theme in THEMES for name in theme.__all__
}
"""What ``load_operation`` finds by name."""

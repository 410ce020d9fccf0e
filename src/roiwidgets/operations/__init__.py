"""What is done to pixels: arrays in, arrays out, no scheduling."""

# each theme of the catalogue lists its filters once, in its __all__
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
from roiwidgets.operations.catalog.diffusion import *  # noqa: F403
from roiwidgets.operations.catalog.distance import *  # noqa: F403
from roiwidgets.operations.catalog.edges import *  # noqa: F403
from roiwidgets.operations.catalog.intensity import *  # noqa: F403
from roiwidgets.operations.catalog.morphology import *  # noqa: F403
from roiwidgets.operations.catalog.smoothing import *  # noqa: F403
from roiwidgets.operations.catalog.thresholds import *  # noqa: F403
from roiwidgets.operations.catalog.whole_image import *  # noqa: F403
from roiwidgets.operations.custom import operation
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.operations.parameters import Parameter
from roiwidgets.operations.recipes import load_operation

__all__ = [
    "Operation",
    "Parameter",
    "Pipeline",
    "load_operation",
    "operation",
]
__all__ += diffusion.__all__
__all__ += distance.__all__
__all__ += edges.__all__
__all__ += intensity.__all__
__all__ += morphology.__all__
__all__ += smoothing.__all__
__all__ += thresholds.__all__
__all__ += whole_image.__all__

"""Look at images of any size, choose a region, tune a filter live, promote it.

Names are loaded on first use (PEP 562), so that a worker process which needs
only the engine never imports Jupyter.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roiwidgets import errors, operations
    from roiwidgets.engine.lazy import apply
    from roiwidgets.engine.plan import Plan, plan
    from roiwidgets.engine.promote import build_pyramid, promote
    from roiwidgets.images import samples
    from roiwidgets.images.geometry import Grid
    from roiwidgets.images.label_statistics import label_statistics
    from roiwidgets.images.line_profile import line_profile
    from roiwidgets.images.readers import open_image
    from roiwidgets.operations import load_operation, operation
    from roiwidgets.regions import Region
    from roiwidgets.regions.annotation_files import read_annotations, write_annotations
    from roiwidgets.regions.annotations import Annotation
    from roiwidgets.regions.label_outlines import annotations_from_labels
    from roiwidgets.stacks import collections, series
    from roiwidgets.stacks.layout import to_stack
    from roiwidgets.stacks.summaries import summaries
    from roiwidgets.stacks.traces import traces
    from roiwidgets.stacks.traces.fluorescence import relative_fluorescence
    from roiwidgets.stacks.traces.trace_files import write_traces
    from roiwidgets.widgets.comparison import compare, side_by_side
    from roiwidgets.widgets.itkwidgets_adapter import ItkwidgetsViewer
    from roiwidgets.widgets.player import StackViewer, view_stack
    from roiwidgets.widgets.tuner import Tuner, tune
    from roiwidgets.widgets.viewer import Viewer, view

_SOURCES = {
    "errors": "roiwidgets.errors",
    "operations": "roiwidgets.operations",
    "samples": "roiwidgets.images.samples",
    "collections": "roiwidgets.stacks.collections",
    "series": "roiwidgets.stacks.series",
    "Annotation": "roiwidgets.regions.annotations",
    "Grid": "roiwidgets.images.geometry",
    "ItkwidgetsViewer": "roiwidgets.widgets.itkwidgets_adapter",
    "Plan": "roiwidgets.engine.plan",
    "Region": "roiwidgets.regions",
    "StackViewer": "roiwidgets.widgets.player",
    "Tuner": "roiwidgets.widgets.tuner",
    "Viewer": "roiwidgets.widgets.viewer",
    "annotations_from_labels": "roiwidgets.regions.label_outlines",
    "apply": "roiwidgets.engine.lazy",
    "build_pyramid": "roiwidgets.engine.promote",
    "compare": "roiwidgets.widgets.comparison",
    "label_statistics": "roiwidgets.images.label_statistics",
    "line_profile": "roiwidgets.images.line_profile",
    "load_operation": "roiwidgets.operations",
    "open_image": "roiwidgets.images.readers",
    "operation": "roiwidgets.operations",
    "plan": "roiwidgets.engine.plan",
    "promote": "roiwidgets.engine.promote",
    "read_annotations": "roiwidgets.regions.annotation_files",
    "relative_fluorescence": "roiwidgets.stacks.traces.fluorescence",
    "side_by_side": "roiwidgets.widgets.comparison",
    "summaries": "roiwidgets.stacks.summaries",
    "to_stack": "roiwidgets.stacks.layout",
    "traces": "roiwidgets.stacks.traces",
    "tune": "roiwidgets.widgets.tuner",
    "view": "roiwidgets.widgets.viewer",
    "view_stack": "roiwidgets.widgets.player",
    "write_annotations": "roiwidgets.regions.annotation_files",
    "write_traces": "roiwidgets.stacks.traces.trace_files",
}
"""Where each public name lives."""

_MODULES = ("collections", "errors", "operations", "samples", "series")
"""Public names that are modules themselves."""

__all__ = [
    "Annotation",
    "Grid",
    "ItkwidgetsViewer",
    "Plan",
    "Region",
    "StackViewer",
    "Tuner",
    "Viewer",
    "__version__",
    "annotations_from_labels",
    "apply",
    "build_pyramid",
    "collections",
    "compare",
    "errors",
    "label_statistics",
    "line_profile",
    "load_operation",
    "open_image",
    "operation",
    "operations",
    "plan",
    "promote",
    "read_annotations",
    "relative_fluorescence",
    "samples",
    "series",
    "side_by_side",
    "summaries",
    "to_stack",
    "traces",
    "tune",
    "view",
    "view_stack",
    "write_annotations",
    "write_traces",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("roiwidgets")
    if name not in _SOURCES:
        raise AttributeError(f"module 'roiwidgets' has no attribute {name!r}")
    module = importlib.import_module(_SOURCES[name])
    value = module if name in _MODULES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

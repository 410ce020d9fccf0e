"""Traces: one number per frame and region of interest; what is computed and kept of them.

A ``TraceCache`` reads each stored chunk once for all regions on it (``trace_reading``), and
computes only what has changed in a set of regions.
"""

from __future__ import annotations

from roiwidgets.stacks.traces.region_traces import traces
from roiwidgets.stacks.traces.trace_cache import TraceCache, TraceStep

__all__ = ["TraceCache", "TraceStep", "traces"]

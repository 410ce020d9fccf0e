"""What is done to pixels: arrays in, arrays out, no scheduling."""

from roiwidgets.operations.catalog import (
    bilateral,
    binary_threshold,
    discrete_gaussian,
    gradient_magnitude,
    identity,
    mean,
    median,
    threshold,
)
from roiwidgets.operations.custom import operation
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.operations.parameters import Parameter
from roiwidgets.operations.recipes import load_operation

__all__ = [
    "Operation",
    "Parameter",
    "Pipeline",
    "bilateral",
    "binary_threshold",
    "discrete_gaussian",
    "gradient_magnitude",
    "identity",
    "load_operation",
    "mean",
    "median",
    "operation",
    "threshold",
]

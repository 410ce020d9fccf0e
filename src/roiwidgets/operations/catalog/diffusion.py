"""Filters that move values step by step: flows by curvature, and diffusions that stop at edges."""

from __future__ import annotations

from roiwidgets.operations.catalog.declaration import Filter, Itk, Setting
from roiwidgets.operations.catalog.rules import (
    ProductReach,
    iterations_parameter,
    time_step_parameter,
)
from roiwidgets.operations.operation import Operation, Spacing, Values
from roiwidgets.operations.parameters import Parameter

__all__ = [
    "curvature_anisotropic_diffusion",
    "curvature_flow",
    "gradient_anisotropic_diffusion",
    "min_max_curvature_flow",
]


def curvature_flow(iterations: int = 5, time_step: float = 0.0625) -> Operation:
    """Return surfaces of equal value, moved by their curvature; the result is float32.

    Parameters
    ----------
    iterations
        Number of steps, 1 to 100.
    time_step
        In squares of the finest spacing, up to 0.0625.

    Notes
    -----
    ITK's CurvatureFlowImageFilter, after Sethian. As the steps follow the finest
    spacing, tune it on the scale that is promoted.
    """
    return _CURVATURE_FLOW.operation(iterations=iterations, time_step=time_step)


def min_max_curvature_flow(
    iterations: int = 5, time_step: float = 0.0625, stencil_radius: int = 1
) -> Operation:
    """Return the curvature flow that stops at features of a size; the result is float32.

    Parameters
    ----------
    iterations
        Number of steps, 1 to 100.
    time_step
        In squares of the finest spacing, up to 0.0625.
    stencil_radius
        Voxels over which a mean is taken, 1 to 5: smaller features are removed.

    Notes
    -----
    ITK's MinMaxCurvatureFlowImageFilter, after Malladi and Sethian.
    """
    return _MIN_MAX_CURVATURE_FLOW.operation(
        iterations=iterations, time_step=time_step, stencil_radius=stencil_radius
    )


def gradient_anisotropic_diffusion(
    iterations: int = 5, average_gradient: float = 10.0, time_step: float = 0.0625
) -> Operation:
    """Return the diffusion of Perona and Malik, which stops at edges, as float32.

    Parameters
    ----------
    iterations
        Number of steps, 1 to 100.
    average_gradient
        In source values per world unit, > 0: much steeper edges stay. It stands for
        the product of ITK's conductance and the image's mean gradient, which ITK by
        default takes anew from the whole image at each step: no pass before could tell.
    time_step
        In finest spacings, up to 0.0625, with which it is stable.
    """
    return _GRADIENT_DIFFUSION.operation(
        iterations=iterations, average_gradient=average_gradient, time_step=time_step
    )


def curvature_anisotropic_diffusion(
    iterations: int = 5, average_gradient: float = 10.0, time_step: float = 0.0625
) -> Operation:
    """Return the diffusion along surfaces of equal value, which keeps edges, as float32.

    Parameters
    ----------
    iterations, average_gradient, time_step
        As those of ``gradient_anisotropic_diffusion``.

    Notes
    -----
    ITK's CurvatureAnisotropicDiffusionImageFilter: modified curvature diffusion, after
    Whitaker and Xue.
    """
    return _CURVATURE_DIFFUSION.operation(
        iterations=iterations, average_gradient=average_gradient, time_step=time_step
    )


# What ITK's setters are given -------------------------------------------------


def _step_of_diffusion(spacing: Spacing, values: Values) -> float:
    return float(values["time_step"]) * min(spacing)


def _step_of_flow(spacing: Spacing, values: Values) -> float:
    return float(values["time_step"]) * min(spacing) ** 2


# Declarations -----------------------------------------------------------------

_FLOW: dict[str, Setting] = {"NumberOfIterations": "iterations", "TimeStep": _step_of_flow}

_CURVATURE_FLOW = Filter(
    "curvature_flow",
    Itk("CurvatureFlowImageFilter", _FLOW, computes_in="float32"),
    (iterations_parameter(5), time_step_parameter("Step in squares of the finest spacing")),
    ProductReach(("iterations",)),
    returns="float32",
)

_MIN_MAX_CURVATURE_FLOW = Filter(
    "min_max_curvature_flow",
    Itk(
        "MinMaxCurvatureFlowImageFilter",
        {**_FLOW, "StencilRadius": "stencil_radius"},
        computes_in="float32",
    ),
    (
        iterations_parameter(5),
        time_step_parameter("Step in squares of the finest spacing"),
        Parameter(
            "stencil_radius", "integer", 1, 1, 5, 1, unit="voxel", description="Reach of the mean"
        ),
    ),
    ProductReach(("iterations", "stencil_radius")),
    returns="float32",
)

_DIFFUSION: dict[str, Setting] = {
    "NumberOfIterations": "iterations",
    "TimeStep": _step_of_diffusion,
    "ConductanceParameter": 1.0,
    "FixedAverageGradientMagnitude": "average_gradient",
}

# each step of ITK's functions reads a neighbourhood of radius 1: with a fixed average
# gradient nothing else travels, so that the reach is the number of steps
_DIFFUSION_PARAMETERS = (
    iterations_parameter(5),
    Parameter("average_gradient", "float", 10.0, 1e-6,
              description="Values per world unit at which edges begin"),
    time_step_parameter("Step in finest spacings"),
)  # fmt: skip

_GRADIENT_DIFFUSION = Filter(
    "gradient_anisotropic_diffusion",
    Itk("GradientAnisotropicDiffusionImageFilter", _DIFFUSION, computes_in="float32"),
    _DIFFUSION_PARAMETERS,
    ProductReach(("iterations",)),
    returns="float32",
)

_CURVATURE_DIFFUSION = Filter(
    "curvature_anisotropic_diffusion",
    Itk("CurvatureAnisotropicDiffusionImageFilter", _DIFFUSION, computes_in="float32"),
    _DIFFUSION_PARAMETERS,
    ProductReach(("iterations",)),
    returns="float32",
)

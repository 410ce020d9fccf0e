"""Mathematical morphology of grey values, masks and labels.

Binary filters take what is not 0 for the object and return 255 in 0. A structuring
element of a radius is a ball, a box or a cross of ``2 * radius + 1`` voxels a side:
ITK's ball holds the voxels whose centers lie within ``radius + 0.5``.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from roiwidgets.operations.catalog.declaration import Filter, Itk, Sides, as_mask
from roiwidgets.operations.catalog.rules import (
    ONE_VOXEL,
    RADIUS,
    TWICE_RADIUS,
    ProductReach,
    iterations_parameter,
    radius_parameter,
)
from roiwidgets.operations.itk_loader import make_structuring_element
from roiwidgets.operations.operation import HaloRule, Operation, Spacing, Values, Voxels
from roiwidgets.operations.parameters import Parameter

__all__ = [
    "binary_closing",
    "binary_contour",
    "binary_dilate",
    "binary_erode",
    "binary_median",
    "binary_opening",
    "black_top_hat",
    "grayscale_closing",
    "grayscale_dilate",
    "grayscale_erode",
    "grayscale_opening",
    "label_contour",
    "morphological_gradient",
    "voting_binary",
    "voting_binary_hole_filling",
    "white_top_hat",
]

SHAPES = {"ball": "Ball", "box": "Box", "cross": "Cross"}
"""Structuring elements, and ITK's names of them."""

FOREGROUND = 255


def grayscale_dilate(radius: int = 1, shape: str = "ball") -> Operation:
    """Return the largest value within a structuring element, type kept.

    Parameters
    ----------
    radius
        Voxels along each axis.
    shape
        ``ball``, ``box`` or ``cross``.
    """
    return _GRAYSCALE_DILATE.operation(radius=radius, shape=shape)


def grayscale_erode(radius: int = 1, shape: str = "ball") -> Operation:
    """Return the smallest value within a structuring element, type kept.

    Parameters
    ----------
    radius, shape
        As those of ``grayscale_dilate``.
    """
    return _GRAYSCALE_ERODE.operation(radius=radius, shape=shape)


def grayscale_opening(radius: int = 1, shape: str = "ball") -> Operation:
    """Return the image without bright features smaller than an element, type kept.

    Parameters
    ----------
    radius, shape
        As those of ``grayscale_dilate``, which follows an erosion.
    """
    return _GRAYSCALE_OPENING.operation(radius=radius, shape=shape)


def grayscale_closing(radius: int = 1, shape: str = "ball") -> Operation:
    """Return the image without dark features smaller than an element, type kept.

    Parameters
    ----------
    radius, shape
        As those of ``grayscale_dilate``, which comes before an erosion.
    """
    return _GRAYSCALE_CLOSING.operation(radius=radius, shape=shape)


def morphological_gradient(radius: int = 1, shape: str = "ball") -> Operation:
    """Return the difference of largest and smallest value within an element, type kept.

    Parameters
    ----------
    radius, shape
        As those of ``grayscale_dilate``.
    """
    return _MORPHOLOGICAL_GRADIENT.operation(radius=radius, shape=shape)


def white_top_hat(radius: int = 1, shape: str = "ball") -> Operation:
    """Return bright features smaller than an element: the image less its opening, type kept.

    Parameters
    ----------
    radius, shape
        As those of ``grayscale_dilate``.
    """
    return _WHITE_TOP_HAT.operation(radius=radius, shape=shape)


def black_top_hat(radius: int = 1, shape: str = "ball") -> Operation:
    """Return dark features smaller than an element: the closing less the image, type kept.

    Parameters
    ----------
    radius, shape
        As those of ``grayscale_dilate``.
    """
    return _BLACK_TOP_HAT.operation(radius=radius, shape=shape)


def binary_dilate(radius: int = 1, shape: str = "ball") -> Operation:
    """Return objects grown by a structuring element, 255 in 0, as uint8.

    Parameters
    ----------
    radius
        Voxels along each axis.
    shape
        ``ball``, ``box`` or ``cross``.
    """
    return _BINARY_DILATE.operation(radius=radius, shape=shape)


def binary_erode(radius: int = 1, shape: str = "ball") -> Operation:
    """Return objects shrunk by a structuring element, 255 in 0, as uint8.

    Parameters
    ----------
    radius, shape
        As those of ``binary_dilate``. Nothing is taken away at the image's border.
    """
    return _BINARY_ERODE.operation(radius=radius, shape=shape)


def binary_opening(radius: int = 1, shape: str = "ball") -> Operation:
    """Return objects without what is smaller than an element, 255 in 0, as uint8.

    Parameters
    ----------
    radius, shape
        As those of ``binary_dilate``, which follows an erosion.
    """
    return _BINARY_OPENING.operation(radius=radius, shape=shape)


def binary_closing(radius: int = 1, shape: str = "ball") -> Operation:
    """Return objects with gaps closed that are smaller than an element, 255 in 0, as uint8.

    Parameters
    ----------
    radius, shape
        As those of ``binary_dilate``, which comes before an erosion.
    """
    return _BINARY_CLOSING.operation(radius=radius, shape=shape)


def binary_median(radius: int = 1) -> Operation:
    """Return what most voxels of a box are, 255 in 0, as uint8.

    Parameters
    ----------
    radius
        The box has ``2 * radius + 1`` voxels a side.
    """
    return _BINARY_MEDIAN.operation(radius=radius)


def voting_binary(
    radius: int = 1, birth_threshold: int = 14, survival_threshold: int = 14
) -> Operation:
    """Return objects after a vote of the voxels in a box, 255 in 0, as uint8.

    Parameters
    ----------
    radius
        The box has ``2 * radius + 1`` voxels a side.
    birth_threshold
        Object voxels in the box from which background becomes object.
    survival_threshold
        Object voxels in the box, itself among them, from which an object voxel stays.
    """
    return _VOTING_BINARY.operation(
        radius=radius, birth_threshold=birth_threshold, survival_threshold=survival_threshold
    )


def voting_binary_hole_filling(
    radius: int = 1, majority_threshold: int = 1, iterations: int = 1
) -> Operation:
    """Return objects with background filled where most neighbours are object, as uint8.

    Parameters
    ----------
    radius
        The box has ``2 * radius + 1`` voxels a side.
    majority_threshold
        Object voxels needed beyond half of the box.
    iterations
        Votes, 1 to 100; fewer if nothing changes any more.
    """
    return _HOLE_FILLING.operation(
        radius=radius, majority_threshold=majority_threshold, iterations=iterations
    )


def binary_contour(fully_connected: bool = False) -> Operation:
    """Return the voxels of objects that touch background, 255 in 0, as uint8.

    Parameters
    ----------
    fully_connected
        Whether voxels touch at edges and corners, not only at faces.
    """
    return _BINARY_CONTOUR.operation(fully_connected=fully_connected)


def label_contour(fully_connected: bool = False) -> Operation:
    """Return labels where they touch another label or background, 0 elsewhere, type kept.

    Parameters
    ----------
    fully_connected
        Whether voxels touch at edges and corners, not only at faces.

    Notes
    -----
    Takes labels of any integer type, also those that ITK's LabelContourImageFilter,
    which it follows, does not.
    """
    return _LABEL_CONTOUR.operation(fully_connected=fully_connected)


# Functions --------------------------------------------------------------------


def _structuring_element(spacing: Spacing, values: Values) -> object:
    radius = int(values["radius"])
    # ITK's opening takes a box apart into lines, and crashes where it has none
    shape = SHAPES[str(values["shape"])] if radius else SHAPES["ball"]
    return make_structuring_element(shape, radius, len(spacing))


def _enough_sides(spacing: Spacing, values: Values) -> tuple[int, ...]:
    """Return sides at which ITK's moving histograms and lines are right.

    With one or two voxels along an axis they are not, mostly in uint8. All elements
    reach less far along one axis where they reach farther along another, so that edge
    values outside change neither the largest nor the smallest value within them.
    """
    return (2 * int(values["radius"]) + 3,) * len(spacing)


def _binary_contour(array: Voxels, spacing: Spacing, values: Values) -> Voxels:
    return _label_contour(as_mask(array), spacing, values)


def _label_contour(array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG001 # an operation's function
    touches = np.zeros(array.shape, np.bool)
    for offset in product((-1, 0, 1), repeat=array.ndim):
        faces = sum(map(abs, offset))
        if faces == 1 or (faces > 1 and values["fully_connected"]):
            here = tuple(slice(max(0, -k), n - max(0, k)) for k, n in _sides(offset, array))
            there = tuple(slice(max(0, k), n - max(0, -k)) for k, n in _sides(offset, array))
            touches[here] |= array[here] != array[there]
    return np.where(touches, array, np.zeros((), array.dtype))


def _sides(offset: tuple[int, ...], array: Voxels) -> zip[tuple[int, int]]:
    return zip(offset, array.shape, strict=True)


# Declarations -----------------------------------------------------------------

_ELEMENT = (
    radius_parameter(),
    Parameter("shape", "choice", "ball", choices=tuple(SHAPES), description="Structuring element"),
)


def _grayscale(name: str, itk_class: str, halo: HaloRule, sides: Sides | None = None) -> Filter:
    function = Itk(
        itk_class, {"Kernel": _structuring_element}, takes_kernel=True, least_sides=sides
    )
    return Filter(name, function, _ELEMENT, halo)


def _binary(name: str, itk_class: str, halo: HaloRule) -> Filter:
    function = Itk(
        itk_class,
        {"Kernel": _structuring_element, "ForegroundValue": FOREGROUND},
        computes_in="mask",
        takes_kernel=True,
    )
    return Filter(name, function, _ELEMENT, halo, "uint8", dtypes=(), makes_labels=True)


_GRAYSCALE_DILATE = _grayscale(
    "grayscale_dilate", "GrayscaleDilateImageFilter", RADIUS, _enough_sides
)
_GRAYSCALE_ERODE = _grayscale("grayscale_erode", "GrayscaleErodeImageFilter", RADIUS, _enough_sides)
_GRAYSCALE_OPENING = _grayscale(
    "grayscale_opening", "GrayscaleMorphologicalOpeningImageFilter", TWICE_RADIUS
)
_GRAYSCALE_CLOSING = _grayscale(
    "grayscale_closing", "GrayscaleMorphologicalClosingImageFilter", TWICE_RADIUS
)
_MORPHOLOGICAL_GRADIENT = _grayscale(
    "morphological_gradient", "MorphologicalGradientImageFilter", RADIUS, _enough_sides
)
_WHITE_TOP_HAT = _grayscale("white_top_hat", "WhiteTopHatImageFilter", TWICE_RADIUS)
_BLACK_TOP_HAT = _grayscale("black_top_hat", "BlackTopHatImageFilter", TWICE_RADIUS)

_BINARY_DILATE = _binary("binary_dilate", "BinaryDilateImageFilter", RADIUS)
_BINARY_ERODE = _binary("binary_erode", "BinaryErodeImageFilter", RADIUS)
_BINARY_OPENING = _binary("binary_opening", "BinaryMorphologicalOpeningImageFilter", TWICE_RADIUS)
_BINARY_CLOSING = _binary("binary_closing", "BinaryMorphologicalClosingImageFilter", TWICE_RADIUS)


def _vote(
    name: str, itk_class: str, parameters: tuple[Parameter, ...], setters: dict[str, str],
    halo: HaloRule = RADIUS,
) -> Filter:  # fmt: skip
    function = Itk(
        itk_class,
        {"ForegroundValue": FOREGROUND, "BackgroundValue": 0, "Radius": "radius", **setters},
        computes_in="mask",
    )
    return Filter(name, function, parameters, halo, "uint8", dtypes=(), makes_labels=True)


def _votes(name: str, default: int, description: str) -> Parameter:
    return Parameter(
        name, "integer", default, 0, 33**3, 1, unit="box votes", description=description
    )


_BINARY_MEDIAN = _vote("binary_median", "BinaryMedianImageFilter", (radius_parameter(),), {})

_VOTING_BINARY = _vote(
    "voting_binary",
    "VotingBinaryImageFilter",
    (
        radius_parameter(),
        _votes("birth_threshold", 14, "Objects in the box that make one"),
        _votes("survival_threshold", 14, "Objects in the box that keep one"),
    ),
    {"BirthThreshold": "birth_threshold", "SurvivalThreshold": "survival_threshold"},
)

_HOLE_FILLING = _vote(
    "voting_binary_hole_filling",
    "VotingBinaryIterativeHoleFillingImageFilter",
    (
        radius_parameter(),
        _votes("majority_threshold", 1, "Objects needed beyond half of the box"),
        iterations_parameter(1),
    ),
    {"MajorityThreshold": "majority_threshold", "MaximumNumberOfIterations": "iterations"},
    ProductReach(("radius", "iterations")),
)

_CONTOUR = (
    Parameter("fully_connected", "boolean", False, description="Touch at edges and corners, too"),
)

_BINARY_CONTOUR = Filter(
    "binary_contour", _binary_contour, _CONTOUR, ONE_VOXEL, "uint8", dtypes=(), makes_labels=True
)
_LABEL_CONTOUR = Filter(
    "label_contour", _label_contour, _CONTOUR, ONE_VOXEL, dtypes=(), makes_labels=True
)

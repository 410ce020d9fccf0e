"""Carry the values of parameters from one scale to another, and ranges from the data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from roiwidgets.operations.parameters import Parameter, Value

Spacing = tuple[float, ...]


def convert_lengths(
    name: str,
    parameters: tuple[Parameter, ...],
    values: Mapping[str, Value],
    *,
    tuned: Spacing,
    target: Spacing,
) -> tuple[dict[str, Value], tuple[str, ...]]:
    """Return the values of an operation for another scale, and what changed, in words.

    Parameters
    ----------
    name
        Name of the operation, for the words.
    parameters, values
        Those of the operation.
    tuned, target
        Spacing of the scale the values were chosen on, and of the one to run on.

    Returns
    -------
    values, notes
        Lengths in voxels keep their size in the world: they are multiplied by the
        geometric mean of the ratios of the spacings. Integers are rounded, to at
        least 1. Lengths in world units and intensities stay.
    """
    ratios = [a / b for a, b in zip(tuned, target, strict=True)]
    ratio = math.prod(ratios) ** (1 / len(ratios))
    is_uneven = max(ratios) > 1.001 * min(ratios)
    converted, notes = dict(values), []
    for parameter in parameters:
        value = values[parameter.name]
        if parameter.unit != "voxel" or isinstance(value, bool | str) or not value:
            continue
        length: float = value * ratio
        if parameter.kind == "integer":
            length = max(1, round(length))
        if math.isclose(length, value):
            continue
        converted[parameter.name] = length
        mean = f", the mean of {_words(tuple(ratios))} times" if is_uneven else ""
        notes.append(
            f"{name}: {parameter.name} {value:g} voxels at spacing {_words(tuned)} becomes "
            f"{length:g} at spacing {_words(target)}{mean}"
        )
    return converted, tuple(notes)


def widen(parameters: tuple[Parameter, ...], values: Mapping[str, object]) -> tuple[Parameter, ...]:
    """Return parameters whose ranges of lengths in voxels hold the given values.

    A range is for people at a slider; a length that was converted to a finer scale
    may lie beyond it.
    """
    widened = []
    for parameter in parameters:
        value = values.get(parameter.name)
        is_length = parameter.unit == "voxel" and parameter.maximum is not None
        if is_length and isinstance(value, int | float) and parameter.maximum is not None:
            parameter = dataclasses.replace(parameter, maximum=max(parameter.maximum, float(value)))
        widened.append(parameter)
    return tuple(widened)


def range_from_data(
    parameter: Parameter, value: Value, minimum: float, maximum: float
) -> Parameter:
    """Return an intensity whose range is that of the data, and holds its value."""
    low, high = minimum, maximum
    if not isinstance(value, bool | str) and math.isfinite(value):
        low, high = min(low, value), max(high, value)
    return dataclasses.replace(parameter, minimum=low, maximum=high)


def _words(numbers: tuple[float, ...]) -> str:
    return " x ".join(f"{number:g}" for number in numbers)

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
        geometric mean of the ratios of the spacings; counts of voxels keep the volume
        they stand for, votes their share of the box. Integers are rounded, to at
        least 1. Lengths in world units and intensities stay; so do steps from voxel to
        voxel, and a note says that they reach less far.
    """
    ratios = [a / b for a, b in zip(tuned, target, strict=True)]
    mean = math.prod(ratios) ** (1 / len(ratios))
    how = (
        f", the mean of {_words(tuple(ratios))} times" if max(ratios) > 1.001 * min(ratios) else ""
    )
    converted, notes = dict(values), []
    # votes follow the radius, which is converted before them
    for parameter in sorted(parameters, key=lambda one: one.unit == "box votes"):
        value = values[parameter.name]
        if isinstance(value, bool | str) or not value:
            continue
        if parameter.unit == "voxel steps" and tuned != target:
            notes.append(_step_note(name, parameter, value, tuned, target))
        factor = {
            "voxel": mean,
            "voxel count": math.prod(ratios),
            "box votes": _box_ratio(values, converted, len(ratios)),
        }.get(parameter.unit or "", 1.0)
        result = _rounded(parameter, value * factor)
        if math.isclose(result, value):
            continue
        converted[parameter.name] = result
        notes.append(
            f"{name}: {parameter.name} {value:g} voxels at spacing {_words(tuned)} becomes "
            f"{result:g} at spacing {_words(target)}{how if parameter.unit == 'voxel' else ''}"
        )
    return converted, tuple(notes)


def _rounded(parameter: Parameter, length: float) -> float:
    if parameter.kind != "integer":
        return length
    return max(1, math.ceil(parameter.minimum or 0), round(length))


def _box_ratio(before: Mapping[str, Value], after: Mapping[str, Value], sides: int) -> float:
    """Return by how much the box of ``radius`` has more voxels than before."""
    if "radius" not in before:
        return 1.0
    old, new = (2 * float(values["radius"]) + 1 for values in (before, after))
    return (new / old) ** sides


def _step_note(
    name: str, parameter: Parameter, value: float, tuned: Spacing, target: Spacing
) -> str:
    return (
        f"{name}: {parameter.name} stay {value:g}: steps from voxel to voxel, which are "
        f"{_words(target)} apart, where it was tuned {_words(tuned)}"
    )


def widen(parameters: tuple[Parameter, ...], values: Mapping[str, object]) -> tuple[Parameter, ...]:
    """Return parameters whose ranges of lengths in voxels hold the given values.

    A range is for people at a slider; a length that was converted to a finer scale
    may lie beyond it.
    """
    widened = []
    for parameter in parameters:
        value = values.get(parameter.name)
        is_length = parameter.unit in ("voxel", "box votes") and parameter.maximum is not None
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

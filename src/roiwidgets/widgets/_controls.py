"""Sliders and menus made from the parameters of an operation.

Ranges follow the abbreviations of ``ipywidgets.interact``: ``(low, high)``,
``(low, high, step)``, a list of choices, or one fixed value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import ipywidgets
import numpy as np

from roiwidgets.errors import ParameterError
from roiwidgets.operations.parameters import Parameter

Number: TypeAlias = "int | float"
Setting: TypeAlias = "tuple[Number, ...] | list[Number | str] | Number | str | bool"

_LAYOUT = {"width": "min(100%, 520px)"}
_LABEL_WIDTH = "170px"
FLOAT_STEPS = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """Range of a slider."""

    low: Number
    high: Number
    step: Number | None = None


def apply_setting(
    parameter: Parameter, value: object, setting: Setting
) -> tuple[Parameter, object]:
    """Return a parameter narrowed by what the user passed to ``tune``, and its start value.

    The start value is ``value``, or what is nearest to it in the range or first in
    the list.

    Raises
    ------
    ParameterError
        If the setting is no range, list or value that the parameter accepts.
    """
    if isinstance(setting, tuple):
        limits = _limits(parameter, setting)
        narrowed = replace(
            parameter, minimum=limits.low, maximum=limits.high, step=limits.step or parameter.step
        )
        return narrowed, min(max(_number(value), limits.low), limits.high)
    if isinstance(setting, list):
        if not setting:
            raise ParameterError(f"{parameter.name}=[] offers no choice; give at least one value")
        choices = tuple(parameter.check(choice) for choice in setting)
        return replace(parameter, choices=choices), value if value in choices else choices[0]
    return parameter, parameter.check(setting)


def make_control(parameter: Parameter, value: object) -> ipywidgets.ValueWidget:
    """Return the widget that sets a parameter, with a label that carries its unit."""
    options = {
        "description": _label(parameter),
        "tooltip": parameter.description,
        "style": {"description_width": _LABEL_WIDTH},
        "layout": ipywidgets.Layout(**_LAYOUT),
    }
    if parameter.choices:
        return ipywidgets.Dropdown(options=list(parameter.choices), value=value, **options)
    if parameter.kind == "boolean":
        return ipywidgets.Checkbox(value=bool(value), indent=False, **options)
    is_whole = parameter.kind == "integer"
    if parameter.minimum is None or parameter.maximum is None:
        box = ipywidgets.IntText if is_whole else ipywidgets.FloatText
        return box(value=value, **options)
    # a slider would move a value outside its range without a word
    low, high = min(parameter.minimum, _number(value)), max(parameter.maximum, _number(value))
    if is_whole:
        whole_step = int(parameter.step or 1)
        return ipywidgets.IntSlider(
            value=value, min=int(low), max=int(high), step=whole_step, **options
        )
    step = float(parameter.step or (high - low) / FLOAT_STEPS)
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=step, readout_format=_readout(step), **options
    )


def is_controllable(value: object) -> bool:
    """Tell whether a widget can show a value: infinity has no place on a slider or in JSON."""
    return not isinstance(value, float) or math.isfinite(value)


def _label(parameter: Parameter) -> str:
    words = parameter.name.replace("_", " ").replace(".", ": ")
    units = {"voxel": " (voxels)", "world": " (world units)"}
    return words + units.get(parameter.unit or "", "")


def _limits(parameter: Parameter, setting: tuple[Number, ...]) -> Limits:
    if parameter.kind not in ("integer", "float") or not _is_range(setting):
        raise ParameterError(
            f"{parameter.name}={setting!r} is no range for a {parameter.kind} parameter; give "
            "(low, high) or (low, high, step) with finite low < high and step > 0"
        )
    for bound in setting[:2]:
        parameter.check(bound)
    if parameter.kind == "integer" and any(step != int(step) for step in setting[2:]):
        raise ParameterError(f"{parameter.name}={setting!r} must have an integer as its step")
    return Limits(*setting)


def _is_range(setting: tuple[Number, ...]) -> bool:
    if len(setting) not in (2, 3) or not all(_is_finite(number) for number in setting):
        return False
    low, high, *step = setting
    return low < high and all(s > 0 for s in step)


def _is_finite(value: object) -> bool:
    if isinstance(value, bool | np.bool):
        return False
    return isinstance(value, int | float | np.integer | np.floating) and bool(np.isfinite(value))


def _number(value: object) -> Number:
    assert isinstance(value, int | float)
    return value


def _readout(step: float) -> str:
    decimals = 0
    while decimals < 6 and round(step, decimals) != step:
        decimals += 1
    return f".{decimals}f"

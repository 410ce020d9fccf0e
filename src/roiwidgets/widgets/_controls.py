"""Sliders and menus made from the parameters of an operation.

Ranges follow the abbreviations of ``ipywidgets.interact``: ``(low, high)``,
``(low, high, step)``, a list or a dictionary of choices, a widget, or ``fixed``. One
number, word or boolean is the value at the start.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import ipywidgets
import numpy as np

from roiwidgets.errors import ParameterError
from roiwidgets.operations.parameters import Parameter

Number: TypeAlias = "int | float"
Narrowing: TypeAlias = "tuple[Number, ...] | list[Number | str] | Number | str | bool"
Setting: TypeAlias = (
    "Narrowing | Mapping[str, Number | str | bool] | ipywidgets.ValueWidget | ipywidgets.fixed"
)

_LAYOUT = {"width": "min(100%, 520px)"}
_LABEL_WIDTH = "170px"
FLOAT_STEPS = 200
SHORTEST_SPACINGS, LONGEST_SPACINGS = 0.25, 10
"""Lengths that sliders offer, in distances of voxels."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Range of a slider."""

    low: Number
    high: Number
    step: Number | None = None


def make_tuned_control(
    parameter: Parameter, value: object, setting: Setting | None
) -> tuple[object, ipywidgets.ValueWidget | None]:
    """Return the value at the start, and the control; None for what nobody can move.

    Parameters
    ----------
    parameter, value
        What is set, and its value so far.
    setting
        What the user passed to ``tune``; None for nothing.

    Raises
    ------
    ParameterError
        If the setting does not fit the parameter.
    """
    if isinstance(setting, ipywidgets.fixed):
        return parameter.check(setting.value), None
    if isinstance(setting, ipywidgets.ValueWidget):
        setting.description = setting.description or label_of(parameter)
        return parameter.check(setting.value), setting
    named = {}
    if isinstance(setting, Mapping):
        named = {str(name): parameter.check(choice) for name, choice in setting.items()}
        setting = list(named.values())
    if setting is not None:
        parameter, value = apply_setting(parameter, value, setting)
    if not is_controllable(parameter, value):
        return value, None
    control = make_control(parameter, value)
    if named:
        control.options = tuple(named.items())
        control.value = value
    return value, control


def apply_setting(
    parameter: Parameter, value: object, setting: Narrowing
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


def with_length_range(parameter: Parameter, value: object, spacing: float) -> Parameter:
    """Return a length in the world with a range for a slider, unless it has one.

    Parameters
    ----------
    parameter, value
        What is set, and its value.
    spacing
        The finest distance of voxels: lengths from a quarter of it to ten times it are
        offered, and up to twice the value, in steps of a round number.
    """
    if parameter.unit != "world" or parameter.maximum is not None:
        return parameter
    longest = max(LONGEST_SPACINGS * spacing, 2 * float(_number(value)))
    step = 10.0 ** math.floor(math.log10(spacing / 10))
    shortest = step * max(1, round(SHORTEST_SPACINGS * spacing / step))
    return replace(parameter, minimum=shortest, maximum=longest, step=step)


def make_control(parameter: Parameter, value: object) -> ipywidgets.ValueWidget:
    """Return the widget that sets a parameter, with a label that carries its unit."""
    options = {
        "description": label_of(parameter),
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


def is_controllable(parameter: Parameter, value: object) -> bool:
    """Tell whether there is a widget for a parameter at a value.

    Infinity has no place on a slider or in JSON; a word that may be any would be run
    half-typed.
    """
    if parameter.kind == "choice":
        return bool(parameter.choices)
    return not isinstance(value, float) or math.isfinite(value) or bool(parameter.choices)


def label_of(parameter: Parameter) -> str:
    """Return the words beside a control: the name, and the unit of a length."""
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

"""Sliders and menus made from the parameters of an operation.

Ranges follow the abbreviations of ``ipywidgets.interact``: ``(low, high)``,
``(low, high, step)``, a list of choices, or one fixed value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import ipywidgets

from roiwidgets.errors import ParameterError
from roiwidgets.operations.parameters import Parameter

Number: TypeAlias = "int | float"
Setting: TypeAlias = "tuple[Number, ...] | list[Number | str] | Number | str | bool"

_LAYOUT = {"width": "min(100%, 520px)"}
_LABEL_WIDTH = "170px"


@dataclass(frozen=True, slots=True)
class Limits:
    """Range of a slider."""

    low: Number
    high: Number
    step: Number | None = None


def apply_setting(parameter: Parameter, setting: Setting) -> tuple[Parameter, object]:
    """Return a parameter narrowed by what the user passed to ``tune``, and its start value.

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
        start = min(max(_number(parameter.default), limits.low), limits.high)
        return narrowed, start
    if isinstance(setting, list):
        if not setting:
            raise ParameterError(f"{parameter.name}=[] offers no choice; give at least one value")
        start = parameter.default if parameter.default in setting else setting[0]
        return replace(parameter, choices=tuple(setting)), start
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
    low, high = parameter.minimum, parameter.maximum
    if low is None or high is None:
        box = ipywidgets.IntText if parameter.kind == "integer" else ipywidgets.FloatText
        return box(value=value, **options)
    if parameter.kind == "integer":
        step = int(parameter.step or 1)
        return ipywidgets.IntSlider(value=value, min=int(low), max=int(high), step=step, **options)
    step = float(parameter.step or (high - low) / 200)
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=step, readout_format=_readout(step), **options
    )


def _label(parameter: Parameter) -> str:
    words = parameter.name.replace("_", " ").replace(".", ": ")
    units = {"voxel": " (voxels)", "world": " (world units)"}
    return words + units.get(parameter.unit or "", "")


def _limits(parameter: Parameter, setting: tuple[Number, ...]) -> Limits:
    well_formed = len(setting) in (2, 3) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in setting
    )
    if parameter.kind not in ("integer", "float") or not well_formed or setting[0] >= setting[1]:
        raise ParameterError(
            f"{parameter.name}={setting!r} is no range for a {parameter.kind} parameter; give "
            "(low, high) or (low, high, step) with low < high"
        )
    for bound in setting[:2]:
        parameter.check(bound)
    return Limits(*setting)


def _number(value: object) -> Number:
    assert isinstance(value, int | float)
    return value


def _readout(step: float) -> str:
    decimals = 0
    while decimals < 6 and round(step, decimals) != step:
        decimals += 1
    return f".{decimals}f"

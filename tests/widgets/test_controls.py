"""Which control a parameter gets, and which settings narrow it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipywidgets import Checkbox, Dropdown, FloatSlider, FloatText, IntSlider, IntText

from roiwidgets.errors import ParameterError
from roiwidgets.operations.parameters import Parameter
from roiwidgets.widgets._controls import apply_setting, is_controllable, make_control

RADIUS = Parameter("radius", "integer", 2, minimum=0, maximum=9, unit="voxel")
SIGMA = Parameter("gauss.sigma_max", "float", 1.5, minimum=0.0, maximum=4.0, unit="world")
GAIN = Parameter("gain", "float", 1.5, description="Factor of every value.")
LOWER = Parameter("lower", "float", 5.0, minimum=0.0, maximum=10.0, unit="intensity")
STEPS = Parameter("steps", "integer", 3)
INVERT = Parameter("invert", "boolean", False)
MODE = Parameter("mode", "choice", "near", choices=("near", "far"))


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        (RADIUS, IntSlider),
        (SIGMA, FloatSlider),
        (GAIN, FloatText),
        (STEPS, IntText),
        (INVERT, Checkbox),
        (MODE, Dropdown),
    ],
)
def test_each_kind_of_parameter_has_its_control(parameter: Parameter, kind: type) -> None:
    control = make_control(parameter, parameter.default)

    assert type(control) is kind
    assert control.value == parameter.default


def test_a_slider_spans_the_range_of_its_parameter() -> None:
    whole, real = make_control(RADIUS, 2), make_control(SIGMA, 1.5)

    assert (whole.min, whole.max, whole.step) == (0, 9, 1)
    assert (real.min, real.max, real.step) == (0.0, 4.0, 4.0 / 200)
    assert real.readout_format == ".2f"


def test_a_slider_is_widened_to_a_value_outside_its_range() -> None:
    control = make_control(LOWER, -20.0)

    assert (control.min, control.max, control.value) == (-20.0, 10.0, -20.0)


@pytest.mark.parametrize(
    ("parameter", "label"),
    [
        (RADIUS, "radius (voxels)"),
        (SIGMA, "gauss: sigma max (world units)"),
        (LOWER, "lower"),
        (GAIN, "gain"),
    ],
)
def test_a_label_is_in_words_and_carries_the_unit(parameter: Parameter, label: str) -> None:
    assert make_control(parameter, parameter.default).description == label


def test_a_tooltip_describes_the_parameter() -> None:
    assert make_control(GAIN, 1.5).tooltip == "Factor of every value."


def test_a_range_narrows_and_moves_the_start_value_into_it() -> None:
    narrowed, value = apply_setting(RADIUS, 2, (4, 8, 2))

    assert (narrowed.minimum, narrowed.maximum, narrowed.step, value) == (4, 8, 2, 4)
    assert apply_setting(RADIUS, 2, (0, 1))[1] == 1
    assert apply_setting(RADIUS, 2, (1, 3))[1] == 2
    assert apply_setting(RADIUS, 2, (np.int64(3), np.int64(5)))[1] == 3


def test_a_list_becomes_the_choices_in_the_type_of_the_parameter() -> None:
    narrowed, value = apply_setting(RADIUS, 2, [1.0, 2.0, 4.0])

    assert narrowed.choices == (1, 2, 4)
    assert all(type(choice) is int for choice in narrowed.choices)
    assert value == 2
    assert apply_setting(RADIUS, 2, [5, 7])[1] == 5
    assert make_control(narrowed, value).options == (1, 2, 4)


def test_one_value_is_the_start_value() -> None:
    assert apply_setting(RADIUS, 2, 7) == (RADIUS, 7)
    assert apply_setting(INVERT, False, True) == (INVERT, True)
    assert apply_setting(MODE, "near", "far") == (MODE, "far")


@pytest.mark.parametrize(
    ("parameter", "setting"),
    [
        (GAIN, (0.0, math.inf)),
        (GAIN, (math.nan, 1.0)),
        (GAIN, (None, 5)),
        (GAIN, (0, [1])),
        (GAIN, (True, 5)),
        (GAIN, (3, 3)),
        (GAIN, (0, 3, 0)),
        (GAIN, (0, 3, -1)),
        (GAIN, (0, 3, math.nan)),
        (GAIN, (0, 3, None)),
        (GAIN, ()),
        (GAIN, (1,)),
        (RADIUS, (1, 4, 0.5)),
        (RADIUS, (1.5, 4)),
        (RADIUS, (0, 10)),
        (RADIUS, [1, "a"]),
        (RADIUS, [1, -5]),
        (RADIUS, [1, 2.5]),
        (RADIUS, []),
        (GAIN, [None]),
        (INVERT, (0, 1)),
        (INVERT, [True, "no"]),
        (MODE, ["near", "middle"]),
        (MODE, "middle"),
        (MODE, ("near", "far")),
    ],
)
def test_a_setting_that_does_not_fit_names_the_parameter(
    parameter: Parameter, setting: Any
) -> None:
    with pytest.raises(ParameterError, match=f"^{parameter.name}="):
        apply_setting(parameter, parameter.default, setting)


@given(
    low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6), value=st.floats(-1e7, 1e7),
    share=st.none() | st.floats(0.01, 1.0),
)  # fmt: skip
def test_a_slider_starts_at_the_value_of_the_range_that_is_nearest(
    low: float, width: float, value: float, share: float | None
) -> None:
    high = low + width
    setting = (low, high) if share is None else (low, high, share * width)

    parameter, start = apply_setting(GAIN, value, setting)
    control = make_control(parameter, start)

    assert control.value == sorted([low, value, high])[1]
    assert (control.min, control.max) == (low, high)


@pytest.mark.parametrize(
    ("value", "expected"), [(math.inf, False), (-math.inf, False), (1e300, True)]
)
def test_infinity_gets_no_control(value: object, expected: bool) -> None:
    assert is_controllable(GAIN, value) is expected


def test_words_get_a_menu_where_it_is_known_which() -> None:
    any_word = Parameter("method", "choice", "a")

    narrowed, value = apply_setting(any_word, "a", ["b", "a"])

    assert not is_controllable(any_word, "a")
    assert is_controllable(narrowed, value)
    assert is_controllable(MODE, "far")
    assert make_control(narrowed, value).options == ("b", "a")
    assert value == "a"
    for setting in ([1, 2], ("a", "b"), 3):
        with pytest.raises(ParameterError, match=r"^method="):
            apply_setting(any_word, "a", setting)

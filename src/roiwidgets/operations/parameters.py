"""What can be tuned about an operation: names, kinds, ranges and units."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from roiwidgets.errors import ParameterError

Value: TypeAlias = "bool | int | float | str"
Kind = Literal["integer", "float", "boolean", "choice"]
Unit = Literal["voxel", "voxel count", "box votes", "voxel steps", "world", "intensity"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number, switch or choice of an operation.

    Parameters
    ----------
    name
        Keyword of the operation's function.
    kind
        Which values it takes.
    default
        Value unless another is given.
    minimum, maximum
        Range of numbers, both ends included; None is unbounded. For intensities the
        range is a suggestion taken from the data.
    step
        Step of a slider.
    unit
        ``voxel`` and ``world`` lengths, ``voxel count`` of volumes (areas in 2-D),
        ``box votes`` of the voxels in the box of the parameter ``radius``, ``voxel
        steps`` from voxel to voxel, ``intensity`` in source values; None for other
        counts and shares.
    choices
        Values that a choice takes; none takes any word.
    description
        One sentence for people.
    """

    name: str
    kind: Kind
    default: Value
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    unit: Unit | None = None
    choices: tuple[Value, ...] = ()
    description: str = ""

    def check(self, value: object) -> Value:
        """Return a value in the parameter's own type.

        Raises
        ------
        ParameterError
            If the value is of another kind or outside the range.
        """
        if self.kind == "boolean":
            if not isinstance(value, bool):
                raise self._error(value, "True or False")
            return value
        if self.choices:
            if value not in self.choices:
                raise self._error(value, f"one of {', '.join(map(repr, self.choices))}")
            assert isinstance(value, bool | int | float | str)
            return value
        if self.kind == "choice":
            if not isinstance(value, str):
                raise self._error(value, "a word")
            return value
        return self._check_number(value)

    def from_json(self, value: Value) -> Value:
        """Return a value as a recipe has it: JSON knows infinities by name only."""
        is_infinite = self.kind == "float" and value in ("inf", "-inf")
        return float(value) if is_infinite else value

    def _check_number(self, value: object) -> Value:
        # numpy's numbers know their Python value
        plain = value.item() if hasattr(value, "item") else value
        expected = "an integer" if self.kind == "integer" else "a number"
        if isinstance(plain, bool) or not isinstance(plain, int | float) or math.isnan(plain):
            raise self._error(value, expected)
        if self.kind == "integer":
            if math.isinf(plain) or plain != int(plain):
                raise self._error(value, expected)
            plain = int(plain)
        else:
            plain = float(plain)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if self.unit != "intensity" and not low <= plain <= high:
            raise self._error(value, f"{expected} from {low:g} to {high:g}")
        return plain

    def _error(self, value: object, expected: str) -> ParameterError:
        return ParameterError(f"{self.name}={value!r} must be {expected}")


def check_names(given: Mapping[str, object], known: tuple[str, ...], operation: str) -> None:
    """Raise a ``TypeError`` that names the likely cause if a name is not known."""
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            names = ", ".join(known) or "none"
            hint = f"did you mean {close[0]!r}?" if close else f"it has {names}"
            raise TypeError(f"{operation} has no parameter {name!r}; {hint}")


def value_to_json(value: Value) -> object:
    """Return a value as JSON has it; infinities by name."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def values_of_recipe(
    recipe: Mapping[str, object], parameters: tuple[Parameter, ...]
) -> dict[str, Value]:
    """Return the values in a recipe of one operation, as its parameters have them."""
    known = {parameter.name: parameter for parameter in parameters}
    stored = cast("Mapping[str, Value]", recipe.get("values", {}))
    return {
        name: known[name].from_json(value) if name in known else value
        for name, value in stored.items()
    }

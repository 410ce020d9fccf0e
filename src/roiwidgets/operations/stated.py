"""What the user states about a function that it does not say itself."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from roiwidgets.errors import OperationError, ParameterError
from roiwidgets.operations.operation import Spacing, Support, Values
from roiwidgets.operations.parameters import Parameter, Unit, Value

Halo: TypeAlias = "int | tuple[int, ...]"
UNITS = typing.get_args(Unit)


@dataclass(frozen=True, slots=True)
class Stated:
    """Halo, result type and units as the user gave them; it also goes into the recipe.

    Parameters
    ----------
    halo
        Voxels, one number or one per axis; None if not stated.
    output_dtype
        Data type of the result; None if not stated.
    units
        Unit per parameter.
    takes_itk_image
        Whether the function wants an ``itk.Image``.
    """

    halo: Halo | None = None
    output_dtype: str | None = None
    units: Mapping[str, Unit] = field(default_factory=dict)
    takes_itk_image: bool = False

    def __post_init__(self) -> None:
        stated = () if self.halo is None else self.halo
        sides: tuple[object, ...] = stated if isinstance(stated, tuple) else (stated,)
        if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in sides):
            raise ParameterError(
                f"halo={self.halo!r} must be a number of voxels >= 0, or one for each axis"
            )
        for name, unit in self.units.items():
            if unit not in UNITS:
                raise ParameterError(
                    f"the unit of {name} must be one of {', '.join(UNITS)}, got {unit!r}"
                )

    def support(self, *, unknown: Support) -> Support:
        """Return the support that the halo means; ``unknown`` where it is not stated."""
        if self.halo is None:
            return unknown
        sides = (self.halo,) if isinstance(self.halo, int) else self.halo
        return "neighbourhood" if any(sides) else "pointwise"

    def with_units(self, parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        """Return parameters with their units.

        Raises
        ------
        TypeError
            If a unit is given for something that is no parameter.
        """
        names = [parameter.name for parameter in parameters]
        for name in self.units:
            if name not in names:
                raise TypeError(f"units names {name!r}, which is no parameter; it has {names}")
        return tuple(
            dataclasses.replace(p, unit=self.units[p.name]) if p.name in self.units else p
            for p in parameters
        )

    def options(self) -> dict[str, Value]:
        """Return what the recipe needs to state it again."""
        options: dict[str, Value] = {}
        if self.halo is not None:
            options["halo"] = json.dumps(self.halo)
        if self.output_dtype is not None:
            options["output_dtype"] = self.output_dtype
        if self.units:
            options["units"] = json.dumps(dict(self.units))
        if self.takes_itk_image:
            options["takes_itk_image"] = True
        return options

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> Stated:
        """Return what a recipe states."""
        halo = json.loads(str(options.get("halo", "null")))
        stated = options.get("output_dtype")
        return cls(
            halo=tuple(halo) if isinstance(halo, list) else halo,
            output_dtype=None if stated is None else str(stated),
            units=cast("Mapping[str, Unit]", json.loads(str(options.get("units", "{}")))),
            takes_itk_image=bool(options.get("takes_itk_image", False)),
        )


class FixedHalo:
    """The halo rule that returns what the user stated."""

    def __init__(self, halo: Halo) -> None:
        self._halo = halo

    def __call__(self, spacing: Spacing, values: Values) -> tuple[int, ...]:  # noqa: ARG002 # a halo rule
        """Return the halo per axis."""
        if isinstance(self._halo, int):
            return (self._halo,) * len(spacing)
        if len(self._halo) != len(spacing):
            raise OperationError(
                f"halo={self._halo} has {len(self._halo)} entries, the image has {len(spacing)} "
                "spatial axes; give one number, or one per axis"
            )
        return tuple(self._halo)

"""How a filter of the catalogue is declared: one row of a table.

A row names the function that computes it (an ITK class and its setters, or a function
on arrays), the parameters, how far the filter looks around a voxel and what type it
returns. The operation follows from the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from roiwidgets.operations.catalog.rules import (
    Always,
    no_halo,
    recursive_reach,
    recursive_sides,
    same_dtype,
    world_length,
)
from roiwidgets.operations.itk_filters import PIXEL_TYPES
from roiwidgets.operations.operation import (
    Box,
    Function,
    HaloRule,
    Operation,
    Spacing,
    Support,
    Values,
    Voxels,
)
from roiwidgets.operations.parameters import Parameter, Value
from roiwidgets.operations.substitutes import run_fast

Computed: TypeAlias = "Callable[[Spacing, Values], object]"
Setting: TypeAlias = "str | bool | int | float | Computed"
Sides: TypeAlias = "Callable[[Spacing, Values], tuple[int, ...]]"
Check: TypeAlias = "Callable[[Values], None]"


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of the catalogue; called, it is the operation's function.

    Parameters
    ----------
    name
        Of the operation.
    function
        Computes it: an ``Itk`` class, or a function on an array.
    parameters
        What can be tuned.
    halo
        Voxels around a block that the result depends on, per axis.
    returns
        Type of the result: that of the image, or always the same one.
    dtypes
        Names of input types; empty takes any.
    check
        Raises a ``ParameterError`` where values contradict each other.
    makes_labels
        Whether results are numbers of classes.
    """

    name: str
    function: Function
    parameters: tuple[Parameter, ...] = ()
    halo: HaloRule = no_halo
    returns: Literal["same", "float32", "uint8"] = "same"
    dtypes: tuple[str, ...] = PIXEL_TYPES
    check: Check | None = None
    makes_labels: bool = False

    def operation(self, **values: Value) -> Operation:
        """Return the operation with values.

        Raises
        ------
        ParameterError
            If a value is outside its range, or values contradict each other.
        """
        dtype_rule = same_dtype if self.returns == "same" else Always(self.returns)
        made = Operation(
            self.name, self, self.parameters, values, self._support(), self.halo, dtype_rule,
            self.dtypes, makes_labels=self.makes_labels,
        )  # fmt: skip
        if self.check is not None:
            self.check(made.values)
        return made

    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:
        """Return the result for an array."""
        if self.check is not None:
            self.check(values)
        return self.function(array, spacing, values)

    def inside(self, array: Voxels, spacing: Spacing, values: Values, box: Box) -> Voxels:
        """Return the result in a box, without computing the rest where that can be left out."""
        if not isinstance(self.function, Itk):
            return self(array, spacing, values)[box]
        if self.check is not None:
            self.check(values)
        return self.function.inside(array, spacing, values, box)

    def _support(self) -> Support:
        if self.halo is no_halo:
            return "pointwise"
        iterates = any(parameter.name == "iterations" for parameter in self.parameters)
        return "iterative" if iterates else "neighbourhood"


def as_mask(array: Voxels) -> Voxels:
    """Return 255 where a value is not 0, and 0 elsewhere, as uint8."""
    mask: Voxels = np.multiply(array != 0, 255, dtype=np.uint8)
    return mask


@dataclass(frozen=True, slots=True)
class Itk:
    """A function that runs one of ITK's classes.

    Parameters
    ----------
    itk_class
        Name without ``itk``.
    setters
        What each of ITK's setters is given, in their order: the value of a parameter,
        by its name; a number or switch; or what a function of spacing and values
        returns.
    computes_in
        ``float32`` where the class, or a result with fractions, wants floats; ``mask``
        for 255 where a value is not 0, in uint8.
    returns
        Type that its output is cast to.
    takes_kernel
        Whether the class is wrapped for a structuring element.
    follows_regions
        Whether the class computes a part of its output as it would the whole: it then
        leaves out the halo of a block.
    least_sides
        Voxels that the class needs along each axis to be right. A thinner image is
        continued by its edge values, which is what the class takes to lie outside.
    """

    itk_class: str
    setters: Mapping[str, Setting] = field(default_factory=dict)
    computes_in: Literal["same", "float32", "mask"] = "same"
    returns: Literal["same", "uint8"] = "same"
    takes_kernel: bool = False
    follows_regions: bool = False
    least_sides: Sides | None = None

    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:
        """Return what the class makes of an array."""
        given = self._convert(array)
        padding = self._padding(array.shape, spacing, values)
        if any(after for _, after in padding):
            given = np.pad(given, padding, mode="edge")
        settings = self._settings(spacing, values)
        result = run_fast(self.itk_class, given, spacing, settings, takes_kernel=self.takes_kernel)
        inner = result[
            tuple(slice(a, a + n) for (a, _), n in zip(padding, array.shape, strict=True))
        ]
        return inner.astype(np.uint8) if self.returns == "uint8" else inner

    def inside(self, array: Voxels, spacing: Spacing, values: Values, box: Box) -> Voxels:
        """Return what the class makes of an array, in a box."""
        if not self.follows_regions:
            return self(array, spacing, values)[box]
        settings = self._settings(spacing, values)
        result = run_fast(
            self.itk_class, self._convert(array), spacing, settings,
            takes_kernel=self.takes_kernel, inside=box,
        )  # fmt: skip
        return result.astype(np.uint8) if self.returns == "uint8" else result

    def _convert(self, array: Voxels) -> Voxels:
        if self.computes_in == "mask":
            return as_mask(array)
        return array.astype(np.float32, copy=False) if self.computes_in == "float32" else array

    def _settings(self, spacing: Spacing, values: Values) -> dict[str, object]:
        settings: dict[str, object] = {}
        for setter, source in self.setters.items():
            if isinstance(source, str):
                settings[setter] = values[source]
            else:
                settings[setter] = source(spacing, values) if callable(source) else source
        return settings

    def _padding(
        self, shape: tuple[int, ...], spacing: Spacing, values: Values
    ) -> tuple[tuple[int, int], ...]:
        """Return the voxels to add before and after each axis."""
        if self.least_sides is None:
            return ((0, 0),) * len(shape)
        missing = [
            max(0, least - side)
            for least, side in zip(self.least_sides(spacing, values), shape, strict=True)
        ]
        return tuple((n // 2, n - n // 2) for n in missing)


def recursive_filter(name: str, itk_class: str) -> Filter:
    """Return the row of one of ITK's recursive Gaussians, whose one parameter is ``sigma``."""
    return Filter(
        name,
        Itk(itk_class, {"Sigma": "sigma"}, computes_in="float32", least_sides=recursive_sides),
        (world_length("sigma", 1.0, "Standard deviation"),),
        recursive_reach,
        returns="float32",
    )

"""An operation: arrays in, arrays out, and all that is derived from it.

Sliders, halo, live preview, full write, command line and recipe come from this
one object, so they cannot drift apart.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, OperationError, UnsupportedDtypeError
from roiwidgets.operations.inside import ComputesInside
from roiwidgets.operations.parameters import Parameter, Value, check_names, value_to_json
from roiwidgets.operations.scaling import convert_lengths, range_from_data, widen

Voxels: TypeAlias = "NDArray[np.generic]"
Dtype: TypeAlias = "np.dtype[np.generic]"
Box: TypeAlias = "tuple[slice, ...]"
Spacing: TypeAlias = "tuple[float, ...]"
Values: TypeAlias = "Mapping[str, Value]"
Support = Literal["pointwise", "neighbourhood", "iterative", "global", "unknown"]
Function: TypeAlias = "Callable[[Voxels, Spacing, Values], Voxels]"
HaloRule: TypeAlias = "Callable[[Spacing, Values], tuple[int, ...]]"
DtypeRule: TypeAlias = "Callable[[Dtype], Dtype]"

RECIPE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Operation:
    """A function on the voxels of one spatial array, with its parameters.

    Parameters
    ----------
    name
        Name in the catalogue, or of the user's function.
    function
        Called with a C-contiguous array (z, y, x or y, x), the spacing of its axes
        and the values; returns an array of the same shape.
    parameters
        What can be tuned.
    values
        Value per parameter, in the order of ``parameters``.
    support
        How far the result looks around a voxel; ``unknown`` cannot run block by
        block, ``global`` only in passes (``reductions.RunsInPasses``).
    halo_rule
        Voxels around a block that the result depends on, per axis.
    dtype_rule
        Data type of the result for that of the input.
    dtypes
        Names of input types; empty takes any.
    origin
        Where the function comes from, for the recipe: ``catalogue``, ``itk``, or
        the user's ``module:qualname``.
    source
        Text of a user's function that cannot be imported again.
    makes_labels
        Whether results are numbers of classes, of which no mean can be taken.
    """

    name: str
    function: Function
    parameters: tuple[Parameter, ...]
    values: Values
    support: Support
    halo_rule: HaloRule
    dtype_rule: DtypeRule
    dtypes: tuple[str, ...] = ()
    origin: str = "catalogue"
    source: str = ""
    options: Values = dataclasses.field(default_factory=dict)
    makes_labels: bool = False

    def __post_init__(self) -> None:
        known = {parameter.name: parameter for parameter in self.parameters}
        check_names(self.values, tuple(known), self.name)
        checked = {name: p.check(self.values.get(name, p.default)) for name, p in known.items()}
        object.__setattr__(self, "values", MappingProxyType(checked))

    def __call__(
        self, array: Voxels, spacing: Spacing | None = None, *, inside: Box | None = None
    ) -> Voxels:
        """Return the result for an array, or for a box of it.

        Parameters
        ----------
        array
            Voxels along z, y, x or y, x.
        spacing
            Distance between voxels along each axis; 1 by default.
        inside
            Slices of what is wanted, with explicit starts and stops; all by default.

        Raises
        ------
        UnsupportedDtypeError
            If the operation does not take the array's data type.
        ImageError
            If the array has no voxels.
        OperationError
            If the function fails, or returns another shape or data type than it
            promised.
        """
        self.check_dtype(array.dtype)
        if array.size == 0:
            raise ImageError(f"{self.name} got an image without voxels, of shape {array.shape}")
        steps = tuple(spacing) if spacing is not None else (1.0,) * array.ndim
        # ITK reads foreign byte orders and Fortran order as if they were its own
        given = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
        function: object = self.function
        try:
            if inside is not None and isinstance(function, ComputesInside):
                result = function.inside(given, steps, self.values, inside)
                given, inside = given[inside], None
            else:
                result = self.function(given, steps, self.values)
        except Exception as error:
            raise OperationError(f"{self} failed with {type(error).__name__}: {error}") from error
        checked = self._check_result(given, result)
        return checked if inside is None else np.ascontiguousarray(checked[inside])

    def __or__(self, other: Operation | Pipeline) -> Pipeline:
        """Return the pipeline that runs this operation, then the other."""
        return Pipeline((self,)) | other

    def __reduce__(self) -> tuple[object, ...]:
        # a read-only view of a dictionary does not pickle
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return _rebuild, ({**fields, "values": dict(self.values)},)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in self.values.items())})"

    def with_values(self, **values: object) -> Operation:
        """Return the operation with other values.

        Raises
        ------
        TypeError
            If a name is no parameter.
        ParameterError
            If a value is outside its range.
        """
        check_names(values, tuple(p.name for p in self.parameters), self.name)
        return dataclasses.replace(self, values={**self.values, **values})  # type: ignore[dict-item] # checked at once in __post_init__

    def halo(self, spacing: Spacing) -> tuple[int, ...]:
        """Return the voxels around a block that its result depends on, per axis.

        Raises
        ------
        OperationError
            If that is the whole image, or not known.
        """
        if self.support == "unknown":
            raise OperationError(
                f"how far {self.name} looks around a voxel is not known, so it cannot run block by "
                "block; state halo=0 for a pointwise function, or its reach in voxels"
            )
        if self.support == "global":
            raise OperationError(
                f"{self.name} depends on the whole image, so it cannot run block by block; compute "
                "its parameters once and use a local operation"
            )
        return self.halo_rule(tuple(spacing), self.values)

    def output_dtype(self, input_dtype: Dtype) -> Dtype:
        """Return the data type of the result."""
        return np.dtype(self.dtype_rule(np.dtype(input_dtype)))

    def check_dtype(self, input_dtype: Dtype) -> None:
        """Raise an ``UnsupportedDtypeError`` unless the operation takes a data type."""
        name = np.dtype(input_dtype).newbyteorder("=").name
        if self.dtypes and name not in self.dtypes:
            other = "float32" if "float32" in self.dtypes else self.dtypes[0]
            raise UnsupportedDtypeError(
                f"{self.name} takes {', '.join(self.dtypes)}, the image is {name}; convert it "
                f"first, for example with image.data.astype({other!r})"
            )

    def at_spacing(self, tuned: Spacing, target: Spacing) -> tuple[Operation, tuple[str, ...]]:
        """Return the operation for another scale, and what was converted, in words.

        Parameters
        ----------
        tuned, target
            Spacing of the scale it was tuned on, and of the one it shall run on.
        """
        values, notes = convert_lengths(
            self.name, self.parameters, self.values, tuned=tuned, target=target
        )
        parameters = widen(self.parameters, values)
        return dataclasses.replace(self, parameters=parameters, values=values), notes

    def ranges_for(self, minimum: float, maximum: float) -> Operation:
        """Return the operation with the ranges of its intensities taken from the data."""
        parameters = tuple(
            range_from_data(p, self.values[p.name], minimum, maximum)
            if p.unit == "intensity" and p.kind in ("integer", "float") and p.step is None
            else p
            for p in self.parameters
        )
        return dataclasses.replace(self, parameters=parameters)

    def recipe(self) -> dict[str, object]:
        """Return what reruns the operation, as JSON's types."""
        recipe: dict[str, object] = {
            "operation": self.name,
            "origin": self.origin,
            "values": {name: value_to_json(value) for name, value in self.values.items()},
        }
        if self.options:
            recipe["options"] = {name: value_to_json(value) for name, value in self.options.items()}
        if self.source:
            recipe |= {"rerunnable": False, "source": self.source}
        return recipe

    def to_json(self) -> str:
        """Return the recipe as text; ``load_operation`` reads it.

        Raises
        ------
        OperationError
            If the function cannot be imported again, so that nothing could rerun it.
        """
        return recipe_to_json([self])

    def _check_result(self, given: Voxels, result: object) -> Voxels:
        if not isinstance(result, np.ndarray):
            raise OperationError(
                f"{self.name} returned {type(result).__name__}, expected an array of shape "
                f"{given.shape}"
            )
        if result.shape != given.shape:
            raise OperationError(
                f"{self.name} returned shape {result.shape} for {given.shape}; an operation keeps "
                "the shape"
            )
        promised = self.output_dtype(given.dtype)
        if result.dtype != promised:
            raise OperationError(
                f"{self.name} returned {result.dtype}, promised {promised}; state "
                f"output_dtype={result.dtype.name!r}"
            )
        return np.ascontiguousarray(result)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Operations run one after the other, as if they were one.

    Parameters of a step are named ``step.parameter``; a name that only one step
    has may be given alone. Two steps of one name are ``median`` and ``median_2``.
    """

    steps: tuple[Operation, ...]

    @property
    def name(self) -> str:
        """Names of the steps."""
        return " | ".join(step.name for step in self.steps)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Parameters of all steps, named ``step.parameter``."""
        return tuple(
            dataclasses.replace(parameter, name=f"{label}.{parameter.name}")
            for label, step in zip(self.labels(), self.steps, strict=True)
            for parameter in step.parameters
        )

    @property
    def values(self) -> Values:
        """Values of all steps, named ``step.parameter``."""
        return MappingProxyType(
            {
                f"{label}.{name}": value
                for label, step in zip(self.labels(), self.steps, strict=True)
                for name, value in step.values.items()
            }
        )

    @property
    def makes_labels(self) -> bool:
        """Whether the last step's results are numbers of classes."""
        return self.steps[-1].makes_labels

    @property
    def support(self) -> Support:
        """The widest support of a step."""
        order: tuple[Support, ...] = (
            "unknown", "global", "iterative", "neighbourhood", "pointwise",
        )  # fmt: skip
        return min((step.support for step in self.steps), key=order.index)

    def __call__(
        self, array: Voxels, spacing: Spacing | None = None, *, inside: Box | None = None
    ) -> Voxels:
        """Return the result of all steps; errors are those of the step that failed."""
        for step in self.steps[:-1]:
            array = step(array, spacing)
        return self.steps[-1](array, spacing, inside=inside)

    def __or__(self, other: Operation | Pipeline) -> Pipeline:
        """Return the pipeline that runs the other after this one."""
        return Pipeline(self.steps + (other.steps if isinstance(other, Pipeline) else (other,)))

    def __repr__(self) -> str:
        return " | ".join(map(str, self.steps))

    def with_values(self, **values: object) -> Pipeline:
        """Return the pipeline with other values, by full or unambiguous short names."""
        known = tuple(parameter.name for parameter in self.parameters)
        full = {self._full_name(name, known): value for name, value in values.items()}
        check_names(full, known, self.name)
        steps = []
        for label, step in zip(self.labels(), self.steps, strict=True):
            own = {k.removeprefix(f"{label}."): v for k, v in full.items()
                   if k.startswith(f"{label}.")}  # fmt: skip
            steps.append(step.with_values(**own))
        return Pipeline(tuple(steps))

    def halo(self, spacing: Spacing) -> tuple[int, ...]:
        """Return the sum of the steps' halos."""
        halos = [step.halo(spacing) for step in self.steps]
        return tuple(sum(sides) for sides in zip(*halos, strict=True))

    def output_dtype(self, input_dtype: Dtype) -> Dtype:
        """Return the data type after the last step."""
        for step in self.steps:
            input_dtype = step.output_dtype(input_dtype)
        return input_dtype

    def check_dtype(self, input_dtype: Dtype) -> None:
        """Raise an ``UnsupportedDtypeError`` if a step does not take what reaches it."""
        for step in self.steps:
            step.check_dtype(input_dtype)
            input_dtype = step.output_dtype(input_dtype)

    def at_spacing(self, tuned: Spacing, target: Spacing) -> tuple[Pipeline, tuple[str, ...]]:
        """Return the pipeline for another scale, and what was converted, in words."""
        converted = [step.at_spacing(tuned, target) for step in self.steps]
        notes = tuple(note for _, notes in converted for note in notes)
        return Pipeline(tuple(step for step, _ in converted)), notes

    def ranges_for(self, minimum: float, maximum: float) -> Pipeline:
        """Return the pipeline with the ranges of intensities taken from the data."""
        return Pipeline(tuple(step.ranges_for(minimum, maximum) for step in self.steps))

    def recipe(self) -> dict[str, object]:
        """Return what reruns the pipeline, as JSON's types."""
        return {"pipeline": [step.recipe() for step in self.steps]}

    def to_json(self) -> str:
        """Return the recipe as text; errors are those of ``Operation.to_json``."""
        return recipe_to_json(list(self.steps), is_pipeline=True)

    def labels(self) -> tuple[str, ...]:
        """Return the names of the steps, each once: ``median`` and ``median_2``."""
        names = [step.name for step in self.steps]
        counts = [names[: i + 1].count(name) for i, name in enumerate(names)]
        return tuple(n if c == 1 else f"{n}_{c}" for n, c in zip(names, counts, strict=True))

    def _full_name(self, name: str, known: tuple[str, ...]) -> str:
        matches = [full for full in known if full.rsplit(".", 1)[-1] == name]
        if name in known or not matches:
            return name
        if len(matches) > 1:
            raise TypeError(f"{name!r} is a parameter of several steps; give {matches}")
        return matches[0]


def recipe_to_json(steps: list[Operation], *, is_pipeline: bool = False) -> str:
    """Return the recipe of steps as JSON text, if it can be rerun."""
    for step in steps:
        if step.source:
            raise OperationError(
                f"{step.name} was defined in a notebook or script and cannot be imported again; "
                "put it into a module to save it as a recipe"
            )
    recipe = Pipeline(tuple(steps)).recipe() if is_pipeline else steps[0].recipe()
    return json.dumps({"roiwidgets_recipe": RECIPE_VERSION, **recipe}, indent=1)


def _rebuild(fields: dict[str, object]) -> Operation:
    return Operation(**fields)  # type: ignore[arg-type] # the fields of another Operation

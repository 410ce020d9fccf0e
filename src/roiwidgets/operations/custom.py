"""Turn a user's function, or any ITK filter, into an operation."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import numpy as np

from roiwidgets.errors import OperationError
from roiwidgets.operations.itk_introspection import describe_itk_filter, is_itk_filter
from roiwidgets.operations.operation import (
    Dtype,
    Operation,
    Spacing,
    Support,
    Values,
    Voxels,
)
from roiwidgets.operations.parameters import Kind, Parameter, Value

UserFunction: TypeAlias = "Callable[..., object]"
Halo: TypeAlias = "int | tuple[int, ...]"


def operation(
    function: UserFunction,
    *,
    name: str | None = None,
    halo: Halo | None = None,
    output_dtype: str | None = None,
    **values: Value,
) -> Operation:
    """Return an operation that runs a function of the user's, or an ITK filter.

    Parameters
    ----------
    function
        A function of one array, or an ``itk.*_image_filter``. Its first parameter
        takes the array; keywords with a number or a boolean as default become
        parameters; a keyword ``spacing`` is given the spacing of the array's axes.
        It may return an array or an ``itk.Image``.
    name
        Shown to people; the function's name by default.
    halo
        Voxels around a voxel that its result depends on: 0 for a pointwise
        function; one number, or one per axis. Without it the operation can be
        previewed, but not promoted. For ITK filters it is asked of ITK.
    output_dtype
        Data type of the result; that of the input by default.
    **values
        Values of parameters.

    Raises
    ------
    TypeError
        If ``function`` cannot be called, or a keyword is no parameter of it.

    Examples
    --------
    >>> import numpy as np
    >>> double = operation(lambda voxels, factor=2: voxels * np.uint8(factor), halo=0)
    >>> double(np.array([[1, 2]], np.uint8))
    array([[2, 4]], dtype=uint8)
    """
    if not callable(function):
        raise TypeError(f"operation expects a function, got {type(function).__name__}")
    if is_itk_filter(function):
        return describe_itk_filter(function, halo=halo, output_dtype=output_dtype, values=values)
    parameters, takes_spacing = _parameters_of(function)
    origin, source = _origin_of(function)
    support: Support = "unknown" if halo is None else ("pointwise" if halo == 0 else "neighbourhood")
    options: dict[str, Value] = {"halo": _halo_option(halo), "output_dtype": output_dtype or ""}
    return Operation(
        name or getattr(function, "__name__", "function").replace("<lambda>", "function"),
        UserCall(function, takes_spacing),
        parameters,
        values,
        support,
        FixedHalo(halo or 0),
        FixedDtype(output_dtype),
        origin=origin,
        source=source,
        options=options,
    )


class UserCall:
    """Calls a user's function and copies what it returns while it is alive."""

    def __init__(self, function: UserFunction, takes_spacing: bool) -> None:  # noqa: FBT001 # internal
        self._function = function
        self._takes_spacing = takes_spacing

    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:
        """Return a C-contiguous copy of the function's result."""
        extra = {"spacing": spacing} if self._takes_spacing else {}
        # the name keeps an itk.Image alive while its voxels are copied
        returned = self._function(array, **values, **extra)
        return np.array(np.asarray(returned), order="C")


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


class FixedDtype:
    """The dtype rule that returns what the user stated, or the input's type."""

    def __init__(self, name: str | None) -> None:
        self._name = name

    def __call__(self, dtype: Dtype) -> Dtype:
        """Return the data type of the result."""
        return dtype.newbyteorder("=") if self._name is None else np.dtype(self._name)


def load_user_function(recipe: Mapping[str, object]) -> Operation:
    """Return the operation of a recipe whose function is imported by name.

    Raises
    ------
    OperationError
        If the function cannot be imported.
    """
    module_name, _, qualified = str(recipe["origin"]).partition(":")
    try:
        found: object = importlib.import_module(module_name)
        for part in qualified.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise OperationError(
            f"the recipe needs {recipe['origin']}, which cannot be imported: {error}; install the "
            "package that holds it"
        ) from error
    options = cast("Mapping[str, object]", recipe.get("options", {}))
    values = cast("Mapping[str, Value]", recipe.get("values", {}))
    return operation(
        cast("UserFunction", found),
        name=str(recipe["operation"]),
        halo=_parse_halo(str(options.get("halo", ""))),
        output_dtype=str(options.get("output_dtype", "")) or None,
        **values,
    )


def _parameters_of(function: UserFunction) -> tuple[tuple[Parameter, ...], bool]:
    signature = inspect.signature(function)
    takes_spacing = "spacing" in signature.parameters
    parameters = []
    for name, described in list(signature.parameters.items())[1:]:
        default = described.default
        if name != "spacing" and isinstance(default, bool | int | float):
            parameters.append(Parameter(name, kind_of(default), default))
    return tuple(parameters), takes_spacing


def kind_of(default: Value) -> Kind:
    """Return the kind of parameter that a default value suggests."""
    if isinstance(default, bool):
        return "boolean"
    return "integer" if isinstance(default, int) else "float"


def _origin_of(function: UserFunction) -> tuple[str, str]:
    """Return ``module:qualname``, and the source text where that cannot be imported."""
    module, qualified = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    importable = bool(module) and module != "__main__" and "<" not in qualified
    if importable and qualified:
        return f"{module}:{qualified}", ""
    try:
        return f"{module}:{qualified}", inspect.getsource(function)
    except (OSError, TypeError):
        return f"{module}:{qualified}", f"{function!r}"


def _halo_option(halo: Halo | None) -> str:
    if halo is None:
        return ""
    return str(halo) if isinstance(halo, int) else ",".join(map(str, halo))


def _parse_halo(text: str) -> Halo | None:
    if not text:
        return None
    numbers = tuple(int(part) for part in text.split(","))
    return numbers[0] if len(numbers) == 1 else numbers

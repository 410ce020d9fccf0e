"""Turn a user's function, or any ITK filter, into an operation."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import inspect
import sys
import textwrap
import typing
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import numpy as np

from roiwidgets.errors import OperationError
from roiwidgets.operations.itk_introspection import describe_itk_filter, is_itk_filter
from roiwidgets.operations.itk_loader import public_itk
from roiwidgets.operations.operation import (
    Dtype,
    Operation,
    Spacing,
    Values,
    Voxels,
)
from roiwidgets.operations.parameters import (
    Kind,
    Parameter,
    Unit,
    Value,
    values_of_recipe,
)
from roiwidgets.operations.scaling import widen
from roiwidgets.operations.stated import FixedHalo, Halo, Stated

UserFunction: TypeAlias = "Callable[..., object]"


def operation(
    function: UserFunction,
    *,
    name: str | None = None,
    halo: Halo | None = None,
    output_dtype: str | None = None,
    units: Mapping[str, Unit] | None = None,
    takes_itk_image: bool = False,
    **values: Value,
) -> Operation:
    """Return an operation that runs a function of the user's, or an ITK filter.

    Parameters
    ----------
    function
        A function of one array, or an ``itk.*_image_filter``. Its first parameter
        takes the array; keywords with a number, a boolean or a word as default become
        parameters (an annotation ``Literal["a", "b"]`` says which words there are); a
        keyword ``spacing`` is given the spacing of the array's axes.
        It may return an array or an ``itk.Image``.
    name
        Shown to people; the function's name by default.
    halo
        Voxels around a voxel that its result depends on: 0 for a pointwise
        function; one number, or one per axis. Without it the operation can be
        previewed, but not promoted. For ITK filters it is asked of ITK.
    output_dtype
        Data type of the result; that of the input by default.
    units
        Unit per parameter (``Parameter.unit``): ``voxel`` lengths are converted
        between scales, ``intensity`` takes its range from the data. For ITK filters
        the usual names are known.
    takes_itk_image
        Whether the function takes an ``itk.Image`` with its spacing, not an array.
    **values
        Values of parameters.

    Raises
    ------
    TypeError
        If ``function`` cannot be called, or a keyword is no parameter of it.
    ParameterError
        If a halo is negative, or a unit unknown.

    Examples
    --------
    >>> import numpy as np
    >>> double = operation(lambda voxels, factor=2: voxels * np.uint8(factor), halo=0)
    >>> double(np.array([[1, 2]], np.uint8))
    array([[2, 4]], dtype=uint8)
    """
    if not callable(function):
        raise TypeError(f"operation expects a function, got {type(function).__name__}")
    stated = Stated(halo, output_dtype, dict(units or {}), takes_itk_image)
    if is_itk_filter(function):
        return describe_itk_filter(function, stated=stated, values=values)
    parameters, takes_spacing = _parameters_of(function)
    origin, source = _origin_of(function)
    return Operation(
        name or getattr(function, "__name__", "function").replace("<lambda>", "function"),
        UserCall(function, takes_spacing=takes_spacing, takes_itk_image=takes_itk_image),
        stated.with_units(parameters),
        values,
        stated.support(unknown="unknown"),
        FixedHalo(halo or 0),
        FixedDtype(output_dtype),
        origin=origin,
        source=source,
        options={**stated.options(), **_captured(function)},
    )


class UserCall:
    """Calls a user's function and copies what it returns while it is alive."""

    def __init__(
        self, function: UserFunction, *, takes_spacing: bool, takes_itk_image: bool
    ) -> None:
        self._function = function
        self._takes_spacing = takes_spacing
        self._takes_itk_image = takes_itk_image

    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:
        """Return a C-contiguous copy of the function's result."""
        extra = {"spacing": spacing} if self._takes_spacing else {}
        given: object = array
        if self._takes_itk_image:
            itk = public_itk("Image", "PyBuffer")
            given = itk.image_view_from_array(array)
            given.SetRegions(list(reversed(array.shape)))  # type: ignore[attr-defined] # an itk.Image; a column would be read as a row
            given.SetSpacing([float(step) for step in reversed(spacing)])  # type: ignore[attr-defined] # an itk.Image
        # the name keeps an itk.Image alive while its voxels are copied
        returned = self._function(given, **values, **extra)
        return np.array(np.asarray(returned), order="C")


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
    stated = Stated.from_options(cast("Mapping[str, object]", recipe.get("options", {})))
    plain = operation(
        cast("UserFunction", found),
        name=str(recipe["operation"]),
        halo=stated.halo,
        output_dtype=stated.output_dtype,
        units=stated.units,
        takes_itk_image=stated.takes_itk_image,
    )
    values = values_of_recipe(recipe, plain.parameters)
    widened = dataclasses.replace(plain, parameters=widen(plain.parameters, values))
    return widened.with_values(**values)


def _parameters_of(function: UserFunction) -> tuple[tuple[Parameter, ...], bool]:
    try:
        signature = inspect.signature(function)
    except ValueError:  # functions written in C, such as numpy's, may have none
        return (), False
    takes_spacing = "spacing" in signature.parameters
    words = _words_of(function)
    parameters = []
    for name, described in list(signature.parameters.items())[1:]:
        default = described.default
        if name != "spacing" and isinstance(default, bool | int | float | str):
            choices = words.get(name, ()) if isinstance(default, str) else ()
            parameters.append(Parameter(name, kind_of(default), default, choices=choices))
    return tuple(parameters), takes_spacing


def _words_of(function: UserFunction) -> dict[str, tuple[str, ...]]:
    """Return the words that annotations such as ``Literal["a", "b"]`` allow, by parameter."""
    try:
        hints = typing.get_type_hints(function)
    except (AttributeError, NameError, SyntaxError, TypeError):  # annotations may be any text
        return {}
    return {
        name: tuple(word for word in typing.get_args(hint) if isinstance(word, str))
        for name, hint in hints.items()
        if typing.get_origin(hint) is typing.Literal
    }


def kind_of(default: Value) -> Kind:
    """Return the kind of parameter that a default value suggests."""
    if isinstance(default, bool):
        return "boolean"
    if isinstance(default, str):
        return "choice"
    return "integer" if isinstance(default, int) else "float"


def _origin_of(function: UserFunction) -> tuple[str, str]:
    """Return ``module:qualname``, and the source text where that cannot be imported."""
    module, qualified = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if module and qualified and module != "__main__" and _finds(module, qualified, function):
        return f"{module}:{qualified}", ""
    return f"{module}:{qualified}", _source_of(function) or f"{function!r}"


def _finds(module: str, qualified: str, function: UserFunction) -> bool:
    """Tell whether a function is what its module has under its name."""
    found: object = sys.modules.get(module)
    for part in qualified.split("."):
        found = getattr(found, part, None)
    return found is function


def _source_of(function: UserFunction) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def _captured(function: UserFunction) -> dict[str, Value]:
    """Return a digest of a function's text and of the numbers and words it uses.

    A promotion is only resumed with the same function, and its name alone does not
    say that it was not edited.
    """
    text = _source_of(function)
    try:
        used = inspect.getclosurevars(function)
    except (TypeError, ValueError):
        used = None
    if used is not None:
        outside = {**used.globals, **used.nonlocals}
        plain = {k: v for k, v in outside.items() if isinstance(v, bool | int | float | str)}
        text += repr(sorted(plain.items()))
    return {"code": hashlib.sha256(text.encode()).hexdigest()[:16]} if text else {}

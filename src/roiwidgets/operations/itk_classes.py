"""Single classes of ITK's Python wrapping, without the modules that they stand in.

SWIG writes a Python class around each class of C++, thousands to a module, and a filter's
module imports 60 others: 160 MB and 500 modules for a handful of classes. What computes
is in the extension modules below them. So the text of the one class is cut out of its
module, and run with that of its bases alone.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from functools import lru_cache
from pathlib import Path

_EXTENSIONS = re.compile(r"^from \. import (_ITK\w+)$", re.MULTILINE)


class ArrangedOtherwiseError(LookupError):
    """A module does not look as SWIG 4 writes it."""


@lru_cache(maxsize=128)
def load_class(module: str, name: str) -> type | None:
    """Return a class of ITK's wrapping, registered with SWIG.

    Parameters
    ----------
    module
        Module of the package ``itk``, for example ``itkImagePython``.
    name
        For example ``itkImageUC3``.

    Returns
    -------
    type or None
        As in the module, without docstrings; None where there is no such class. What its
        methods return has classes, too, only where they are loaded. Instead of ``New``,
        which imports the public ``itk``, call ``__New_orig__``.

    Raises
    ------
    ArrangedOtherwiseError
        If it cannot be taken out of the module.
    """
    text = _source(module)
    head = f"\nclass {name}("
    last = f"\n_{module}.{name}_swigregister({name})\n"
    start = text.find(head)
    end = text.find(last, start)
    if start < 0 and "_swigregister(" in text:
        return None
    if start < 0 or end < 0:
        raise ArrangedOtherwiseError(f"{module} registers no class {name}")
    given, _, body = text[start + len(head) : end + len(last)].partition("):\n")
    base = _load_base(module, given)
    for extension in dict.fromkeys(_EXTENSIONS.findall(text[:start])):
        importlib.import_module(f"itk.{extension}")
    return _run(module, name, f"class {name}(base):\n{body}", base)


def _source(module: str) -> str:
    found = importlib.util.find_spec(f"itk.{module}")
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        raise ArrangedOtherwiseError(f"itk has no text of a module {module}")
    return Path(found.origin).read_text(encoding="utf-8")


def _load_base(module: str, given: str) -> type:
    """Return the base class that a class statement names."""
    if given == "object":
        return object
    *package, holder, name = ["itk", module, *given.split(".")][-3:]
    if package != ["itk"] or not given.replace(".", "").isidentifier():
        raise ArrangedOtherwiseError(f"{module} has a class with the bases {given}")
    base = load_class(holder, name)
    if base is None:
        raise ArrangedOtherwiseError(f"{holder} holds no class {name}, a base in {module}")
    return base


def _run(module: str, name: str, text: str, base: type) -> type:
    raw = importlib.import_module(f"itk._{module}")
    names = {"base": base, f"_{module}": raw, "_swig_repr": object.__repr__}
    try:
        # ITK's own text, from the files that the public import would run
        exec(compile(text, f"itk.{module}", "exec", optimize=2), names)  # noqa: S102
    except (AttributeError, NameError, SyntaxError) as error:
        raise ArrangedOtherwiseError(f"{name} of {module} needs more than itself") from error
    found = names[name]
    assert isinstance(found, type)
    return found

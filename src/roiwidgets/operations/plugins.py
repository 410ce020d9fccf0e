"""Filters of other packages, found by name when a recipe asks for them.

A package offers one by an entry point of the group ``roiwidgets.operations``::

    [project.entry-points."roiwidgets.operations"]
    tubeness = "my_package.filters:tubeness"

The function returns an ``Operation`` of that name, with its parameters at their
defaults when it is called without arguments.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from roiwidgets.errors import OperationError
from roiwidgets.operations.operation import Operation

GROUP = "roiwidgets.operations"


def plugin_names() -> tuple[str, ...]:
    """Return the names of filters that other packages offer, without loading them."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def load_plugin(name: str) -> Operation:
    """Return the filter of another package, at its defaults.

    Raises
    ------
    OperationError
        If none or several packages offer it, it cannot be loaded, or it is no
        operation of that name.
    """
    entry = _find(name)
    try:
        made: object = entry.load()()
    except Exception as error:
        raise OperationError(
            f"the filter {_described(entry)} cannot be loaded, {type(error).__name__}: {error}; "
            "update or repair that package"
        ) from error
    if not isinstance(made, Operation) or made.name != name:
        raise OperationError(
            f"the filter {_described(entry)} must be a function that returns an operation of that "
            f"name, it returned {made!r:.200}; tell its authors"
        )
    return made


def _find(name: str) -> EntryPoint:
    found = list(entry_points(group=GROUP, name=name))
    if not found:
        raise OperationError(
            f"no installed package offers a filter {name!r}; install the one that does"
        )
    if len({entry.value for entry in found}) > 1:
        offers = " and ".join(_described(entry) for entry in found)
        raise OperationError(f"{name!r} is ambiguous: {offers}; uninstall one of them")
    return found[0]


def _described(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist is not None else "an unknown package"
    return f"{entry.name!r} of {package} ({entry.value})"

"""Read an operation back from its recipe."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from roiwidgets.errors import OperationError
from roiwidgets.operations.catalog import CATALOG
from roiwidgets.operations.custom import load_user_function
from roiwidgets.operations.operation import RECIPE_VERSION, Operation, Pipeline
from roiwidgets.operations.parameters import values_of_recipe
from roiwidgets.operations.plugins import load_plugin, plugin_names
from roiwidgets.operations.scaling import widen

Recipe = Mapping[str, object]

VERSION = "roiwidgets_recipe"
STEP_KEYS = ("operation", "origin", "values", "options", "rerunnable", "source")
"""What a recipe of one operation may hold, beside the version."""


def load_operation(recipe: str | Path | Recipe) -> Operation | Pipeline:
    """Return the operation that a recipe describes.

    Parameters
    ----------
    recipe
        JSON text, the path of a JSON file, the path of an image that was promoted,
        or the recipe itself.

    Raises
    ------
    OperationError
        If the text is no recipe, holds something that a recipe has not, or its function
        cannot be rerun.
    """
    found = recipe if isinstance(recipe, Mapping) else _read(recipe)
    version = found.get(VERSION, RECIPE_VERSION)
    if version != RECIPE_VERSION:
        raise OperationError(
            f"the recipe has version {version}, this roiwidgets reads version {RECIPE_VERSION}; "
            "install a newer roiwidgets"
        )
    if "pipeline" in found:
        _check_keys(found, ("pipeline", VERSION))
        steps = cast("list[Recipe]", found["pipeline"])
        return Pipeline(tuple(_load_step(step) for step in steps))
    return _load_step(found)


def _load_step(recipe: Recipe) -> Operation:
    if "operation" not in recipe:
        raise OperationError(f"a recipe names an operation, got {dict(recipe)!r:.200}")
    _check_keys(recipe, (*STEP_KEYS, VERSION))
    for key in ("values", "options"):
        if not isinstance(recipe.get(key, {}), Mapping):
            raise OperationError(
                f"{key!r} of a recipe are names with their values, got {recipe[key]!r:.200}"
            )
    if recipe.get("rerunnable") is False:
        raise OperationError(
            f"{recipe['operation']} was defined in a notebook or script, so it cannot be rerun "
            f"from its recipe; its source was:\n{recipe.get('source', '')}"
        )
    if recipe.get("origin", "catalogue") != "catalogue":
        return load_user_function(recipe)
    name = str(recipe["operation"])
    operation = _load_filter(name)
    values = values_of_recipe(recipe, operation.parameters)
    # a length that was converted to a finer scale may lie beyond the slider's range
    widened = dataclasses.replace(operation, parameters=widen(operation.parameters, values))
    return widened.with_values(**values)


def _check_keys(recipe: Recipe, known: tuple[str, ...]) -> None:
    """Refuse what would be left out, such as a misspelt key."""
    unknown = [key for key in recipe if key not in known]
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise OperationError(
            f"a recipe has no {', '.join(map(repr, unknown))}, it has {', '.join(known)}{hint}"
        )


def _load_filter(name: str) -> Operation:
    """Return a filter of the catalogue, or of another package, at its defaults."""
    if name in CATALOG:
        return CATALOG[name]()
    if name in plugin_names():
        return load_plugin(name)
    known = (*CATALOG, *plugin_names())
    close = ", ".join(difflib.get_close_matches(name, known)) or "none"
    raise OperationError(
        f"unknown operation {name!r}; known are {', '.join(known)}. Similar: {close}. If it "
        "comes with another package, install that"
    )


def _read(recipe: str | Path) -> Recipe:
    text = str(recipe)
    if isinstance(recipe, Path) or not text.lstrip().startswith("{"):
        path = Path(recipe)
        if path.is_dir():
            return _read_attributes(path)
        if not path.is_file():
            raise OperationError(
                f"{path} is neither a recipe nor an image; give JSON text or a path"
            )
        text = path.read_text(encoding="utf-8")
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise OperationError(f"the recipe is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise OperationError(f"a recipe is a JSON object, got {type(found).__name__}")
    return found


def _read_attributes(path: Path) -> Recipe:
    """Return the recipe in the root attributes of an OME-Zarr, version 3 or 2."""
    attributes: Recipe = {}
    if (path / "zarr.json").is_file():
        attributes = json.loads((path / "zarr.json").read_text()).get("attributes", {})
    elif (path / ".zattrs").is_file():
        attributes = json.loads((path / ".zattrs").read_text())
    own = attributes.get("roiwidgets")
    if not isinstance(own, dict) or "recipe" not in own:
        raise OperationError(f"{path} holds no recipe; it was not written by roiwidgets.promote")
    return cast("Recipe", own["recipe"])

"""A promotion as text: the Python script and the command line that redo it."""

from __future__ import annotations

import json
import pprint
import shlex
import warnings
from pathlib import Path

from ngff_zarr import Multiscales

from roiwidgets.engine.plan import describe_operation
from roiwidgets.errors import ImageError, RoiwidgetsError
from roiwidgets.images.geometry import Grid, grid_of, world_translation
from roiwidgets.images.readers import open_image
from roiwidgets.images.stored_group import image_location
from roiwidgets.operations.operation import Operation, Pipeline

_WIDTH = 96


def promotion_script(
    image: Multiscales,
    operation: Operation | Pipeline,
    path: str | Path,
    *,
    location: str | Path | None = None,
) -> str:
    """Return a Python script that promotes an operation, and says how a command line does.

    Parameters
    ----------
    image
        The image that is promoted.
    operation
        What is run on its finest scale.
    path
        Where the result is written.
    location
        Path or URL of the image; by default where it was opened.

    Returns
    -------
    str
        Text of the script; the command stands in its comments.

    Raises
    ------
    ImageError
        If the image has no location, or another image stands there.
    OperationError
        If the operation's function cannot be imported, so that no script could run it.
    """
    where = image_location(image) if location is None else str(location)
    if where is None:
        raise ImageError(
            "the image is an array of this session, which no script can open; write it with "
            "rw.build_pyramid, or name the file it came from with image='PATH'"
        )
    recipe = json.loads(operation.to_json())
    keywords = _reopening(image, where)
    given = "".join(f", {name}={value!r}" for name, value in keywords.items())
    shown = pprint.pformat(recipe, width=_WIDTH, sort_dicts=False)
    return (
        f"# {describe_operation(operation)} on {where}\n"
        f"{_command_comment(recipe, where, path, is_stored=not keywords)}"
        "import roiwidgets as rw\n\n"
        f"image = rw.open_image({where!r}{given})\n"
        f"operation = rw.load_operation(\n{_indented(shown)}\n)\n"
        f"result = rw.promote(image, operation, {str(path)!r})\n"
    )


def _command_comment(
    recipe: dict[str, object], where: str, path: str | Path, *, is_stored: bool
) -> str:
    """Return how a command line does the same, as comments."""
    if not is_stored:
        return (
            "# no command line does the same: it opens an image as it is stored, this one was\n"
            "# opened with axes, spacing or an origin of its own\n"
        )
    words = ["roiwidgets", "promote", json.dumps(recipe), where, str(path)]
    return f"# the same on the command line:\n#   {shlex.join(words)}\n"


def _reopening(image: Multiscales, where: str) -> dict[str, object]:
    """Return the keywords with which ``open_image`` finds the same image at a location."""
    wanted = image.images[0]
    grid = grid_of(wanted)
    for keywords in _ways_to_open(grid):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the user has seen them
            try:
                found = open_image(where, **keywords).images[0]  # type: ignore[arg-type] # of open_image
            except (RoiwidgetsError, OSError):
                continue
        if grid_of(found) == grid and found.data.dtype == wanted.data.dtype:
            return keywords
    raise ImageError(
        f"what stands at {where} is not the image that is shown: shape {grid.shape} and type "
        f"{wanted.data.dtype}; name its path with image='PATH'"
    )


def _ways_to_open(grid: Grid) -> list[dict[str, object]]:
    """Return keywords of ``open_image``, those that say least first."""
    position = world_translation(grid)
    placed: dict[str, object] = {
        "spacing": dict(zip(grid.axes, grid.spacing, strict=True)),
        "origin": {axis: position[axis] for axis in grid.axes},
    }
    if grid.direction is not None:
        placed["direction"] = [list(row) for row in grid.direction]
    axes: dict[str, object] = {"axes": "".join(grid.axes)}
    return [{}, axes, placed, {**axes, **placed}]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())

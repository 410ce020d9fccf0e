"""``roiwidgets promote``: a tuned operation on a whole image."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from roiwidgets.cli import _writing
from roiwidgets.errors import OperationError, RoiwidgetsError

if TYPE_CHECKING:
    from roiwidgets.cli._commands import Commands
    from roiwidgets.operations.operation import Operation, Pipeline


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "promote", help="run a tuned operation on a whole image and write a multiscale OME-Zarr"
    )
    parser.add_argument(
        "recipe",
        metavar="RECIPE",
        help="JSON file of an operation (tuner.to_json()), JSON text, or an image that was "
        "promoted: its recipe is run again",
    )
    parser.add_argument("image", metavar="IN", help="path or URL of the image")
    parser.add_argument("output", metavar="OUT", help="path or URL of the OME-Zarr to write")
    parser.add_argument(
        "--tuned-on",
        type=int,
        metavar="N",
        help="scale that the operation was tuned on: its lengths in voxels are converted",
    )
    _writing.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the operation of the recipe; return the exit code."""
    operation = _load(options.recipe)
    return _writing.write(options, operation, tuned_on=options.tuned_on)


def _load(recipe: str) -> Operation | Pipeline:
    from roiwidgets.operations import load_operation

    try:
        return load_operation(recipe)
    except RoiwidgetsError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # JSON, but not as Operation.to_json writes it
        raise OperationError(f"{recipe:.200} is no recipe that can be run: {error}") from error

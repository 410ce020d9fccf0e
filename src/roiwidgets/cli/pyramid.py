"""``roiwidgets pyramid``: an image as a multiscale OME-Zarr, its voxels unchanged."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from roiwidgets.cli import _writing

if TYPE_CHECKING:
    from roiwidgets.cli._commands import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "pyramid", help="write an image as a multiscale OME-Zarr without changing its voxels"
    )
    parser.add_argument("image", metavar="IN", help="path or URL of the image")
    parser.add_argument("output", metavar="OUT", help="path or URL of the OME-Zarr to write")
    _writing.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the pyramid; return the exit code."""
    from roiwidgets.operations import identity

    return _writing.write(options, identity())

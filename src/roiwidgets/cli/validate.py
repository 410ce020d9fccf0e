"""``roiwidgets validate``: whether an output is complete and a valid OME-Zarr, in plain words."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from roiwidgets.cli import _storage

if TYPE_CHECKING:
    from roiwidgets.cli._commands import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "validate", help="tell whether an image is complete and a valid OME-Zarr"
    )
    parser.add_argument("output", metavar="OUT", help="path or URL of the image")
    parser.add_argument(
        "--every-chunk",
        action="store_true",
        help="decode all voxels instead of a few chunks of each scale",
    )
    _storage.add_option(parser, "--storage-options", "OUT")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what was found; return 0 if the image is valid, else 1."""
    from roiwidgets.engine.validation import validate_image

    found = validate_image(
        options.output, every_chunk=options.every_chunk, storage_options=options.storage_options
    )
    for finding in found.findings:
        print(f"{finding.verdict:>7}  {finding.text}")
    if found.is_valid:
        print(f"{options.output} is a complete and valid OME-Zarr")
        return 0
    count = len(found.problems)
    print(
        f"roiwidgets: {options.output} is not a complete and valid OME-Zarr: "
        f"{count} problem{'s' if count > 1 else ''}",
        file=sys.stderr,
    )
    return 1

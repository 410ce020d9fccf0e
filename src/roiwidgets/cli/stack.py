"""``roiwidgets stack``: a movie as an OME-Zarr that plays, gives traces and is summed up."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from roiwidgets.cli import _writing
from roiwidgets.cli._progress import PlainProgress
from roiwidgets.errors import PromotionCancelled

if TYPE_CHECKING:
    from roiwidgets.cli._commands import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "stack", help="write a movie for playing and traces, with its summaries"
    )
    parser.add_argument("movie", metavar="IN", help="path or URL of an image with axes t, y, x")
    parser.add_argument("output", metavar="OUT", help="path of the OME-Zarr to write")
    parser.add_argument(
        "--plane", type=int, metavar="N", help="index along z; the middle by default"
    )
    _writing.add_output_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the stack; return the exit code."""
    from roiwidgets.stacks.layout import to_stack

    started = time.monotonic()
    has_bar = sys.stderr.isatty()
    try:
        to_stack(
            options.movie,
            options.output,
            plane=options.plane,
            resume=options.resume,
            overwrite=options.overwrite,
            progress=has_bar,
            on_progress=None if has_bar else PlainProgress(sys.stderr),
        )
    except PromotionCancelled as stopped:
        raise PromotionCancelled(_writing.how_to_resume(options.output)) from stopped
    print(f"written in {time.monotonic() - started:.1f} s: {options.output}")
    return 0

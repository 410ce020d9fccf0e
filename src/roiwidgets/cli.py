"""The command line: ``roiwidgets demo`` and ``roiwidgets info``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from roiwidgets import demo
from roiwidgets.errors import RoiwidgetsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (RoiwidgetsError, OSError) as error:
        print(f"roiwidgets: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roiwidgets", description="Look at images of any size, choose, tune, promote."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser(
        "demo", help="open the microCT example in JupyterLab, on a phantom or on your image"
    )
    show.add_argument("--data", metavar="PATH", help="image to use instead of the phantom")
    show.add_argument(
        "--output", default="roiwidgets-demo", metavar="DIR", help="folder for everything written"
    )
    show.add_argument(
        "--headless",
        action="store_true",
        help="execute the notebook here and leave an HTML report, PNGs and the promoted store",
    )
    show.add_argument(
        "--prepare-only", action="store_true", help="write the phantom and the notebook, no more"
    )
    show.set_defaults(run=_demo)
    info = commands.add_parser("info", help="print shape, spacing and type of an image")
    info.add_argument("image", help="path or URL")
    info.set_defaults(run=_info)
    return parser


def _demo(options: argparse.Namespace) -> int:
    folder = Path(options.output).absolute()
    prepared = demo.prepare(folder, data=options.data)
    if options.prepare_only:
        print(f"prepared {prepared.notebook}")
        return 0
    if options.headless:
        report = demo.run_headless(prepared)
        print(f"report: {report.html}")
        for path in (*report.pictures, *report.stores):
            print(f"        {path}")
        return 0
    environment = {**os.environ, demo.DATA_VARIABLE: str(prepared.data)}
    command = [sys.executable, "-m", "jupyterlab", str(prepared.notebook)]
    print(f"opening {prepared.notebook} in JupyterLab; stop it with Ctrl+C")
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 # our own command


def _info(options: argparse.Namespace) -> int:
    from roiwidgets.images.geometry import grid_of
    from roiwidgets.images.readers import open_image

    image = open_image(options.image)
    for scale, level in enumerate(image.images):
        grid = grid_of(level)
        sides = ", ".join(
            f"{axis} {size} x {spacing:g}"
            for axis, size, spacing in zip(grid.axes, grid.shape, grid.spacing, strict=True)
        )
        print(f"scale {scale}: {sides}; {level.data.dtype}, {level.data.nbytes / 2**20:.1f} MiB")
    return 0

"""``roiwidgets demo``: the example notebooks on a phantom or on the user's image."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from roiwidgets import demo

if TYPE_CHECKING:
    from roiwidgets.cli._commands import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo", help="open the microCT example in JupyterLab, on a phantom or on your image"
    )
    parser.add_argument("--data", metavar="PATH", help="image to use instead of the phantom")
    parser.add_argument(
        "--output", default="roiwidgets-demo", metavar="DIR", help="folder for everything written"
    )
    parser.add_argument(
        "--headless",
        action="store_true",
        help="execute the notebook here and leave an HTML report, PNGs and the promoted store",
    )
    parser.add_argument(
        "--prepare-only", action="store_true", help="write the phantom and the notebook, no more"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prepare the notebooks and open or execute them; return the exit code."""
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

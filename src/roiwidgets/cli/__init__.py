"""The command line: ``roiwidgets COMMAND``, one module per command.

A command's module has two functions: ``add_to(commands)`` says what it takes, and
the ``run`` it registers returns the exit code.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from types import MappingProxyType
from typing import TextIO

from roiwidgets.cli import demo, info, promote, pyramid, stack, validate
from roiwidgets.errors import PromotionCancelled, RoiwidgetsError

DONE, FAILED, STOPPED = 0, 1, 130
"""Exit codes; argparse exits with 2 on wrong usage, shells use 130 for Ctrl+C."""


_OWN_WORDS = MappingProxyType(
    {
        "overwrite=True": "--overwrite",
        "resume=False": "--no-resume",
        "the same call": "the same command",
    }
)
"""What messages advise to those who call functions, and what a command line has for it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments
        Words after ``roiwidgets``; those of this process by default.

    Returns
    -------
    int
        0 done, 1 failed, 130 stopped with Ctrl+C. Wrong usage raises ``SystemExit(2)``.
    """
    options = _parser().parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return int(options.run(options))
        except (KeyboardInterrupt, PromotionCancelled) as stopped:
            _complain(str(stopped) or "stopped")
            return STOPPED
        except Exception as error:  # a user of a command line is no reader of tracebacks
            if options.traceback:
                raise
            _complain(_explained(error))
            return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="roiwidgets", description="Look at images of any size, choose, tune, promote."
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="print the version")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (demo, info, pyramid, promote, stack, validate):
        command.add_to(commands)
    for command_parser in commands.choices.values():
        command_parser.add_argument(
            "--traceback", action="store_true", help="on a failure, show where in the code it is"
        )
    return parser


class _ShowVersion(argparse.Action):
    """Prints the version of the package, which is looked up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(version("roiwidgets"))
        parser.exit()


def _explained(error: Exception) -> str:
    """Return what an error says; its class tells something only where it is not ours."""
    if not isinstance(error, RoiwidgetsError | OSError):
        return f"{type(error).__name__}: {error} (--traceback shows where)"
    text = str(error)
    for called, typed in _OWN_WORDS.items():
        text = text.replace(called, typed)
    return text


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int,
    file: TextIO | None = None, line: str | None = None,
) -> None:  # fmt: skip
    """Print a warning without the line of our code that gave it."""
    del category, filename, lineno, file, line  # given by the warnings module
    _complain(f"warning: {message}")


def _complain(text: str) -> None:
    print(f"roiwidgets: {' '.join(text.split())}", file=sys.stderr)

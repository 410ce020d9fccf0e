"""Options for the file systems of URLs, as words on the command line."""

from __future__ import annotations

import argparse
import json


def add_option(parser: argparse.ArgumentParser, name: str, where: str) -> None:
    """Add an option that holds what fsspec is told about a URL.

    Parameters
    ----------
    parser
        Of the command.
    name
        Of the option, as ``--storage-options``.
    where
        Which URL it is for, as the command's help names it.
    """
    parser.add_argument(
        name,
        type=_options,
        metavar="JSON",
        help=f"options for fsspec where {where} is a URL, such as '{{\"anon\": true}}'",
    )


def _options(text: str) -> dict[str, object]:
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise argparse.ArgumentTypeError(
            "expected a JSON object such as '{\"anon\": true}'; keys and passwords are better kept "
            "in fsspec's configuration files than on a command line"
        )
    return options

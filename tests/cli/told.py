"""What a command says."""

from __future__ import annotations

import pytest

from roiwidgets.cli import main


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command in this process; return its exit code, and what it printed anywhere."""
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out + captured.err

"""Run a marimo notebook as an app, as ``marimo run`` does."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.browser.hosts.server_process import free_port, running_server


@contextmanager
def running_marimo(root: Path, cells: Sequence[str]) -> Iterator[str]:
    """Yield the URL of an app that is made of cells; each visit runs them in a new kernel."""
    app = root / "app.py"
    app.write_text(_source(cells))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "marimo", "run", str(app), "--headless", "--no-token",
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    # neither the settings of whoever runs the tests, nor traces among them
    homes = {f"XDG_{kind}_HOME": str(root / kind) for kind in ("CONFIG", "STATE", "CACHE")}
    with running_server(
        command, answers_at=f"{url}/health", log=root / "marimo.log", environment=homes
    ):
        yield url


def _source(cells: Sequence[str]) -> str:
    """Return a marimo notebook; marimo finds out itself which names a cell needs."""
    functions = [f"@app.cell\ndef _():\n{textwrap.indent(cell.strip(), '    ')}" for cell in cells]
    return "\n\n\n".join(["import marimo\n\napp = marimo.App()", *functions]) + "\n"

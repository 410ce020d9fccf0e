"""Run a JupyterLab server: for the browser tests, and for the pictures of the documents."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.lab import LabServer

LAB_START_TIMEOUT_S = 60


@contextmanager
def running_lab(root: Path) -> Iterator[LabServer]:
    """Yield a running JupyterLab that serves ``root/notebooks``.

    Its application is reachable as ``window.jupyterapp``; it asks nobody about news.
    """
    settings = root / "settings"
    plugin = settings / "@jupyterlab" / "apputils-extension"
    plugin.mkdir(parents=True)
    news = {"fetchNews": "false", "checkForUpdates": False}
    (plugin / "notification.jupyterlab-settings").write_text(json.dumps(news))
    folder = root / "notebooks"
    folder.mkdir(exist_ok=True)
    server = LabServer(f"http://127.0.0.1:{_free_port()}", secrets.token_hex(16), folder)
    with (root / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            _lab_command(server), stdout=log, stderr=log, env=_lab_environment(settings)
        )
        try:
            _wait_until_ready(server, process, root / "lab.log")
            yield server
        finally:
            process.terminate()
            process.wait(30)


def _lab_command(server: LabServer) -> list[str]:
    port = server.url.rsplit(":", 1)[1]
    return [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={server.token}", f"--ServerApp.root_dir={server.folder}",
        "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip


def _lab_environment(settings: Path) -> dict[str, str]:
    # a kernel that inherits pytest's warning filters would fail on other packages' warnings
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    return {**kept, "JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTER_PLATFORM_DIRS": "1"}


def _wait_until_ready(server: LabServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + LAB_START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{server.url}/api?token={server.token}", timeout=1).close()
        except (urllib.error.URLError, OSError):
            continue
        return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

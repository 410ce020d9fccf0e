"""Run a Jupyter server: for the browser tests, and for the pictures of the documents."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.browser.hosts.server_process import free_port, running_server
from tests.browser.lab import JupyterServer


@dataclass(frozen=True, slots=True)
class Application:
    """A front end of Jupyter: its module, its options' name, and where it shows notebooks."""

    module: str
    options: str
    notebooks: str


JUPYTERLAB = Application("jupyterlab", "LabApp", "lab/tree")
NOTEBOOK = Application("notebook", "JupyterNotebookApp", "notebooks")


def running_lab(root: Path) -> AbstractContextManager[JupyterServer]:
    """Yield a running JupyterLab that serves ``root/notebooks``."""
    return _running(JUPYTERLAB, root)


def running_notebook(root: Path) -> AbstractContextManager[JupyterServer]:
    """Yield a running Notebook 7 that serves ``root/notebooks``."""
    return _running(NOTEBOOK, root)


@contextmanager
def _running(application: Application, root: Path) -> Iterator[JupyterServer]:
    """Yield a server whose application is ``window.jupyterapp``; it asks nobody about news."""
    settings = root / "settings"
    plugin = settings / "@jupyterlab" / "apputils-extension"
    plugin.mkdir(parents=True)
    news = {"fetchNews": "false", "checkForUpdates": False}
    (plugin / "notification.jupyterlab-settings").write_text(json.dumps(news))
    folder = root / "notebooks"
    folder.mkdir(exist_ok=True)
    url, token = f"http://127.0.0.1:{free_port()}", secrets.token_hex(16)
    server = JupyterServer(url, token, folder, application.notebooks)
    with running_server(
        _command(application, server),
        answers_at=f"{url}/api?token={token}",
        log=root / "server.log",
        environment={
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
            "JUPYTER_PLATFORM_DIRS": "1",
        },
    ):
        yield server


def _command(application: Application, server: JupyterServer) -> list[str]:
    port = server.url.rsplit(":", 1)[1]
    return [
        sys.executable, "-m", application.module, "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={server.token}", f"--ServerApp.root_dir={server.folder}",
        f"--{application.options}.expose_app_in_browser=True",
    ]  # fmt: skip

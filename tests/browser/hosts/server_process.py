"""A web server as a process of its own, for as long as a test needs it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
PROBE_INTERVAL_S = 0.05


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(
    command: Sequence[str], *, answers_at: str, log: Path, environment: Mapping[str, str]
) -> Iterator[None]:
    """Run a server from the moment when it answers, and stop it at the end.

    Parameters
    ----------
    command
        Program and arguments.
    answers_at
        URL that is served once the server is ready.
    log
        Takes what the server writes.
    environment
        Variables that the server has beside those of this process.
    """
    # a kernel that inherits pytest's warning filters would fail on other packages' warnings
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**kept, **environment},
        )
        try:
            _wait_until_it_answers(process, answers_at, log)
            yield
        finally:
            _stop(process)


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and not _has_ended(process):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except (urllib.error.URLError, OSError):
            continue
        return
    raise RuntimeError(f"no server answers at {url}:\n{log.read_text()[-3000:]}")


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(PROBE_INTERVAL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise

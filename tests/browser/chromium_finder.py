"""Find or install a Chromium that Playwright can drive without root."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--enable-unsafe-swiftshader",
]
"""WebGL 2 in software, and no connection that the page did not ask for.

The page itself is put together as Chromium does by itself on a machine without a graphics
card. With ``--use-angle=swiftshader`` an emulated card would do it, at 17 ms of CPU for each
frame of a canvas of 600 x 500 pixels instead of 1: no browser of a user does that.
"""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = Path(__file__).parent / "chromium"


def find_chromium() -> str:
    """Return the path of a Chromium: the environment's, the system's, or npm's."""
    chosen = os.environ.get("ROIWIDGETS_CHROMIUM")
    if chosen:
        return chosen
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    return _from_npm()


def _from_npm() -> str:
    """Unpack the Chromium of ``@sparticuz/chromium``, which brings its own libraries."""
    install_packages(PACKAGE, "@sparticuz")
    _, environment = npm_command()
    node = shutil.which("node", path=environment["PATH"])
    assert node is not None
    unpack = [node, "unpack.mjs"]
    with npm_lock(PACKAGE):
        paths = subprocess.check_output(unpack, cwd=PACKAGE, env=environment, text=True)
    executable, libraries = paths.strip().splitlines()
    known = os.environ.get("LD_LIBRARY_PATH", "")
    os.environ["LD_LIBRARY_PATH"] = f"{libraries}:{known}" if known else libraries
    return executable


def install_packages(folder: Path, package: str) -> None:
    """Install what a folder's ``package-lock.json`` names, unless ``package`` is there."""
    npm, environment = npm_command()
    with npm_lock(folder):
        if not (folder / "node_modules" / package).is_dir():
            install = [*npm, "ci", "--no-audit", "--no-fund"]
            subprocess.run(install, cwd=folder, env=environment, check=True)


def npm_lock(folder: Path) -> FileLock:
    """Return what one process holds while it uses or installs the packages of a folder."""
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return FileLock(Path(tempfile.gettempdir()) / f"roiwidgets-npm-{digest}.lock")


def npm_command() -> tuple[list[str], dict[str, str]]:
    """Return the command that runs npm and its environment: the system's, or PyPI's node."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    try:
        from hatch_build import find_npm
    finally:
        sys.path.pop(0)
    return find_npm()

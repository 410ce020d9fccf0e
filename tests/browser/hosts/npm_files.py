"""Files of npm packages, verified against the checksums written here.

Only single, self-contained files are needed: to install the packages would also
install what they were built from.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.browser.chromium_finder import npm_command

FOLDER = Path(__file__).parent / "node_modules"


@dataclass(frozen=True, slots=True)
class NpmFile:
    """One file of a published package."""

    package: str
    sha512: str
    path: str

    def read(self) -> bytes:
        """Return the file, downloaded on first use."""
        kept = FOLDER / self.sha512[:8].replace("/", "_") / Path(self.path).name
        if not kept.exists():
            content = self._download()
            kept.parent.mkdir(parents=True, exist_ok=True)
            # another process of pytest-xdist may be about to read it
            begun = kept.with_suffix(f".{os.getpid()}")
            begun.write_bytes(content)
            begun.replace(kept)
        return kept.read_bytes()

    def _download(self) -> bytes:
        npm, environment = npm_command()
        with tempfile.TemporaryDirectory() as folder:
            pack = [*npm, "pack", self.package, "--pack-destination", folder]
            subprocess.run(pack, env=environment, check=True, capture_output=True)
            (archive,) = Path(folder).glob("*.tgz")
            digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            assert digest == self.sha512, f"{self.package} is not what was published: {digest}"
            with tarfile.open(archive) as tar:
                member = tar.extractfile(f"package/{self.path}")
                assert member is not None
                return member.read()


WIDGET_MANAGER = NpmFile(
    "@vscode/jupyter-ipywidgets8@1.0.9",
    "bocCThfa4JDIDd7qCFAfW3HpzHfTLYxOTpTbiDfw4DXOUjKHnr6ObkMBiIkuzYPRybh5bY4FhYLemuDuTvIbpQ==",
    "dist/ipywidgets.js",
)
"""VS Code's own widget manager."""

REQUIRE_JS = NpmFile(
    "requirejs@2.3.8",
    "7/cTSLOdYkNBNJcDMWf+luFvMriVm7eYxp4BcFCsAX0wF421Vyce5SXP17c+Jd5otXKGNehIonFlyQXSowL6Mw==",
    "require.js",
)

HTML_MANAGER = NpmFile(
    "@jupyter-widgets/html-manager@1.0.15",
    "5thBIV6ymNgmPVOHvzx+gGy8ZSKmSazhtGw4/c4xJDVzRhG9PTeQsRjF3FUTopvFi//SABeNz1yp47bCrJ3CQA==",
    "dist/embed-amd.js",
)
"""What shows widgets in a page that was saved as HTML."""

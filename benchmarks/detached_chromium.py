"""A Chromium that nobody watches while something is measured.

Playwright listens to all that a page receives: each frame of a movie is then turned into
text and sent to it, which takes a third of the machine. So it lets go of the browser while
the page measures, and takes hold of it again to fetch what was found.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

from tests.browser.chromium_finder import FLAGS, find_chromium

START_S = 30


class DetachedChromium:
    """A browser of its own process, of which somebody takes hold now and then."""

    def __init__(self, driver: Playwright, address: str) -> None:
        self._driver = driver
        self._address = address
        self._browser: Browser | None = None

    def new_page(self) -> Page:
        """Take hold of the browser and open a page."""
        return self._attached().contexts[0].new_page()

    def detach(self) -> None:
        """Let go of the browser; its pages go on."""
        self._attached().close()
        self._browser = None

    def page(self, url_part: str) -> Page:
        """Take hold of the browser and return the page with such a URL."""
        pages = self._attached().contexts[0].pages
        return next(page for page in pages if url_part in page.url)

    def _attached(self) -> Browser:
        self._browser = self._browser or self._driver.chromium.connect_over_cdp(self._address)
        return self._browser


@contextmanager
def detached_chromium(driver: Playwright) -> Iterator[DetachedChromium]:
    """Yield a browser without a window, of 1280 x 720 pixels."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [
            find_chromium(), "--headless", "--remote-debugging-port=0",
            f"--user-data-dir={profile}", "--window-size=1280,720", *FLAGS, "about:blank",
        ]  # fmt: skip
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
            try:
                yield DetachedChromium(driver, _address(Path(profile)))
            finally:
                process.kill()


def _address(profile: Path) -> str:
    """Return where a starting browser listens, which it writes into its profile."""
    file = profile / "DevToolsActivePort"
    end = time.monotonic() + START_S
    while not (file.exists() and file.read_text().strip()):
        if time.monotonic() > end:
            raise TimeoutError(f"Chromium did not start within {START_S} s")
        time.sleep(0.05)
    return f"http://127.0.0.1:{file.read_text().split()[0]}"

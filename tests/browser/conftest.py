"""One Chromium and one JupyterLab server for all browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser.chromium_finder import FLAGS, find_chromium
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.lab import JupyterServer
from tests.browser.lab_server import running_lab
from tests.browser.page.harness import ViewerPage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
    yield chromium
    chromium.close()


@pytest.fixture
def viewer(browser: Browser) -> Iterator[ViewerPage]:
    """A bare page for one viewer; it must not complain nor ask for anything from elsewhere."""
    context = browser.new_context(viewport={"width": 900, "height": 760})
    page = ViewerPage(context)
    yield page
    context.close()
    assert page.problems == []
    assert page.elsewhere == []


@pytest.fixture(scope="module")
def webview_of_module(browser: Browser) -> Iterator[WebviewPage]:
    context = browser.new_context(viewport={"width": 900, "height": 800})
    with pytest.MonkeyPatch.context() as patch:
        yield WebviewPage(context, patch)
    context.close()


@pytest.fixture
def webview(webview_of_module: WebviewPage) -> Iterator[WebviewPage]:
    """A page for viewers of this process, one after another; it must not complain either."""
    page = webview_of_module
    yield page
    page.clear()
    assert page.take_problems() == []
    assert page.elsewhere == []


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """A running JupyterLab whose application is reachable as ``window.jupyterapp``."""
    with running_lab(tmp_path_factory.mktemp("lab")) as server:
        yield server

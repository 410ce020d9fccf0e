"""A page with VS Code's widget manager, joined to the widgets of this process by their comms."""

from __future__ import annotations

import base64
import queue
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import comm
import ipywidgets
from comm.base_comm import BaseComm
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route

from tests.browser.complaints import complaint
from tests.browser.hosts.npm_files import REQUIRE_JS, WIDGET_MANAGER

ORIGIN = "https://webview.test"  # a secure page, as VS Code's are
FOLDER = Path(__file__).parent
TIMEOUT_S = 30
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' blob: data:; "
    "style-src 'self' 'unsafe-inline' blob: data:; img-src 'self' blob: data:; "
    "font-src 'self' data:; connect-src 'none'"
)
"""As in VS Code's webview: what is not part of the page comes as a blob, data or inline."""


class BridgedComm(BaseComm):
    """Keeps what the kernel publishes until the page takes it; any thread may publish."""

    published: queue.Queue[dict[str, Any]]

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Iterable[Any] | None = None,
        **content: Any,
    ) -> None:
        """Keep a message for the page."""
        texts = [base64.b64encode(bytes(buffer)).decode() for buffer in buffers or []]
        self.published.put(
            {
                "msg_type": msg_type,
                "content": {"data": data or {}, "comm_id": self.comm_id, **content},
                "metadata": metadata or {},
                "buffers": texts,
            }
        )


class WebviewPage:
    """The page; used from the thread that made it, which also carries the messages."""

    def __init__(self, context: BrowserContext, monkeypatch: Any) -> None:
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.elsewhere: list[str] = []
        self.shown: list[ipywidgets.DOMWidget] = []
        self.published: queue.Queue[dict[str, Any]] = queue.Queue()
        self.received: list[dict[str, Any]] = []
        """What the page has sent, in order."""
        kept = type("KeptComm", (BridgedComm,), {"published": self.published})
        monkeypatch.setattr(comm, "create_comm", lambda *a, **k: kept(*a, **k))
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        self.page.expose_function("toPython", self._receive)
        self.page.route("**/*", self._serve)
        self.page.goto(f"{ORIGIN}/index.html")
        self.page.wait_for_selector("body[data-ready]", state="attached")

    def show(self, widget: ipywidgets.DOMWidget) -> None:
        """Display a widget as a cell's output is displayed, and wait until it has settled."""
        self.deliver()
        self.shown.append(widget)
        self.page.evaluate("id => show(id)", widget.model_id)
        self.wait_until(lambda: bool(self.ask("isSettled")))

    def clear(self) -> None:
        """Close what is displayed, as somebody does who goes on to another image."""
        for widget in self.shown:
            widget.close()
        self.shown.clear()
        self.deliver()
        self.page.wait_for_selector(".roiwidgets-viewer", state="detached")

    def take_problems(self) -> list[str]:
        """Return what the page has complained of since it was asked last."""
        problems, self.problems = self.problems, []
        return problems

    def wait_drawn(self) -> None:
        """Wait until what is known now has been drawn."""
        two = "r => requestAnimationFrame(() => requestAnimationFrame(r))"
        self.page.evaluate(f"() => new Promise({two})")

    def ask(self, method: str, *arguments: object) -> Any:
        """Return what the viewer on the page answers, None while there is none."""
        script = """([method, given]) =>
          document.querySelector('.roiwidgets-viewer')?.roiwidgetsTest?.[method](...given)"""
        return self.page.evaluate(script, [method, list(arguments)])

    def deliver(self) -> None:
        """Carry what the kernel has published to the page."""
        while not self.published.empty():
            self.page.evaluate("message => fromPython(message)", self.published.get())

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Carry messages to and fro until a condition holds."""
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < end, f"never became true; problems: {self.problems}"
            self.deliver()
            frame = "() => new Promise(resolve => requestAnimationFrame(resolve))"
            self.page.evaluate(frame)

    def _receive(self, message: dict[str, Any]) -> None:
        self.received.append(message["data"])
        target = comm.get_comm_manager().get_comm(message["comm_id"])
        if target is None:  # closed while the message was on its way
            return
        buffers = [memoryview(base64.b64decode(text)) for text in message["buffers"]]
        target.handle_msg({"content": {"data": message["data"]}, "buffers": buffers})

    def _note_console(self, message: ConsoleMessage) -> None:
        if (text := complaint(message)) is not None:
            self.problems.append(text)

    def _serve(self, route: Route) -> None:
        url = urlparse(route.request.url)
        if f"{url.scheme}://{url.netloc}" != ORIGIN:
            self.elsewhere.append(route.request.url)
            route.abort()
            return
        kind = "text/html" if url.path.endswith(".html") else "text/javascript"
        headers = {"content-security-policy": POLICY, "content-type": kind}
        route.fulfill(body=host_file(url.path.lstrip("/")), headers=headers)


def host_file(name: str) -> bytes:
    """Return a script that such a host has on its own disk."""
    if name == "ipywidgets.js":
        return WIDGET_MANAGER.read()
    if name == "require.js":
        return REQUIRE_JS.read()
    if name.startswith("nbextensions/"):
        return _nbextension(name.removeprefix("nbextensions/")).read_bytes()
    return (FOLDER / name).read_bytes()


def _nbextension(name: str) -> Path:
    """Return a script of a widget package, where VS Code looks for it: beside the interpreter."""
    return Path(sys.prefix) / "share" / "jupyter" / "nbextensions" / name

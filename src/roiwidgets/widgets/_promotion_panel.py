"""The Promote button: output path, progress, cancel, and the result."""

from __future__ import annotations

import html
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import ipywidgets
from ngff_zarr import Multiscales

from roiwidgets.engine.costs import duration
from roiwidgets.errors import PromotionCancelled, RoiwidgetsError

log = logging.getLogger(__name__)

REPORT_EVERY_S = 0.1
_OPEN, _BACK = "Open result", "Back to source"


class Promote(Protocol):
    """Writes the tuned operation's result; called on a background thread."""

    def __call__(
        self,
        path: str,
        *,
        overwrite: bool,
        cancel: threading.Event,
        on_progress: Callable[[int, int], None],
    ) -> Multiscales:
        """Write to ``path`` and return what was written."""


class PromotionPanel(ipywidgets.VBox):
    """Write the whole volume in the background and say how far it is.

    Parameters
    ----------
    promote
        Does the work, on a thread of its own.
    show
        Shows ``result`` in the viewer, or the source again.
    run_in_kernel
        Runs a function in the kernel's main thread.
    path
        Output path offered at first.
    """

    def __init__(
        self,
        promote: Promote,
        *,
        show: Callable[[], None],
        run_in_kernel: Callable[[Callable[[], None]], None],
        path: str,
    ) -> None:
        self._promote = promote
        self._run_in_kernel = run_in_kernel
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None
        self._reported_at = 0.0
        self._started_at = 0.0
        self._first_report: tuple[float, int] | None = None
        self.result: Multiscales | None = None
        self.path = ipywidgets.Text(
            value=path,
            description="Write to",
            style={"description_width": "170px"},
            layout=ipywidgets.Layout(width="min(100%, 520px)"),
        )
        self.overwrite = ipywidgets.Checkbox(
            value=False,
            description="Replace an existing image",
            indent=False,
            layout=ipywidgets.Layout(width="auto"),
        )
        self.button = ipywidgets.Button(
            description="Promote",
            button_style="primary",
            icon="layer-group",
            tooltip="Run the tuned operation on the whole volume and write it",
        )
        self.cancel_button = ipywidgets.Button(description="Cancel", icon="stop", disabled=True)
        self.show_button = ipywidgets.Button(
            description=_OPEN,
            icon="eye",
            disabled=True,
            tooltip="Show what was written in the viewer",
        )
        self.progress = ipywidgets.IntProgress(
            value=0,
            min=0,
            max=1,
            layout=ipywidgets.Layout(width="min(100%, 520px)", display="none"),
        )
        self.cost = ipywidgets.HTML()
        self.message = ipywidgets.HTML()
        self.button.on_click(self._start)
        self.cancel_button.on_click(lambda _: self._cancel.set())
        self.show_button.on_click(lambda _: show())
        super().__init__(
            [
                ipywidgets.HBox([self.path, self.overwrite], layout={"flex_flow": "row wrap"}),
                ipywidgets.HBox(
                    [self.button, self.cancel_button, self.show_button, self.cost],
                    layout={"flex_flow": "row wrap"},
                ),
                self.progress,
                self.message,
            ]
        )

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until a running promotion has ended."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def stop(self) -> None:
        """Ask a running promotion to stop; finished blocks are kept."""
        self._cancel.set()

    def show_cost(self, text: str, warnings: Sequence[str] = ()) -> None:
        """Say beside the button what promoting takes, and what there is too little of."""
        lines = [html.escape(text)] + [
            f'<span style="color: var(--jp-warn-color0, inherit)"><b>warning</b> '
            f"{html.escape(warning)}</span>"
            for warning in warnings
        ]
        self.cost.value = "<br>".join(lines)

    def mark_shown(self, *, is_shown: bool) -> None:
        """Offer the way back while the result is shown."""
        self.show_button.description = _BACK if is_shown else _OPEN

    def _start(self, _: object) -> None:
        self._cancel = threading.Event()
        self._started_at = time.monotonic()
        self._first_report = None
        self._set_running(running=True)
        self.progress.bar_style = "info"
        self.progress.value = 0
        self._say("Writing ...")
        path, overwrite = self.path.value, bool(self.overwrite.value)
        self._thread = threading.Thread(
            target=self._work, args=(path, overwrite), name="roiwidgets-promote", daemon=True
        )
        self._thread.start()

    def _work(self, path: str, overwrite: bool) -> None:
        try:
            result = self._promote(
                path, overwrite=overwrite, cancel=self._cancel, on_progress=self._report
            )
        except PromotionCancelled as stopped:
            text = str(stopped)
            self._run_in_kernel(lambda: self._finish(text, "warning"))
        except Exception as error:  # shown to the user below and logged
            log.log(
                logging.WARNING if isinstance(error, RoiwidgetsError) else logging.ERROR,
                "promotion to %s failed",
                path,
                exc_info=error,
            )
            text = f"{type(error).__name__}: {error}"
            self._run_in_kernel(lambda: self._finish(text, "danger"))
        else:
            self._run_in_kernel(lambda: self._succeed(result, path))

    def _report(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._first_report is None:
            self._first_report = (now, done)
        if now - self._reported_at < REPORT_EVERY_S and done < total:
            return
        self._reported_at = now
        since, found = self._first_report  # blocks of an earlier run took no time in this one
        remaining_s = (now - since) / (done - found) * (total - done) if done > found else None
        elapsed_s = now - self._started_at
        self._run_in_kernel(lambda: self._show_progress(done, total, elapsed_s, remaining_s))

    def _show_progress(
        self, done: int, total: int, elapsed_s: float, remaining_s: float | None
    ) -> None:
        self.progress.max = max(total, 1)
        self.progress.value = done
        eta = "" if remaining_s is None else f", about {duration(remaining_s)} left"
        self._say(f"{done} of {total} blocks, {duration(elapsed_s)}{eta}")

    def _succeed(self, result: Multiscales, path: str) -> None:
        self.result = result
        self.show_button.disabled = False
        elapsed = duration(time.monotonic() - self._started_at)
        self.progress.value = self.progress.max
        self._finish(f"Written in {elapsed}: {path}", "success")

    def _finish(self, text: str, style: str) -> None:
        self.progress.bar_style = style
        self._say(text, is_error=style == "danger")
        self._set_running(running=False)

    def _set_running(self, *, running: bool) -> None:
        self.button.disabled = running
        self.cancel_button.disabled = not running
        self.progress.layout.display = ""

    def _say(self, text: str, *, is_error: bool = False) -> None:
        self.message.value = message_html(text, is_error=is_error)


def message_html(text: str, *, is_error: bool) -> str:
    """Return a line of text for people, marked as an alert where it reports an error."""
    if not text:
        return ""
    role = 'role="alert"' if is_error else 'role="status"'
    color = "var(--jp-error-color1, #d32f2f)" if is_error else "inherit"
    return f'<span {role} style="color: {color}">{html.escape(text)}</span>'

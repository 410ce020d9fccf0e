"""The Promote button with a promotion that the test steers."""

from __future__ import annotations

import re
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ngff_zarr import Multiscales

from roiwidgets.errors import OutputExistsError, PromotionCancelled
from roiwidgets.images.readers import open_image
from roiwidgets.widgets import _promotion_panel
from roiwidgets.widgets._promotion_panel import PromotionPanel

TIMEOUT_S = 20


class Steered:
    """A promotion that reports and ends when it is told to."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.outcome: Multiscales | Exception = open_image(np.zeros((2, 2), np.uint8))
        self.given: dict[str, Any] = {}
        self.thread = ""

    def __call__(
        self,
        path: str,
        *,
        overwrite: bool,
        cancel: threading.Event,
        on_progress: Callable[[int, int], None],
    ) -> Multiscales:
        self.given = {"path": path, "overwrite": overwrite}
        self.thread = threading.current_thread().name
        on_progress(0, 8)
        on_progress(8, 8)
        self.begun.set()
        while not self.may_end.wait(0.01):
            if cancel.is_set():
                raise PromotionCancelled("cancelled; finished blocks are kept")
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Clock:
    """Seconds as the test sets them."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def steered() -> Steered:
    return Steered()


@pytest.fixture
def panel(steered: Steered) -> PromotionPanel:
    shown: list[bool] = []
    panel = PromotionPanel(
        steered,
        show=lambda: shown.append(True),
        run_in_kernel=lambda function: function(),
        path="out.ome.zarr",
    )
    panel.shown = shown  # type: ignore[attr-defined] # what the button did
    return panel


def text(panel: PromotionPanel) -> str:
    return re.sub("<[^>]+>", "", panel.message.value)


def start(panel: PromotionPanel, steered: Steered) -> None:
    panel.button.click()
    assert steered.begun.wait(TIMEOUT_S)


def end(panel: PromotionPanel, steered: Steered) -> None:
    steered.may_end.set()
    panel.join(TIMEOUT_S)


def test_it_writes_on_a_thread_of_its_own_where_the_user_said(
    panel: PromotionPanel, steered: Steered
) -> None:
    panel.path.value, panel.overwrite.value = "elsewhere.ome.zarr", True

    start(panel, steered)

    assert steered.given == {"path": "elsewhere.ome.zarr", "overwrite": True}
    assert steered.thread == "roiwidgets-promote"
    assert panel.button.disabled
    assert not panel.cancel_button.disabled
    end(panel, steered)


def test_progress_counts_blocks(panel: PromotionPanel, steered: Steered) -> None:
    start(panel, steered)

    assert (panel.progress.value, panel.progress.max) == (8, 8)
    assert re.match(r"8 of 8 blocks, \d+\.\d s", text(panel))
    end(panel, steered)


def test_the_result_can_be_opened_once_it_is_written(
    panel: PromotionPanel, steered: Steered
) -> None:
    assert panel.show_button.disabled
    start(panel, steered)
    end(panel, steered)

    assert panel.result is steered.outcome
    assert re.fullmatch(r"Written in \d+\.\d s: out\.ome\.zarr", text(panel))
    assert panel.progress.bar_style == "success"
    assert not panel.show_button.disabled
    panel.show_button.click()
    assert panel.shown == [True]  # type: ignore[attr-defined] # see the fixture
    panel.mark_shown(is_shown=True)
    assert panel.show_button.description == "Back to source"


def test_cancel_says_what_is_kept(panel: PromotionPanel, steered: Steered) -> None:
    start(panel, steered)

    panel.cancel_button.click()
    panel.join(TIMEOUT_S)

    assert text(panel) == "cancelled; finished blocks are kept"
    assert panel.progress.bar_style == "warning"
    assert panel.show_button.disabled
    assert not panel.button.disabled


def test_an_error_is_an_alert_with_its_text_escaped(
    panel: PromotionPanel, steered: Steered, caplog: pytest.LogCaptureFixture
) -> None:
    steered.outcome = OutputExistsError("<out> exists; pass overwrite=True")

    start(panel, steered)
    end(panel, steered)

    assert 'role="alert"' in panel.message.value
    assert "OutputExistsError: &lt;out&gt; exists" in panel.message.value
    assert "promotion to out.ome.zarr failed" in caplog.text
    assert not panel.button.disabled


def test_it_can_be_pressed_again_after_an_error(panel: PromotionPanel, steered: Steered) -> None:
    steered.outcome = OSError("disk full")
    start(panel, steered)
    end(panel, steered)
    steered.outcome = open_image(np.zeros((2, 2), np.uint8))

    start(panel, steered)
    end(panel, steered)

    assert text(panel).startswith("Written in ")


# Threads ----------------------------------------------------------------------


class Kernel:
    """The kernel's main thread: runs what is waiting when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call(self, function: Callable[[], None]) -> None:
        self.waiting.append(function)

    def run_all(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@pytest.mark.parametrize("outcome", [None, OSError("disk full")], ids=["written", "failed"])
def test_controls_change_in_the_main_thread_only(
    steered: Steered, outcome: Exception | None
) -> None:
    kernel = Kernel()
    panel = PromotionPanel(steered, show=lambda: None, run_in_kernel=kernel.call, path="p")
    steered.outcome = outcome or steered.outcome
    threads: set[str] = set()
    for control in (panel.button, panel.cancel_button, panel.progress, panel.message):
        control.observe(lambda _: threads.add(threading.current_thread().name))

    start(panel, steered)
    end(panel, steered)

    assert panel.button.disabled  # the work has ended, the main thread was busy until now
    assert panel.result is None
    kernel.run_all()
    assert not panel.button.disabled
    assert (panel.result is not None) is (outcome is None)
    assert threads == {threading.current_thread().name}


# Remaining time ---------------------------------------------------------------


def reported(*reports: tuple[float, int], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is said after each report (seconds since the start, blocks of 8)."""
    clock, said = Clock(), []
    monkeypatch.setattr(_promotion_panel, "time", types.SimpleNamespace(monotonic=clock.monotonic))

    def promote(path: str, *, on_progress: Callable[[int, int], None], **_: object) -> Multiscales:
        for now, done in reports:
            clock.now = now
            on_progress(done, 8)
            said.append(text(panel))
        return open_image(np.zeros((2, 2), np.uint8))

    panel = PromotionPanel(promote, show=lambda: None, run_in_kernel=lambda f: f(), path="p")
    panel.button.click()
    panel.join(TIMEOUT_S)
    return said


def test_the_remaining_time_follows_from_the_blocks_so_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = reported((1.0, 0), (4.0, 2), (91.0, 6), monkeypatch=monkeypatch)

    assert said == [
        "0 of 8 blocks, 1.0 s",
        "2 of 8 blocks, 4.0 s, about 9.0 s left",
        "6 of 8 blocks, 1 min 31 s, about 30.0 s left",
    ]


def test_blocks_of_an_earlier_run_do_not_make_this_one_look_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = reported((1.0, 5), (11.0, 6), monkeypatch=monkeypatch)

    assert said == ["5 of 8 blocks, 1.0 s", "6 of 8 blocks, 11.0 s, about 20.0 s left"]


def test_reports_in_quick_succession_are_one_but_the_last_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = reported((1.0, 1), (1.01, 2), (1.02, 8), monkeypatch=monkeypatch)

    assert [line.split(",")[0] for line in said] == [
        "1 of 8 blocks",
        "1 of 8 blocks",
        "8 of 8 blocks",
    ]

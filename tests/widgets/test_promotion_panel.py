"""The Promote button with a promotion that the test steers."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ngff_zarr import Multiscales

from roiwidgets.errors import OutputExistsError, PromotionCancelled
from roiwidgets.images.readers import open_image
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

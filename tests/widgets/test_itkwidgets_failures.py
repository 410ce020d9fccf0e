"""What goes wrong while a viewer of itkwidgets is driven, and what cannot be driven."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.errors import UnsupportedImageError, UnsupportedViewerError
from roiwidgets.images.readers import open_image
from roiwidgets.widgets import itkwidgets_adapter
from roiwidgets.widgets._itkwidgets_interface import is_itkwidgets_viewer
from tests.widgets.fake_itkwidgets import (
    BOX,
    Viewer,
    crop,
    in_kernel,
    notebook,
    operation,
    source,
    store_of,
    until,
    voxels,
)


def plain(html: str) -> str:
    return re.sub("<[^>]+>", "", html)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(itkwidgets_adapter, "ASK_EVERY_S", 0.005)


# Failures ---------------------------------------------------------------------


def test_what_itkwidgets_refuses_is_shown_and_logged_and_the_next_one_recovers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def tune() -> None:
        viewer, page = notebook()
        take, viewer.set_image = viewer.set_image, _refuse  # type: ignore[method-assign] # fails
        tuner = rw.tune(viewer, operation(), number=(0, 9))
        await until(
            lambda: "did not take the image: RuntimeError: no &lt;b&gt;" in tuner.error.value
        )
        assert 'role="alert"' in tuner.error.value

        viewer.set_image = take  # type: ignore[method-assign] # works again
        tuner.controls["number"].value = 2
        await until(lambda: page.shown and tuner.error.value == "")
        tuner.close()

    with caplog.at_level(logging.WARNING):
        in_kernel(tune())
    assert "itkwidgets did not take the image" in caplog.text


def _refuse(image: object, name: str) -> None:
    raise RuntimeError("no <b>")


@pytest.mark.parametrize(
    ("bounds", "error", "message"),
    [
        ([0.0] * 6, Exception("the page is gone"), "the page is gone"),
        ([0.0, 1.0], None, "expected the six edges of a box"),
        ([float("nan"), 1.0, 0.0, 1.0, 0.0, 1.0], None, "give finite edges"),
        (["a"] * 6, None, "could not convert"),
        (None, None, "not iterable"),
        ([500.0, 600.0, 10.0, 11.0, 0.0, 1.0], None, "lies outside the image"),
    ],
)
def test_a_page_that_answers_nonsense_is_told_logged_and_asked_again(
    caplog: pytest.LogCaptureFixture, bounds: Any, error: Exception | None, message: str
) -> None:
    async def follow() -> None:
        viewer, page = notebook()
        adapter = rw.ItkwidgetsViewer(viewer)
        page.bounds, page.error = bounds, error
        adapter.follow(changes.append)
        await until(lambda: message in adapter.problem)
        assert adapter.get_roi_slice() == (slice(0, 20), slice(0, 24), slice(0, 28))

        page.bounds, page.error = crop(BOX), None
        await until(lambda: adapter.problem == "")

        assert adapter.get_roi_slice() == BOX
        adapter.unfollow(changes.append)

    changes: list[Any] = []
    in_kernel(follow())
    assert message in caplog.text
    assert {change["name"] for change in changes} == {"problem", "roi"}


def test_a_page_that_is_silent_is_told_asked_once_and_never_blocks_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def tune() -> None:
        viewer, page = notebook()
        page.answers = False
        tuner = rw.tune(viewer, operation())
        await until(lambda: "does not answer" in tuner.error.value)
        await until(lambda: page.shown and "voxels" in tuner.status.value)
        assert "does not answer" in tuner.error.value
        assert page.asked == 1

        page.answers = True
        assert not page.open[0].cancelled()
        page.open[0].set_result(crop(BOX))
        await until(lambda: tuner.error.value == "" and page.voxels().shape == (11, 17, 15))
        tuner.close()

    monkeypatch.setattr(itkwidgets_adapter, "PATIENCE_S", 0.02)
    in_kernel(tune())


def test_a_page_that_never_connects_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def tune() -> None:
        tuner = rw.tune(Viewer(Image=store_of(source())), operation())
        await until(lambda: "does not answer" in tuner.error.value)
        tuner.close()

    monkeypatch.setattr(itkwidgets_adapter, "PATIENCE_S", 0.02)
    in_kernel(tune())


def test_an_operation_that_fails_is_told_and_leaves_what_is_shown() -> None:
    async def tune() -> None:
        viewer, page = notebook()
        tuner = rw.tune(viewer, operation(), limit=(0, 300))
        await until(lambda: page.shown and page.voxels().shape == (11, 17, 15))
        drawn = len(page.shown)

        tuner.controls["limit"].value = 0
        await until(lambda: "ValueError: too much" in plain(tuner.error.value))

        assert len(page.shown) == drawn
        tuner.close()

    in_kernel(tune())


def test_a_closed_tuner_asks_no_more() -> None:
    async def tune() -> None:
        viewer, page = notebook()
        before = asyncio.all_tasks()
        tuner = rw.tune(viewer, operation())
        await until(lambda: page.shown)
        assert len(asyncio.all_tasks()) == len(before) + 1

        tuner.close()
        tuner.close()

        await until(lambda: asyncio.all_tasks() == before)

    in_kernel(tune())


# What cannot be driven --------------------------------------------------------


def test_viewers_of_itkwidgets_are_told_from_others() -> None:
    class Subclass(Viewer):
        pass

    assert is_itkwidgets_viewer(Viewer())
    assert is_itkwidgets_viewer(Subclass())
    assert not is_itkwidgets_viewer(rw.view(voxels()))
    assert not is_itkwidgets_viewer(Viewer)


def _without_page() -> Viewer:
    viewer = Viewer(Image=store_of(source()))
    del viewer.viewer_rpc
    return viewer


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_without_page, "no connection to a notebook's page"),
        (lambda: Viewer(LabelImage=store_of(source())), r"this one shows \['LabelImage'\]"),
        (lambda: Viewer(Image=1, Fixed=2), "needs a viewer of one image"),
        (lambda: Viewer(Image={}), r"give it: rw\.tune\(rw\.ItkwidgetsViewer\(viewer, image\)"),
        (
            lambda: Viewer(Image=store_of(open_image(np.zeros((2, 4, 4), np.uint8), axes="tyx"))),
            "no choice of time or channel",
        ),
    ],
)
def test_what_cannot_be_driven_says_why(make: Callable[[], Viewer], message: str) -> None:
    async def tune() -> None:
        with pytest.raises((UnsupportedViewerError, UnsupportedImageError), match=message):
            rw.tune(make(), operation())

    in_kernel(tune())


def test_an_image_with_a_direction_is_refused() -> None:
    async def tune() -> None:
        turned = source(direction=((1, 0, 0), (0, 0, 1), (0, -1, 0)))
        with pytest.raises(UnsupportedImageError, match="without its direction"):
            rw.ItkwidgetsViewer(notebook()[0], turned)

    in_kernel(tune())


def test_a_script_without_an_event_loop_is_refused() -> None:
    with pytest.raises(UnsupportedViewerError, match=r"use rw\.view in scripts"):
        rw.tune(Viewer(Image=store_of(source())), operation())

"""Pictures of the whole movie are sent while they are made, and compared with numpy."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from roiwidgets.stacks.movie import open_movie
from roiwidgets.widgets._frame_messages import PROJECTIONS, SIDE_VIEWS, BrightestMessage
from roiwidgets.widgets._summary_feed import SummaryFeed, robust_range

RNG = np.random.default_rng(4)


class Browser:
    """Collects pictures; any thread may send."""

    def __init__(self) -> None:
        self.pictures: dict[str, tuple[dict[str, Any], np.ndarray[Any, Any]]] = {}
        self.others: list[dict[str, Any]] = []
        self.changed = threading.Condition()

    def send(self, header: dict[str, Any], buffers: list[memoryview]) -> None:
        with self.changed:
            if header["kind"] == "picture":
                pixels = np.frombuffer(buffers[0], np.uint8).reshape(header["shape"])
                self.pictures[header["name"]] = (header, pixels)
            else:
                self.others.append(header)
            self.changed.notify_all()

    def wait(self, condition: Any) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, timeout=30)


def feed_of(array: object, browser: Browser) -> SummaryFeed:
    return SummaryFeed(
        "movie-1", open_movie(array), browser.send, call_in_kernel=lambda function: function()
    )


def test_every_picture_is_that_of_numpy_in_256_greys() -> None:
    array = RNG.integers(0, 60000, (9, 14, 17)).astype(np.uint16)
    browser = Browser()
    feed = feed_of(array, browser)

    feed.ask((*PROJECTIONS, *SIDE_VIEWS))
    browser.wait(lambda: all(h["share"] == 1 for h, _ in browser.pictures.values()) and
                 len(browser.pictures) == 7)  # fmt: skip
    feed.close()

    expected = {
        "maximum": array.max(axis=0), "minimum": array.min(axis=0), "mean": array.mean(axis=0),
        "std": array.std(axis=0), "top_view": array.max(axis=1), "right_view": array.max(axis=2),
    }  # fmt: skip
    for name, values in expected.items():
        header, pixels = browser.pictures[name]
        low, high = header["window"]
        np.testing.assert_allclose(
            low + pixels / 255 * (high - low), np.clip(values, low, high), atol=(high - low) / 255
        )


def test_many_frames_become_the_maxima_of_neighbours() -> None:
    array = RNG.integers(0, 255, (1300, 3, 7)).astype(np.uint8)
    browser = Browser()
    feed = feed_of(array, browser)

    feed.ask(("right_view",))
    browser.wait(lambda: "right_view" in browser.pictures)
    feed.close()

    header, pixels = browser.pictures["right_view"]
    assert (header["step"], header["shape"]) == (3, [434, 3])
    low, high = header["window"]
    groups = [array[start : start + 3].max(axis=(0, 2)) for start in range(0, 1300, 3)]
    np.testing.assert_allclose(low + pixels / 255 * (high - low), groups, atol=1)


def test_the_brightest_frame_near_a_place() -> None:
    array = RNG.integers(0, 100, (20, 30, 40)).astype(np.uint8)
    array[13, 11, 21] = 200
    browser = Browser()
    feed = feed_of(array, browser)
    feed.ask(("maximum",))
    browser.wait(lambda: "maximum" in browser.pictures)

    for pixel in ((10, 20), (99, 0)):
        feed.find_brightest(BrightestMessage(7, "movie-1", pixel))

    feed.close()
    assert browser.others[0] == {"kind": "value", "id": 7, "value": "13"}
    assert browser.others[1]["kind"] == "error"


def test_the_brightest_frame_is_not_known_before_the_movie_was_seen() -> None:
    browser = Browser()

    feed_of(np.zeros((2, 5, 6), np.uint8), browser).find_brightest(
        BrightestMessage(1, "movie-1", (0, 0))
    )

    assert "not known yet" in browser.others[0]["message"]


def test_a_movie_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser()

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("roiwidgets.widgets._summary_feed.iter_summaries", fail)
    feed_of(np.zeros((2, 5, 6), np.uint8), browser).ask(("mean",))

    browser.wait(lambda: bool(browser.others))
    assert "the disk is gone" in browser.others[0]["message"]


def test_ranges_of_odd_pictures() -> None:
    assert robust_range(np.full((3, 3), np.nan)) == (0.0, 1.0)
    assert robust_range(np.zeros((3, 3), np.uint8)) == (0.0, 1.0)
    assert robust_range(np.array([1.0, np.nan, 3.0, np.inf])) == (1.0, 3.0)

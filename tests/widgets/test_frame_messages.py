"""Messages of the player: what both sides agree on, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from roiwidgets.widgets._frame_messages import (
    BrightestMessage,
    FrameMessage,
    FramesMessage,
    PicturesMessage,
    TracesMessage,
    frame_header,
    parse_frame_message,
)
from roiwidgets.widgets._messages import CancelMessage, MessageError, ProbeMessage

FIXTURES = json.loads((Path(__file__).parents[1] / "fixtures" / "frame_messages.json").read_text())
INVALID = FIXTURES["from_browser"]["invalid"]


def test_valid_messages_of_the_shared_fixture_are_understood() -> None:
    messages = [parse_frame_message(each) for each in FIXTURES["from_browser"]["valid"]]

    assert messages == [
        FramesMessage(
            (
                FrameMessage(7, "movie-1", 12, (0, 128), (480, 600), 2, "jpeg", 60, (0.0, 22.0), 1),
                FrameMessage(
                    12, "movie-1", 13, (0, 128), (480, 600), 2, "jpeg", 60, (0.0, 22.0), 1
                ),
            )
        ),
        FramesMessage((FrameMessage(8, "movie-1", 0, (0, 0), (1, 1), 1, "raw", 0, None, 0),)),
        FramesMessage((FrameMessage(11, "movie-1", 3, (0, 0), (2, 3), 1, "packed", 0, None, 0),)),
        CancelMessage((7, 8)),
        ProbeMessage(9, "movie-1", 12, 0, (0, 5, 6)),
        PicturesMessage("movie-1", ("maximum", "top_view")),
        BrightestMessage(10, "movie-1", (5, 6)),
        TracesMessage("movie-1"),
    ]


@pytest.mark.parametrize("case", INVALID, ids=[case["why"] for case in INVALID])
def test_invalid_messages_of_the_shared_fixture_are_refused(case: dict[str, object]) -> None:
    with pytest.raises(MessageError):
        parse_frame_message(case["message"])


def test_answers_have_the_fields_of_the_shared_fixture() -> None:
    compressed, raw = (parse_frame_message(each) for each in FIXTURES["from_browser"]["valid"][:2])
    assert isinstance(raw, FramesMessage)
    assert isinstance(compressed, FramesMessage)
    pixels = np.zeros((2, 3), np.uint8)

    headers = [
        frame_header(raw.requests[0], pixels, "raw"),
        frame_header(compressed.requests[0], pixels, "jpeg"),
    ]

    assert headers == FIXTURES["from_kernel"]["valid"][:2]

"""Messages of the player of movies; twin of ``js/src/stack/frame_messages.ts``.

Both test suites read ``tests/fixtures/frame_messages.json``. What comes from the
browser is untrusted: ``parse_frame_message`` returns checked values or raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import RegionError
from roiwidgets.widgets._messages import (
    CancelMessage,
    Json,
    MessageError,
    ProbeMessage,
    check_integer,
    integer_field,
    list_field,
    parse_message,
)
from roiwidgets.widgets._traits import check_range

Pair: TypeAlias = tuple[int, int]
Direction: TypeAlias = Literal[-1, 0, 1]
Encoding: TypeAlias = Literal["raw", "packed", "jpeg"]

PROJECTIONS = ("maximum", "minimum", "mean", "std", "correlation")
SIDE_VIEWS = ("top_view", "right_view")
LARGEST_STEP = 2**12
HIGHEST_QUALITY = 95
LONGEST_ID = 200
MOST_FRAMES = 64
"""Frames that one message asks for."""


@dataclass(frozen=True, slots=True)
class FrameMessage:
    """Ask for a part of one frame.

    Parameters
    ----------
    id
        Comes back with the answer.
    movie
        Id of the movie that is shown.
    frame
        Index along time.
    start, shape
        Rows and columns in pixels of the movie; ``start`` is a multiple of ``step``.
    step
        Pixels along a side that become one in the answer, by their mean.
    encoding
        "raw" and "packed" pixels are exact, a "jpeg" is not.
    quality
        Of a JPEG, 1 to 95, else 0.
    window
        Values that become black and white in a JPEG.
    ahead
        Direction in which the movie plays: 1, -1, or 0 for neither.
    """

    id: int
    movie: str
    frame: int
    start: Pair
    shape: Pair
    step: int
    encoding: Encoding
    quality: int
    window: tuple[float, float] | None
    ahead: Direction


@dataclass(frozen=True, slots=True)
class FramesMessage:
    """Ask for frames, each of which gets an answer of its own."""

    requests: tuple[FrameMessage, ...]


@dataclass(frozen=True, slots=True)
class PicturesMessage:
    """Ask for pictures that sum the movie up: now, and again whenever they are better."""

    movie: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BrightestMessage:
    """Ask for the frame in which a place is brightest; ``pixel`` is row, column."""

    id: int
    movie: str
    pixel: Pair


@dataclass(frozen=True, slots=True)
class TracesMessage:
    """A new view asks for the traces that are known, and for those to come."""

    movie: str


StackMessage: TypeAlias = (
    "FramesMessage | CancelMessage | ProbeMessage | PicturesMessage | BrightestMessage | "
    "TracesMessage"
)


def parse_frame_message(content: object) -> StackMessage:
    """Return a checked message.

    Raises
    ------
    MessageError
        If the message is of no known kind or a field has the wrong form.
    """
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind in ("cancel", "probe"):
        return cast("CancelMessage | ProbeMessage", parse_message(content))
    parse = {
        "frames": _parse_frames,
        "pictures": _parse_pictures,
        "brightest": _parse_brightest,
        "traces": _parse_traces,
    }
    if not isinstance(content, dict) or not isinstance(kind, str) or kind not in parse:
        raise MessageError(
            f"message kind must be one of {', '.join(parse)}, cancel, probe, got {kind!r:.80}"
        )
    return cast("StackMessage", parse[kind](content))


def _parse_frames(content: dict[object, object]) -> FramesMessage:
    step = check_integer(content.get("step"), "step", 1)
    start, shape = _pair(content, "start", 0), _pair(content, "shape", 1)
    if step > LARGEST_STEP or any(first % step for first in start):
        raise MessageError(
            f"step must be at most {LARGEST_STEP} and divide start {start}, got {step}"
        )
    encoding, quality, window = (
        _encoding(content),
        integer_field(content, "quality"),
        _window(content),
    )
    if quality > HIGHEST_QUALITY or (encoding == "jpeg") != (quality > 0):
        raise MessageError(
            f"quality must be 1 to {HIGHEST_QUALITY} for a jpeg and 0 else, got {quality} "
            f"for {encoding}"
        )
    if encoding == "jpeg" and window is None:
        raise MessageError("a jpeg needs a window (low, high)")
    movie, ahead = _movie_id(content), _direction(content)
    return FramesMessage(
        tuple(
            FrameMessage(
                request_id, movie, frame, start, shape, step, encoding, quality, window, ahead
            )
            for request_id, frame in _requests(content)
        )
    )


def _requests(content: dict[object, object]) -> list[Pair]:
    """Return ids and frames."""
    requests = list_field(content, "requests", MOST_FRAMES)
    return [_pair({"requests": request}, "requests", 0) for request in requests]


def _parse_pictures(content: dict[object, object]) -> PicturesMessage:
    names = list_field(content, "names", len(PROJECTIONS) + len(SIDE_VIEWS))
    known = (*PROJECTIONS, *SIDE_VIEWS)
    if not all(isinstance(name, str) and name in known for name in names):
        raise MessageError(f"names must be out of {', '.join(known)}, got {names!r:.80}")
    return PicturesMessage(_movie_id(content), tuple(str(name) for name in names))


def _parse_brightest(content: dict[object, object]) -> BrightestMessage:
    return BrightestMessage(
        integer_field(content, "id"), _movie_id(content), _pair(content, "pixel", 0)
    )


def _parse_traces(content: dict[object, object]) -> TracesMessage:
    return TracesMessage(_movie_id(content))


def frame_header(request: FrameMessage, pixels: NDArray[np.generic], encoding: Encoding) -> Json:
    """Return the header of an answer, which tells all that its pixels depend on."""
    return {
        "kind": "frame",
        "id": request.id,
        "movie": request.movie,
        "frame": request.frame,
        "start": list(request.start),
        "step": request.step,
        "shape": list(pixels.shape),
        "dtype": pixels.dtype.name,
        "encoding": encoding,
        "window": list(request.window or ()) if encoding == "jpeg" else None,
    }


def _pair(item: dict[object, object], key: str, minimum: int) -> Pair:
    values = list_field(item, key, 2)
    if len(values) != 2:
        raise MessageError(f"{key} must hold two integers (y, x), got {values!r:.80}")
    rows, columns = (check_integer(value, key, minimum) for value in values)
    return rows, columns


def _window(item: dict[object, object]) -> tuple[float, float] | None:
    if item.get("window") is None:
        return None
    try:
        return check_range(item["window"])
    except RegionError as error:
        raise MessageError(f"window: {error}") from error


def _movie_id(item: dict[object, object]) -> str:
    movie = item.get("movie")
    if not isinstance(movie, str) or len(movie) > LONGEST_ID:
        raise MessageError(f"movie must be a short string, got {movie!r:.80}")
    return movie


def _encoding(item: dict[object, object]) -> Encoding:
    encoding = item.get("encoding")
    if not isinstance(encoding, str) or encoding not in ("raw", "packed", "jpeg"):
        raise MessageError(f"encoding must be raw, packed or jpeg, got {encoding!r:.80}")
    return cast("Encoding", encoding)


def _direction(item: dict[object, object]) -> Direction:
    ahead = item.get("ahead", 0)
    if isinstance(ahead, bool) or ahead not in (-1, 0, 1):
        raise MessageError(f"ahead must be -1, 0 or 1, got {ahead!r:.80}")
    return ahead

"""Projections and side views of a movie for the browser, while they are made.

A thread passes over the movie once somebody looks at such pictures; what is known so
far is sent every now and then, as 256 greys of the picture's own robust range.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.binning import downsample_block
from roiwidgets.images.intensity import with_width
from roiwidgets.stacks.movie import Movie
from roiwidgets.stacks.summaries import PartialSummaries, iter_summaries
from roiwidgets.widgets._feed import Feed, Send
from roiwidgets.widgets._frame_messages import PROJECTIONS, SIDE_VIEWS, BrightestMessage
from roiwidgets.widgets._frame_server import to_grays
from roiwidgets.widgets._messages import Json, MessageError, error_message, value_message

EVERY_S = 1.0
"""Between two pictures of one kind, while they get better."""

MOST_PIXELS = 2**21
"""Of a projection; a larger one is reduced."""

MOST_ROWS = 512
"""Rows of a side view; of more frames, the maximum of neighbours is sent."""

NEAR = 2
"""Pixels around a place that was clicked, among which the brightest is looked for."""

QUANTILES = (0.001, 0.999)


class SummaryFeed(Feed):
    """Sends pictures that sum a movie up."""

    failure = "projections and side views could not be made"

    def __init__(
        self,
        movie_id: str,
        movie: Movie,
        send: Send,
        *,
        call_in_kernel: Callable[[Callable[[], None]], None],
    ) -> None:
        super().__init__(movie_id, movie, send, call_in_kernel=call_in_kernel)
        self._wanted: set[str] = set()
        self._latest: PartialSummaries | None = None
        self._thread: threading.Thread | None = None

    def ask(self, names: Iterable[str]) -> None:
        """Send pictures now, as far as they are known, and again when they are better."""
        self._wanted.update(names)
        if self._latest is not None:
            self._send_pictures(self._latest, names)
        if self._thread is None:
            name = f"roiwidgets-summaries-{self._id}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def find_brightest(self, message: BrightestMessage) -> None:
        """Tell the frame in which a place is brightest, of those that were seen so far."""
        try:
            frame = self._brightest(message.pixel)
        except MessageError as error:
            self._send(error_message(message.id, str(error)), [])
            return
        self._send(value_message(message.id, str(frame)), [])

    def _work(self) -> None:
        for partial in iter_summaries(self._movie, every_s=EVERY_S):
            if self._is_closed.is_set():
                return
            self._call_in_kernel(functools.partial(self._take, partial))

    def _take(self, partial: PartialSummaries) -> None:
        if self._is_closed.is_set():
            return
        self._latest = partial
        self._send_pictures(partial, sorted(self._wanted))

    def _send_pictures(self, partial: PartialSummaries, names: Iterable[str]) -> None:
        for name in names:
            pixels, step = self._picture(partial, name)
            window = robust_range(pixels)
            header: Json = {
                "kind": "picture",
                "movie": self._id,
                "name": name,
                "shape": list(pixels.shape),
                "step": step,
                "window": list(window),
                "share": partial.blocks_done / partial.blocks,
            }
            grays = np.ascontiguousarray(to_grays(pixels, window))
            self._send(header, [grays.reshape(-1).data])

    def _picture(self, partial: PartialSummaries, name: str) -> tuple[NDArray[np.generic], int]:
        """Return a picture and how many pixels, or frames, became one."""
        pixels: NDArray[np.generic] = getattr(partial.summaries, name)
        if name in SIDE_VIEWS:
            step = -(-len(pixels) // MOST_ROWS)
            starts = np.arange(0, len(pixels), step)
            return (np.fmax.reduceat(pixels, starts, axis=0) if step > 1 else pixels), step
        assert name in PROJECTIONS
        step = 1
        while pixels.size // step**2 > MOST_PIXELS:
            step *= 2
        return downsample_block(pixels, (step, step), kind="mean"), step

    def _brightest(self, pixel: tuple[int, int]) -> int:
        _, height, width = self._movie.shape
        row, column = pixel
        if row >= height or column >= width:
            raise MessageError(f"pixel {row}, {column} lies outside {height} x {width} pixels")
        if self._latest is None:
            raise MessageError("the maximum of the movie is not known yet; try again soon")
        found = self._latest.summaries
        near = np.s_[max(row - NEAR, 0) : row + NEAR + 1, max(column - NEAR, 0) : column + NEAR + 1]
        values = np.where(found.argmax[near] < 0, -np.inf, found.maximum[near])
        return max(int(found.argmax[near].flat[int(np.argmax(values))]), 0)


def robust_range(pixels: NDArray[np.generic]) -> tuple[float, float]:
    """Return the values between which almost all pixels lie; 0 to 1 where none is finite."""
    finite = pixels[np.isfinite(pixels)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.quantile(finite, QUANTILES, method="nearest"))
    if low == high:
        low, high = float(finite.min()), float(finite.max())
    return with_width(low, high)

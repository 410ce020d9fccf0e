"""Traces of the regions of interest for the browser, while they are computed.

A thread takes steps through the movie; each sends what it has found. An edit costs the
trace that it changes, whatever else there is.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from roiwidgets.regions.annotations import Annotation
from roiwidgets.stacks.movie import Movie
from roiwidgets.stacks.traces.trace_cache import TraceCache
from roiwidgets.widgets._feed import Feed, Send
from roiwidgets.widgets._messages import Json, little_endian

if TYPE_CHECKING:
    import xarray

MOST_AT_ONCE = 2**18
"""Values of a message to a view that is new: 2 MiB."""


class TraceFeed(Feed):
    """Sends the traces of a changing set of annotations."""

    failure = "traces could not be computed"

    def __init__(
        self,
        movie_id: str,
        movie: Movie,
        send: Send,
        *,
        call_in_kernel: Callable[[Callable[[], None]], None],
    ) -> None:
        super().__init__(movie_id, movie, send, call_in_kernel=call_in_kernel)
        self._cache = TraceCache(movie)
        self._stepping = threading.Lock()
        self._is_watched = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"roiwidgets-traces-{movie_id}")

    def update(self, annotations: tuple[Annotation, ...]) -> None:
        """Want other traces from now on; known ones are kept."""
        self._cache.update(annotations)
        self._start()

    def watch(self) -> None:
        """Send what is known to a new view, and what will be found from now on."""
        self._is_watched = True
        ids = [annotation.id for annotation in self._cache.annotations]
        frames = self._cache.movie.shape[0]
        each = max(MOST_AT_ONCE // frames, 1)
        for first in range(0, len(ids), each):
            some = ids[first : first + each]
            values = np.array([self._cache.trace(name) for name in some])
            self._send_values(some, slice(0, frames), values, 0.0)
        self._start()

    def as_array(self) -> xarray.DataArray:
        """Return all traces, complete; what is not known yet is computed in this thread."""
        self._take_steps()
        return self._cache.as_array()

    def close(self) -> None:
        """Send nothing any more, and stop after the step that is being taken."""
        super().close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> None:
        if self._is_watched and self._cache.pending:
            self._thread.submit(self._run)

    def _work(self) -> None:
        self._take_steps()

    def _take_steps(self) -> None:
        with self._stepping:  # only one thread at a time takes steps
            for step in self._cache.steps():
                if self._is_closed.is_set():
                    return
                found = functools.partial(
                    self._send_values, step.ids, step.frames, step.values, step.done
                )
                self._call_in_kernel(found)

    def _send_values(
        self,
        ids: list[str] | tuple[str, ...],
        frames: slice,
        values: NDArray[np.float64],
        done: float,
    ) -> None:
        header: Json = {
            "kind": "traces",
            "movie": self._id,
            "ids": list(ids),
            "start": frames.start,
            "stop": frames.stop,
            "done": done,
        }
        self._send_unless_closed(header, [little_endian(values)])

    def _send_unless_closed(self, header: Json, buffers: list[memoryview]) -> None:
        if self._is_watched:
            super()._send_unless_closed(header, buffers)

"""Movies that a player asks for frames of, without a browser."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.geometry import Grid, image_on_grid
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import Slices, source_array
from roiwidgets.stacks.movie import Movie
from roiwidgets.widgets._frame_messages import FramesMessage, parse_frame_message
from roiwidgets.widgets._frame_server import FrameServer, ServedMovie

SHAPE = (23, 30, 41)


class AtOnce(Executor):
    """Runs what is submitted before it returns; a failure stays in the future."""

    def submit(self, function: Any, /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **options))
        except Exception as error:  # noqa: BLE001 # as executors do
            future.set_exception(error)
        return future


class Kernel:
    """A server without a browser; keeps what it sends."""

    def __init__(self, movie: ServedMovie) -> None:
        self.sent: list[tuple[dict[str, Any], list[memoryview]]] = []
        self.server = FrameServer(
            lambda header, buffers: self.sent.append((header, buffers)),
            executor=AtOnce(),
            call_in_kernel=lambda function: function(),
        )
        self.server.show("movie-1", movie)

    def ask(self, frame: int = 0, **fields: Any) -> tuple[dict[str, Any], list[memoryview]]:
        message = {
            "kind": "frames", "requests": [[1, frame]], "movie": "movie-1", "start": [0, 0],
            "shape": list(SHAPE[1:]), "step": 1, "encoding": "raw", "quality": 0, "window": None,
            "ahead": 0, **fields,
        }  # fmt: skip
        parsed = parse_frame_message(message)
        assert isinstance(parsed, FramesMessage)
        self.server.handle(parsed)
        return self.sent[-1]


class CountingSource:
    """Counts the frames that are read of an array."""

    def __init__(self, array: NDArray[np.uint16]) -> None:
        self.array = array
        self.reads: list[Slices] = []
        self.shape = array.shape
        self.dtype = array.dtype
        self.chunks = (5, *array.shape[1:])

    def read(self, slices: Slices) -> NDArray[np.uint16]:
        self.reads.append(slices)
        return self.array[slices].copy()

    def restrict(self, slices: Slices) -> CountingSource:
        return self


def counted(voxels: NDArray[np.uint16]) -> tuple[CountingSource, Movie]:
    source = CountingSource(voxels)
    grid = Grid(("t", "y", "x"), voxels.shape, (1.0,) * 3, (0.0,) * 3)
    like = open_image(voxels, axes="tyx").images[0]
    return source, Movie(image_on_grid(like, source_array(source), grid))

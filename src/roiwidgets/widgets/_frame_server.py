"""Answer the browser's requests for frames of a movie: read, reduce, compress, reply.

The browser paces the player; the server holds decoded chunks and nothing of the
view. Frames are prepared on threads (codecs and Pillow work without the GIL); pixels that
are decoded already are sent at once, as threads wait for each other's GIL for 5 ms and more.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from roiwidgets.images.binning import downsample_block
from roiwidgets.stacks.movie import Movie
from roiwidgets.widgets._answers import Answers, Buffers, Send
from roiwidgets.widgets._frame_blocks import FrameBlocks
from roiwidgets.widgets._frame_messages import FrameMessage, FramesMessage, frame_header
from roiwidgets.widgets._frame_packing import is_packable, pack
from roiwidgets.widgets._messages import (
    CancelMessage,
    Json,
    MessageError,
    ProbeMessage,
    little_endian,
    value_message,
)
from roiwidgets.widgets._picture import SMALLEST_HALF
from roiwidgets.widgets._wire import to_wire_image

MOST_BYTES = 2**26
"""Of the pixels of one answer; a screen of 4096 x 4096 pixels of 32 bits has as many."""

MOST_READ = 2**29
"""Bytes of a frame that are read for one answer."""

COPIED_BYTES = 2**20
"""Decoded pixels that are copied in the kernel's main thread, in a fraction of a millisecond."""

WHITE = 255
NEUTRAL = 128
"""Of both colour channels."""


@dataclass(frozen=True, slots=True)
class ServedMovie:
    """A movie at several scales, finest first, as the browser asks for it.

    Parameters
    ----------
    scales
        Pixels of the finest scale that one pixel stands for along each side, and
        the blocks that are read.
    dtype
        Type in which pixels travel.
    """

    scales: tuple[tuple[int, FrameBlocks], ...]
    dtype: np.dtype[np.generic]

    @property
    def finest(self) -> FrameBlocks:
        """The movie itself."""
        return self.scales[0][1]

    def read(self, request: FrameMessage) -> NDArray[np.generic]:
        """Return the pixels of a request, reduced by the mean of ``step`` x ``step`` pixels.

        Raises
        ------
        MessageError
            If the request leaves the movie or is too large.
        """
        self._check(request)
        factor, blocks = self._scale(request.step)
        rows, columns = self._slices(request, factor, blocks)
        pixels = blocks.read(request.frame, rows, columns, playing=request.ahead != 0)
        rest = request.step // factor
        if rest > 1:
            pixels = downsample_block(pixels, (rest, rest), kind="mean")
        return to_wire_image(pixels, self.dtype)

    def is_decoded(self, request: FrameMessage) -> bool:
        """Tell whether the pixels of a request are at hand, and few."""
        factor, blocks = self._scale(request.step)
        rows, columns = self._slices(request, factor, blocks)
        size = request.shape[0] * request.shape[1] // request.step**2 * self.dtype.itemsize
        return (
            request.step == factor
            and size <= COPIED_BYTES
            and blocks.is_decoded(request.frame, rows, columns)
        )

    def read_ahead(self, request: FrameMessage) -> None:
        """Decode the blocks that a player will need next, as far as they are not kept."""
        self._check(request)
        factor, blocks = self._scale(request.step)
        rows, columns = self._slices(request, factor, blocks)
        for following in blocks.unread_ahead(request.frame, request.ahead, rows, columns):
            blocks.read(following, rows, columns, playing=True)

    def value(self, probe: ProbeMessage) -> str:
        """Return the value of one pixel as text, exact in whatever type it is stored.

        Raises
        ------
        MessageError
            If the pixel lies outside the movie.
        """
        _, row, column = probe.index
        frames, height, width = self.finest.movie.shape
        if probe.time >= frames or row >= height or column >= width or probe.index[0]:
            raise MessageError(
                f"pixel {row}, {column} of frame {probe.time} lies outside the movie of "
                f"{frames} frames of {height} x {width} pixels"
            )
        pixel = (slice(row, row + 1), slice(column, column + 1))
        return str(self.finest.read(probe.time, *pixel, playing=True).item())

    def _check(self, request: FrameMessage) -> None:
        frames, *size = self.finest.movie.shape
        if request.frame >= frames:
            raise MessageError(f"frame {request.frame} does not exist; there are {frames}")
        for start, length, side, name in zip(
            request.start, request.shape, size, ("rows", "columns"), strict=True
        ):
            if start + length > side:
                raise MessageError(
                    f"{name} {start} to {start + length} leave the movie, which has {side}"
                )
        factor, _ = self._scale(request.step)
        area = request.shape[0] * request.shape[1]
        read = area // factor**2 * self.finest.movie.source.dtype.itemsize
        if read > MOST_READ or area // request.step**2 * self.dtype.itemsize > MOST_BYTES:
            raise MessageError(
                f"{request.shape[0]} x {request.shape[1]} pixels in steps of {request.step} are "
                "too many for one answer; ask for a part, or for a larger step"
            )

    def _scale(self, step: int) -> tuple[int, FrameBlocks]:
        """Return the coarsest scale of which a step takes whole pixels."""
        return next(each for each in reversed(self.scales) if step % each[0] == 0)

    def _slices(
        self, request: FrameMessage, factor: int, blocks: FrameBlocks
    ) -> tuple[slice, slice]:
        _, *size = blocks.movie.shape
        rows, columns = (
            slice(start // factor, min(-(-(start + length) // factor), side))
            for start, length, side in zip(request.start, request.shape, size, strict=True)
        )
        return rows, columns


class FrameServer:
    """Serve the movie that a player shows.

    Parameters
    ----------
    send, executor, call_in_kernel
        As for ``Answers``.
    """

    def __init__(
        self,
        send: Send,
        *,
        executor: Executor,
        call_in_kernel: Callable[[Callable[[], None]], None],
    ) -> None:
        self._answers = Answers(send, executor=executor, call_in_kernel=call_in_kernel)
        self._executor = executor
        self._movies: dict[str, ServedMovie] = {}

    def show(self, movie_id: str, movie: ServedMovie) -> None:
        """Serve a movie in place of the one before."""
        self._movies = {movie_id: movie}

    def close(self) -> None:
        """Serve nothing any more."""
        self._movies = {}

    def handle(self, message: FramesMessage | CancelMessage | ProbeMessage) -> None:
        """Answer one message; what cannot be served gets an ``error`` reply."""
        if isinstance(message, CancelMessage):
            self._answers.cancel(message.ids)
        elif isinstance(message, ProbeMessage):
            self._answers.start(message.id, functools.partial(self._probe, message))
        else:
            for request in message.requests:
                answer = functools.partial(self._frame, request)
                if self._is_at_hand(request):
                    self._answers.answer_now(request.id, answer)
                else:
                    self._answers.start(request.id, answer)
            for request in message.requests[-1:]:
                if request.ahead:
                    # what cannot be read is told of when it is asked for: the future is not kept
                    self._executor.submit(self._read_ahead, request)

    def refuse(self, request_id: int | None, problem: str) -> None:
        """Answer a message that has not the agreed form."""
        self._answers.refuse(request_id, problem)

    def _is_at_hand(self, request: FrameMessage) -> bool:
        """Tell whether an answer takes less time than to hand it to a thread and back."""
        movie = self._movies.get(request.movie)
        return request.encoding == "raw" and movie is not None and movie.is_decoded(request)

    def _frame(self, request: FrameMessage) -> tuple[Json, Buffers]:
        movie = self._movie(request.movie)
        pixels = movie.read(request)
        if request.encoding == "jpeg" and request.window is not None:
            grays = to_grays(pixels, request.window)
            return frame_header(request, grays, "jpeg"), [to_jpeg(grays, request.quality)]
        if request.encoding == "packed" and is_packable(pixels.dtype):
            return frame_header(request, pixels, "packed"), [pack(pixels)]
        return frame_header(request, pixels, "raw"), [little_endian(pixels)]

    def _read_ahead(self, request: FrameMessage) -> None:
        self._movie(request.movie).read_ahead(request)

    def _probe(self, probe: ProbeMessage) -> tuple[Json, Buffers]:
        return value_message(probe.id, self._movie(probe.image).value(probe)), []

    def _movie(self, movie_id: str) -> ServedMovie:
        movie = self._movies.get(movie_id)
        if movie is None:
            raise MessageError(f"movie {movie_id!r} is not shown any more")
        return movie


def serve_movie(levels: tuple[Movie, ...], dtype: np.dtype[np.generic]) -> ServedMovie:
    """Return a movie as it is served, from its levels, finest first.

    Levels that are not an integer number of times coarser, the same along both
    sides, are left out.
    """
    _, height, width = levels[0].shape
    scales: list[tuple[int, FrameBlocks]] = []
    for level in levels:
        _, rows, columns = level.shape
        factor = max(round(height / rows), round(width / columns))
        fits = (rows, columns) == (-(-height // factor), -(-width // factor))
        if fits and level.shape[0] == levels[0].shape[0] and (not scales or factor > scales[-1][0]):
            scales.append((factor, FrameBlocks(level)))
    return ServedMovie(tuple(scales), dtype)


def to_grays(pixels: NDArray[np.generic], window: tuple[float, float]) -> NDArray[np.uint8]:
    """Return 0 to 255 for the values of a window; NaN is 0."""
    if pixels.dtype.kind not in "iu" or pixels.dtype.itemsize > 2:
        return _grays(pixels, window)
    table = _gray_table(pixels.dtype.name, window)
    # the bits of a negative number, read without their sign, are its place in the table
    grays: NDArray[np.uint8] = table[pixels.view(f"u{pixels.dtype.itemsize}")]
    return grays


@functools.lru_cache(maxsize=8)
def _gray_table(dtype: str, window: tuple[float, float]) -> NDArray[np.uint8]:
    """Return the grey of every value of a small integer type, by its bits without sign."""
    kind = np.dtype(dtype)
    bits = np.arange(2 ** (8 * kind.itemsize), dtype=f"u{kind.itemsize}")
    return _grays(bits.view(kind), window)


def _grays(values: NDArray[np.generic], window: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = window
    half_width = max(high / 2 - low / 2, SMALLEST_HALF)
    # of halves, because the difference of two large numbers may be infinite
    with np.errstate(over="ignore"):  # far outside the window is clipped either way
        shares = (values.astype(np.float64) / 2 - low / 2) / half_width
    inside = np.nan_to_num(np.clip(shares, 0, 1), nan=0.0)
    return np.floor(inside * WHITE + 0.5).astype(np.uint8)


def to_jpeg(grays: NDArray[np.uint8], quality: int) -> memoryview:
    """Return a grey picture as a JPEG of neutral colours.

    Browsers hand out the luma of a JPEG that has colours as it is decoded; one of greys alone
    they turn into colours. Tables of its own make up for the bytes that the colours take.
    """
    luma = Image.fromarray(grays)
    neutral = Image.new("L", luma.size, NEUTRAL)
    file = io.BytesIO()
    Image.merge("YCbCr", (luma, neutral, neutral)).save(
        file, "JPEG", quality=quality, subsampling="4:2:0", optimize=True
    )
    return file.getbuffer()

"""Answer the browser's requests for voxels: look up, read, convert, reply.

The server holds no state of the view. Reads run on a few threads (Zarr decodes
without the GIL), so that the kernel stays responsive; replies are handed to
``send`` through ``call_in_kernel``, in whatever order they finish.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.quick_look import Reader, quick_look
from roiwidgets.widgets._messages import (
    CancelMessage,
    ChunkRequest,
    GetMessage,
    Json,
    MessageError,
    chunk_message,
    error_message,
    parse_message,
)

MAX_CHUNK_BYTES = 4 * 2**20
MAX_PENDING = 1024
"""Requests that wait at the same time; a viewer keeps 4 in flight."""
WIRE_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32")

_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)
_FIRST_WIDE = np.uint64(2**32)

log = logging.getLogger(__name__)

Send = Callable[[Json, list[bytes]], None]


@dataclass(frozen=True, slots=True)
class ServedLayer:
    """The levels of one image, finest first, and how to address them."""

    axes: tuple[str, ...]
    levels: tuple[Reader, ...]
    is_rgb: bool = False
    is_labels: bool = False

    def read(self, request: ChunkRequest) -> NDArray[np.generic]:
        """Return the voxels of a request, shape (z, y, x) or (z, y, x, component).

        Raises
        ------
        MessageError
            If the level does not exist or the box leaves the image.
        """
        if request.level >= len(self.levels):
            raise MessageError(
                f"level {request.level} does not exist; there are {len(self.levels)}"
            )
        level = self.levels[request.level]
        slices = self._slices(request, level.shape)
        voxels = quick_look(level, slices) if request.quick else level.read(slices)
        components = (voxels.shape[-1],) if self.is_rgb else ()
        voxels = voxels.reshape(request.shape + components)
        return to_wire_dtype(voxels, is_labels=self.is_labels)

    def _slices(self, request: ChunkRequest, shape: tuple[int, ...]) -> tuple[slice, ...]:
        box = dict(zip("zyx", zip(request.start, request.shape, strict=True), strict=True))
        box["t"] = (request.time, 1)
        box["c"] = (0, shape[-1]) if self.is_rgb else (request.channel, 1)
        if "z" not in self.axes and box["z"] != (0, 1):
            raise MessageError("a 2-D image has one plane: start[0] must be 0 and shape[0] 1")
        for axis, size in zip(self.axes, shape, strict=True):
            start, length = box[axis]
            if start + length > size:
                raise MessageError(
                    f"the box {start} to {start + length} along {axis} leaves the image, "
                    f"which has {size} voxels there"
                )
        return tuple(slice(box[a][0], box[a][0] + box[a][1]) for a in self.axes)


class ChunkServer:
    """Serve the layers that a viewer shows.

    Parameters
    ----------
    send
        Called with a header and its buffers, in the kernel's main thread.
    executor
        Where reads run.
    call_in_kernel
        Runs a function in the kernel's main thread.
    """

    def __init__(
        self,
        send: Send,
        *,
        executor: Executor,
        call_in_kernel: Callable[[Callable[[], None]], None],
    ) -> None:
        self._send = send
        self._executor = executor
        self._call_in_kernel = call_in_kernel
        self._layers: dict[str, ServedLayer] = {}
        self._pending: set[int] = set()

    def add_layer(self, layer_id: str, layer: ServedLayer) -> None:
        """Serve a layer under an id."""
        self._layers[layer_id] = layer

    def remove_layer(self, layer_id: str) -> None:
        """Stop serving a layer; later requests for it are answered with an error."""
        self._layers.pop(layer_id, None)

    @property
    def layer_ids(self) -> frozenset[str]:
        """Ids of the layers that are served now."""
        return frozenset(self._layers)

    def handle(self, content: object) -> None:
        """Answer one message of the browser; a malformed one gets an ``error`` reply."""
        try:
            message = parse_message(content)
        except MessageError as error:
            log.warning("message from the browser refused: %s", error)
            self._send(error_message(None, str(error)), [])
            return
        if isinstance(message, CancelMessage):
            self._pending.difference_update(message.ids)
        else:
            self._start(message)

    def _start(self, message: GetMessage) -> None:
        for request in message.requests:
            if len(self._pending) >= MAX_PENDING:
                problem = f"more than {MAX_PENDING} requests wait for an answer; ask again later"
                log.warning("request %s refused: %s", request.id, problem)
                self._send(error_message(request.id, problem), [])
                continue
            self._pending.add(request.id)
            self._executor.submit(self._work, request, message.generation)

    def _work(self, request: ChunkRequest, generation: int) -> None:
        if request.id not in self._pending:
            return
        header, buffers = self._answer(request, generation)

        def reply() -> None:
            if request.id in self._pending:
                self._pending.discard(request.id)
                self._send(header, buffers)

        self._call_in_kernel(reply)

    def _answer(self, request: ChunkRequest, generation: int) -> tuple[Json, list[bytes]]:
        layer = self._layers.get(request.image)
        if layer is None:
            message = f"image {request.image!r} is not shown any more"
            return error_message(request.id, message), []
        try:
            check_size(request)
            header, buffer = chunk_message(request, generation, layer.read(request))
        except MessageError as error:
            log.warning("request %s refused: %s", request.id, error)
            return error_message(request.id, str(error)), []
        except Exception as error:  # a reader may fail in any way; it is shown and logged
            log.exception("reading %s failed", request)
            return error_message(request.id, f"reading {request.image} failed: {error}"), []
        return header, [buffer]


def check_size(request: ChunkRequest) -> None:
    """Refuse boxes of more than ``MAX_CHUNK_BYTES`` voxels.

    Raises
    ------
    MessageError
        If the box is too large for one message.
    """
    if request.voxels > MAX_CHUNK_BYTES:
        raise MessageError(
            f"a request of {request.voxels} voxels is too large; ask for at most "
            f"{MAX_CHUNK_BYTES} at once"
        )


def wire_dtype(dtype: np.dtype[np.generic], *, is_labels: bool) -> np.dtype[np.generic]:
    """Return the type in which voxels of ``dtype`` travel to the browser."""
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    native = dtype.newbyteorder("=")
    if native.name in WIRE_DTYPES:
        return native
    return np.dtype(np.uint32 if is_labels else np.float32)


def fold_labels(labels: NDArray[np.generic]) -> NDArray[np.uint32]:
    """Return 32-bit labels for 64-bit ones; those below 2**32 keep their value.

    Larger ones are scattered by Fibonacci hashing (Knuth, The Art of Computer
    Programming, vol. 3, 6.4): two of them meet once in four billion.
    """
    wide = labels.astype(np.uint64)
    scattered = np.maximum((wide * _FIBONACCI) >> np.uint64(32), np.uint64(1))
    return np.where(wide < _FIRST_WIDE, wide, scattered).astype(np.uint32)


def to_wire_dtype(voxels: NDArray[np.generic], *, is_labels: bool) -> NDArray[np.generic]:
    """Return voxels in a type that the browser can hold.

    Notes
    -----
    64-bit labels are folded to 32 bits by ``fold_labels``.
    """
    target = wire_dtype(voxels.dtype, is_labels=is_labels)
    if is_labels and voxels.dtype.kind in "iu" and voxels.dtype.itemsize == 8:
        return fold_labels(voxels)
    return voxels.astype(target, copy=False)

"""Answer the browser's requests for voxels: look up, read, convert, reply.

The server holds no state of the view. Reads run on a few threads (Zarr decodes
without the GIL), so that the kernel stays responsive; replies are handed to
``send`` through ``call_in_kernel``, in whatever order they finish.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roiwidgets.images.quick_look import Reader, quick_look
from roiwidgets.widgets._answers import Answers, Buffers, Send
from roiwidgets.widgets._messages import (
    CancelMessage,
    ChunkRequest,
    Json,
    MessageError,
    ProbeMessage,
    chunk_message,
    parse_message,
    value_message,
)
from roiwidgets.widgets._wire import to_wire_image, to_wire_labels

MAX_CHUNK_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class ServedLayer:
    """The levels of one image, finest first, and how to address them.

    Parameters
    ----------
    axes, levels, is_rgb, is_labels
        Of the image.
    dtype
        Type in which the voxels of an image travel; labels have their own.
    """

    axes: tuple[str, ...]
    levels: tuple[Reader, ...]
    dtype: np.dtype[np.generic]
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
        return to_wire_labels(voxels) if self.is_labels else to_wire_image(voxels, self.dtype)

    def value(self, probe: ProbeMessage) -> str:
        """Return the value of one voxel as text, exact in whatever type it is stored.

        Raises
        ------
        MessageError
            If the voxel lies outside the image.
        """
        level = self.levels[0]
        box = ChunkRequest(
            id=probe.id,
            image=probe.image,
            level=0,
            time=probe.time,
            channel=probe.channel,
            start=probe.index,
            shape=(1, 1, 1),
        )
        values = level.read(self._slices(box, level.shape)).ravel()
        text = ", ".join(str(value) for value in values)
        return f"({text})" if self.is_rgb else text

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
        self._answers = Answers(send, executor=executor, call_in_kernel=call_in_kernel)
        self._layers: dict[str, ServedLayer] = {}

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
            self._answers.refuse(None, str(error))
            return
        if isinstance(message, CancelMessage):
            self._answers.cancel(message.ids)
        elif isinstance(message, ProbeMessage):
            self._answers.start(message.id, lambda: self._answer_probe(message))
        else:
            for request in message.requests:
                answer = functools.partial(self._answer, request, message.generation)
                self._answers.start(request.id, answer)

    def _answer(self, request: ChunkRequest, generation: int) -> tuple[Json, Buffers]:
        layer = self._layer(request.image)
        check_size(request)
        header, buffer = chunk_message(request, generation, layer.read(request))
        return header, [buffer]

    def _answer_probe(self, probe: ProbeMessage) -> tuple[Json, Buffers]:
        return value_message(probe.id, self._layer(probe.image).value(probe)), []

    def _layer(self, layer_id: str) -> ServedLayer:
        layer = self._layers.get(layer_id)
        if layer is None:
            raise MessageError(f"image {layer_id!r} is not shown any more")
        return layer


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

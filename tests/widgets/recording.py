"""A viewer whose messages are kept: what a browser would receive."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import roiwidgets as rw

ANSWER_TIMEOUT_S = 20


class RecordingViewer(rw.Viewer):
    """Plays the browser: asks for voxels and takes what is sent."""

    def __init__(self, *arguments: object, **options: Any) -> None:
        self.sent: queue.Queue[tuple[dict[str, Any], list[bytes]]] = queue.Queue()
        self._numbers = itertools.count(1)
        super().__init__(*arguments, **options)

    def send(self, content: dict[str, Any], buffers: Sequence[bytes] | None = None) -> None:
        self.sent.put((content, list(buffers or [])))

    def answer(self, layer: str, **fields: Any) -> tuple[dict[str, Any], list[bytes]]:
        """Return the header and the buffers that a browser gets for one request."""
        number = next(self._numbers)
        request = {"id": number, "image": layer, "level": 0, "time": 0, "channel": 0, **fields}
        self._handle_custom_msg({"kind": "get", "generation": 1, "requests": [request]}, [])
        while True:
            header, buffers = self.sent.get(timeout=ANSWER_TIMEOUT_S)
            if header["id"] in (number, None):  # a malformed request is answered without its id
                return header, buffers

    def ask(self, layer: str, start: list[int], shape: list[int], **more: int) -> NDArray[Any]:
        """Return the voxels of a box of a layer, as a browser gets them."""
        header, buffers = self.answer(layer, start=start, shape=shape, **more)
        assert header["kind"] == "chunk", header
        return np.frombuffer(buffers[0], header["dtype"]).reshape(header["shape"])

    def shown_preview(self) -> NDArray[Any]:
        """Return all voxels of the preview."""
        assert self.preview is not None
        assert self.preview["complete"]
        shape = self.preview["level"]["shape"]
        return self.ask(self.preview["id"], [0, 0, 0], shape)

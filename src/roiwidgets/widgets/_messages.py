"""Messages between the viewer's browser side and the kernel.

Twin of ``js/src/messages.ts``; both test suites read
``tests/fixtures/messages.json``. What comes from the browser is untrusted:
``parse_message`` returns checked values or raises ``MessageError``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

MAX_REQUESTS = 64
MAX_IDS = 4096
MAX_INTEGER = 2**53 - 1
"""Largest integer that JavaScript holds exactly."""

Json: TypeAlias = "dict[str, object]"


class MessageError(ValueError):
    """A message from the browser does not have the agreed form."""


@dataclass(frozen=True, slots=True)
class ChunkRequest:
    """A box of voxels of one level that the browser wants; start and shape are z, y, x."""

    id: int
    image: str
    level: int
    time: int
    channel: int
    start: tuple[int, int, int]
    shape: tuple[int, int, int]
    quick: bool = False
    """An approximate answer will do, if it comes sooner."""

    @property
    def voxels(self) -> int:
        """Number of voxels in the box."""
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass(frozen=True, slots=True)
class GetMessage:
    """Ask for boxes; answers carry ``generation`` back."""

    generation: int
    requests: tuple[ChunkRequest, ...]


@dataclass(frozen=True, slots=True)
class CancelMessage:
    """Withdraw requests that were not answered yet."""

    ids: tuple[int, ...]


def parse_message(content: object) -> GetMessage | CancelMessage:
    """Return a checked message.

    Raises
    ------
    MessageError
        If the message is of no known kind or a field has the wrong form.
    """
    if not isinstance(content, dict):
        raise MessageError(f"a message must be an object, got {type(content).__name__}")
    kind = content.get("kind")
    if kind == "get":
        requests = _list(content, "requests", MAX_REQUESTS)
        return GetMessage(
            generation=_integer(content, "generation"),
            requests=tuple(_parse_request(item) for item in requests),
        )
    if kind == "cancel":
        ids = _list(content, "ids", MAX_IDS)
        return CancelMessage(tuple(_check_integer(i, "ids") for i in ids))
    raise MessageError(f"message kind must be 'get' or 'cancel', got {kind!r:.80}")


def chunk_message(
    request: ChunkRequest, generation: int, voxels: NDArray[np.generic]
) -> tuple[Json, bytes]:
    """Return the header and the little-endian, C-ordered buffer that answer a request."""
    header: Json = {
        **_echo("chunk", request, generation),
        "dtype": voxels.dtype.name,
        "encoding": "raw",
    }
    little = voxels.astype(voxels.dtype.newbyteorder("<"), copy=False)
    return header, np.ascontiguousarray(little).tobytes()


def empty_message(request: ChunkRequest, generation: int) -> Json:
    """Return the answer for a box that holds no data."""
    return _echo("empty", request, generation)


def error_message(request_id: int | None, message: str) -> Json:
    """Return the answer for a request that cannot be served."""
    return {"kind": "error", "id": request_id, "message": message}


def _echo(kind: str, request: ChunkRequest, generation: int) -> Json:
    return {
        "kind": kind,
        "generation": generation,
        "id": request.id,
        "image": request.image,
        "level": request.level,
        "start": list(request.start),
        "shape": list(request.shape),
    }


def _parse_request(item: object) -> ChunkRequest:
    if not isinstance(item, dict):
        raise MessageError(f"a request must be an object, got {type(item).__name__}")
    image = item.get("image")
    if not isinstance(image, str) or len(image) > 200:
        raise MessageError(f"image must be a short string, got {image!r:.80}")
    return ChunkRequest(
        id=_integer(item, "id"),
        image=image,
        level=_integer(item, "level"),
        time=_integer(item, "time"),
        channel=_integer(item, "channel"),
        start=_triple(item, "start", minimum=0),
        shape=_triple(item, "shape", minimum=1),
        quick=_boolean(item, "quick"),
    )


def _boolean(item: dict[object, object], key: str) -> bool:
    value = item.get(key, False)
    if not isinstance(value, bool):
        raise MessageError(f"{key} must be true or false, got {value!r:.80}")
    return value


def _integer(item: dict[object, object], key: str) -> int:
    return _check_integer(item.get(key), key)


def _check_integer(value: object, key: str, minimum: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= MAX_INTEGER:
        raise MessageError(f"{key} must be an integer of at least {minimum}, got {value!r:.80}")
    return value


def _triple(item: dict[object, object], key: str, *, minimum: int) -> tuple[int, int, int]:
    values = _list(item, key, 3)
    if len(values) != 3:
        raise MessageError(f"{key} must hold three integers (z, y, x), got {values!r:.80}")
    z, y, x = (_check_integer(value, key, minimum) for value in values)
    return z, y, x


def _list(item: dict[object, object], key: str, longest: int) -> list[object]:
    values = item.get(key)
    if not isinstance(values, list) or len(values) > longest:
        raise MessageError(f"{key} must be a list of at most {longest} entries, got {values!r:.80}")
    return values

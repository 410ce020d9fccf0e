"""Messages between the viewer's browser side and the kernel.

Twin of ``js/src/messages.ts``; both test suites read
``tests/fixtures/messages.json``. What comes from the browser is untrusted:
``parse_message`` returns checked values or raises ``MessageError``.
"""

from __future__ import annotations

import json
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


@dataclass(frozen=True, slots=True)
class ProbeMessage:
    """Ask for the exact value of one voxel of an image's finest level; index is z, y, x."""

    id: int
    image: str
    time: int
    channel: int
    index: tuple[int, int, int]


Message: TypeAlias = "GetMessage | CancelMessage | ProbeMessage"


def check_envelope(data: object) -> None:
    """Check what ipywidgets is about to take apart: a change of state, a question, or a message.

    Raises
    ------
    MessageError
        If it is none of them.
    """
    if not isinstance(data, dict):
        raise MessageError(f"what is sent must be an object, got {type(data).__name__}")
    method = data.get("method")
    if method == "update":
        if not isinstance(data.get("state"), dict):
            raise MessageError(f"state must be an object, got {data.get('state')!r:.80}")
        if data.get("buffer_paths", []) != []:
            raise MessageError("no trait that may be set holds a buffer")
    elif method == "custom":
        if "content" not in data:
            raise MessageError("a custom message must have content")
    elif method != "request_state":
        raise MessageError(
            f"method must be 'update', 'custom' or 'request_state', got {method!r:.80}"
        )


def check_json(value: object) -> None:
    """Check that a value from the browser can be sent back to it.

    Python's reader takes more than JSON has: NaN, and halves of characters.

    Raises
    ------
    MessageError
        If JSON cannot carry the value.
    """
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(f"JSON cannot carry {value!r:.80}") from error


def parse_message(content: object) -> Message:
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
        requests = list_field(content, "requests", MAX_REQUESTS)
        return GetMessage(
            generation=integer_field(content, "generation"),
            requests=tuple(_parse_request(item) for item in requests),
        )
    if kind == "cancel":
        ids = list_field(content, "ids", MAX_IDS)
        return CancelMessage(tuple(check_integer(i, "ids") for i in ids))
    if kind == "probe":
        return ProbeMessage(
            id=integer_field(content, "id"),
            image=_image_id(content),
            time=integer_field(content, "time"),
            channel=integer_field(content, "channel"),
            index=_triple(content, "index", minimum=0),
        )
    raise MessageError(f"message kind must be 'get', 'cancel' or 'probe', got {kind!r:.80}")


def chunk_message(
    request: ChunkRequest, generation: int, voxels: NDArray[np.generic]
) -> tuple[Json, memoryview]:
    """Return the header and the little-endian, C-ordered buffer that answer a request."""
    header: Json = {
        **_echo("chunk", request, generation),
        "dtype": voxels.dtype.name,
        "encoding": "raw",
    }
    return header, little_endian(voxels)


def little_endian(voxels: NDArray[np.generic]) -> memoryview:
    """Return voxels as little-endian bytes in C order."""
    little = voxels.astype(voxels.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(little).reshape(-1).view(np.uint8).data


def empty_message(request: ChunkRequest, generation: int) -> Json:
    """Return the answer for a box that holds no data."""
    return _echo("empty", request, generation)


def value_message(request_id: int, value: str) -> Json:
    """Return the answer to a question for one value."""
    return {"kind": "value", "id": request_id, "value": value}


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
    return ChunkRequest(
        id=integer_field(item, "id"),
        image=_image_id(item),
        level=integer_field(item, "level"),
        time=integer_field(item, "time"),
        channel=integer_field(item, "channel"),
        start=_triple(item, "start", minimum=0),
        shape=_triple(item, "shape", minimum=1),
        quick=boolean_field(item, "quick"),
    )


def _image_id(item: dict[object, object]) -> str:
    image = item.get("image")
    if not isinstance(image, str) or len(image) > 200:
        raise MessageError(f"image must be a short string, got {image!r:.80}")
    return image


def boolean_field(item: dict[object, object], key: str) -> bool:
    """Return a field that is true or false; false where it is missing."""
    value = item.get(key, False)
    if not isinstance(value, bool):
        raise MessageError(f"{key} must be true or false, got {value!r:.80}")
    return value


def integer_field(item: dict[object, object], key: str) -> int:
    """Return a field that is an integer of at least 0."""
    return check_integer(item.get(key), key)


def check_integer(value: object, key: str, minimum: int = 0) -> int:
    """Return an integer of at least ``minimum`` that JavaScript holds exactly."""
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= MAX_INTEGER:
        raise MessageError(f"{key} must be an integer of at least {minimum}, got {value!r:.80}")
    return value


def _triple(item: dict[object, object], key: str, *, minimum: int) -> tuple[int, int, int]:
    values = list_field(item, key, 3)
    if len(values) != 3:
        raise MessageError(f"{key} must hold three integers (z, y, x), got {values!r:.80}")
    z, y, x = (check_integer(value, key, minimum) for value in values)
    return z, y, x


def list_field(item: dict[object, object], key: str, longest: int) -> list[object]:
    """Return a field that is a list of at most ``longest`` entries."""
    values = item.get(key)
    if not isinstance(values, list) or len(values) > longest:
        raise MessageError(f"{key} must be a list of at most {longest} entries, got {values!r:.80}")
    return values

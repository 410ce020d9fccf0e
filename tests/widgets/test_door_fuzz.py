"""Ten thousand messages of a browser gone mad: answered or refused, and nothing is harmed."""

from __future__ import annotations

import copy
import logging
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roiwidgets.widgets._answers import MAX_PENDING
from roiwidgets.widgets._chunk_server import ChunkServer, ServedLayer

MESSAGES = 10_000
SHAPE = (9, 10, 11)
LONGEST_LOG = 1000
NONSENSE: list[Any] = [
    None, True, -1, 0, 1, 2**53, 2**70, 10**400, 0.5, float("nan"), float("inf"), "", "image-1",
    "x" * 100_000, "\ud800", [], {}, [0, 0, 0], [1, 1, 1], [2**40] * 3, [[[]]], {"x": 1},
    [0] * 5000,
]  # fmt: skip


class GuardedSource:
    """Fails the test when it is read outside of what it has."""

    shape = SHAPE

    def __init__(self) -> None:
        self.outside: list[object] = []

    def read(self, slices: tuple[slice, ...]) -> NDArray[np.uint8]:
        for side, size in zip(slices, SHAPE, strict=True):
            if not 0 <= side.start < side.stop <= size:
                self.outside.append(slices)
        return np.zeros([side.stop - side.start for side in slices], np.uint8)


def valid_message(rng: random.Random) -> dict[str, Any]:
    start = [rng.randrange(size) for size in SHAPE]
    shape = [rng.randint(1, size - first) for size, first in zip(SHAPE, start, strict=True)]
    request = {
        "id": rng.randrange(100), "image": "image-1", "level": 0, "time": 0, "channel": 0,
        "start": start, "shape": shape, "quick": rng.random() < 0.5,
    }  # fmt: skip
    get = {"kind": "get", "generation": rng.randrange(9), "requests": [request]}
    probe = {key: request[key] for key in ("id", "image", "time", "channel")}
    probe |= {"kind": "probe", "index": start}
    return rng.choice([get, get, probe, {"kind": "cancel", "ids": [rng.randrange(100)]}])


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the containers of a message and their keys."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places_in(inner)


def spoilt(message: dict[str, Any], rng: random.Random) -> Any:
    """Return a message with up to three of its parts replaced, dropped or doubled."""
    spoilt = copy.deepcopy(message)
    for _ in range(rng.randrange(4)):
        places = list(places_in(spoilt))
        if not places:
            break
        container, key = rng.choice(places)
        change = rng.random()
        if change < 0.7:
            container[key] = copy.deepcopy(rng.choice(NONSENSE))
        elif change < 0.85 or isinstance(container, dict):
            del container[key]
        else:
            container.append(copy.deepcopy(container[key]))
    return rng.choice(NONSENSE) if rng.random() < 0.02 else spoilt


def test_the_server_answers_or_refuses_every_message(caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(11)  # no secret
    source = GuardedSource()
    replies: list[dict[str, Any]] = []
    with ThreadPoolExecutor(1) as executor, caplog.at_level(logging.WARNING):
        server = ChunkServer(
            lambda header, _: replies.append(header),
            executor=executor,
            call_in_kernel=lambda function: function(),
        )
        server.add_layer("image-1", ServedLayer(("z", "y", "x"), (source,), np.dtype("uint8")))
        for _ in range(MESSAGES):
            server.handle(spoilt(valid_message(rng), rng))

    assert source.outside == []
    kinds = {reply["kind"] for reply in replies}
    assert kinds == {"chunk", "value", "error"}
    assert len(replies) > MESSAGES / 2
    assert server._answers._pending == set()
    assert max(len(record.getMessage()) for record in caplog.records) < LONGEST_LOG
    assert all(len(str(reply.get("message", ""))) < LONGEST_LOG for reply in replies)


def test_no_more_requests_wait_than_a_kernel_can_hold() -> None:
    replies: list[dict[str, Any]] = []
    waiting: list[object] = []

    class NeverRuns(ThreadPoolExecutor):
        def submit(self, *job: Any, **options: Any) -> Any:  # the pool's signature
            waiting.append(job)

    server = ChunkServer(
        lambda header, _: replies.append(header),
        executor=NeverRuns(),
        call_in_kernel=lambda function: function(),
    )
    request = {"image": "image-1", "level": 0, "time": 0, "channel": 0, "start": [0, 0, 0]}
    for number in range(MAX_PENDING + 5):
        asked = {**request, "id": number, "shape": [1, 1, 1]}
        server.handle({"kind": "get", "generation": 0, "requests": [asked]})

    assert len(waiting) == MAX_PENDING
    assert [reply["id"] for reply in replies] == list(range(MAX_PENDING, MAX_PENDING + 5))
    assert "ask again later" in replies[0]["message"]

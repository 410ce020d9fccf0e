from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from roiwidgets.widgets._chunk_server import ChunkServer, ServedLayer


class InlineExecutor(Executor):
    """Runs what is submitted when told to, in the calling thread."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []

    def submit(self, fn: Callable[..., object], /, *args: object, **kwargs: object) -> Future:  # type: ignore[type-arg, override]
        self.waiting.append(lambda: fn(*args, **kwargs))
        return Future()

    def run_all(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@dataclass
class ArrayReader:
    data: NDArray[np.generic]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    def read(self, slices: tuple[slice, ...]) -> NDArray[np.generic]:
        return self.data[slices]


class Bench:
    """A server whose replies are collected."""

    def __init__(self, layer: ServedLayer) -> None:
        self.replies: list[tuple[dict[str, object], list[bytes]]] = []
        self.executor = InlineExecutor()
        self.server = ChunkServer(
            lambda header, buffers: self.replies.append((header, buffers)),
            executor=self.executor,
            call_in_kernel=lambda function: function(),
        )
        self.server.add_layer("image-1", layer)

    def get(self, **changes: object) -> tuple[dict[str, object], list[bytes]]:
        request = {"id": 1, "image": "image-1", "level": 0, "time": 0, "channel": 0}
        request |= {"start": [0, 0, 0], "shape": [1, 1, 1]} | changes
        self.server.handle({"kind": "get", "generation": 7, "requests": [request]})
        self.executor.run_all()
        return self.replies[-1]


def volume() -> NDArray[np.uint16]:
    return np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6)


def test_a_box_is_answered_with_its_voxels() -> None:
    data = volume()
    bench = Bench(
        ServedLayer(("z", "y", "x"), (ArrayReader(data), ArrayReader(data[::2])), data.dtype)
    )

    header, buffers = bench.get(level=1, start=[1, 2, 3], shape=[1, 2, 3])

    assert (header["kind"], header["generation"], header["level"]) == ("chunk", 7, 1)
    box = np.frombuffer(buffers[0], "<u2").reshape(1, 2, 3)
    np.testing.assert_array_equal(box, data[::2][1:2, 2:4, 3:6])


def test_time_and_channel_choose_a_volume() -> None:
    data = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    bench = Bench(ServedLayer(("t", "c", "y", "x"), (ArrayReader(data),), data.dtype))

    _, buffers = bench.get(time=1, channel=2, shape=[1, 4, 5])

    np.testing.assert_array_equal(np.frombuffer(buffers[0], np.uint8).reshape(4, 5), data[1, 2])


def test_colours_travel_with_their_components() -> None:
    data = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    bench = Bench(ServedLayer(("y", "x", "c"), (ArrayReader(data),), data.dtype, is_rgb=True))

    _, buffers = bench.get(start=[0, 1, 0], shape=[1, 2, 5])

    np.testing.assert_array_equal(np.frombuffer(buffers[0], np.uint8).reshape(2, 5, 3), data[1:3])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": "image-9"}, "not shown any more"),
        ({"level": 3}, "level 3 does not exist"),
        ({"start": [3, 0, 0], "shape": [2, 1, 1]}, "leaves the image"),
        ({"time": 1}, None),
        ({"shape": [2**11, 2**11, 2**11]}, "too large"),
    ],
)
def test_requests_that_cannot_be_served_are_answered(
    changes: dict[str, object], message: str | None
) -> None:
    bench = Bench(ServedLayer(("z", "y", "x"), (ArrayReader(volume()),), np.dtype("uint16")))

    header, buffers = bench.get(**changes)

    if message is None:
        assert header["kind"] == "chunk"  # an image without a time axis has one time
    else:
        assert (header["kind"], header["id"], buffers) == ("error", 1, [])
        assert message in str(header["message"])


def test_a_reader_that_fails_is_reported_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ArrayReader):
        def read(self, slices: tuple[slice, ...]) -> NDArray[np.generic]:
            raise OSError("disk gone")

    bench = Bench(ServedLayer(("z", "y", "x"), (Broken(volume()),), np.dtype("uint16")))

    header, _ = bench.get()

    assert "disk gone" in str(header["message"])
    assert "disk gone" in caplog.text


def test_cancelled_requests_are_not_answered() -> None:
    bench = Bench(ServedLayer(("z", "y", "x"), (ArrayReader(volume()),), np.dtype("uint16")))
    request = {"id": 1, "image": "image-1", "level": 0, "time": 0, "channel": 0}
    request |= {"start": [0, 0, 0], "shape": [1, 1, 1]}

    bench.server.handle({"kind": "get", "generation": 0, "requests": [request]})
    bench.server.handle({"kind": "cancel", "ids": [1]})
    bench.executor.run_all()

    assert bench.replies == []


def test_a_malformed_message_is_answered_with_an_error() -> None:
    bench = Bench(ServedLayer(("z", "y", "x"), (ArrayReader(volume()),), np.dtype("uint16")))

    bench.server.handle({"kind": "format disk"})

    assert bench.replies[0][0]["kind"] == "error"

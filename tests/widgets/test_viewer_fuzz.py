"""A whole viewer under a browser gone mad: 10,000 messages and 10,000 changes of its state."""

from __future__ import annotations

import copy
import dataclasses
import gc
import itertools
import json
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

import roiwidgets as rw
from roiwidgets.images.readers import open_image
from roiwidgets.widgets import _viewer_layers
from tests.widgets.recording import RecordingViewer
from tests.widgets.test_door_fuzz import SHAPE, spoilt, valid_message

ROUNDS = 10_000
"""Each sends one message and one change of state."""
WARM_UP = 1_000
MOST_GROWTH = 8 * 2**20
"""Bytes by which the process may grow after the warm-up: what an allocator does not give back."""
LONGEST_LOG = 1000
STACK = (2, 3, *SHAPE)

CORNER = {"x": 0.0, "y": 0.0, "z": 0.0}
PLANE = {"center": [1.0, 2.0], "height": 3.0}
EYE = {"position": [0, 0, -9], "focal_point": [1, 2, 3], "view_up": [0, 1, 0]}
VALID: dict[str, list[Any]] = {
    "roi": [{"lower": CORNER, "upper": {"x": 5.5, "y": 4.5, "z": 3.5}}, None],
    "roi_visible": [True, False],
    "roi_locked": [True, False],
    "slices": [{"x": 1.0, "y": 2.0, "z": 3.0}],
    "clicked_point": [{"x": 1.0, "y": 2.0, "z": 3.0}],
    "camera": [{}, {"planes": {"x": PLANE, "z": PLANE}, "volume": EYE}],
    "color_map": ["gray", "viridis"],
    "color_range": [[0, 99.5], [3, 3]],
    "time_index": [0, 1],
    "channel_index": [0, 2],
    "loaded_scale": [-1, 0],
    "memory_budget": [2**20, 2**28],
    "height": [200, 900],
    "view_mode": ["four-up", "volume", "x"],
    "annotations_enabled": [True, False],
    "axes_enabled": [True, False],
    "ui_collapsed": [True, False],
    "volume_projection": ["maximum", "composite"],
    "opacity_points": [[], [[0, 0], [5, 1]]],
    "gradient_opacity": [0, 0.5],
    "gradient_opacity_scale": [0.01, 1],
    "scattering": [0, 1],
    "rotate": [True, False],
    "shading": [True, False],
    "sample_distance": [0.2, 3],
    "label_opacity": [0, 1],
    "label_outline": [True, False],
    "label_names": [{"1": "cell", "20": "wall"}],
    "hidden_labels": [[3, 1, 2]],
    "label_weights": [{"1": 0.5, "2": 1}],
    "label_color_map": ["", "glasbey"],
    "image_interpolation": [True, False],
    "background_color": ["", "#102030", "red"],
    "layer_visibility": [{"Image": False}, {"Image": True, "Labels": False}],
    "compare_method": ["blend", "swap"],
    "image_mix": [0, 1],
    "preview_split": [None, 0, 0.5, 1],
    "checkerboard_pattern": [2, 256],
    "channels_together": [True, False],
    "channel_colors": [["#ff0000", "#00ff00"], ["red", "lime", "blue"]],
    "channel_ranges": [[[0, 1], [2, 3]]],
    "channel_visibility": [[True, False, True]],
    "selected_layer": ["Image", ""],
    "picture": ["", "iVBORw0KGgo="],
    "picture_shows": [{}, {"layers": ["image-1"], "slices": {}}],
}  # fmt: skip
KERNELS_OWN = ("scene", "preview", "color_table", "error_message", "_esm", "nothing")


class Guarded:
    """Notes what is read outside of a level."""

    def __init__(self, level: Any, outside: list[object]) -> None:
        self.shape = level.shape
        self._level = level
        self._outside = outside

    def read(self, slices: tuple[slice, ...]) -> NDArray[Any]:
        for side, size in zip(slices, self.shape, strict=True):
            if not 0 <= side.start < side.stop <= size:
                self._outside.append(slices)
        return np.asarray(self._level.read(slices))


class OnTheWire(RecordingViewer):
    """Packs what it sends as Jupyter does, which fails on what JSON cannot carry."""

    def _send(self, msg: dict[str, Any], buffers: object = None) -> None:
        json.dumps(msg, ensure_ascii=False, allow_nan=False).encode("utf8", "surrogateescape")


class CountedLog(logging.Handler):
    """Keeps what is logged as text, without the objects it speaks of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.exceptions: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if record.exc_info:  # ipywidgets logs what escapes, and goes on
            self.exceptions.append(f"{record.getMessage()}: {record.exc_info[1]!r:.500}")

    def take(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines


@contextmanager
def counted_log() -> Iterator[CountedLog]:
    """Take what is logged from pytest, which keeps every record with what it speaks of."""
    root, handler = logging.getLogger(), CountedLog()
    before, root.handlers = root.handlers, [handler]
    try:
        yield handler
    finally:
        root.handlers = before


class MadBrowser:
    """Sends to a viewer what it sees fit, and checks what comes of each."""

    def __init__(self, viewer: RecordingViewer, log: CountedLog, seed: int) -> None:
        self.viewer = viewer
        self.log = log
        self.rng = random.Random(seed)
        self.accepted: set[str] = set()
        self.refused: set[str] = set()

    def send_message(self) -> None:
        message = spoilt(valid_message(self.rng), self.rng)
        self._deliver({"method": "custom", "content": message})
        self._assert_each_refusal_is_logged()

    def send_broken_envelope(self) -> None:
        whole = {"method": "update", "state": {"roi_visible": True}, "buffer_paths": []}
        data = spoilt(self.rng.choice([whole, {"method": "custom", "content": {}}]), self.rng)
        self.viewer.error_message = ""
        self._deliver(data)
        told = self.viewer.error_message != ""
        self._assert_each_refusal_is_logged(besides=int(told))

    def send_state(self) -> None:
        rng = self.rng
        own = rng.random() < 0.05
        name = rng.choice(KERNELS_OWN if own else self.viewer.settable)
        valid = VALID.get(name, [{}])
        value = spoilt({"value": copy.deepcopy(rng.choice(valid))}, rng)
        value = value.get("value") if isinstance(value, dict) else value
        self.viewer.error_message = ""
        self._deliver({"method": "update", "state": {name: value}, "buffer_paths": []})
        lines = self.log.take()
        told = self.viewer.error_message != ""
        assert len(lines) == (1 if told or own else 0), (name, value, lines)
        assert all(len(line) < LONGEST_LOG for line in lines)
        (self.refused if told else self.accepted).add(name)

    def _assert_each_refusal_is_logged(self, besides: int = 0) -> None:
        errors = [header for header, _ in self._drain() if header["kind"] == "error"]
        lines = self.log.take()
        answered = [line for line in lines if not line.endswith("belongs to the kernel")]
        assert len(answered) == len(errors) + besides, (lines, errors)
        assert all(len(line) < LONGEST_LOG for line in lines)

    def _deliver(self, data: object) -> None:
        message = {"content": {"data": data}, "buffers": [memoryview(b"unasked")]}
        self.viewer._handle_msg(message)
        self.viewer._threads.submit(int).result()  # after all that was asked of the one thread

    def _drain(self) -> list[tuple[dict[str, Any], list[bytes]]]:
        sent = self.viewer.sent
        return [sent.get() for _ in range(sent.qsize())]


def test_a_valid_example_is_known_of_every_trait_that_a_browser_may_set() -> None:
    viewer = OnTheWire(open_image(np.zeros(STACK, np.uint8), axes="tczyx"))
    assert set(VALID) == set(rw.Viewer.settable)

    with counted_log() as log:
        for name, values in VALID.items():
            for value in values:
                viewer.set_state({name: value})

    assert log.lines == []


def test_the_viewer_is_sound_after_such_messages_and_states(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_viewer_layers, "READ_THREADS", 1)  # whose queue tells what is done
    voxels = np.arange(np.prod(STACK), dtype=np.uint16).reshape(STACK)
    viewer = OnTheWire(open_image(voxels, axes="tczyx"))
    layer = viewer.scene["layers"][0]["id"]
    served = viewer._server._layers[layer]
    outside: list[object] = []
    guarded = tuple(Guarded(level, outside) for level in served.levels)
    viewer._server.add_layer(layer, dataclasses.replace(served, levels=guarded))
    before = viewer.get_state(["scene", "color_maps", "preview"])
    with counted_log() as log:
        browser = MadBrowser(viewer, log, seed=5)
        rounds(browser, WARM_UP)
        memory = resident_memory()
        rounds(browser, ROUNDS - WARM_UP)
        growth = resident_memory() - memory

    assert growth <= MOST_GROWTH, f"grown by {growth / 2**20:.1f} MiB"
    assert log.exceptions == []
    assert outside == []
    assert viewer._server._answers._pending == set()
    assert set(rw.Viewer.settable) <= browser.accepted
    assert set(rw.Viewer.settable) <= browser.refused
    assert viewer.get_state(["scene", "color_maps", "preview"]) == before
    assert_answers(viewer, layer, voxels)


def rounds(browser: MadBrowser, count: int) -> None:
    for number in range(count):
        browser.send_message()
        browser.send_state()
        if number % 10 == 0:
            browser.send_broken_envelope()


def resident_memory() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def assert_answers(viewer: RecordingViewer, layer: str, voxels: NDArray[Any]) -> None:
    """Assert that the viewer answers sensible questions as if nothing had been."""
    json.dumps(viewer.get_state(), allow_nan=False, default=str)
    viewer._numbers = itertools.count(ROUNDS)  # ids that no message had
    whole = viewer.ask(layer, [0, 0, 0], list(SHAPE), time=1, channel=2)
    np.testing.assert_array_equal(whole, voxels[1, 2])
    assert len(viewer.draw_png()) > 100
    for part, size in zip(viewer.get_roi_slice(0)[2:], SHAPE, strict=True):
        assert 0 <= part.start < part.stop <= size

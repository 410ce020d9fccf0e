"""How long the calling process is held up while a preview computes.

A thread ticks every 20 ms while a median of radius 3 runs on 128^3 voxels; prints the
longest wait between two ticks, when the visible slices and the whole region were
ready, and how long a newer request takes when the worker must be replaced:

    python benchmarks/preview_ticker.py
"""

from __future__ import annotations

import threading
import time

import numpy as np

import roiwidgets.operations as ops
from roiwidgets.engine.preview import PreviewRequest, PreviewRunner, PreviewState
from roiwidgets.images.sources import ArraySource

SIDE = 128
TICK_S = 0.02


class Ticker:
    """Notes the longest wait between two ticks."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.worst_s = 0.0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        last = time.perf_counter()
        while not self._stop.wait(TICK_S):
            now = time.perf_counter()
            self.worst_s, last = max(self.worst_s, now - last), now

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        return self.worst_s


def main() -> None:
    voxels = np.random.default_rng(0).integers(0, 255, (SIDE,) * 3, dtype=np.uint8)
    source = ArraySource(voxels, (64,) * 3)
    whole = tuple(slice(0, SIDE) for _ in range(3))
    middle = SIDE // 2
    first = tuple(
        tuple(slice(middle, middle + 1) if i == axis else slice(0, SIDE) for i in range(3))
        for axis in range(3)
    )
    states: list[PreviewState] = []
    runner = PreviewRunner(on_state=states.append, on_error=lambda run, error: print(run, error))

    def request(operation: ops.Operation) -> PreviewRequest:
        return PreviewRequest(source, whole, (0, 1, 2), (1.0, 1.0, 1.0), operation, first)

    runner.submit(request(ops.median(1)))
    runner.wait(120)
    for radius in (1, 2, 3):
        states.clear()
        ticker = Ticker()
        runner.submit(request(ops.median(radius)))
        runner.wait(600)
        worst = ticker.stop()
        visible = next(state.elapsed_s for state in states if len(state.ready) >= len(first))
        print(
            f"median r={radius}, {SIDE}^3: slices after {visible:.2f} s, whole after "
            f"{states[-1].elapsed_s:.2f} s; longest wait of a 20 ms ticker {worst * 1000:.0f} ms"
        )

    def stuck(array: np.ndarray) -> np.ndarray:
        time.sleep(3600)
        return array

    for attempt in ("first", "second"):
        runner.submit(request(ops.operation(stuck, halo=0)))
        time.sleep(1)
        ticker = Ticker()
        started = time.perf_counter()
        states.clear()
        runner.submit(request(ops.median(1)))
        runner.wait(120)
        print(
            f"after stuck workers ({attempt}): whole after {time.perf_counter() - started:.2f} "
            f"s, longest wait of the ticker {ticker.stop() * 1000:.0f} ms"
        )
    runner.close()


if __name__ == "__main__":
    main()

"""Playing a movie: what a frame costs the kernel, and how many JupyterLab shows in a second.

python benchmarks/playback.py kernel    # CPU per frame, beside a plain slice of the stored array
python benchmarks/playback.py lab       # frames a second in JupyterLab, also at 10 Mbit/s

The movie of the first part has 480 x 752 pixels of uint8 in chunks of 50 frames: the real
miniscope frames repeated where they are, else the seeded phantom. The other side is what a
player over xarray and zarr does for each frame before it draws: slice the array, and turn
the pixels into base64. Drawing (Bokeh, HoloViews) is not in it.
The link of 10 Mbit/s is made in the kernel: each message is handed to the comm only after
the bytes before it have had their time. Chromium's own throttle leaves WebSockets alone.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
REAL = Path(os.environ.get("ROIWIDGETS_DATA", ROOT.parent / "shared" / "data")) / "miniscope"
FRAMES, SIZE, CHUNK = 1000, (480, 752), 50
RANDOM, SEQUENTIAL = 200, 500
SECONDS = 6

THROTTLE = """
class Link:
    def __init__(self, send, bytes_per_second):
        self.send, self.rate, self.free, self.sizes = send, bytes_per_second, 0.0, []
    def __call__(self, header, buffers):
        import asyncio
        loop = asyncio.get_running_loop()
        size = sum(len(b) for b in buffers)
        if header["kind"] == "frame":
            self.sizes.append(size)
        self.free = max(loop.time(), self.free) + size / self.rate
        loop.call_at(self.free, self.send, header, buffers)
link = Link(player.send, {rate})
player._server._answers.send = link
"""

MEASURE = """async (root, seconds) => {
  const test = root.roiwidgetsTest, drawn = () => new Promise(requestAnimationFrame);
  const frame = root.querySelector('.rw-frame');
  const key = () => frame.dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true}));
  const seen = []; let ticks = 0;
  key();
  const begin = performance.now();
  while (performance.now() - begin < 1000 * seconds) {
    await drawn(); ticks++;
    if (performance.now() - begin < 2000) continue;
    const {frame} = test.shown() ?? {};
    if (frame !== seen.at(-1)) seen.push(frame);
  }
  key();
  const paused = performance.now(), before = test.late();
  while (!test.shown().isExact) await drawn();
  await drawn();
  const exactAfterMs = performance.now() - paused;
  await new Promise(resolve => setTimeout(resolve, 500));
  return {fps: seen.length / (seconds - 2), ticks: ticks / seconds, exactAfterMs,
          late: test.late() - before};
}"""


class AtOnce(Executor):
    """Runs what is submitted before it returns."""

    def submit(self, function: Any, /, *args: Any, **options: Any) -> Future[Any]:
        function(*args, **options)
        return Future()


def frames_of(count: int) -> tuple[str, NDArray[np.uint8]]:
    """Return real frames repeated, or the phantom's."""
    store = REAL / "real_miniscope_uint8.zarr"
    if store.exists():
        some = np.asarray(zarr.open_group(store, mode="r")["varr_ref"][:])
        return "real miniscope frames, repeated", np.resize(some, (count, *some.shape[1:]))
    import roiwidgets as rw

    movie = rw.samples.calcium_movie(frames=100, shape=SIZE, cells=40).movie
    return "calcium phantom, repeated", np.resize(np.asarray(movie.data), (count, *SIZE))


def cpu_per_frame(frames: list[int], ask: Callable[[int], object]) -> float:
    """Return CPU milliseconds of this process, with all its threads, for one frame."""
    begin = time.process_time()
    for frame in frames:
        ask(frame)
    return (time.process_time() - begin) / len(frames) * 1000


def kernel() -> None:
    """Print what a frame costs the kernel."""
    from roiwidgets.stacks.movie import open_movie
    from roiwidgets.widgets._frame_messages import FrameMessage, FramesMessage
    from roiwidgets.widgets._frame_server import FrameServer, serve_movie

    name, voxels = frames_of(FRAMES)
    print(f"{name}: {voxels.shape} uint8, chunks of {CHUNK} frames; CPU ms per frame")
    random = np.random.default_rng(0).integers(0, FRAMES, RANDOM).tolist()
    for codec, compressors in (
        ("blosc lz4", zarr.codecs.BloscCodec(cname="lz4", clevel=5, shuffle="shuffle")),
        ("zstd 1", zarr.codecs.ZstdCodec(level=1)),
    ):
        with tempfile.TemporaryDirectory() as folder:
            stored = zarr.create_array(
                f"{folder}/movie", shape=voxels.shape, chunks=(CHUNK, *voxels.shape[1:]),
                dtype="uint8", compressors=compressors,
            )  # fmt: skip
            stored[:] = voxels
            movie = open_movie(f"{folder}/movie")
            sizes: list[int] = []
            server = FrameServer(
                lambda _, buffers, sizes=sizes: sizes.append(len(buffers[0])),
                executor=AtOnce(), call_in_kernel=lambda function: function(),
            )  # fmt: skip

            def ask(frame: int, quality: int = 0, ahead: Any = 0, server: Any = server) -> None:
                shape = (voxels.shape[1], voxels.shape[2])
                how: tuple[Any, ...] = ("jpeg", quality) if quality else ("raw", 0)
                asked = FrameMessage(1, "m", frame, (0, 0), shape, 1, *how, (0.0, 12.0), ahead)
                server.handle(FramesMessage((asked,)))

            def plain(frame: int, stored: Any = stored) -> bytes:
                return base64.b64encode(np.ascontiguousarray(stored[frame]))

            recipe = cpu_per_frame(random[:50], plain)
            found = {}
            for label, frames, options in (
                ("random, raw", random, {}),
                ("in order, raw", list(range(SEQUENTIAL)), {"ahead": 1}),
                ("in order, JPEG 50", list(range(SEQUENTIAL)), {"ahead": 1, "quality": 50}),
            ):
                server.show("m", serve_movie((movie,), np.dtype(np.uint8)))
                found[label] = cpu_per_frame(frames, lambda f, o=options: ask(f, **o))
            print(f"{codec}: plain slice {recipe:.1f}")
            for label, cost in found.items():
                print(f"  {label}: {cost:.2f}, {recipe / cost:.0f} times less")
            print(f"  a JPEG of quality 50 has {np.mean(sizes[-SEQUENTIAL:]) / 1000:.0f} KB")


def lab() -> None:
    """Print how many frames JupyterLab shows in a second."""
    from detached_chromium import detached_chromium
    from playwright.sync_api import sync_playwright

    from tests.browser.lab import NotebookPage
    from tests.browser.lab_server import running_lab

    print(f"load of this machine {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores")
    make = (
        "import numpy as np, time, roiwidgets as rw\n"
        "voxels = np.resize(np.load('frames.npy'), {shape}).astype('u1')\n"
        "player = rw.StackViewer(rw.open_image(voxels, axes='tyx'), frame_rate={rate}, "
        "side_views=False, color_range=(0, 12))"
    )
    cases = (
        ("600 x 600, loopback", (600, 600, 600), 60, 0),
        ("480 x 752 real frames at 10 Mbit/s", (600, *SIZE), 30, 1.25e6),
    )
    with (
        tempfile.TemporaryDirectory() as root,
        sync_playwright() as driver,
        detached_chromium(driver) as browser,
        running_lab(Path(root)) as server,
    ):
        np.save(server.folder / "frames.npy", frames_of(100)[1])
        for number, (label, shape, rate, bandwidth) in enumerate(cases):
            cells = [make.format(shape=shape, rate=rate), "player"]
            if bandwidth:
                cells.insert(1, THROTTLE.replace("{rate}", str(bandwidth)))
            server.write_notebook(f"case{number}.ipynb", cells)
            page = NotebookPage(browser.new_page(), server, f"case{number}.ipynb")
            page.open()
            page.run_all()
            page.wait_settled()
            before = float(page.evaluate("time.process_time()"))
            page.viewer().evaluate(
                f"(root, seconds) => {{ window.found = ({MEASURE})(root, seconds); }}", SECONDS
            )
            browser.detach()
            time.sleep(SECONDS + 2)
            page = NotebookPage(browser.page(page.name), server, page.name)
            found = page.page.evaluate("window.found")
            spent = float(page.evaluate("time.process_time()")) - before
            print(
                f"{label}: {found['fps']:.1f} frames/s of {rate} wanted, page drawn "
                f"{found['ticks']:.0f} times/s, {found['late']} frames came after the pause, "
                f"exact after {found['exactAfterMs']:.0f} ms, kernel "
                f"{100 * spent / SECONDS:.0f} % of a core"
            )
            if bandwidth:
                # the last ones are of the pause, and raw
                sizes = page.evaluate("sorted(link.sizes[-60:-4])[::11]")
                print(f"  bytes of the last playing frames: {sizes}")
            page.shut_down()


if __name__ == "__main__":
    {"kernel": kernel, "lab": lab}[sys.argv[1]]()

"""Connect a viewer with the preview runner: what is computed, and what is drawn."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from roiwidgets.engine.preview import PreviewRequest, PreviewRunner, PreviewState
from roiwidgets.errors import OperationError, RoiwidgetsError, ViewerError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.intensity import with_width
from roiwidgets.images.sources import VoxelSource, voxel_source
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.regions.blocks import Slices, shape_of
from roiwidgets.widgets._tuned_viewer import RegionResult, TunedViewer
from roiwidgets.widgets._wire import image_wire_dtype

log = logging.getLogger(__name__)

EVERY_S = 0.2
"""Between two messages about one run: a notebook takes some 20 ms for each, in order."""

SLICES_S = 0.1
"""After so long a run is told of though visible slices are missing; mostly they come together."""

SMALL_REGION = 2**17
"""Voxels below which a region is computed at once, without its visible slices first."""

ESTIMATE = "an estimate: the step that looks at the whole image saw this region only"
"""Said of previews of global operations: promoted, they see the whole finest scale."""

SAMPLE_VOXELS = 200_000
"""Voxels of a result from which its window is estimated."""


@dataclass(slots=True)
class _Shown:
    """What the viewer was told about the newest run."""

    run: int
    id: str
    grid: Grid
    scale: int
    note: str = ""
    """What is said of the result once it is complete."""
    value_range: tuple[float, float] | None = None
    dtype: np.dtype[np.generic] | None = None
    """Type on the wire; one for all boxes of a run."""


class _Pace:
    """Passes on that there is news: at once after a pause, else when the pause is over.

    Parameters
    ----------
    tell
        Called without arguments, from any thread, at most every ``EVERY_S``, and always
        after the last news.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._next = 0.0
        self._timer: threading.Timer | None = None

    def note(self, *, urgent: bool) -> None:
        """There is news; urgent ones do not wait."""
        with self._lock:
            wait_s = 0.0 if urgent else self._next - time.monotonic()
            if wait_s > 0:
                if self._timer is None:
                    self._timer = threading.Timer(wait_s, self._ring)
                    self._timer.daemon = True
                    self._timer.start()
                return
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._next = time.monotonic() + EVERY_S
        self._tell()

    def restart(self) -> None:
        """Forget what was noted, and hold what is not urgent for ``SLICES_S``."""
        self.stop()
        with self._lock:
            self._next = time.monotonic() + SLICES_S

    def stop(self) -> None:
        """Tell nothing any more of what was noted until now."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        with self._lock:
            self._timer = None
            self._next = time.monotonic() + EVERY_S
        self._tell()


class LivePreview:
    """Keeps a viewer's preview in step with an operation.

    Parameters
    ----------
    viewer
        Where results are drawn.
    on_state
        Called in the kernel's main thread with a line for people.
    on_error
        Called in the kernel's main thread with what went wrong.
    """

    def __init__(
        self,
        viewer: TunedViewer,
        *,
        on_state: Callable[[str], None],
        on_error: Callable[[str], None],
    ) -> None:
        self._viewer = viewer
        self._on_state, self._on_error = on_state, on_error
        self._shown: _Shown | None = None
        self._source: tuple[object, VoxelSource] | None = None
        self._is_hidden = False
        self._slices: tuple[Slices, ...] = ()
        """Boxes on screen that are not ready yet."""
        self._pace = _Pace(lambda: viewer.run_in_kernel(self._draw_newest))
        self._runner = PreviewRunner(
            on_state=self._hear,
            on_error=lambda run, error: viewer.run_in_kernel(lambda: self._fail(run, error)),
        )
        # Python looks through all that was imported once more: 0.1 to 0.2 s in which nothing else
        # runs. Better now, while the workers start, than when somebody moves a slider
        gc.collect()

    def start(self, operation: Operation | Pipeline) -> None:
        """Compute an operation on the viewer's region, in place of what is computed now."""
        try:
            scale = self._viewer.get_current_scale()
            request = self._request(operation, scale)
        except RoiwidgetsError as error:
            self._runner.cancel()
            self._on_error(str(error))
            return
        grid = grid_of(self._viewer.image.images[scale]).crop(request.region)
        self._pace.restart()
        self._slices = request.first
        note = f"; {ESTIMATE}" if operation.support == "global" else ""
        self._shown = _Shown(
            self._runner.submit(request), f"preview-{uuid4().hex}", grid, scale, note
        )
        self._on_state(f"computing on scale {scale} ...")

    def wait(self, timeout_s: float) -> None:
        """Block until the newest request is complete or has failed.

        Notes
        -----
        In a notebook results are drawn by the kernel's loop, which a running cell
        holds up; this waits for the computation and draws what it finds.
        """
        if not self._runner.wait(timeout_s):
            raise TimeoutError(f"the preview is not complete after {timeout_s} s")
        self._draw_newest()

    def hide(self) -> None:
        """Show the viewer's image without the preview, which is computed none the less."""
        self._is_hidden = True
        self._viewer.clear_preview()

    def show(self) -> None:
        """Show the preview again, as far as it is computed."""
        self._is_hidden = False
        self._draw_newest()

    @property
    def voxels_per_s(self) -> float | None:
        """Voxels that one worker computed in a second of the last preview; None before one."""
        state = self._runner.last_state
        return None if state is None else state.voxels_per_s

    def close(self) -> None:
        """Stop the workers and remove the preview from the viewer."""
        self._shown = None
        self._pace.stop()
        self._runner.close()
        self._viewer.clear_preview()

    def _request(self, operation: Operation | Pipeline, scale: int) -> PreviewRequest:
        level = self._viewer.image.images[scale]
        grid = grid_of(level)
        if grid.is_rgb:
            raise OperationError(
                "operations run on one value per voxel, the image has colours; choose one channel"
            )
        chosen = {"t": self._viewer.time_index, "c": self._viewer.channel_index}
        region = tuple(
            slice(chosen[axis], chosen[axis] + 1) if axis in chosen else box
            for axis, box in zip(grid.axes, self._viewer.get_roi_slice(scale), strict=True)
        )
        spatial = tuple(grid.axes.index(axis) for axis in grid.spatial_axes)
        return PreviewRequest(
            source=self._source_of(level.data),
            region=region,
            spatial=spatial,
            spacing=grid.spatial_spacing,
            operation=operation,
            first=_visible_slices(grid.crop(region), self._viewer.frame_position()),
        )

    def _source_of(self, data: object) -> VoxelSource:
        """Return the same source for the same level, so that its input is read once."""
        if self._source is None or self._source[0] is not data:
            self._source = (data, voxel_source(data))
        return self._source[1]

    def _hear(self, state: PreviewState) -> None:
        """Draw the visible slices and the end at once, what comes between now and then."""
        waiting, self._slices = self._slices, tuple(b for b in self._slices if b not in state.ready)
        has_slices = bool(waiting) and not self._slices
        self._pace.note(urgent=state.complete or has_slices)

    def _draw_newest(self) -> None:
        state = self._runner.last_state
        if state is not None:
            self._draw(state)

    def _draw(self, state: PreviewState) -> None:
        shown = self._shown
        if shown is None or state.run != shown.run:
            return
        if shown.value_range is None or state.complete:
            shown.value_range = _range_of(state.result, state.ready)
        shown.dtype = shown.dtype or image_wire_dtype(state.result.dtype, shown.value_range)
        result = RegionResult(
            id=shown.id,
            state=state,
            grid=shown.grid,
            scale=shown.scale,
            value_range=shown.value_range,
            dtype=shown.dtype,
        )
        try:
            if not self._is_hidden:
                self._viewer.show_result(result)
        except ViewerError as error:
            self._fail(state.run, error)
            return
        if state.complete:
            size = " x ".join(str(side) for side in state.result.shape)
            text = f"scale {shown.scale}, {size} voxels, {state.elapsed_s:.2f} s"
            self._on_state(text + shown.note)

    def _fail(self, run: int, error: BaseException) -> None:
        if self._shown is None or run != self._shown.run:
            return
        level = logging.WARNING if isinstance(error, RoiwidgetsError) else logging.ERROR
        log.log(level, "the preview failed", exc_info=error)
        self._on_error(str(error) or type(error).__name__)


def _visible_slices(region: Grid, position: dict[str, float]) -> tuple[Slices, ...]:
    """Return the slices of a region that the viewer's planes cut, as boxes of it."""
    shape = region.spatial_shape
    if len(shape) < 3 or np.prod(shape) <= SMALL_REGION:
        return ()
    boxes = []
    for i, axis in enumerate(region.spatial_axes):
        size, spacing, origin = region.along(axis)
        if axis not in position:
            continue
        index = round((position[axis] - origin) / spacing)
        if 0 <= index < size:
            box = [slice(0, n) for n in shape]
            box[i] = slice(index, index + 1)
            boxes.append(tuple(box))
    return tuple(boxes)


def _range_of(result: NDArray[np.generic], ready: tuple[Slices, ...]) -> tuple[float, float]:
    """Return the range of the finite values of the last boxes, from a sample."""
    samples = []
    for box in ready[-4:]:
        step = max(1, int(np.prod(shape_of(box))) // SAMPLE_VOXELS)
        samples.append(np.asarray(result[box]).ravel()[::step])
    values = np.concatenate(samples).astype(np.float64)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return 0.0, 1.0
    return with_width(float(values.min()), float(values.max()))

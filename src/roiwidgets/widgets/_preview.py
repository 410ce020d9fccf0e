"""Connect a viewer with the preview runner: what is computed, and what is drawn."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roiwidgets.engine.preview import PreviewRequest, PreviewRunner, PreviewState
from roiwidgets.errors import OperationError, RoiwidgetsError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.sources import VoxelSource, voxel_source
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.regions.blocks import Slices, shape_of
from roiwidgets.widgets._chunk_server import ServedLayer, wire_dtype
from roiwidgets.widgets._scene import describe_level
from roiwidgets.widgets.viewer import Viewer

log = logging.getLogger(__name__)

SMALL_REGION = 2**17
"""Voxels below which a region is computed at once, without its visible slices first."""

SAMPLE_VOXELS = 200_000
"""Voxels of a result from which its window is estimated."""


@dataclass(frozen=True, slots=True)
class ResultReader:
    """A result that is still being computed, as the chunk server reads it."""

    result: NDArray[np.generic]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the region."""
        return self.result.shape

    def read(self, slices: Slices) -> NDArray[np.generic]:
        """Return the voxels of a box of the region."""
        return np.array(self.result[slices])


@dataclass(slots=True)
class _Shown:
    """What the viewer was told about the newest run."""

    run: int
    layer_id: str
    grid: Grid
    scale: int
    value_range: tuple[float, float] | None = None


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
        self, viewer: Viewer, *, on_state: Callable[[str], None], on_error: Callable[[str], None]
    ) -> None:
        self._viewer = viewer
        self._on_state, self._on_error = on_state, on_error
        self._shown: _Shown | None = None
        self._source: tuple[object, VoxelSource] | None = None
        self._runner = PreviewRunner(
            on_state=lambda state: viewer.run_in_kernel(lambda: self._draw(state)),
            on_error=lambda run, error: viewer.run_in_kernel(lambda: self._fail(run, error)),
        )

    def start(self, operation: Operation | Pipeline) -> None:
        """Compute an operation on the viewer's region, in place of what is computed now."""
        scale = self._viewer.get_current_scale()
        try:
            request = self._request(operation, scale)
        except RoiwidgetsError as error:
            self._runner.cancel()
            self._on_error(str(error))
            return
        grid = grid_of(self._viewer.image.images[scale]).crop(request.region)
        layer_id = self._viewer.new_layer_id("preview")
        self._shown = _Shown(self._runner.submit(request), layer_id, grid, scale)
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
        state = self._runner.last_state
        if state is not None:
            self._draw(state)

    def close(self) -> None:
        """Stop the workers and remove the preview from the viewer."""
        self._shown = None
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

    def _draw(self, state: PreviewState) -> None:
        shown = self._shown
        if shown is None or state.run != shown.run:
            return
        reader = ResultReader(state.result)
        if shown.value_range is None or state.complete:
            shown.value_range = _range_of(state.result, state.ready)
        served = ServedLayer(axes=shown.grid.spatial_axes, levels=(reader,))
        self._viewer.show_preview(shown.layer_id, served, self._describe(state, shown))
        if state.complete:
            size = " x ".join(str(side) for side in state.result.shape)
            text = f"scale {shown.scale}, {size} voxels, {state.elapsed_s:.2f} s"
            self._on_state(text)

    def _describe(self, state: PreviewState, shown: _Shown) -> dict[str, object]:
        low, high = shown.value_range or (0.0, 1.0)
        return {
            "id": shown.layer_id,
            "source": self._viewer.scene["layers"][0]["id"],
            "kind": "image",
            "dtype": wire_dtype(state.result.dtype, is_labels=False).name,
            "level": describe_level(shown.grid),
            "scale": shown.scale,
            "value_range": [low, high],
            "ready": [_describe_box(box) for box in state.ready],
            "complete": state.complete,
            "elapsed_s": state.elapsed_s,
        }

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
        index = round((position.get(axis, origin) - origin) / spacing)
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
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + 1.0)


def _describe_box(box: Slices) -> dict[str, list[int]]:
    start, shape = [side.start for side in box], list(shape_of(box))
    if len(box) == 2:
        start, shape = [0, *start], [1, *shape]
    return {"start": start, "shape": shape}

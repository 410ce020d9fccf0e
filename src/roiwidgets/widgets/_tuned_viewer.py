"""What a tuner needs of a viewer, whoever's viewer it is, and what it hands it to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from ngff_zarr import Multiscales
from numpy.typing import NDArray

from roiwidgets.engine.preview import PreviewState
from roiwidgets.images.grid import Grid
from roiwidgets.regions.blocks import Slices, shape_of
from roiwidgets.widgets._chunk_server import ServedLayer
from roiwidgets.widgets._scene import describe_level

OnChange = Callable[[Mapping[str, object]], None]
"""Takes a change with its ``name`` and its ``new`` value, as traitlets describes it."""


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


@dataclass(frozen=True, slots=True)
class RegionResult:
    """The result of an operation on a region, as far as it is computed.

    Parameters
    ----------
    id
        The same for all states of one run, and for no other run.
    state
        The voxels, and which of them are ready.
    grid
        Where the voxels are; axes as in the source, with one time and channel.
    scale
        Scale of the source on which it is computed.
    value_range
        Smallest and largest value of what is ready, the first below the second.
    dtype
        Type in which voxels travel to a browser; the same for all states of a run.
    """

    id: str
    state: PreviewState
    grid: Grid
    scale: int
    value_range: tuple[float, float]
    dtype: np.dtype[np.generic]

    def serve(self) -> ServedLayer:
        """Return the result as the chunk server reads it."""
        return ServedLayer(self.grid.spatial_axes, (ResultReader(self.state.result),), self.dtype)

    def describe(self, source_id: str) -> dict[str, object]:
        """Return the ``preview`` trait of a viewer whose image has the id ``source_id``."""
        state = self.state
        return {
            "id": self.id,
            "source": source_id,
            "kind": "image",
            "dtype": self.dtype.name,
            "level": describe_level(self.grid),
            "scale": self.scale,
            "value_range": list(self.value_range),
            "ready": [_describe_box(box) for box in state.ready],
            "complete": state.complete,
            "elapsed_s": state.elapsed_s,
        }


class TunedViewer(Protocol):
    """A viewer on whose region an operation can be tuned.

    Everything is answered at once, and called in the kernel's main thread, except
    for ``run_in_kernel``.
    """

    @property
    def image(self) -> Multiscales:
        """The image that is tuned on, with its levels."""

    @property
    def color_range_bounds(self) -> tuple[float, float]:
        """Robust range of the image's values."""

    @property
    def time_index(self) -> int:
        """Index along t of what is shown."""

    @property
    def channel_index(self) -> int:
        """Index along c of what is shown."""

    def get_current_scale(self) -> int:
        """Return the scale on which the region is computed; 0 is the finest."""

    def get_roi_slice(self, scale: int = -1) -> tuple[slice, ...]:
        """Return the slices of the voxels that the region touches at a scale."""

    def frame_position(self) -> dict[str, float]:
        """Return where planes cross that are wanted first; empty if nothing is."""

    def set_image(self, image: object, name: str = "Image") -> None:
        """Show another image, such as one that was promoted."""

    def show_result(self, result: RegionResult) -> None:
        """Draw the result of an operation over the region.

        Raises
        ------
        ViewerError
            If another package's viewer does not take it.
        """

    def clear_preview(self) -> None:
        """Show the image itself over the region again."""

    def run_in_kernel(self, function: Callable[[], None]) -> None:
        """Run ``function`` in the kernel's main thread, soon, whoever calls."""

    def follow(self, on_change: OnChange) -> None:
        """Call a function when the region, its scale, or what is shown has changed.

        A change of ``scene`` means another image; one of ``problem`` is a line for
        people, empty when the problem is over.
        """

    def unfollow(self, on_change: OnChange) -> None:
        """Stop calling a function."""


def _describe_box(box: Slices) -> dict[str, list[int]]:
    start, shape = [side.start for side in box], list(shape_of(box))
    if len(box) == 2:
        start, shape = [0, *start], [1, *shape]
    return {"start": start, "shape": shape}

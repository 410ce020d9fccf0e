"""How arrays without chunks of their own are cut into blocks."""

from __future__ import annotations

from collections.abc import Sequence

from roiwidgets.images.axes import is_rgb, spatial_axes

_SIDES = {2: 1024, 3: 128}
"""Voxels along a spatial side, by the number of spatial axes: about 1 to 2 million a block."""


def memory_chunks(axes: Sequence[str], shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of the blocks in which an array in memory is read.

    One time point and one channel at a time; all components of a colour.

    Examples
    --------
    >>> memory_chunks(("t", "y", "x"), (100, 480, 3000))
    (1, 480, 1024)
    """
    side = _SIDES.get(len(spatial_axes(axes)), 128)
    rgb = is_rgb(axes, shape)
    sizes = []
    for axis, size in zip(axes, shape, strict=True):
        if axis == "c" and rgb:
            sizes.append(size)
        else:
            sizes.append(1 if axis in "tc" else min(size, side))
    return tuple(sizes)

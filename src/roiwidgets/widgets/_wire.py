"""Types in which voxels travel to the browser; twin of ``DTYPES`` in ``js/src/messages.ts``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIRE_DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")

FEWEST_STEPS = 2**12
"""Values of a range that 32-bit floats must tell apart to stand for 64-bit numbers."""

COLORS = 256
"""Values of a range that 64-bit floats must tell apart to be drawn in all colours."""

_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)
_FIRST_WIDE = np.uint64(2**32)

Range = tuple[float, float]


def image_wire_dtype(
    dtype: np.dtype[np.generic], value_range: Range = (0.0, 1.0)
) -> np.dtype[np.generic]:
    """Return the type in which voxels of an image travel.

    Parameters
    ----------
    dtype
        Type of the image.
    value_range
        Values between which almost all voxels lie. Numbers of 64 bits travel as
        float32 if that is fine enough for this range, else as float64.
    """
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    native = dtype.newbyteorder("=")
    if native.name in WIRE_DTYPES and native != np.float64:
        return native
    is_fine = _steps(value_range, np.finfo(np.float32)) >= FEWEST_STEPS
    is_exact = dtype.kind == "f" or max(map(abs, value_range)) <= 2**24
    return np.dtype(np.float32 if is_fine and is_exact else np.float64)


def label_wire_dtype(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """Return the type in which labels travel: as they are, wider ones as 32 bits."""
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    return dtype.newbyteorder("=") if dtype.itemsize <= 4 else np.dtype(np.uint32)


def is_drawn_coarsely(dtype: np.dtype[np.generic], value_range: Range) -> bool:
    """Tell whether integers are so large that float64 cannot tell their colours apart."""
    return dtype.kind in "iu" and _steps(value_range, np.finfo(np.float64)) < COLORS


def to_wire_image(voxels: NDArray[np.generic], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Return voxels of an image as ``dtype``; what is beyond it becomes infinite."""
    with np.errstate(over="ignore"):  # far outside the range, it has the last colour either way
        return voxels.astype(dtype, copy=False)


def to_wire_labels(labels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return labels in a type that the browser can hold; 64-bit ones by ``fold_labels``."""
    if labels.dtype.itemsize == 8:
        return fold_labels(labels)
    return labels.astype(label_wire_dtype(labels.dtype), copy=False)


def fold_labels(labels: NDArray[np.generic]) -> NDArray[np.uint32]:
    """Return 32-bit labels for 64-bit ones; those below 2**32 keep their value.

    Larger ones are scattered by Fibonacci hashing (Knuth, The Art of Computer
    Programming, vol. 3, 6.4): two of them meet once in four billion.
    """
    wide = labels.astype(np.uint64)
    scattered = np.maximum((wide * _FIBONACCI) >> np.uint64(32), np.uint64(1))
    return np.where(wide < _FIRST_WIDE, wide, scattered).astype(np.uint32)


def _steps(value_range: Range, kind: np.finfo[np.floating]) -> float:
    """Return how many values of a kind of float lie between the ends of a range, about."""
    low, high = value_range
    largest = max(abs(low), abs(high))
    if largest > float(kind.max):
        return 0.0
    step = max(largest * float(kind.eps), float(kind.smallest_subnormal))
    return high / step - low / step

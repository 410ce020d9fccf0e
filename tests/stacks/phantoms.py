"""Small seeded stacks, in memory and in folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
import xarray
from numpy.typing import NDArray

FRAMES, PLANES, HEIGHT, WIDTH = 20, 2, 76, 87


def blinking_cells(seed: int = 0) -> NDArray[np.uint8]:
    """Return t, z, y, x: cells that blink over a dim background, with noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    values = rng.normal(40, 2, (FRAMES, PLANES, HEIGHT, WIDTH))
    for _ in range(30):
        plane = rng.integers(PLANES)
        row, column = rng.uniform(0, HEIGHT), rng.uniform(0, WIDTH)
        cell = np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8)
        values[:, plane] += rng.gamma(1, 40, FRAMES)[:, None, None] * cell
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def write_folder(folder: Path, images: NDArray[np.generic], name: str = "time{:03d}.tif") -> Path:
    """Write one TIFF file for each image, numbered from 1 on."""
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(images, start=1):
        tifffile.imwrite(folder / name.format(number), image, photometric="minisblack")
    return folder


def in_memory(stack: xarray.DataArray) -> xarray.DataArray:
    """Return a stack as it is."""
    return stack


def lazily(stack: xarray.DataArray) -> xarray.DataArray:
    """Return a stack over a dask array in uneven chunks."""
    return stack.chunk({dim: max(1, size * 2 // 3) for dim, size in stack.sizes.items()})


WAYS: tuple[Callable[[xarray.DataArray], xarray.DataArray], ...] = (in_memory, lazily)
"""How every function is given its stack."""

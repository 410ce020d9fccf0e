"""A stored movie and its pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr
from numpy.typing import NDArray

from roiwidgets.stacks.movie import Movie, open_movie
from tests.widgets.served_movies import SHAPE

CHUNKS = (5, 16, 17)


@pytest.fixture
def voxels() -> NDArray[np.uint16]:
    return np.random.default_rng(0).integers(0, 60000, SHAPE).astype(np.uint16)


@pytest.fixture
def stored(tmp_path: Path, voxels: NDArray[np.uint16]) -> Movie:
    array = zarr.create_array(tmp_path / "movie.zarr", shape=SHAPE, chunks=CHUNKS, dtype="uint16")
    array[:] = voxels
    return open_movie(tmp_path / "movie.zarr")

"""What is in memory is told from what has to be read."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from roiwidgets.images.in_memory import array_behind, is_in_memory
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import ArraySource, voxel_source, zarr_source
from roiwidgets.images.transposed import TransposedSource

VOXELS = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)


def of(array: NDArray[np.generic]) -> ArraySource:
    source = voxel_source(open_image(array, axes="tyx").images[0].data)
    assert isinstance(source, ArraySource)
    return source


def test_arrays_and_their_views_are_in_memory() -> None:
    for array in (VOXELS, VOXELS[1:], np.frombuffer(bytes(60), np.uint8).reshape(3, 4, 5)):
        assert is_in_memory(of(array))
        assert is_in_memory(TransposedSource(of(array), (0, 2, 1)))


def test_mapped_files_are_arrays_that_have_to_be_read(tmp_path: Path) -> None:
    np.save(tmp_path / "voxels.npy", VOXELS)
    mapped = np.load(tmp_path / "voxels.npy", mmap_mode="r")
    with (
        (tmp_path / "voxels.npy").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pages,
    ):
        by_hand = np.frombuffer(pages, np.uint8, 60).reshape(3, 4, 5)
        found = [is_in_memory(of(array)) for array in (mapped, mapped[1:], by_hand)]
        del by_hand  # else its pages could not be closed

    assert found == [False] * 3
    assert array_behind(of(mapped)) is not None


def test_stores_are_not_in_memory() -> None:
    stored = zarr_source(zarr.array(VOXELS))
    assert array_behind(stored) is None
    assert not is_in_memory(stored)

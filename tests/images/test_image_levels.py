"""Levels read from a path without ngff-zarr are those of the opened image."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.grid import Grid
from roiwidgets.images.image_levels import open_levels
from roiwidgets.images.ome_writing import multiscales_metadata, storage_axes
from roiwidgets.images.readers import open_image
from tests.strategies import grids


def write_image(path, grid: Grid, *, version="0.5", is_labels=False):
    attributes = multiscales_metadata(
        ["a"], [grid], name="n", units={"x": "micrometer"}, version=version, is_labels=is_labels
    )
    group = zarr.open_group(str(path), mode="w", zarr_format=2 if version == "0.4" else 3)
    group.attrs.update(attributes)
    order = [grid.axes.index(axis) for axis in storage_axes(grid.axes)]
    voxels = np.arange(np.prod(grid.shape)).reshape(grid.shape).astype("u2")
    group.create_array("a", data=np.ascontiguousarray(voxels.transpose(order)))
    return voxels


@given(grids(), st.sampled_from(["0.4", "0.5"]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_levels_at_a_path_are_those_of_the_opened_image(tmp_path_factory, grid, version, is_labels):
    path = tmp_path_factory.mktemp("image") / "i.zarr"
    voxels = write_image(path, grid, version=version, is_labels=is_labels)

    found = open_levels(path)

    (opened,) = open_image(path).images
    (level,) = found.levels
    assert level.grid == grid_of(opened)
    assert (level.name, dict(level.units)) == (opened.name, opened.axes_units or {})
    assert level.channel_colors == (opened.channel_colors and tuple(opened.channel_colors))
    assert found.is_labels == is_labels
    assert np.array_equal(level.source.read(tuple(slice(0, n) for n in grid.shape)), voxels)


def test_what_is_no_image_group_is_opened_as_ever(tmp_path):
    zarr.create_array(str(tmp_path / "array.zarr"), data=np.zeros((3, 4, 5), "u1"))
    np.save(tmp_path / "a.npy", np.zeros(3))

    assert open_levels(tmp_path / "array.zarr").at(0).grid.shape == (3, 4, 5)
    assert open_levels(np.zeros((4, 5))).at(0).grid.axes == ("y", "x")
    with pytest.raises(UnsupportedImageError, match="kind that cannot be opened"):
        open_levels(tmp_path / "a.npy")
    with pytest.raises(FileNotFoundError, match="check the path"):
        open_levels(tmp_path / "b.zarr")
    with pytest.raises(ImageError, match="scale 1 does not exist"):
        open_levels(np.zeros((4, 5))).at(1)

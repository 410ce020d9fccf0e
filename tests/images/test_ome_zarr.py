"""OME-Zarr attributes: written strictly, read leniently."""

from __future__ import annotations

import json

import ngff_zarr
import numpy as np
import pytest
import yaozarrs
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from ome_zarr_models.v04.image import ImageAttrs as ImageV04
from ome_zarr_models.v05.image import ImageAttrs as ImageV05

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.geometry import Grid, grid_of, world_translation
from roiwidgets.images.ome_metadata import parse_multiscales
from roiwidgets.images.ome_writing import multiscales_metadata, storage_axes
from roiwidgets.images.ome_zarr import read_multiscales, to_multiscales
from roiwidgets.images.pyramid import pyramid_grids
from roiwidgets.images.readers import open_image
from tests.strategies import grids

VERSIONS = st.sampled_from(["0.4", "0.5"])
SPACE_TIME = {"t": "second", "z": "um", "y": "µm", "x": "micrometer"}


def write_levels(path, attributes, grids, *, version, dtype="u1"):
    """Write arrays on the grids, each voxel its own index, in storage order."""
    group = zarr.create_group(str(path), zarr_format=2 if version == "0.4" else 3)
    group.attrs.update(attributes)
    for level, grid in enumerate(grids):
        order = [grid.axes.index(axis) for axis in storage_axes(grid.axes)]
        data = np.arange(np.prod(grid.shape)).reshape(grid.shape).astype(dtype).transpose(order)
        array = group.create_array(str(level), shape=data.shape, dtype=dtype, chunks=data.shape)
        array[...] = data
    return group


@given(grids(), VERSIONS)
@settings(max_examples=60, deadline=None)
def test_attributes_satisfy_both_validators(grid: Grid, version):
    levels = [level.grid for level in pyramid_grids(grid, smallest=8)]
    paths = [f"s{i}" for i in range(len(levels))]

    written = multiscales_metadata(paths, levels, name="n", units=SPACE_TIME, version=version)

    ome = written if version == "0.4" else written["ome"]
    yaozarrs.validate_ome_object(ome)
    (ImageV04 if version == "0.4" else ImageV05).model_validate(ome)
    json.dumps(written, allow_nan=False)


@given(grids(), VERSIONS)
@settings(max_examples=60, deadline=None)
def test_attributes_read_back_as_the_same_grid(grid: Grid, version):
    written = multiscales_metadata(["0"], [grid], name="n", units=SPACE_TIME, version=version)

    stored = parse_multiscales(written, where="here")

    place = dict(zip(stored.axes, stored.levels[0].translation, strict=True))
    assert (stored.memory_axes or stored.axes) == grid.axes
    assert stored.direction == grid.direction
    assert stored.version == version
    assert place == world_translation(grid)
    assert dict(zip(stored.axes, stored.levels[0].scale, strict=True)) == dict(
        zip(grid.axes, grid.spacing, strict=True)
    )


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["yx", "tczyx", "yxc"])
def test_a_written_image_reads_back_whole(tmp_path, axes, version):
    shape = tuple(3 if axis == "c" else 8 for axis in axes)
    spatial = sum(axis in "zyx" for axis in axes)
    flipped = tuple(tuple(-1.0 if i == j == 0 else float(i == j) for j in range(spatial))
                    for i in range(spatial))  # fmt: skip
    spacing = tuple(1.0 + i for i in range(len(axes)))
    grid = Grid(tuple(axes), shape, spacing, spacing, flipped)
    levels = [level.grid for level in pyramid_grids(grid, smallest=4)]
    names = ["a", "b", "c"] if "c" in axes else None
    written = multiscales_metadata(
        [str(i) for i in range(len(levels))],
        levels,
        name="it",
        units=SPACE_TIME,
        version=version,
        channel_names=names,
    )
    write_levels(tmp_path / "i.zarr", written, levels, version=version)

    image = open_image(tmp_path / "i.zarr")

    assert image.metadata.name == "it"
    assert [grid_of(level) for level in image.images] == levels
    assert image.images[0].channel_names == names
    assert image.images[0].axes_units["x"] == "micrometer"
    expected = np.arange(np.prod(shape)).reshape(shape).astype("u1")
    np.testing.assert_array_equal(image.images[0].data.compute(), expected)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ngff_zarr_reads_the_same_transforms(tmp_path, version):
    grid = Grid(("z", "y", "x"), (9, 16, 20), (2.0, 0.5, 0.25), (1.0, 2.0, 3.0))
    levels = [level.grid for level in pyramid_grids(grid, smallest=8)]
    paths = [str(i) for i in range(len(levels))]
    written = multiscales_metadata(paths, levels, name="n", units=SPACE_TIME, version=version)
    write_levels(tmp_path / "i.zarr", written, levels, version=version)

    theirs = ngff_zarr.from_ome_zarr(str(tmp_path / "i.zarr"))

    ours = open_image(tmp_path / "i.zarr")
    for their, our in zip(theirs.images, ours.images, strict=True):
        assert tuple(their.dims) == tuple(our.dims)
        assert (their.scale, their.translation) == (our.scale, our.translation)
        assert dict(their.axes_units) == dict(our.axes_units)
        np.testing.assert_array_equal(np.asarray(their.data), our.data.compute())


def test_a_unit_that_the_format_lacks_is_left_out_with_a_warning():
    grid = Grid(("y", "x"), (4, 4), (1.0, 1.0), (0.0, 0.0))

    with pytest.warns(UserWarning, match="pixel"):
        written = multiscales_metadata(["0"], [grid], name="n", units={"x": "pixel"})

    assert "unit" not in json.dumps(written)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "0.6"}, "version"),
        ({"paths": []}, "paths"),
        ({"channel_names": ["a"]}, "channel"),
    ],
)
def test_contradictory_attributes_are_not_written(change, message):
    grid = Grid(("y", "x"), (4, 4), (1.0, 1.0), (0.0, 0.0))

    with pytest.raises(ImageError, match=message):
        multiscales_metadata(**{"paths": ["0"], "grids": [grid], "name": "n", **change})


def attributes_04(**changes):
    dataset = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [2.0, 3.0]}]}
    image = {"version": "0.4", "axes": [{"name": "y", "type": "space"}, {"name": "x"}],
             "datasets": [dataset]}  # fmt: skip
    return {"multiscales": [{**image, **changes}]}


def test_common_transformations_apply_after_those_of_a_level():
    level = [{"type": "scale", "scale": [2, 2]}, {"type": "translation", "translation": [1, 0]}]
    common = [{"type": "scale", "scale": [10, 5]}, {"type": "translation", "translation": [0, 7]}]
    datasets = [{"path": "0", "coordinateTransformations": level}]

    stored = parse_multiscales(
        attributes_04(datasets=datasets, coordinateTransformations=common), where="here"
    )

    assert stored.levels[0].scale == (20.0, 10.0)
    assert stored.levels[0].translation == (10.0, 7.0)


def test_an_empty_list_of_common_transformations_is_read_with_a_warning():
    with pytest.warns(UserWarning, match="empty list"):
        stored = parse_multiscales(attributes_04(coordinateTransformations=[]), where="here")

    assert stored.levels[0].scale == (2.0, 3.0)


def test_a_missing_scale_is_derived_from_the_shapes(tmp_path):
    grid = Grid(("y", "x"), (16, 16), (1.0, 1.0), (0.0, 0.0))
    levels = [level.grid for level in pyramid_grids(grid, smallest=8)]
    bare = attributes_04(datasets=[{"path": "0"}, {"path": "1"}])
    group = write_levels(tmp_path / "i.zarr", bare, levels, version="0.4")

    with pytest.warns(UserWarning, match="has no scale"):
        image = read_multiscales(group)

    assert [grid_of(level) for level in image.images] == levels


def test_axes_of_older_versions_are_read(tmp_path):
    by_name = parse_multiscales(attributes_04(axes=["y", "x"]), where="here")
    with pytest.warns(UserWarning, match="names no axes"):
        none = parse_multiscales(
            {"multiscales": [{"datasets": [{"path": "0"}], "version": "0.1"}]}, where="here"
        )

    assert by_name.axes == ("y", "x")
    assert none.axes == ("t", "c", "z", "y", "x")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"datasets": []}, ImageError, "no datasets"),
        ({"axes": [{"name": "y"}, {"name": "lambda"}]}, UnsupportedImageError, "lambda"),
        ({"axes": ["z", "y", "x"]}, ImageError, "one number for each"),
    ],
)
def test_metadata_that_cannot_be_understood_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        parse_multiscales(attributes_04(**changes), where="here")


def test_a_level_without_an_array_is_refused(tmp_path):
    group = zarr.create_group(str(tmp_path / "i.zarr"), zarr_format=2)
    group.attrs.update(attributes_04())

    with pytest.raises(ImageError, match="no array"):
        read_multiscales(group)


def test_levels_of_different_axes_are_no_multiscales():
    one, other = open_image(np.zeros((4, 4))), open_image(np.zeros((4, 4, 4)))

    with pytest.raises(ImageError, match="same axes"):
        to_multiscales([*one.images, *other.images])


def test_other_root_attributes_are_kept(tmp_path):
    grid = Grid(("y", "x"), (4, 4), (1.0, 1.0), (0.0, 0.0))
    written = multiscales_metadata(["0"], [grid], name="n", is_labels=True)
    write_levels(tmp_path / "i.zarr", {**written, "recipe": {"a": 1}}, [grid], version="0.5")

    image = open_image(tmp_path / "i.zarr")

    assert image.root_attributes == {"recipe": {"a": 1}, "image-label": {}}

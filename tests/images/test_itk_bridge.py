"""To and from ITK, against ITK's own geometry."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from roiwidgets.errors import ImageError, UnsupportedDtypeError, UnsupportedImageError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.itk_bridge import from_itk_image, to_itk_image
from roiwidgets.images.readers import open_image

with warnings.catch_warnings():
    # SWIG's types warn while modules load; as an error that crashes the interpreter
    warnings.simplefilter("ignore", DeprecationWarning)
    import itk

    _ = itk.image_from_array(np.zeros((2, 2, 2), np.float32))

pytestmark = pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning")

SHAPE = (4, 5, 6)


def oblique() -> tuple[tuple[float, ...], ...]:
    """Return a rotation about an oblique axis, in z, y, x order."""
    a, b = 0.4, -0.7
    first = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    second = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    return tuple(tuple(float(v) for v in row) for row in first @ second)


@pytest.fixture
def level():
    data = np.arange(np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    image = open_image(
        data, spacing=(3.0, 2.0, 1.0), origin=(30.0, 20.0, 10.0), direction=oblique()
    )
    return image.images[0]


def test_world_positions_are_those_of_itk(level):
    converted = to_itk_image(level)

    grid = grid_of(level)
    for index in [(0, 0, 0), (1, 2, 3), (3, 4, 5)]:
        theirs = converted.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]])
        np.testing.assert_allclose(grid.index_to_world(index), list(theirs)[::-1], atol=1e-9)
        assert converted.GetPixel([int(i) for i in index[::-1]]) == level.data[index].compute()


def test_an_oblique_image_survives_the_round_trip(level):
    back = from_itk_image(to_itk_image(level))

    ours, theirs = grid_of(level), grid_of(back)
    assert (theirs.axes, theirs.shape, theirs.spacing) == (ours.axes, ours.shape, ours.spacing)
    np.testing.assert_allclose(theirs.origin, ours.origin, atol=1e-9)
    np.testing.assert_allclose(theirs.matrix(), ours.matrix(), atol=1e-12)
    np.testing.assert_array_equal(back.data.compute(), level.data.compute())


def test_voxels_are_copied(level):
    converted = to_itk_image(level)
    opened = open_image(converted).images[0]

    itk.array_view_from_image(converted)[:] = -1

    np.testing.assert_array_equal(opened.data.compute(), level.data.compute())


@pytest.mark.parametrize(
    ("dtype", "stored"),
    [("bool", "uint8"), ("float16", "float32"), ("int8", "int16"), ("uint16", "uint16")],
)
def test_types_that_itk_lacks_are_widened(dtype, stored):
    data = (np.arange(30).reshape(5, 6) % 2).astype(dtype)

    converted = itk.array_from_image(to_itk_image(open_image(data).images[0]))

    assert converted.dtype == stored
    np.testing.assert_array_equal(converted, data)


def test_colours_survive_the_round_trip():
    data = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)

    converted = to_itk_image(open_image(data, spacing=(2.0, 0.5)).images[0])

    back = open_image(converted).images[0]
    assert converted.GetNumberOfComponentsPerPixel() == 3
    assert back.dims == ("y", "x", "c")
    assert back.scale == {"y": 2.0, "x": 0.5, "c": 1.0}
    np.testing.assert_array_equal(back.data.compute(), data)


def test_vectors_become_channels():
    data = np.arange(40, dtype=np.float32).reshape(4, 5, 2)

    level = open_image(itk.image_from_array(data, is_vector=True)).images[0]

    assert level.dims == ("c", "y", "x")
    np.testing.assert_array_equal(level.data.compute(), np.moveaxis(data, -1, 0))


def test_what_does_not_fit_itk_is_refused():
    with pytest.raises(UnsupportedImageError, match="select one"):
        to_itk_image(open_image(np.zeros((2, 4, 4, 4)), axes="czyx").images[0])
    with pytest.raises(UnsupportedDtypeError, match="int64"):
        to_itk_image(open_image(np.zeros((4, 4), np.int64)).images[0])


@pytest.mark.parametrize("suffix", ["nrrd", "mha", "nii.gz"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_files_open_like_itk_reads_them(tmp_path, level, suffix, dtype):
    level.data = level.data.astype(dtype)
    path = tmp_path / f"volume.{suffix}"
    itk.imwrite(to_itk_image(level), str(path))

    opened = open_image(path).images[0]

    ours, theirs = grid_of(level), grid_of(opened)
    assert opened.name == "volume"
    assert opened.data.dtype == dtype
    # NIfTI keeps its matrices in float32
    np.testing.assert_allclose(theirs.origin, ours.origin, rtol=1e-5)
    np.testing.assert_allclose(theirs.matrix(), ours.matrix(), atol=1e-6)
    np.testing.assert_allclose(theirs.spacing, ours.spacing, rtol=1e-6)
    np.testing.assert_array_equal(opened.data.compute(), level.data.compute())


def test_a_damaged_file_is_explained(tmp_path):
    (tmp_path / "a.nrrd").write_text("NRRD0004\nnothing")

    with pytest.raises(ImageError, match="cannot read"):
        open_image(tmp_path / "a.nrrd")


@pytest.mark.parametrize("shape", [(5, 1), (1, 1), (4, 5, 1), (4, 1, 1), (2, 1, 1, 1), (5, 1, 3)])
def test_a_single_column_stays_one(shape):
    data = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    axes = "yxc" if shape[-1] == 3 else "tzyx"[-len(shape) :]
    level = open_image(data, axes=axes).images[0]

    converted = to_itk_image(level)

    sizes = [n for axis, n in zip(axes, shape, strict=True) if axis != "c"]
    assert list(converted.GetLargestPossibleRegion().GetSize()) == sizes[::-1]
    back = open_image(converted).images[0]
    np.testing.assert_array_equal(back.data.compute(), data)

"""Every real file opens as other libraries read it; skipped where the files are absent."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import ngff_zarr
import numpy as np
import pytest
import tifffile
import zarr

from roiwidgets.images.geometry import grid_of
from roiwidgets.images.itk_bridge import to_itk_image
from roiwidgets.images.readers import open_image
from roiwidgets.images.samples import data_folder

DATA = data_folder() or Path("absent")

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="no folder of real images (ROIWIDGETS_DATA)"),
    pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning"),
]

NGIO = ["yx", "zyx", "cyx", "tyx", "czyx", "tcyx", "tzyx", "c1yx", "tczyx"]


@pytest.mark.parametrize("kind", NGIO)
@pytest.mark.parametrize("part", ["", "labels/label"])
def test_ngio_stores_open_as_ngff_zarr_reads_them(kind, part):
    path = DATA / "ngio_v04_images" / f"test_image_{kind}.zarr" / part

    ours = open_image(path)

    theirs = ngff_zarr.from_ome_zarr(str(path))
    assert len(ours.images) == len(theirs.images) == 2
    for our, their in zip(ours.images, theirs.images, strict=True):
        assert tuple(our.dims) == tuple(their.dims)
        assert (our.scale, our.translation) == (their.scale, their.translation)
        assert our.axes_units == {a: u for a, u in their.axes_units.items() if u}
        assert our.data.dtype == their.data.dtype
        np.testing.assert_array_equal(our.data.compute(), np.asarray(their.data))
    if not part and "c" in kind:
        attributes = json.loads((path / ".zattrs").read_text())
        labels = [channel["label"] for channel in attributes["omero"]["channels"]]
        assert ours.images[0].channel_names == labels


@pytest.mark.parametrize("name", ["image", "segmentation"])
def test_mobie_stores_open_as_zarr_reads_them(name):
    path = DATA / "mobie_2dt_omezarr04" / f"{name}.ome.zarr"

    levels = open_image(path).images

    for scale, level in enumerate(levels):
        stored = zarr.open_array(str(path / f"s{scale}"), mode="r")
        assert level.dims == ("t", "y", "x")
        assert level.scale == {"t": 1.0, "y": 2.0**scale, "x": 2.0**scale}
        assert level.axes_units == {"t": "second", "y": "pixel", "x": "pixel"}
        assert level.data.dtype == stored.dtype
        np.testing.assert_array_equal(level.data[::3].compute(), stored[::3])


def test_the_imagej_hyperstack_opens_as_tifffile_reads_it():
    path = DATA / "mobie_tiff" / "xyzct-mitosis.tif"

    level = open_image(path).images[0]

    assert level.dims == ("t", "c", "z", "y", "x")
    assert level.axes_units == dict.fromkeys("zyx", "micrometer") | {"t": "second"}
    assert level.scale["x"] == pytest.approx(1 / 11.299435)
    assert level.scale["t"] == pytest.approx(1 / 7)
    np.testing.assert_array_equal(level.data.compute(), tifffile.imread(path).swapaxes(1, 2))


def test_the_thunder_volumes_open_as_tifffile_reads_them():
    for path in sorted((DATA / "thunder_fish" / "images").glob("*.tif"))[::7]:
        level = open_image(path).images[0]
        assert level.dims == ("z", "y", "x")
        np.testing.assert_array_equal(level.data.compute(), tifffile.imread(path))


def test_the_miniscope_recording_opens_as_zarr_reads_it():
    path = DATA / "miniscope" / "real_miniscope_uint8.zarr"

    level = open_image(path).images[0]

    assert level.dims == ("t", "y", "x")
    stored = zarr.open_array(str(path / "varr_ref"), mode="r")
    np.testing.assert_array_equal(level.data.compute(), stored[...])


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("ct_tooth/tooth.nrrd", None),
        ("ct_bonsai/bonsai.nii.gz", "millimeter"),
        ("mri_mni152/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz", "millimeter"),
    ],
)
def test_volumes_open_as_itk_reads_them(name, unit):
    import itk

    level = open_image(DATA / name).images[0]

    theirs = itk.imread(str(DATA / name))
    ours = to_itk_image(level)
    assert (level.axes_units or {}).get("x") == unit
    assert list(ours.GetSpacing()) == list(theirs.GetSpacing())
    np.testing.assert_allclose(list(ours.GetOrigin()), list(theirs.GetOrigin()), atol=1e-9)
    np.testing.assert_array_equal(
        itk.array_from_matrix(ours.GetDirection()), itk.array_from_matrix(theirs.GetDirection())
    )
    last = [int(n) - 1 for n in theirs.GetLargestPossibleRegion().GetSize()]
    np.testing.assert_allclose(
        grid_of(level).index_to_world(last[::-1]),
        list(theirs.TransformIndexToPhysicalPoint(last))[::-1],
        atol=1e-9,
    )
    np.testing.assert_array_equal(level.data.compute(), itk.array_view_from_image(theirs))


def test_pickled_images_compute_the_same_in_a_fresh_process(tmp_path):
    arrays = [
        open_image(DATA / name).images[0].data
        for name in (
            "mobie_2dt_omezarr04/image.ome.zarr",
            "mobie_tiff/xyzct-mitosis.tif",
            "thunder_fish/images/time001.tif",
            "ngio_v04_images/test_image_tczyx.zarr",
        )
    ]
    (tmp_path / "arrays").write_bytes(pickle.dumps(arrays))
    code = (
        "import pickle, sys, pathlib\n"
        "for array in pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()):\n"
        "    print(int(array.astype('int64').sum().compute(scheduler='synchronous')))"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "arrays")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip

    assert [int(line) for line in printed.split()] == [
        int(array.compute().sum(dtype=np.int64)) for array in arrays
    ]

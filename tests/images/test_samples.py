"""Phantoms and the place of real data."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from roiwidgets.errors import ImageError
from roiwidgets.images import samples
from roiwidgets.images.geometry import grid_of


@pytest.mark.parametrize(
    ("phantom", "shape", "axes", "dtype"),
    [
        (samples.ct_phantom, (20, 24, 28), "zyx", "uint8"),
        (samples.labels_phantom, (20, 24, 28), "zyx", "uint32"),
        (samples.rgb_phantom, (24, 28), "yxc", "uint8"),
        (samples.movie_phantom, (20, 24, 28), "tyx", "uint8"),
    ],
)
def test_phantoms_are_images_that_their_seed_decides(phantom, shape, axes, dtype):
    one, same, other = phantom(shape, seed=1), phantom(shape, seed=1), phantom(shape, seed=2)

    assert "".join(one.dims) == axes
    assert one.data.shape[: len(shape)] == shape
    assert one.data.dtype == dtype
    assert grid_of(one).spacing == grid_of(other).spacing
    np.testing.assert_array_equal(one.data.compute(), same.data.compute())
    assert (one.data.compute() != other.data.compute()).any()
    with pytest.raises(ImageError, match="at least 8"):
        phantom((4,) * len(shape))


def test_the_ct_phantom_has_air_interior_and_a_dense_shell():
    image = samples.ct_phantom((64, 64, 64), spacing=(0.1, 0.05, 0.05))

    counts = np.bincount(image.data.compute().ravel(), minlength=256)

    assert image.scale["z"] == 0.1
    assert counts[10:31].sum() > 0.2 * 64**3
    assert counts[80:141].sum() > 0.1 * 64**3
    assert counts[185:216].sum() > 0.01 * 64**3


def test_the_labels_phantom_has_the_labels_asked_for():
    labels = np.unique(samples.labels_phantom(count=5).data.compute())

    assert set(labels) <= set(range(6))
    assert len(labels) >= 5


def test_the_calcium_movie_is_what_its_footprints_and_traces_say():
    movie, footprints, traces = samples.calcium_movie(300, (40, 48), cells=5, seed=3)

    pixels = movie.data.compute().astype(float)

    assert tuple(movie.dims) == ("t", "y", "x")
    assert movie.data.dtype == np.uint8
    assert movie.scale["t"] == 0.05
    assert pixels.max() < 22
    assert footprints.max(axis=(1, 2)) == pytest.approx(1)
    assert (traces.max(axis=1) >= 6).all()
    # least squares on the pixels that one cell alone lights up gives its trace back
    for footprint, trace in zip(footprints, traces, strict=True):
        alone = (footprint > 0.3) & ((footprints > 0).sum(axis=0) == 1)
        light = pixels[:, alone] - np.median(pixels[:, alone], axis=0)
        found = light @ footprint[alone] / (footprint[alone] ** 2).sum()
        assert np.corrcoef(found, trace)[0, 1] > 0.98


def test_the_calcium_movie_is_decided_by_its_seed():
    one, same = (samples.calcium_movie(20, (9, 10), seed=4) for _ in range(2))
    other = samples.calcium_movie(20, (9, 10), seed=5)

    np.testing.assert_array_equal(one.movie.data.compute(), same.movie.data.compute())
    np.testing.assert_array_equal(one.traces, same.traces)
    assert (one.movie.data.compute() != other.movie.data.compute()).any()


@pytest.mark.parametrize(
    ("frames", "shape", "cells"), [(0, (8, 8), 1), (1, (7, 8), 1), (1, (8, 8), -1)]
)
def test_a_calcium_movie_of_nothing_is_refused(frames, shape, cells):
    with pytest.raises(ImageError, match="a calcium movie has at least 1 frame"):
        samples.calcium_movie(frames, shape, cells)


def test_a_calcium_movie_may_be_one_frame_without_cells():
    movie, footprints, traces = samples.calcium_movie(1, (8, 9), cells=0)

    assert movie.data.shape == (1, 8, 9)
    assert footprints.shape == (0, 8, 9)
    assert traces.shape == (0, 1)


def test_the_data_folder_is_the_one_named(monkeypatch, tmp_path):
    monkeypatch.setenv("ROIWIDGETS_DATA", str(tmp_path))
    assert samples.data_folder() == tmp_path

    monkeypatch.setenv("ROIWIDGETS_DATA", str(tmp_path / "missing"))
    assert samples.data_folder() is None


def test_fetch_prefers_the_local_copy(monkeypatch, tmp_path):
    monkeypatch.setenv("ROIWIDGETS_DATA", str(tmp_path))
    (tmp_path / "ct_tooth").mkdir()
    (tmp_path / "ct_tooth" / "tooth.nrrd").write_bytes(b"")

    assert samples.fetch("ct_tooth") == tmp_path / "ct_tooth" / "tooth.nrrd"
    with pytest.raises(ImageError, match="known are"):
        samples.fetch("elephant")


def test_fetch_downloads_with_the_checksum(monkeypatch, tmp_path):
    asked = {}
    monkeypatch.setenv("ROIWIDGETS_DATA", str(tmp_path))
    monkeypatch.setattr("pooch.retrieve", lambda url, **options: asked.update(options) or "here")

    assert str(samples.fetch("ct_bonsai")) == "here"
    assert asked["known_hash"].startswith("sha256:")


def test_a_volume_that_cannot_be_downloaded_says_where_to_put_it(monkeypatch, tmp_path):
    def no_network(*_, **__):
        raise OSError("no network")

    monkeypatch.setenv("ROIWIDGETS_DATA", str(tmp_path))
    monkeypatch.setattr("pooch.retrieve", no_network)

    with pytest.raises(ImageError, match=r"no network.*ct_bonsai/bonsai\.nii\.gz.*ROIWIDGETS_DATA"):
        samples.fetch("ct_bonsai")


@pytest.mark.parametrize("name", ["ct_tooth", "ct_bonsai", "mri_mni152"])
def test_checksums_are_those_of_the_shared_files(name):
    folder = samples.data_folder()
    if folder is None:
        pytest.skip("no folder of real images (ROIWIDGETS_DATA)")
    volume = samples._REAL_VOLUMES[name]
    content = (folder / volume.folder / volume.file).read_bytes()

    assert hashlib.sha256(content).hexdigest() == volume.sha256

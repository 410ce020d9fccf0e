"""An image that is opened when somebody first looks at it."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest
import zarr
from ngff_zarr import Multiscales, NgffImage

from roiwidgets.images.deferred import open_later
from roiwidgets.images.grid import Grid
from roiwidgets.images.ome_writing import multiscales_metadata
from roiwidgets.images.readers import open_image

VOXELS = np.arange(60, dtype="u2").reshape(3, 4, 5)


@pytest.fixture
def path(tmp_path):
    grid = Grid(("z", "y", "x"), VOXELS.shape, (2.0, 1.0, 0.5), (1.0, 0.0, -3.0))
    attributes = multiscales_metadata(["0"], [grid], name="bone", version="0.5")
    group = zarr.create_group(str(tmp_path / "a.zarr"), attributes=attributes)
    group.create_array("0", data=VOXELS)
    return tmp_path / "a.zarr"


def test_it_is_not_opened_before_it_is_used(tmp_path):
    later = open_later(tmp_path / "missing.zarr")

    with pytest.raises(FileNotFoundError, match=r"missing\.zarr"):
        assert later.images
    with pytest.raises(FileNotFoundError):  # as often as one asks
        repr(later)


def test_it_is_a_multiscales(path):
    assert isinstance(open_later(path), Multiscales)
    assert not isinstance(open_later(path), NgffImage)
    assert open_image(open_later(path)).metadata.name == "bone"
    assert np.array_equal(open_later(path).images[0].data.compute(), VOXELS)


@pytest.mark.parametrize("used", [repr, lambda i: i.images, lambda i: i == 1, copy.copy, dir])
def test_any_use_makes_it_nothing_but_a_multiscales(path, used):
    later = open_later(path)

    used(later)

    assert type(later) is type(open_image(path))
    assert set(vars(later)) == set(vars(open_image(path)))
    assert dataclasses.replace(later, root_attributes={}).images is later.images


def test_it_can_be_changed_copied_and_sent_before_it_was_looked_at(path):
    changed, sent = open_later(path), pickle.loads(pickle.dumps(open_later(path)))
    changed.root_attributes = {"seen": True}

    assert changed.root_attributes == {"seen": True}
    assert len(changed.images) == 1
    assert np.array_equal(sent.images[0].data.compute(), VOXELS)

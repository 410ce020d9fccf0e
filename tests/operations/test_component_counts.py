"""What is known of components, against numpy on the whole array."""

from __future__ import annotations

import numpy as np
import pytest

from roiwidgets.operations import components


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 1.0])
@pytest.mark.parametrize("counted", [1, 1000, 2**18])
def test_sizes_firsts_and_borders_are_those_of_the_whole_array(
    share: float, counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components, "COUNTED_VOXELS", counted)
    mask = (np.random.default_rng(3).random((17, 18, 19)) < share).astype(np.uint8)

    ids, found = components.label(mask, is_full=False)

    numbers, firsts, sizes = np.unique(ids, return_index=True, return_counts=True)
    is_inside = np.zeros(ids.shape, bool)
    is_inside[1:-1, 1:-1, 1:-1] = True
    np.testing.assert_array_equal(ids > 0, mask > 0)
    np.testing.assert_array_equal(found.sizes, sizes[numbers > 0])
    np.testing.assert_array_equal(found.firsts, firsts[numbers > 0])
    on_border = np.unique(ids[~is_inside & (ids > 0)])
    np.testing.assert_array_equal(np.flatnonzero(found.at_border) + 1, on_border)

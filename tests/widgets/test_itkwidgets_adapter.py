"""A tuner on a viewer of itkwidgets, whose page the test plays."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import itk
import numpy as np
import pytest
from numpy.typing import NDArray

import roiwidgets as rw
from roiwidgets.images.readers import open_image
from roiwidgets.widgets import itkwidgets_adapter
from tests.widgets.fake_itkwidgets import (
    BOX,
    ORIGIN,
    SPACING,
    Page,
    Viewer,
    crop,
    in_kernel,
    notebook,
    operation,
    source,
    store_of,
    until,
    voxels,
)
from tests.widgets.recording import RecordingViewer


def is_bright(array: NDArray[Any]) -> NDArray[Any]:
    return array > 300


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(itkwidgets_adapter, "ASK_EVERY_S", 0.005)


# Previews ---------------------------------------------------------------------


def test_the_result_is_bit_for_bit_that_of_our_viewer_and_of_the_whole_volume() -> None:
    async def tune() -> NDArray[Any]:
        viewer, page = notebook()
        tuner = rw.tune(viewer, rw.operations.median(radius=1), radius=(1, 6))
        tuner.controls["radius"].value = 2
        await until(lambda: page.shown and page.voxels().shape == (11, 17, 15))
        shown = open_image(page.shown[-1])
        tuner.close()
        assert shown.images[0].scale == SPACING
        assert shown.images[0].translation == {
            a: ORIGIN[a] + s.start * SPACING[a] for a, s in zip("zyx", BOX, strict=True)
        }
        return np.asarray(shown.images[0].data)

    shown = {}
    in_kernel(_keep(tune(), shown))
    ours = RecordingViewer(source())
    x0, x1, y0, y1, z0, z1 = crop(BOX)
    ours.roi = ({"x": x0, "y": y0, "z": z0}, {"x": x1, "y": y1, "z": z1})
    assert ours.get_roi_slice(0) == BOX
    tuner = rw.tune(ours, rw.operations.median(radius=2))
    tuner.wait()

    np.testing.assert_array_equal(shown["value"], ours.shown_preview())
    whole = itk.median_image_filter(itk.image_from_array(voxels()), radius=2)
    np.testing.assert_array_equal(shown["value"], itk.array_from_image(whole)[BOX])
    tuner.close()
    ours.close()


async def _keep(task: Coroutine[Any, Any, Any], kept: dict[str, Any]) -> None:
    kept["value"] = await task


def test_the_crop_box_is_followed_and_kept_while_it_touches_the_same_voxels() -> None:
    async def tune() -> None:
        viewer, page = notebook()
        tuner = rw.tune(viewer, operation())
        await until(lambda: page.shown and page.voxels().shape == (11, 17, 15))
        drawn, asked = len(page.shown), page.asked

        page.bounds = crop(BOX, inset=0.0)  # where itkwidgets puts it when it fits its result
        await until(lambda: page.asked > asked + 3)

        assert len(page.shown) == drawn
        other = (slice(0, 20), slice(1, 2), slice(6, 21))
        page.bounds = crop(other)
        await until(lambda: page.voxels().shape == (20, 1, 15))
        np.testing.assert_array_equal(page.voxels(), voxels()[other] + np.uint8(1))
        tuner.close()

    in_kernel(tune())


def test_what_is_tuned_before_the_page_connects_is_shown_when_it_does() -> None:
    async def tune() -> None:
        viewer = Viewer(Image=store_of(source()))
        tuner = rw.tune(viewer, operation())
        tuner.wait()
        assert viewer.queue == []

        page = viewer.viewer_rpc.itk_viewer = Page([1e300, -1e300] * 3)  # nothing is drawn yet
        await until(lambda: page.shown)

        np.testing.assert_array_equal(page.voxels(), voxels() + np.uint8(1))
        tuner.close()

    in_kernel(tune())


def test_a_plane_is_tuned_though_the_box_has_three_axes() -> None:
    async def tune() -> None:
        plane = voxels()[0]
        image = open_image(plane, axes="yx")
        viewer = Viewer(Image=store_of(image))
        page = viewer.viewer_rpc.itk_viewer = Page([-0.5, 6.5, 3.5, 9.5, 0.0, 0.0])
        tuner = rw.tune(viewer, operation())

        await until(lambda: page.shown and page.voxels().shape == (6, 7))

        np.testing.assert_array_equal(page.voxels(), plane[4:10, 0:7] + np.uint8(1))
        tuner.close()

    in_kernel(tune())


def test_a_mask_gets_a_colour_range_and_every_chunk_and_the_image_gets_its_own_back() -> None:
    async def tune() -> None:
        viewer, page = notebook()
        tuner = rw.tune(viewer, rw.operation(is_bright, halo=0, output_dtype="bool"))
        await until(lambda: page.shown)

        store = page.shown[-1]
        assert page.voxels().dtype == np.uint8
        keys = [key async for key in store.list()]
        assert "0/0/0/0" in keys  # though all its voxels are 0
        assert ("range", [0.0, 1.0]) in page.calls
        tuner.close()
        low, high = tuner.viewer.color_range_bounds
        assert page.calls[-1] == ("range", [low, high])

    in_kernel(tune())


def test_the_memory_budget_decides_on_the_scale() -> None:
    async def tune() -> None:
        smooth = np.zeros((96, 96, 96), np.uint8)
        image = open_image(smooth)
        viewer = Viewer(Image=store_of(image))
        page = viewer.viewer_rpc.itk_viewer = Page([-0.5, 95.5] * 3)
        tuner = rw.tune(rw.ItkwidgetsViewer(viewer, image, memory_budget=2**18), operation())

        await until(lambda: page.shown)

        assert page.voxels().shape == (48, 48, 48)
        assert tuner.viewer.image.images[0].data is image.images[0].data
        tuner.close()

    in_kernel(tune())


def test_the_image_comes_back_unless_the_user_has_shown_another() -> None:
    async def tune() -> None:
        viewer, page = notebook()
        original = viewer.stores["Image"]
        tuner = rw.tune(viewer, operation())
        await until(lambda: page.shown)
        tuner.close()
        assert viewer.stores["Image"] is page.shown[-1] is original

        tuner = rw.tune(viewer, operation())
        await until(lambda: viewer.stores["Image"] is not original)
        another = store_of(source())
        viewer.set_image(another)
        await until(lambda: "shows another image now" in tuner.error.value)
        tuner.close()
        assert viewer.stores["Image"] is another

    in_kernel(tune())


def test_the_written_result_is_shown_and_the_source_comes_back(tmp_path: Path) -> None:
    async def tune() -> None:
        viewer, page = notebook()
        original = viewer.stores["Image"]
        tuner = rw.tune(viewer, operation())
        tuner.promotion.path.value = str(tmp_path / "plus.ome.zarr")
        tuner.promotion.button.click()
        await until(lambda: not tuner.promotion.show_button.disabled)

        tuner.promotion.show_button.click()
        np.testing.assert_array_equal(page.voxels(), voxels() + np.uint8(1))

        tuner.promotion.show_button.click()
        assert page.shown[-1] is original
        await until(lambda: page.voxels().shape == (11, 17, 15))
        tuner.close()

    in_kernel(tune())

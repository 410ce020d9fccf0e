"""What the volume view draws, and what it says where it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.page.checks import assert_shows
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import LayerData, ct_phantom, layer, noise


def drawn_share(viewer: ViewerPage) -> float:
    """Return the share of the volume view that is not background."""
    script = """() => {
      const { data } = harness.root().roiwidgetsTest.readPixels("volume");
      let bright = 0;
      for (let i = 0; i < data.length; i += 4) bright += data[i] > 60;
      return (4 * bright) / data.length;
    }"""
    return float(viewer.page.evaluate(script))


def test_the_volume_is_drawn_and_cut_to_the_region(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250])
    whole = drawn_share(viewer)

    viewer.set(
        roi={"lower": {"x": -0.5, "y": -0.5, "z": -0.5}, "upper": {"x": 15.5, "y": 31.5, "z": 31.5}}
    )

    assert whole > 0.05
    assert 0.2 * whole < drawn_share(viewer) < 0.9 * whole


def test_bricks_reach_the_volume_as_they_arrive(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    blank = layer(np.full((32, 32, 32), -1000, dtype=np.int16))
    viewer.open(image, color_range=[-1000, 1250])
    whole = drawn_share(viewer)
    viewer.serve_also(LayerData("image-2", "image", blank.levels))

    viewer.set(scene=viewer.scene(LayerData("image-2", "image", blank.levels)))

    assert whole > 0.05
    assert drawn_share(viewer) < 0.01


def test_a_lost_graphics_context_is_told_and_can_be_asked_for_again(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250])
    before = drawn_share(viewer)

    viewer.page.evaluate(
        "harness.root().querySelector('.rw-gl').getContext('webgl2')"
        ".getExtension('WEBGL_lose_context').loseContext()"
    )
    viewer.page.get_by_role("button", name="Draw the volume again").click()
    viewer.wait_settled()

    assert drawn_share(viewer) == pytest.approx(before, abs=0.02)


def test_the_volume_turns_with_the_mouse(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250])
    assert viewer.get("camera") == {}
    start = viewer.at("volume", image.centre((24, 8, 8)))

    viewer.drag(start, (60, 5))

    position = viewer.saved("camera")["volume"]["position"]
    assert len(position) == 3
    assert viewer.at("volume", image.centre((24, 8, 8))) != pytest.approx(start, abs=3)
    viewer.page.get_by_role("button", name="Reset view").click()
    viewer.wait_settled()
    assert viewer.get("camera") == {}
    assert viewer.at("volume", image.centre((24, 8, 8))) == pytest.approx(start, abs=0.5)


def test_the_viewer_says_so_where_there_is_no_webgl(browser: Browser) -> None:
    context = browser.new_context()
    context.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); };"
    )
    viewer = ViewerPage(context)
    image = layer(noise((16, 16, 16), "uint8", 0, 255))

    viewer.open(image, slices=image.centre((3, 4, 5)))

    assert viewer.page.get_by_text("This browser has no WebGL 2").is_visible()
    assert_shows(viewer, image, "z", 3, (0, 255))
    assert viewer.problems == []
    context.close()


def test_arrow_keys_turn_the_volume_as_a_drag_does(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(32), value_range=(-1000, 1250))
    viewer.open(image, color_range=[-1000, 1250], roi_visible=False)
    near = image.centre((16, 30, 16))
    pane = viewer.page.locator('.rw-pane[data-plane="volume"]')

    places = [viewer.at("volume", near)]
    for key in ("ArrowRight", "ArrowDown"):
        pane.press(key)
        viewer.wait_settled()
        places.append(viewer.at("volume", near))

    start, right, down = places
    assert right[0] - start[0] > 5
    assert down[1] - right[1] > 5
    assert "position" in viewer.saved("camera")["volume"]


def test_the_volume_is_replaced_when_all_of_the_finer_one_is_there(viewer: ViewerPage) -> None:
    image = layer(ct_phantom(160), scales=3, value_range=(-1000, 1250))
    viewer.create_model(image, color_range=[-1000, 1250])
    count_textures = """() => {
      const { prototype } = WebGL2RenderingContext;
      const upload = prototype.texSubImage3D;
      window.widths = [];
      prototype.texSubImage3D = function (...args) {
        window.widths.push(args[5]);
        return upload.apply(this, args);
      };
    }"""
    viewer.page.evaluate(count_textures)

    viewer.page.evaluate("() => { harness.model.kernel.isBusy = true; harness.addView(0); }")
    viewer.wait_for("harness.model.kernel.waiting.length > 0")
    viewer.page.evaluate("harness.model.kernel.answer(4)")
    viewer.wait_for("widths.includes(40)")  # though more is on its way
    coarse = viewer.page.evaluate("widths.splice(0)")
    viewer.page.evaluate("harness.model.kernel.wake()")
    viewer.wait_settled()

    assert 160 not in coarse
    assert viewer.page.evaluate("widths").count(160) == 1
    assert drawn_share(viewer) > 0.05


def test_a_volume_longer_than_a_texture_is_drawn_coarser(viewer: ViewerPage) -> None:
    voxels = np.zeros((8, 8, 2400), np.uint8)
    voxels[..., 800:1600] = 200
    image = layer(voxels, scales=2, spacing=(100.0, 100.0, 1.0))

    viewer.open(image, roi_visible=False, axes_enabled=False)

    assert viewer.saved("loaded_scale") == 1
    assert drawn_share(viewer) > 0.02
    assert "2048 voxels along a side" in viewer.text(".rw-status")

"""The viewer in marimo: shadow roots, a comm of its own, and cells that run when values change."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.hosts.host_page import HostPage
from tests.browser.hosts.marimo_server import running_marimo
from tests.browser.page.checks import TOLERANCE

SHAPE = (8, 12, 16)
VOXELS = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
WRAPPED, PLAIN = 0, 1
"""Places of the viewers on the page."""

OPEN = """
import marimo as mo
import numpy as np
import roiwidgets as rw
voxels = np.load({path!r})
looks = dict(color_range=(0, 255), slices={{"z": 3, "y": 6, "x": 8}})
get_stop, set_stop = mo.state(None)
"""
SHOW_WRAPPED = """
wrapped = mo.ui.anywidget(rw.Viewer(voxels, **looks))
wrapped
"""
SHOW_SLICE = """
mo.md(f"wrapped: {wrapped.get_roi_slice(0)}")
"""
SHOW_PLAIN = """
plain = rw.view(voxels, **looks)
plain.observe(lambda change: set_stop(plain.get_roi_slice(0)[2].stop), "roi")
plain
"""
SHOW_STOP = """
mo.md(f"plain: x stops at {get_stop()}")
"""
SHOW_BUTTON = """
mo.ui.button(label="Invert", on_change=lambda _: wrapped.set_image(255 - voxels))
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("marimo")
    path = root / "voxels.npy"
    np.save(path, VOXELS)
    cells = [
        OPEN.format(path=str(path)), SHOW_WRAPPED, SHOW_SLICE, SHOW_PLAIN, SHOW_STOP, SHOW_BUTTON,
    ]  # fmt: skip
    with running_marimo(root, cells) as running:
        yield running


@pytest.fixture
def page(url: str, browser: Browser) -> Iterator[HostPage]:
    # without a locale, as on many servers, older releases of marimo show an error instead
    context = browser.new_context(viewport={"width": 1000, "height": 900}, locale="en-US")
    host = HostPage(context.new_page(), url)
    host.page.goto(url)
    for viewer in (WRAPPED, PLAIN):
        host.wait_settled(viewer)
    yield host
    context.close()
    assert host.console_errors == []
    assert host.foreign_requests == []


def drag_right_side(page: HostPage, viewer: int) -> None:
    """Move the right side of the region, in the plane across z, to the edge before voxel 12."""
    start = page.place_of('[data-plane="z"][data-handle="right"]', viewer)
    here, there = (page.at("z", {"z": 3, "y": 6, "x": x}, viewer) for x in (15.5, 11.5))
    page.drag(start, (there[0] - here[0], 0), viewer)


@pytest.mark.parametrize("viewer", [WRAPPED, PLAIN])
def test_slices_show_the_voxels(page: HostPage, viewer: int) -> None:
    shown = page.slice_across_z(3, SHAPE, viewer)

    assert np.abs(shown - VOXELS[3]).max() <= TOLERANCE


def test_a_dragged_region_runs_the_cells_that_use_it(page: HostPage) -> None:
    drag_right_side(page, WRAPPED)

    region = (slice(0, 8), slice(0, 12), slice(0, 12))
    expect(page.page.get_by_text(f"wrapped: {region}")).to_be_visible()


def test_observers_of_a_plain_viewer_see_a_dragged_region(page: HostPage) -> None:
    drag_right_side(page, PLAIN)

    expect(page.page.get_by_text("plain: x stops at 12")).to_be_visible()


def test_what_python_sets_is_drawn(page: HostPage) -> None:
    page.page.get_by_role("button", name="Invert").click()
    page.wait_for(
        "({roiwidgetsTest: test}) => test.stats().layers[0] !== 'image-1' && test.isSettled()",
        WRAPPED,
    )

    shown = page.slice_across_z(3, SHAPE, WRAPPED)
    assert np.abs(shown - (255 - VOXELS[3].astype(int))).max() <= TOLERANCE


def test_what_is_being_typed_stays_while_the_viewer_draws(page: HostPage) -> None:
    field = page.viewer(WRAPPED).get_by_label("window high")
    field.fill("12")

    page.page.mouse.move(*page.at("z", {"z": 3, "y": 6, "x": 8}, WRAPPED))
    page.page.mouse.wheel(0, 100)
    expect(page.viewer(WRAPPED).get_by_text("z 4 / 7")).to_be_visible()
    page.wait_settled(WRAPPED)

    assert field.input_value() == "12"


def test_the_whole_screen_is_filled_and_left(page: HostPage) -> None:
    toggle = page.viewer(WRAPPED).get_by_role("button", name="Full screen")

    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()

    expect(toggle).to_have_attribute("aria-pressed", "false")

"""Which views are shown, how large, and on the whole screen."""

from __future__ import annotations

import pytest

from tests.browser.page.checks import assert_shows
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise

IMAGE = layer(noise((16, 16, 16), "uint8", 0, 255))


def shown_panes(viewer: ViewerPage) -> list[str]:
    script = "panes => panes.filter(p => p.offsetHeight > 0).map(p => p.dataset.plane)"
    return sorted(viewer.page.eval_on_selector_all(".rw-pane", script))


@pytest.mark.parametrize(
    ("mode", "panes"),
    [("four-up", ["volume", "x", "y", "z"]), ("y", ["y"]), ("volume", ["volume"])],
)
def test_python_chooses_the_views(viewer: ViewerPage, mode: str, panes: list[str]) -> None:
    viewer.open(IMAGE, view_mode=mode)

    assert shown_panes(viewer) == panes
    assert viewer.page.get_by_label("View", exact=True).input_value() == mode


def test_a_view_that_is_chosen_in_the_toolbar_shows_its_slice(viewer: ViewerPage) -> None:
    viewer.open(IMAGE, slices=IMAGE.centre((3, 4, 5)))

    viewer.page.get_by_label("View", exact=True).select_option("x")
    viewer.wait_settled()

    assert shown_panes(viewer) == ["x"]
    assert_shows(viewer, IMAGE, "x", 5, (0, 255))
    viewer.wait_for("harness.model.saved.some((values) => values.view_mode === 'x')")


def test_a_double_click_is_a_choice_that_python_sees(viewer: ViewerPage) -> None:
    viewer.open(IMAGE)
    pane = viewer.page.locator('.rw-pane[data-plane="z"]')

    pane.dblclick()
    viewer.wait_settled()
    assert viewer.get("view_mode") == "z"
    pane.dblclick()
    viewer.wait_settled()

    assert viewer.get("view_mode") == "four-up"
    assert shown_panes(viewer) == ["volume", "x", "y", "z"]


def test_a_flat_image_offers_no_choice_of_views(viewer: ViewerPage) -> None:
    viewer.open(layer(noise((1, 16, 16), "uint8", 0, 255)), view_mode="x")

    assert shown_panes(viewer) == ["z"]
    assert not viewer.page.get_by_label("View", exact=True).is_visible()


def test_the_lower_edge_changes_the_height(viewer: ViewerPage) -> None:
    viewer.page.set_viewport_size({"width": 900, "height": 900})
    viewer.open(IMAGE, height=400)

    viewer.drag(viewer.centre_of(".rw-resizer"), (0, 60))
    assert viewer.get("height") == 460
    viewer.page.locator(".rw-resizer").press("ArrowUp")
    viewer.wait_settled()

    assert viewer.get("height") == 440
    assert viewer.page.locator(".rw-grid").bounding_box()["height"] == 440  # type: ignore[index]


def test_the_whole_screen_is_filled_and_left(viewer: ViewerPage) -> None:
    viewer.open(IMAGE, height=300)
    toggle = viewer.page.get_by_role("button", name="Full screen")

    toggle.click()
    viewer.wait_for("document.fullscreenElement === harness.root()")
    viewer.wait_for("document.querySelector('.rw-grid').clientHeight > 400")
    viewer.page.wait_for_selector('.rw-icon-button[aria-pressed="true"]')
    toggle.click()
    viewer.wait_for("document.fullscreenElement === null")

    viewer.wait_for("document.querySelector('.rw-grid').clientHeight === 300")


def test_on_a_phone_the_views_stand_below_each_other(viewer: ViewerPage) -> None:
    viewer.open(IMAGE, width=360, height=800)

    lefts = viewer.page.eval_on_selector_all(
        ".rw-pane", "panes => panes.map(p => p.getBoundingClientRect().left)"
    )
    assert len(set(lefts)) == 1
    overflow = "e => e.scrollWidth - e.clientWidth"
    assert viewer.page.eval_on_selector(".roiwidgets-viewer", overflow) <= 0


@pytest.mark.parametrize(
    ("scheme", "names", "expected"),
    [
        ("light", {}, "rgb(255, 255, 255)"),
        ("dark", {}, "rgb(27, 29, 33)"),
        ("light", {"--vscode-editor-background": "#101112"}, "rgb(16, 17, 18)"),
    ],
)
def test_colors_follow_the_page_where_there_is_no_jupyter(
    viewer: ViewerPage, scheme: str, names: dict[str, str], expected: str
) -> None:
    viewer.page.evaluate(
        """([scheme, names]) => {
          const { style } = document.documentElement;
          style.cssText = '';
          style.colorScheme = scheme;
          for (const [name, value] of Object.entries(names)) style.setProperty(name, value);
        }""",
        [scheme, names],
    )
    viewer.open(layer(noise((4, 8, 8), "uint8", 0, 255)))

    surface = "getComputedStyle(harness.root()).backgroundColor"
    assert viewer.page.evaluate(surface) == expected

"""axe-core finds nothing to complain about, in any panel and in both themes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.browser.chromium_finder import install_packages
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import layer, noise

JS = Path(__file__).parents[2] / "js"
AXE = JS / "node_modules" / "axe-core" / "axe.min.js"
THEMES = {
    "light": {},
    "dark": {
        "--jp-ui-font-color1": "#ffffffde",
        "--jp-ui-font-color2": "#ffffffb3",
        "--jp-layout-color1": "#212121",
        "--jp-border-color2": "#616161",
        "--jp-brand-color1": "#2196f3",
        "--jp-error-color1": "#d32f2f",
    },
}
"""The variables of JupyterLab's dark theme; its light one is the viewer's own."""


@pytest.fixture
def axe(viewer: ViewerPage) -> ViewerPage:
    install_packages(JS, "axe-core")
    viewer.page.evaluate(AXE.read_text())
    return viewer


def use_theme(viewer: ViewerPage, theme: str) -> None:
    variables = ";".join(f"{name}: {value}" for name, value in THEMES[theme].items())
    viewer.page.add_style_tag(
        content=f"body {{ {variables}; background: var(--jp-layout-color1, white) }}"
    )


def complaints(viewer: ViewerPage) -> list[str]:
    found = viewer.page.evaluate(
        """async () => {
          const {violations} = await axe.run(harness.root(), {resultTypes: ['violations']});
          const tell = (rule, node) => `${rule}: ${node.html} ${node.failureSummary}`;
          return violations.flatMap(({id, nodes}) => nodes.map(node => tell(id, node)));
        }"""
    )
    return [str(each) for each in found]


@pytest.mark.parametrize("theme", THEMES)
def test_every_panel_is_accessible(axe: ViewerPage, theme: str) -> None:
    image = layer(noise((16, 16, 16), "uint8", 0, 255), name="Image")
    moving = layer(noise((16, 16, 16), "uint8", 0, 255), id="moving-2", name="Moving")
    labels = layer(
        np.ones((16, 16, 16), np.uint32), id="labels-1", kind="labels", name="Labels", scales=2
    )
    use_theme(axe, theme)
    axe.open(image, moving, labels, error_message="The window needs low <= high.")
    found = {"toolbar": complaints(axe)}

    for panel in ("Edit region", "Layers", "Volume", "Mouse and keyboard"):
        axe.page.get_by_role("button", name=panel).click()
        axe.wait_settled()
        found[panel] = complaints(axe)

    assert found == {part: [] for part in found}


@pytest.mark.parametrize("theme", THEMES)
def test_flat_and_empty_viewers_are_accessible(axe: ViewerPage, theme: str) -> None:
    use_theme(axe, theme)
    movie = layer(noise((1, 16, 16), "uint8", 0, 255))
    axe.open(movie)
    flat = complaints(axe)

    axe.set(scene=axe.scene())

    assert flat == complaints(axe) == []


def test_every_control_is_reached_with_the_tab_key(viewer: ViewerPage) -> None:
    viewer.open(layer(noise((16, 16, 16), "uint8", 0, 255)))
    viewer.page.get_by_role("button", name="Edit region").click()
    controls = viewer.page.eval_on_selector_all(
        ".roiwidgets-viewer :is(button, input, select, [tabindex='0'])",
        "all => all.filter(e => !e.disabled && e.getClientRects().length).length",
    )
    viewer.page.evaluate("document.activeElement.blur()")

    reached = set()
    for _ in range(controls + 5):
        viewer.page.keyboard.press("Tab")
        reached.add(
            viewer.page.evaluate(
                """() => [...document.querySelectorAll('.roiwidgets-viewer *')]
                     .indexOf(document.activeElement)"""
            )
        )

    assert len(reached - {-1}) == controls

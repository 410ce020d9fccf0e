"""axe-core finds nothing to complain about in the player, in both themes."""

from __future__ import annotations

import numpy as np
import pytest

import roiwidgets as rw
from tests.browser.chromium_finder import install_packages
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.test_accessibility import AXE, JS, THEMES

COMPLAINTS = """async () => {
  const root = document.querySelector('.roiwidgets-viewer');
  const {violations} = await axe.run(root, {resultTypes: ['violations']});
  const tell = (rule, node) => `${rule}: ${node.html} ${node.failureSummary}`;
  return violations.flatMap(({id, nodes}) => nodes.map(node => tell(id, node)));
}"""


@pytest.mark.parametrize("theme", THEMES)
def test_the_player_with_regions_is_accessible(webview: WebviewPage, theme: str) -> None:
    install_packages(JS, "axe-core")
    webview.page.evaluate(AXE.read_text())
    # the page of this host has a paler colour of its own for quiet text
    own = {"--jp-ui-font-color2": "#0000008a", **THEMES[theme]}
    variables = ";".join(f"{name}: {value}" for name, value in own.items())
    webview.page.evaluate("text => { document.body.style.cssText = text }", variables)
    voxels = np.random.default_rng(0).integers(0, 255, (5, 3, 16, 20)).astype(np.uint8)
    cell = rw.Annotation("polygon", [(2, 2), (12, 3), (7, 11)], id="a", name="cell")
    player = rw.StackViewer(rw.open_image(voxels, axes="tzyx"), rois=[cell], overlay="mean")
    player.error_message = "Too late."
    webview.show(player)
    webview.wait_until(lambda: webview.ask("share") == 1)
    found = {"player": webview.page.evaluate(COMPLAINTS)}

    webview.page.locator(".rw-roi-shape").click()
    webview.page.get_by_role("button", name="Mouse and keyboard").click()
    webview.wait_drawn()
    found["help"] = webview.page.evaluate(COMPLAINTS)
    webview.page.evaluate("() => { document.body.style.cssText = '' }")

    assert found == {"player": [], "help": []}

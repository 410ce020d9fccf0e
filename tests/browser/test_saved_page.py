"""A page that was saved with its widgets, without a kernel and without a network."""

from __future__ import annotations

import json
from urllib.parse import urlparse

import numpy as np
from ipywidgets.embed import embed_data
from playwright.sync_api import Browser, Route

import roiwidgets as rw
from tests.browser.hosts.bridge import host_file
from tests.browser.hosts.npm_files import HTML_MANAGER

ORIGIN = "http://saved.test"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>saved</title><link rel="icon" href="data:,">
<script src="require.js"></script>
<script>requirejs.config({{paths: {{anywidget: "nbextensions/anywidget/index"}}}})</script>
<script src="embed-amd.js"></script>
<script type="application/vnd.jupyter.widget-state+json">{state}</script></head>
<body><script type="application/vnd.jupyter.widget-view+json">{view}</script></body></html>"""


def saved_page(viewer: rw.Viewer) -> str:
    """Return the page that a notebook becomes when it is saved as HTML with its widgets."""
    bundle, _ = viewer._repr_mimebundle_()
    assert bundle["image/png"]
    data = embed_data(views=[viewer], drop_defaults=False)
    state = json.dumps(data["manager_state"]).replace("</script", "<\\/script")
    return PAGE.format(state=state, view=json.dumps(data["view_specs"][0]))


def test_a_saved_page_shows_the_last_picture_and_says_why(browser: Browser) -> None:
    viewer = rw.Viewer(np.random.default_rng(0).integers(0, 255, (8, 9, 10)).astype(np.uint8))
    html = saved_page(viewer)
    problems: list[str] = []
    elsewhere: list[str] = []

    def serve(route: Route) -> None:
        url = urlparse(route.request.url)
        if f"{url.scheme}://{url.netloc}" != ORIGIN:
            elsewhere.append(route.request.url)
            route.abort()
        elif url.path == "/index.html":
            route.fulfill(body=html, content_type="text/html")
        elif url.path == "/embed-amd.js":
            route.fulfill(body=HTML_MANAGER.read(), content_type="text/javascript")
        else:
            route.fulfill(body=host_file(url.path[1:]), content_type="text/javascript")

    context = browser.new_context(viewport={"width": 900, "height": 800})
    page = context.new_page()
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.route("**/*", serve)
    page.goto(f"{ORIGIN}/index.html")

    page.get_by_text("No kernel answers").wait_for(timeout=20_000)
    picture = page.locator(".rw-still img")
    assert picture.get_attribute("src") == f"data:image/png;base64,{viewer.picture}"
    assert page.evaluate("document.querySelector('.rw-still img').naturalWidth") > 100
    page.get_by_label("View", exact=True).select_option("z")
    page.wait_for_selector('.rw-pane[data-plane="x"]', state="hidden")

    context.close()
    assert problems == []
    assert elsewhere == []

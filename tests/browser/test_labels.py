"""Labels: exact, outlined, hidden, beyond the image and without one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roiwidgets.widgets._colormaps import label_colors
from tests.browser.page.checks import TOLERANCE, slice_points
from tests.browser.page.harness import ViewerPage
from tests.browser.page.phantoms import LayerData, encode_table, layer, noise

BACKGROUND = (13, 14, 17)
IMAGE = layer(np.zeros((8, 16, 16), np.uint8))


def ids() -> NDArray[np.uint32]:
    """Return labels in blocks of 4, some of them 0."""
    z, y, x = np.indices((8, 16, 16)) // 4
    return ((x + 4 * y + 16 * z) % 7).astype(np.uint32)


def outlined(labels: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which pixels of a slice have another label to one of four sides, by comparison."""
    edge = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        differs = np.diff(labels.astype(np.int64), axis=axis) != 0
        low = tuple(slice(0, -1) if i == axis else slice(None) for i in (0, 1))
        high = tuple(slice(1, None) if i == axis else slice(None) for i in (0, 1))
        edge[low] |= differs
        edge[high] |= differs
    return edge


def drawn(viewer: ViewerPage, labels: LayerData, index: int) -> NDArray[np.int64]:
    points, _ = slice_points(labels, "z", index)
    return viewer.colors("z", points).reshape(*labels.finest.shape[1:3], 3)


def expected(labels: NDArray[np.uint32]) -> NDArray[np.int64]:
    colors = label_colors(labels).astype(int)
    return np.where((labels == 0)[..., None], 0, colors)


def show(viewer: ViewerPage, labels: LayerData, **traits: object) -> None:
    viewer.open(
        IMAGE, labels, label_opacity=1, roi_visible=False, slices=IMAGE.centre((2, 8, 8)), **traits
    )


def test_labels_are_drawn_exactly_and_outlined(viewer: ViewerPage) -> None:
    labels = layer(ids(), id="labels-1", kind="labels")
    show(viewer, labels)
    plane = ids()[2]
    assert np.abs(drawn(viewer, labels, 2) - expected(plane)).max() <= TOLERANCE

    viewer.set(label_outline=True)

    outline = np.where(outlined(plane), plane, 0)
    assert np.abs(drawn(viewer, labels, 2) - expected(outline)).max() <= TOLERANCE


def test_hidden_labels_are_not_drawn(viewer: ViewerPage) -> None:
    labels = layer(ids(), id="labels-1", kind="labels")
    show(viewer, labels, hidden_labels=[2, 5])

    rest = np.where(np.isin(ids()[2], [2, 5]), 0, ids()[2])

    assert np.abs(drawn(viewer, labels, 2) - expected(rest)).max() <= TOLERANCE


def test_a_layer_is_switched_off_in_the_panel(viewer: ViewerPage) -> None:
    labels = layer(ids(), id="labels-1", kind="labels", name="Labels")
    show(viewer, labels)
    viewer.page.get_by_role("button", name="Layers").click()

    viewer.page.get_by_role("checkbox", name="Labels", exact=True).uncheck()
    viewer.wait_settled()

    assert viewer.get("layer_visibility") == {"Labels": False}
    assert drawn(viewer, labels, 2).max() <= TOLERANCE


def test_labels_beyond_the_image_are_seen(viewer: ViewerPage) -> None:
    wide = np.full((8, 16, 24), 3, np.uint32)
    labels = layer(wide, id="labels-1", kind="labels", origin=(0.0, 0.0, 8.0))
    show(viewer, labels, camera={"planes": {"z": {"center": [15, 8], "height": 40}}})

    beyond = viewer.colors("z", [labels.centre((2, 8, 20))])

    assert np.abs(beyond - label_colors(np.array([3])).astype(int)).max() <= TOLERANCE


def test_labels_are_shown_without_an_image(viewer: ViewerPage) -> None:
    labels = layer(ids(), id="labels-1", kind="labels")
    viewer.open(labels, label_opacity=1, roi_visible=False, slices=labels.centre((2, 8, 8)))

    shown = ids()[2] != 0
    colors = drawn(viewer, labels, 2)
    assert np.abs(colors - expected(ids()[2]))[shown].max() <= TOLERANCE
    assert (colors[~shown] == BACKGROUND).all()
    assert not viewer.page.get_by_label("window low").is_visible()


def test_the_label_under_the_pointer_is_named(viewer: ViewerPage) -> None:
    image = layer(noise((8, 16, 16), "uint8", 0, 255))
    labels = layer(ids(), id="labels-1", kind="labels")
    viewer.open(
        image, labels, label_names={"3": "pore"}, slices=image.centre((2, 8, 8)), roi_visible=False
    )

    viewer.page.mouse.move(*viewer.at("z", image.centre((2, 2, 13))))
    viewer.wait_drawn()
    probe = viewer.text(".rw-probe")

    assert ids()[2, 2, 13] == 3
    assert f"value {image.finest[2, 2, 13, 0]}" in probe
    assert probe.endswith("label 3 pore")


def test_single_labels_are_fainter_and_in_the_colors_of_a_table(viewer: ViewerPage) -> None:
    labels = np.zeros((4, 12, 12), np.uint8)
    labels[:, 2:5], labels[:, 7:10] = 1, 2
    image = layer(np.zeros((4, 12, 12), np.uint8))
    overlay = layer(labels, id="labels-1", kind="labels")
    table = np.array([[200, 100, 0], [0, 100, 200]], np.uint8)

    viewer.open(
        image, overlay, label_opacity=1, roi_visible=False, slices=image.centre((2, 6, 6)),
        label_color_table=encode_table(table), label_weights={"2": 0.5},
    )  # fmt: skip

    one, two = viewer.colors("z", [image.centre((2, 3, 3)), image.centre((2, 8, 3))])
    assert np.abs(one - [200, 100, 0]).max() <= TOLERANCE
    assert np.abs(two - [0, 50, 100]).max() <= TOLERANCE


def test_the_panel_shows_how_the_chosen_layer_is_drawn(viewer: ViewerPage) -> None:
    overlay = layer(ids(), id="labels-1", kind="labels", name="Labels")
    viewer.open(IMAGE, overlay)
    page = viewer.page
    page.get_by_role("button", name="Layers").click()
    assert page.get_by_label("Outline labels").is_visible()
    assert not page.get_by_label("Smooth").is_visible()
    page.get_by_label("Label colors").select_option("Glasbey")

    page.get_by_role("button", name="Image", exact=True).click()
    page.get_by_label("Smooth").check()

    assert not page.get_by_label("Outline labels").is_visible()
    assert viewer.get("selected_layer") == "Image"
    assert viewer.get("image_interpolation") is True
    assert viewer.get("label_color_map") == "glasbey"

"""Images that are not as nice as one thinks: drawn as they are, or refused in one sentence."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import roiwidgets as rw
from roiwidgets.errors import ImageError, RegionError, UnsupportedDtypeError
from roiwidgets.widgets._colormaps import label_colors
from roiwidgets.widgets._wire import fold_labels
from tests.browser.hosts.bridge import WebviewPage
from tests.browser.page.checks import TOLERANCE

SHAPE = (8, 12, 16)
CROSSING = (3, 5, 11)
"""Voxel z, y, x in which the three planes meet."""
VOLUME_NOISE = 8
"""Grey levels by which two drawings of a volume differ on average: rays begin anywhere."""
NOISE = np.random.default_rng(0).integers(0, 200, SHAPE)
FEW = NOISE % 9


def with_holes() -> NDArray[np.float32]:
    """Return noise with voxels that are no number or infinite in all three planes."""
    voxels = NOISE.astype(np.float32)
    z, y, x = CROSSING
    voxels[z, :, ::3], voxels[:, y, ::4], voxels[::2, 1::5, x] = np.nan, np.inf, -np.inf
    return voxels


IMAGES: dict[str, NDArray[Any]] = {
    "NaN and infinite": with_holes(),
    "constant": np.full(SHAPE, 7, np.int16),
    "constant and large": np.full(SHAPE, 1e30),
    "constant zero": np.zeros(SHAPE),
    "boolean": NOISE > 90,
    "big-endian uint16": NOISE.astype(">u2"),
    "big-endian float32": NOISE.astype(">f4"),
    "float16": NOISE.astype(np.float16),
    "float64": NOISE / 7,
    "float64 in a narrow range": 1000 + NOISE * 1e-6,
    "float64 beyond float32": (NOISE - 100) * 8e298,
    "float64 to its ends": (NOISE - 100) * 1.7e306,
    "float64 close to 0": NOISE * 1e-310,
    "int64": NOISE.astype(np.int64) - 100,
    "uint64": NOISE.astype(np.uint64),
    "int64 in a narrow range": 2**40 + FEW,
    "int64 beyond 2**53": NOISE * 2**54,
    "uint64 to its end": NOISE.astype(np.uint64) * np.uint64(2**56),
    "uint32 in a narrow range": (2**31 + FEW).astype(np.uint32),
    "one voxel along z": NOISE[:1].astype(np.uint8),
    "one voxel along y": NOISE[:, :1].astype(np.uint8),
    "one voxel along x": NOISE[:, :, :1].astype(np.uint8),
    "one voxel": np.full((1, 1, 1), 5, np.uint8),
    "one row": NOISE[:1, :1].astype(np.float32),
}


def crossing(shape: tuple[int, ...]) -> dict[str, int]:
    """Return where the planes meet, inside a volume of any shape."""
    return {a: min(i, n - 1) for a, i, n in zip("zyx", CROSSING, shape, strict=True)}


def show(
    webview: WebviewPage, image: NDArray[Any], labels: object = None, **traits: Any
) -> rw.Viewer:
    viewer = rw.Viewer(image, labels, slices=crossing(image.shape), roi_visible=False, **traits)
    webview.show(viewer)
    return viewer


def plane(voxels: NDArray[Any], axis: str) -> tuple[NDArray[Any], list[dict[str, int]]]:
    """Return the voxels of a plane through the crossing, and their places."""
    at = crossing(voxels.shape)
    index = tuple(slice(at[a], at[a] + 1) if a == axis else slice(None) for a in "zyx")
    part = voxels[index]
    places = [dict(zip("zyx", place, strict=True)) for place in np.ndindex(part.shape)]
    return part.ravel(), [place | {axis: at[axis]} for place in places]


def grays(values: NDArray[Any], window: tuple[float, float]) -> NDArray[np.int64]:
    """Return the grey levels of values, computed in 80-bit floats; NaN is black."""
    exact = values.astype(np.longdouble)
    low, high = np.longdouble(window[0]), np.longdouble(window[1])
    shade = np.clip((exact - low) / (high - low), 0, 1) * 255
    return np.where(np.isnan(exact), 0, np.round(shade)).astype(int)


def assert_drawn(webview: WebviewPage, voxels: NDArray[Any], window: tuple[float, float]) -> None:
    for axis in "zyx":
        values, points = plane(voxels, axis)
        colors = np.array(webview.ask("colorsAt", axis, points))
        expected = grays(values, window)[:, np.newaxis]
        assert np.abs(colors - expected).max() <= TOLERANCE, f"across {axis}"


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_drawn_as_it_is(
    webview: WebviewPage, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    voxels = IMAGES[name]

    with caplog.at_level(logging.WARNING):
        viewer = show(webview, voxels)
        viewer.draw_png()

    assert_drawn(webview, voxels, viewer.color_range)
    assert caplog.messages == []
    assert not webview.page.locator(".rw-error").is_visible()


def test_large_values_are_read_and_typed_with_all_their_digits(webview: WebviewPage) -> None:
    low = 2**40
    viewer = show(webview, low + FEW)
    point = {"z": 3, "y": 2, "x": 2}
    place = webview.ask("worldToPage", "z", point)

    webview.page.mouse.move(place["x"], place["y"])
    high = webview.page.get_by_label("window high")
    high.fill(str(low + 4))
    high.press("Enter")
    webview.wait_until(lambda: viewer.color_range == (low, low + 4))

    exact = f"value {low + FEW[3, 2, 2]}"
    webview.wait_until(lambda: exact in webview.page.inner_text(".rw-probe"))
    webview.wait_until(lambda: bool(webview.ask("isSettled")))
    assert_drawn(webview, low + FEW, (low, low + 4))


@pytest.mark.parametrize(
    ("image", "error", "sentence"),
    [
        (np.full(SHAPE, np.nan), ImageError, "no finite value in the voxels sampled"),
        (np.full(SHAPE, 1j), UnsupportedDtypeError, "at most 64 bits, got complex128; convert"),
        (np.zeros((4, 0, 5)), ImageError, r"shape \(4, 0, 5\) has no voxels"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    webview: WebviewPage, image: NDArray[Any], error: type[Exception], sentence: str
) -> None:
    viewer = show(webview, NOISE.astype(np.uint8), color_range=(0, 255))

    with pytest.raises(error, match=sentence):
        viewer.set_image(image)

    webview.wait_until(lambda: bool(webview.ask("isSettled")))
    assert_drawn(webview, NOISE, (0, 255))


def test_a_region_of_no_size_is_refused_and_the_old_one_stays(webview: WebviewPage) -> None:
    viewer = show(webview, NOISE.astype(np.uint8), color_range=(0, 255))
    before = viewer.roi
    corner = {"x": 2.0, "y": 2.0, "z": 2.0}

    with pytest.raises(RegionError, match=r"lower .* upper|empty|size"):
        viewer.roi = (corner, corner)

    assert viewer.roi == before
    assert_drawn(webview, NOISE, (0, 255))


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros(SHAPE, np.uint16),
        FEW.astype(np.uint64),
        np.where(FEW < 4, 0, FEW.astype(np.uint64) + np.uint64(2**63)),
        FEW.astype(">u4"),
        FEW > 4,
    ],
    ids=["empty", "uint64", "uint64 beyond 2**63", "big-endian", "boolean"],
)
def test_labels_are_drawn_as_they_are(webview: WebviewPage, labels: NDArray[Any]) -> None:
    image = np.zeros(SHAPE, np.uint8)

    show(webview, image, labels, label_opacity=1.0)

    for axis in "zyx":
        ids, points = plane(labels, axis)
        known = fold_labels(ids) if ids.dtype.itemsize == 8 else ids
        colors = np.array(webview.ask("colorsAt", axis, points))
        assert np.abs(colors - label_colors(known).astype(int)).max() <= TOLERANCE
        assert len(np.unique(colors, axis=0)) == len(np.unique(ids))
    assert not webview.page.locator(".rw-error").is_visible()


@pytest.mark.parametrize(
    "name", ["uint32 in a narrow range", "int64 in a narrow range", "float64 beyond float32"]
)
def test_the_volume_shows_what_32_bits_cannot_hold(webview: WebviewPage, name: str) -> None:
    plain = NOISE.astype(np.uint8) if name.startswith("float") else FEW.astype(np.uint8)
    drawn = [volume_colors(webview, voxels) for voxels in (plain, IMAGES[name])]

    assert drawn[0].max() > 100
    assert np.abs(drawn[0] - drawn[1]).mean() < VOLUME_NOISE


def test_holes_do_not_spread_in_the_volume(webview: WebviewPage) -> None:
    voxels = with_holes()
    filled = np.nan_to_num(voxels, nan=0, posinf=398, neginf=-199)

    drawn = [volume_colors(webview, image, color_range=(0, 199)) for image in (filled, voxels)]

    assert drawn[0].max() > 100
    assert np.abs(drawn[0] - drawn[1]).mean() < VOLUME_NOISE


def volume_colors(webview: WebviewPage, voxels: NDArray[Any], **traits: Any) -> NDArray[Any]:
    """Return the colours of the volume view where voxels are seen."""
    show(webview, voxels, **traits)
    points = [{"z": z, "y": y, "x": x} for z, y, x in np.ndindex(SHAPE)]
    colors = np.array(webview.ask("colorsAt", "volume", points))
    webview.clear()
    return colors

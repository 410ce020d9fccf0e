"""Colours by name, against published tables and closed forms."""

from __future__ import annotations

import base64
import colorsys
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roiwidgets.errors import ParameterError
from roiwidgets.widgets._colormaps import OFFERED, color_table, encode_table, label_colors

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.mark.parametrize("name", OFFERED)
def test_every_offered_colormap_has_256_colours(name: str) -> None:
    table = color_table(name)

    assert (table.shape, table.dtype) == ((256, 3), np.uint8)
    assert len(np.unique(table, axis=0)) > 200


@pytest.mark.parametrize(
    ("name", "first", "middle", "last"),
    [  # of matplotlib's tables, times 255, rounded
        ("viridis", (68, 1, 84), (33, 145, 140), (253, 231, 37)),
        ("magma", (0, 0, 4), (183, 55, 121), (252, 253, 191)),
        ("inferno", (0, 0, 4), (188, 55, 84), (252, 255, 164)),
        ("plasma", (13, 8, 135), (204, 71, 120), (240, 249, 33)),
    ],
)
def test_colormaps_are_the_published_ones(
    name: str, first: tuple[int, ...], middle: tuple[int, ...], last: tuple[int, ...]
) -> None:
    table = color_table(name).astype(int)

    # one step is allowed: tables are sampled, and rounded once more
    assert np.abs(table[[0, 128, 255]] - [first, middle, last]).max() <= 1


@pytest.mark.parametrize(
    ("name", "shares"), [("gray", (1, 1, 1)), ("red", (1, 0, 0)), ("cyan", (0, 1, 1))]
)
def test_plain_colormaps_rise_evenly(name: str, shares: tuple[int, ...]) -> None:
    expected = np.arange(256)[:, np.newaxis] * shares

    np.testing.assert_array_equal(color_table(name), expected)


def test_a_reversed_name_reverses_the_colours() -> None:
    np.testing.assert_array_equal(color_table("viridis_r"), color_table("viridis")[::-1])


@pytest.mark.parametrize(
    ("name", "hint"),
    [("virdis", "did you mean 'viridis'"), ("", "see https"), ("§§§", "see https")],
)
def test_an_unknown_name_is_told_with_what_to_do(name: str, hint: str) -> None:
    with pytest.raises(ParameterError, match=f"unknown colormap '{name}'; {hint}"):
        color_table(name)


@given(st.text() | st.from_regex(r"[a-z]{1,8}[:_#-][a-z0-9]{1,8}", fullmatch=True))
def test_any_text_is_a_colormap_or_one_clear_error(name: str) -> None:
    try:
        table = color_table(name)
    except ParameterError:
        return

    assert table.shape == (256, 3)


def test_a_table_travels_as_base64_of_its_bytes() -> None:
    table = color_table("turbo")

    found = np.frombuffer(base64.b64decode(encode_table(table)), np.uint8)

    np.testing.assert_array_equal(found.reshape(256, 3), table)
    assert encode_table(table[::-1]) == encode_table(np.ascontiguousarray(table[::-1]))


def test_label_colours_are_those_of_the_browser() -> None:
    # hues a golden angle apart, computed with the standard library; js/test reads them too
    fixture = json.loads((FIXTURES / "label_colors.json").read_text())

    found = label_colors(np.array([int(label) for label in fixture]))

    assert found.tolist() == list(fixture.values())


def hue_of(label: int) -> tuple[float, float]:
    """Return hue and lightness: a golden angle and a third of a cycle per label."""
    return label % 997 * 0.61803398875 % 1, 0.5 + 0.12 * (label % 997 % 3 - 1)


@given(st.integers(1, 2**32 - 1))
def test_label_colours_have_a_hue_a_golden_angle_apart(label: int) -> None:
    hue, lightness = hue_of(label)
    # colours of one chroma: their saturation in HLS depends on the lightness
    saturation = 0.38 / min(lightness, 1 - lightness)

    found = label_colors(np.array([label]))[0]

    expected = np.round(np.multiply(colorsys.hls_to_rgb(hue, lightness, min(saturation, 1)), 255))
    np.testing.assert_allclose(found, expected, atol=1)  # one step: rounded in another order


def test_the_background_is_black_and_its_shape_is_kept() -> None:
    labels = np.array([[0, 1], [2, 0]])

    colors = label_colors(labels)

    assert colors.shape == (2, 2, 3)
    np.testing.assert_array_equal(np.all(colors == 0, axis=-1), labels == 0)

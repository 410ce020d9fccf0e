"""The player's Python side, with messages as a browser would send them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets
from PIL import Image

import roiwidgets as rw
from roiwidgets.errors import ImageError, ParameterError, ViewerError

MOVIE = np.random.default_rng(0).integers(0, 22, (12, 20, 30)).astype(np.uint8)


def sent_by(player: rw.StackViewer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(player, "send", lambda content, buffers=None: sent.append(content))
    return sent


def test_a_movie_is_described_for_the_browser() -> None:
    image = rw.open_image(MOVIE, axes="tyx")
    image.images[0].scale.update(t=0.05, y=2.0, x=3.0)

    player = rw.StackViewer(image, name="Cells")

    assert player.stack["name"] == "Cells"
    assert [player.stack[key] for key in ("frames", "height", "width", "planes")] == [12, 20, 30, 1]
    assert player.stack["spacing"] == [2.0, 3.0]
    assert player.stack["time"] == {"start": 0.0, "step": 0.05, "unit": ""}
    assert player.stack["exact"]


def test_contrast_is_that_of_the_movie() -> None:
    noisy = MOVIE.copy()
    noisy[3, 4, 5] = 255  # one hot pixel

    player = rw.StackViewer(noisy)

    assert player.color_range == player.color_range_bounds == (0.0, 21.0)


def test_movies_are_played_and_other_images_viewed() -> None:
    labels = np.zeros(MOVIE.shape, np.uint32)
    movie = rw.open_image(MOVIE, axes="tyx")
    volume = rw.open_image(MOVIE[None], axes="tzyx")

    assert isinstance(rw.view(movie), rw.StackViewer)
    assert isinstance(rw.view(MOVIE, stack=True), rw.StackViewer)
    assert isinstance(rw.view(movie, frame_rate=10), rw.StackViewer)
    for viewer in (
        rw.view(movie, stack=False),
        rw.view(MOVIE),
        rw.view(rw.open_image(MOVIE[:1], axes="tyx")),
        rw.view(movie, rw.open_image(labels, axes="tyx")),
        rw.view(movie, view_mode="z"),
        rw.view(volume),
    ):
        assert isinstance(viewer, rw.Viewer)
    assert rw.view_stack(volume, plane=3).movie.plane == 3


def test_an_unknown_keyword_is_named() -> None:
    with pytest.raises(TypeError, match="did you mean 'frame_rate'"):
        rw.view_stack(MOVIE, frame_rat=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("frame_index", 12), ("plane_index", 1), ("camera", {"center": [0, 0]}), ("frame_rate", 0)],
)
def test_values_that_make_no_sense_are_refused(name: str, value: object) -> None:
    player = rw.StackViewer(MOVIE)
    before = getattr(player, name)

    with pytest.raises((rw.errors.RoiwidgetsError, traitlets.TraitError), match=name[:5]):
        setattr(player, name, value)

    assert getattr(player, name) == before


def test_the_browser_sets_what_it_may_and_nothing_else() -> None:
    player = rw.StackViewer(MOVIE)

    player.set_state({"frame_index": 5, "camera": {"center": [1, 2], "height": 4}, "stack": {}})
    player.set_state({"frame_index": 99})

    assert player.frame_index == 5
    assert player.camera == {"center": [1.0, 2.0], "height": 4.0}
    assert player.stack["frames"] == 12
    assert "frame_index=99" in player.error_message


def test_bad_messages_are_answered_and_never_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    player = rw.StackViewer(MOVIE)
    sent = sent_by(player, monkeypatch)
    player._server._answers.send = player.send

    for content in (
        None,
        {"kind": "frames"},
        {"kind": "frames", "requests": [[2**60, 0]]},
        {"kind": "get"},
        "x",
    ):
        player._receive(content)

    assert [message["kind"] for message in sent] == ["error"] * 5


def test_another_plane_is_another_movie() -> None:
    volume = np.stack([MOVIE, 2 * MOVIE], axis=1)
    player = rw.view_stack(rw.open_image(volume, axes="tzyx"), plane=0)
    first = player.stack["id"]

    player.plane_index = 1

    assert player.stack["id"] != first
    np.testing.assert_array_equal(player.movie.read(slice(0, 12)), 2 * MOVIE)


def test_the_picture_is_the_frame_that_is_shown() -> None:
    player = rw.StackViewer(MOVIE, frame_index=4, color_range=(0, 21))

    picture = np.asarray(Image.open(io.BytesIO(player.screenshot())))

    np.testing.assert_allclose(picture[..., 0], MOVIE[4] / 21 * 255, atol=1)


def test_a_closed_player_says_so() -> None:
    player = rw.StackViewer(MOVIE)

    player.close()
    player.close()

    with pytest.raises(ViewerError, match="closed"):
        _ = player.movie


def test_traces_and_files_of_regions(tmp_path: Path) -> None:
    player = rw.StackViewer(MOVIE, rois=[rw.Annotation("box", [(1.5, 2.5), (5.5, 9.5)], id="a")])

    found = player.traces()
    player.save_rois(tmp_path / "cells.geojson")
    player.rois = [{"kind": "box", "points": [[0, 0], [3, 3]]}]
    player.load_rois(tmp_path / "cells.geojson")

    assert found.dims == ("roi", "t")
    np.testing.assert_allclose(found.values[0], MOVIE[:, 3:10, 2:6].mean(axis=(1, 2)))
    assert [roi.id for roi in player.rois] == ["a"]
    with pytest.raises(rw.errors.OutputExistsError):
        player.save_rois(tmp_path / "cells.geojson")


def test_a_region_that_makes_no_sense_is_refused_whoever_sends_it() -> None:
    player = rw.StackViewer(MOVIE, rois=[rw.Annotation("box", [(1, 2), (5, 9)], id="a")])

    player.set_state({"rois": [{"kind": "box", "points": [[0, 0]]}]})
    with pytest.raises(rw.errors.RegionError):
        player.rois = [{"kind": "star"}]

    assert [roi.id for roi in player.rois] == ["a"]
    assert "2 different points" in player.error_message


def test_no_movie_is_no_player() -> None:
    with pytest.raises(ImageError, match="axes t, y, x"):
        rw.view_stack(rw.open_image(MOVIE[0], axes="yx"))


def test_the_player_shows_no_labels_and_its_settings_lead_to_it() -> None:
    volume = np.zeros((3, 4, 5), np.uint8)

    with pytest.raises(ParameterError, match="the player shows no labels"):
        rw.view(volume, volume, stack=True)
    with pytest.raises(TypeError, match=r"frame_rate, rois belongs to the player.*stack=True"):
        rw.view(volume, rois=[], frame_rate=30)
    with pytest.raises(TypeError, match="did you mean 'frame_rate'"):
        rw.view(volume, frame_rat=30, stack=True)
    player = rw.view(volume, frame_rate=30, stack=True)
    assert isinstance(player, rw.StackViewer)
    player.close()

"""Values of single voxels: exact, of the point that is meant."""

from __future__ import annotations

import numpy as np
import pytest

import roiwidgets as rw
from roiwidgets.errors import RegionError
from roiwidgets.images.readers import open_image
from tests.widgets.recording import RecordingViewer

SHAPE = (5, 6, 7)
TURNED = ((1.0, 0.0, 0.0), (0.0, 0.8, -0.6), (0.0, 0.6, 0.8))
VALUES = {
    "uint64": np.arange(210, dtype=np.uint64) * np.uint64(2**56) + np.uint64(3),
    "float64": np.linspace(0, 1, 210) * 8e300,
    ">u2": np.arange(210).astype(">u2"),
    "bool": np.arange(210) % 3 == 0,
}


def probe(
    viewer: RecordingViewer, layer: str, index: list[int], **fields: int
) -> dict[str, object]:
    message = {"kind": "probe", "id": 7, "image": layer, "time": 0, "channel": 0, "index": index}
    viewer._handle_custom_msg({**message, **fields}, [])
    header, buffers = viewer.sent.get(timeout=20)
    assert buffers == []
    return header


@pytest.mark.parametrize("dtype", VALUES)
def test_a_probe_tells_the_stored_value_to_the_last_digit(dtype: str) -> None:
    voxels = VALUES[dtype].reshape(SHAPE)
    viewer = RecordingViewer(voxels)

    answer = probe(viewer, viewer.scene["layers"][0]["id"], [4, 2, 3])

    assert answer == {"kind": "value", "id": 7, "value": str(voxels[4, 2, 3])}


def test_a_probe_of_a_colour_tells_its_components() -> None:
    viewer = RecordingViewer(np.full((4, 5, 3), [1, 20, 255], np.uint8))

    assert probe(viewer, viewer.scene["layers"][0]["id"], [0, 1, 1])["value"] == "(1, 20, 255)"


@pytest.mark.parametrize(
    "fields", [{"index": [5, 0, 0]}, {"index": [0, 0, 7]}, {"time": 1}, {"channel": 1}]
)
def test_a_probe_outside_is_refused(fields: dict[str, object]) -> None:
    viewer = RecordingViewer(open_image(np.zeros((1, 1, *SHAPE), np.uint8), axes="tczyx"))
    layer = viewer.scene["layers"][0]["id"]

    answer = probe(viewer, layer, **{"index": [0, 0, 0], **fields})

    assert answer["kind"] == "error"
    assert "leaves the image" in str(answer["message"])


def test_the_clicked_point_comes_in_the_world_and_gives_its_value() -> None:
    voxels = np.arange(210, dtype=np.int32).reshape(SHAPE)
    options = {"axes": "zyx", "spacing": {"z": 2.0, "y": 0.5, "x": 1.0}, "direction": TURNED}
    viewer = rw.Viewer(open_image(voxels, **options))
    assert viewer.value_at() == voxels[2, 3, 3]  # the crosshair, as long as nothing was clicked

    viewer.set_state({"clicked_point": {"x": 5.2, "y": 0.6, "z": 7.9}})

    assert viewer.value_at() == voxels[4, 1, 5]
    world = np.array(TURNED) @ [7.9, 0.6, 5.2]
    assert [viewer.clicked_point[a] for a in "zyx"] == pytest.approx(world)
    assert viewer.value_at({"z": 0, "y": 0, "x": 0}) == voxels[0, 0, 0]


def test_values_are_of_the_time_and_the_channel_that_are_shown() -> None:
    voxels = np.arange(2 * 3 * 4 * 5 * 6).reshape(2, 3, 4, 5, 6)
    viewer = rw.Viewer(open_image(voxels, axes="tczyx"), time_index=1, channel_index=2)
    start, stop = {"x": 0, "y": 1, "z": 2}, {"x": 5, "y": 1, "z": 2}

    assert viewer.value_at({"x": 5, "y": 4, "z": 3}) == voxels[-1, -1, -1, -1, -1]
    assert viewer.line_profile(start, stop, order=0)[1].tolist() == voxels[1, 2, 2, 1].tolist()


def test_a_colour_is_returned_whole() -> None:
    viewer = rw.Viewer(np.full((4, 5, 4), [1, 2, 3, 4], np.uint8))

    assert np.asarray(viewer.value_at({"x": 1, "y": 1})).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        ({"x": 7, "y": 0, "z": 0}, "lies outside"),
        ({"x": -0.6, "y": 0, "z": 0}, "lies outside"),
        ({"x": 1, "y": 1}, "needs finite z, y, x"),
        ({"x": 1, "y": 1, "z": float("nan")}, "needs finite"),
        ({"x": 1, "y": 1, "z": "1"}, "needs finite"),
        ((1, 2, 3), "needs finite"),
    ],
)
def test_a_point_without_a_voxel_is_refused(point: dict[str, float], problem: str) -> None:
    viewer = rw.Viewer(np.zeros(SHAPE, np.uint8))

    with pytest.raises(RegionError, match=problem):
        viewer.value_at(point)


@pytest.mark.parametrize("end", [(1, 2, 3), "a", {"x": 1e300, "y": 0, "z": 0}, {"x": 0, "y": 0}])
def test_a_line_without_an_end_is_refused(end: object) -> None:
    viewer = rw.Viewer(np.zeros(SHAPE, np.uint8))

    with pytest.raises(RegionError, match="needs finite z, y, x"):
        viewer.line_profile({"x": 0, "y": 0, "z": 0}, end)  # type: ignore[arg-type] # wrong on purpose

"""What the browser sends is checked at the door: refused with a word, never an exception."""

from __future__ import annotations

import base64
import logging
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import roiwidgets as rw
from roiwidgets.errors import ParameterError
from roiwidgets.images.readers import open_image
from tests.widgets.recording import RecordingViewer

FLIPPED = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
TURNED = ((1.0, 0.0, 0.0), (0.0, 0.8, -0.6), (0.0, 0.6, 0.8))
SHAPE = (8, 10, 12)
HUGE = 10**400
"""An integer that JSON can carry and no float can hold."""

KEYS = (
    *("kind", "requests", "ids", "id", "image", "level", "start", "shape", "generation", "time"),
    *("channel", "lower", "upper", "x", "y", "z", "volume", "planes"),
)
"""Words of the protocol, so that some nonsense comes close to sense."""

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["get", "image-1", "lower", "upper"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def viewer() -> rw.Viewer:
    return rw.view(np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8))


def state_of(viewer: rw.Viewer) -> dict[str, Any]:
    return viewer.get_state()


@pytest.mark.parametrize("name", ["scene", "preview", "color_table", "color_maps", "_esm"])
def test_what_belongs_to_the_kernel_is_not_set(
    viewer: rw.Viewer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = state_of(viewer)[name]

    with caplog.at_level(logging.WARNING):
        viewer.set_state({name: {}})

    assert state_of(viewer)[name] == before
    assert f"tried to set '{name}'" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("roi", {"lower": {"x": 0}, "upper": {"x": float("nan")}}),
        ("roi", {"lower": {"x": 5}, "upper": {"x": 1}}),
        ("roi", {"lower": {"x": 900}, "upper": {"x": 901}}),
        ("roi", {"lower": {"x": "0"}, "upper": {"w": 1}}),
        ("roi", "everything"),
        ("roi", {"lower": {"x": 0}, "upper": {"x": HUGE}}),
        ("slices", {"x": float("inf")}),
        ("slices", {"x": HUGE}),
        ("slices", {"x": 1.7e308}),
        ("slices", {"x": 1, "q": 2}),
        ("slices", [1, 2, 3]),
        ("camera", {"volume": {"position": [0, 0, float("nan")]}}),
        ("camera", {"volume": {"a": {"b": {"c": {"d": {"e": 1}}}}}}),
        ("camera", {"elsewhere": {}}),
        ("color_range", [2, 1]),
        ("color_range", [None, 1]),
        ("color_range", [0, HUGE]),
        ("color_map", "no-such-map"),
        ("color_map", 7),
        ("label_opacity", 1.5),
        ("label_opacity", "half"),
        ("label_opacity", HUGE),
        ("time_index", -1),
        ("time_index", 1),
        ("time_index", HUGE),
        ("time_index", "now"),
        ("channel_index", 2.5),
        ("loaded_scale", -2),
        ("memory_budget", 1),
        ("height", 10**9),
        ("roi_visible", "yes"),
    ],
)
def test_a_wrong_value_leaves_the_old_one_and_is_told(
    viewer: rw.Viewer, name: str, value: object, caplog: pytest.LogCaptureFixture
) -> None:
    viewer.error_message = ""
    before = state_of(viewer)[name]

    with caplog.at_level(logging.WARNING):
        viewer.set_state({name: value})

    assert state_of(viewer)[name] == before
    assert f"{name} from the browser refused" in caplog.text
    assert viewer.error_message != ""


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {"x": float("inf")}])
@pytest.mark.parametrize("name", ["label_opacity", "color_map", "camera", "label_names"])
def test_what_json_cannot_carry_back_is_refused(viewer: rw.Viewer, name: str, value: Any) -> None:
    before = state_of(viewer)[name]

    viewer.set_state({name: value})

    assert state_of(viewer)[name] == before


@pytest.mark.parametrize(
    "name",
    [
        *("label_opacity", "image_mix", "gradient_opacity", "gradient_opacity_scale"),
        *("scattering", "sample_distance", "preview_split"),
    ],
)
def test_nan_lies_between_no_bounds(viewer: rw.Viewer, name: str) -> None:
    with pytest.raises(ParameterError, match=f"{name} must be a number, got nan"):
        setattr(viewer, name, float("nan"))


def test_a_refused_value_is_taken_back_in_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = rw.Viewer(np.zeros(SHAPE, np.uint8), color_range=(1, 5))
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(viewer, "_send", lambda message, buffers=None: sent.append(message))

    viewer.set_state({"color_range": [9, 1]})

    # the last word after the echo, which tells other pages of what was refused
    last = [message["state"] for message in sent if "color_range" in message["state"]][-1]
    assert last["color_range"] == (1.0, 5.0)


@pytest.mark.parametrize(
    "data",
    [
        *(None, 7, [], {}, {"method": "explode"}, {"method": []}),
        *({"method": "update"}, {"method": "update", "state": None}, {"method": "custom"}),
        {"method": "update", "state": {}, "buffer_paths": [["height"]]},
    ],
)
def test_an_envelope_that_cannot_be_opened_is_answered(
    data: object, caplog: pytest.LogCaptureFixture
) -> None:
    viewer = RecordingViewer(np.zeros(SHAPE, np.uint8))

    with caplog.at_level(logging.WARNING):
        viewer._handle_msg({"content": {"data": data}, "buffers": [b"x"]})

    assert [header["kind"] for header, _ in [viewer.sent.get(timeout=1)]] == ["error"]
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is None


def test_one_wrong_value_does_not_take_the_others_with_it(viewer: rw.Viewer) -> None:
    viewer.set_state({"color_range": [9, 1], "label_opacity": 0.25, "slices": {"x": 3}})

    assert viewer.label_opacity == 0.25
    assert viewer.slices == {"x": 3.0}
    assert viewer.color_range != (9, 1)


def test_the_browser_speaks_of_the_frame_and_python_of_the_world() -> None:
    image = open_image(np.zeros(SHAPE, np.uint8), axes="zyx", direction=FLIPPED)
    viewer = rw.view(image)

    viewer.set_state(
        {
            "roi": {
                "lower": {"z": 0.5, "y": 1.5, "x": 2.5},
                "upper": {"z": 3.5, "y": 4.5, "x": 5.5},
            },
            "slices": {"z": 1.0, "y": 2.0, "x": 3.0},
        }
    )

    assert viewer.get_roi_slice(0) == (slice(1, 4), slice(2, 5), slice(3, 6))
    assert viewer.slices == {"z": 1.0, "y": -2.0, "x": -3.0}
    assert state_of(viewer)["slices"] == {"z": 1.0, "y": 2.0, "x": 3.0}
    lower, upper = viewer.get_roi_region()
    assert (lower["y"], upper["y"], lower["x"], upper["x"]) == (-4.5, -1.5, -5.5, -2.5)


def test_only_times_and_channels_of_the_image_are_shown() -> None:
    movie = rw.view(open_image(np.zeros((3, 2, 8, 8), np.uint8), axes="tcyx"))
    movie.set_state({"time_index": 2, "channel_index": 1})

    movie.set_state({"time_index": 3, "channel_index": 2})

    assert (movie.time_index, movie.channel_index) == (2, 1)
    assert movie.error_message == "channel_index=2 must be an integer from 0 to 1"
    movie.set_image(open_image(np.zeros((2, 8, 8, 3), np.uint8), axes="tyxc"))
    assert (movie.time_index, movie.channel_index) == (1, 0)  # colours are no channels


@given(st.dictionaries(st.sampled_from((*rw.Viewer.settable, "scene", "nothing")), anything))
@settings(max_examples=200, deadline=None)
def test_no_state_of_a_browser_raises_or_breaks_the_getters(
    viewer: rw.Viewer, sent: dict[str, Any]
) -> None:
    viewer.set_state(sent)

    for part, size in zip(viewer.get_roi_slice(0), SHAPE, strict=True):
        assert 0 <= part.start < part.stop <= size
    assert 0 <= viewer.get_current_scale() < len(viewer.image.images)
    assert len(viewer.draw_png()) > 100


@pytest.fixture(scope="module", params=[None, TURNED], ids=["straight", "turned"])
def anisotropic(request: pytest.FixtureRequest) -> rw.Viewer:
    spacing = {"z": 2.5, "y": 1.0, "x": 1e-3}
    voxels = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    return rw.view(open_image(voxels, axes="zyx", spacing=spacing, direction=request.param))


extreme = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-HUGE, HUGE)
points = st.fixed_dictionaries({"x": extreme, "y": extreme, "z": extreme})


@given(
    slices=points,
    roi=st.fixed_dictionaries({"lower": points, "upper": points}),
    color_range=st.tuples(extreme, extreme).map(sorted),
)
@settings(max_examples=150, deadline=None)
def test_well_formed_states_with_extreme_numbers_do_no_harm(
    anisotropic: rw.Viewer, slices: Any, roi: Any, color_range: Any
) -> None:
    anisotropic.set_state({"slices": slices, "roi": roi, "color_range": color_range})

    for part, size in zip(anisotropic.get_roi_slice(0), SHAPE, strict=True):
        assert 0 <= part.start < part.stop <= size
    assert len(anisotropic.draw_png()) > 100


@given(anything)
@settings(max_examples=500, deadline=None)
def test_no_message_of_a_browser_raises(viewer: rw.Viewer, content: object) -> None:
    viewer._server.handle(content)  # ipywidgets would only log what is raised in a callback


near_the_edges = st.integers(-1, 13)
requests = st.fixed_dictionaries(
    {
        "start": st.lists(near_the_edges, min_size=3, max_size=3),
        "shape": st.lists(near_the_edges, min_size=3, max_size=3),
        "level": st.integers(0, 2),
        "time": st.integers(0, 2**53 - 1),
        "channel": st.integers(0, 2**53 - 1),
    }
)


@given(requests)
@settings(max_examples=200, deadline=None)
def test_no_request_reads_outside_the_image(recording: RecordingViewer, asked: Any) -> None:
    voxels = np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE)
    box = tuple(slice(s, s + n) for s, n in zip(asked["start"], asked["shape"], strict=True))
    is_inside = asked["level"] == 0 and all(
        0 <= s < s + n <= size
        for s, n, size in zip(asked["start"], asked["shape"], SHAPE, strict=True)
    )

    header, buffers = recording.answer(recording.scene["layers"][0]["id"], **asked)

    assert header["kind"] == ("chunk" if is_inside else "error")
    if is_inside:
        found = np.frombuffer(buffers[0], np.uint16).reshape(asked["shape"])
        np.testing.assert_array_equal(found, voxels[box])


@pytest.fixture(scope="module")
def recording() -> RecordingViewer:
    return RecordingViewer(np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([[0, 0]], "2 to 64 pairs"),
        ([[0, 0]] * 65, "2 to 64 pairs"),
        ("steep", "2 to 64 pairs"),
        ([[0, 0], [1, 1.5]], "from 0 to 1"),
        ([[1, 0], [0, 1]], "must rise"),
        ([[0, 0], [1]], "is \\(value, opacity\\)"),
        ([[0, 0], ["a", 1]], "finite number"),
    ],
)
def test_an_opacity_curve_is_checked(value: object, problem: str) -> None:
    viewer = rw.Viewer(np.zeros((4, 4, 4), np.uint8))

    with pytest.raises(ParameterError, match=problem):
        viewer.opacity_points = value

    viewer.opacity_points = [(0, 0), (5, 1)]
    assert viewer.opacity_points == ((0.0, 0.0), (5.0, 1.0))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (["png"], "got list"),
        ("no base64!", "is base64"),
        (base64.b64encode(b"GIF89a").decode(), "begins with b'GIF89a'"),
        ("A" * (2**25 + 1), "at most"),
    ],
)
def test_what_is_no_picture_is_refused(value: object, problem: str) -> None:
    viewer = rw.Viewer(np.zeros((4, 5, 6), np.uint8))

    viewer.set_state({"picture": value, "picture_shows": {"layers": [], "slices": {}}})

    assert viewer.picture == ""
    assert problem in viewer.error_message
    assert viewer.screenshot() == viewer.draw_png()


@pytest.mark.parametrize("shows", [5, [1], {"layers": None}, {"slices": {}}, {"nonsense": [[]]}])
def test_a_picture_of_nothing_known_is_not_believed(shows: object) -> None:
    viewer = rw.Viewer(np.zeros((4, 5, 6), np.uint8))
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()

    viewer.set_state({"picture": png, "picture_shows": shows})

    assert viewer.screenshot() == viewer.draw_png()

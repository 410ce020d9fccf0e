"""Only what has changed is computed, in steps that all pending traces share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, RegionError
from roiwidgets.regions.annotations import Annotation
from roiwidgets.stacks.traces import traces
from roiwidgets.stacks.traces.trace_cache import TraceCache
from tests.stacks.traces.counted_movies import ALL, BOX, CROSSED, ELLIPSE, counted, random_movie


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step read one chunk in time."""
    monkeypatch.setattr("roiwidgets.stacks.traces.trace_cache.STEP_BYTES", 1)


def test_an_edit_computes_its_own_trace_only(small_steps: None) -> None:
    array = random_movie()
    movie, source = counted(array, (5, 9, 11))
    cache = TraceCache(movie)
    cache.update(ALL)
    list(cache.steps())
    before = len(source.boxes)
    moved = Annotation("box", [(0, 0), (3, 3)], id="box", name="soma")

    cache.update([moved, CROSSED, ELLIPSE])
    pending, steps = cache.pending, list(cache.steps())

    assert pending == ("box",)
    assert {step.ids for step in steps} == {("box",)}
    assert len(source.boxes) - before == 5
    np.testing.assert_array_equal(cache.trace("box"), array[:, :4, :4].reshape(23, -1).mean(axis=1))


def test_new_names_and_colors_compute_nothing() -> None:
    cache = TraceCache(random_movie())
    cache.update(ALL)
    list(cache.steps())

    cache.update([Annotation("box", BOX.points, id="other", name="new", color="#123456")])

    assert cache.pending == ()
    assert list(cache.steps()) == []
    np.testing.assert_array_equal(cache.trace("other"), traces(random_movie(), BOX)[0])


def test_steps_give_the_pieces_of_the_curves(small_steps: None) -> None:
    array = random_movie()
    movie, _ = counted(array, (5, 9, 11))
    cache = TraceCache(movie)
    cache.update(ALL)
    steps = cache.steps()

    first = next(steps)
    partial = cache.trace("ellipse")
    rest = list(steps)

    assert first.frames == slice(0, 5)
    assert first.ids == ("box", "crossed", "ellipse")
    assert first.finished == ()
    assert np.isfinite(partial[:5]).all()
    assert np.isnan(partial[5:]).all()
    assert [step.done for step in [first, *rest]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rest[-1].finished == first.ids
    joined = np.concatenate([step.values for step in [first, *rest]], axis=1)
    np.testing.assert_array_equal(joined, traces(array, ALL))


def test_a_left_pass_is_resumed_and_new_regions_join_it(small_steps: None) -> None:
    array = random_movie()
    movie, source = counted(array, (5, 9, 11))
    cache = TraceCache(movie)
    cache.update([BOX])
    left = cache.steps()
    next(left)
    next(left)
    left.close()

    cache.update([BOX, CROSSED])
    steps = list(cache.steps())

    assert [(step.frames.start, step.ids) for step in steps] == [
        (10, ("box", "crossed")),
        (15, ("box", "crossed")),
        (20, ("box", "crossed")),
        (0, ("crossed",)),
        (5, ("crossed",)),
    ]
    assert len(source.boxes) == 7
    np.testing.assert_array_equal(cache.as_array(), traces(array, [BOX, CROSSED]))


def test_regions_may_change_while_steps_run(small_steps: None) -> None:
    array = random_movie()
    movie, _ = counted(array, (5, 9, 11))
    cache = TraceCache(movie)
    cache.update([BOX, CROSSED])
    seen = []

    for step in cache.steps():
        seen.append(step.ids)
        if len(seen) == 2:
            cache.update([ELLIPSE.as_dict(), BOX.as_dict()])

    assert seen[1] == ("box", "crossed")
    assert seen[2] == ("ellipse", "box")
    assert cache.pending == ()
    np.testing.assert_array_equal(cache.as_array(), traces(array, [ELLIPSE, BOX]))


def test_what_was_removed_during_a_step_is_not_told(small_steps: None) -> None:
    movie, source = counted(random_movie(), (5, 9, 11))
    cache = TraceCache(movie)
    cache.update([BOX])
    read = source.read

    def remove_while_reading(slices: tuple[slice, ...]) -> NDArray[np.generic]:
        cache.update([])
        return read(slices)

    source.read = remove_while_reading  # type: ignore[method-assign] # a user who is quick

    assert list(cache.steps()) == []
    with pytest.raises(RegionError, match="no annotation has the id 'box'"):
        cache.trace("box")


def test_after_a_failed_read_the_pass_goes_on_where_it_was(small_steps: None) -> None:
    array = random_movie()
    movie, source = counted(array, (5, 9, 11))
    cache = TraceCache(movie)
    cache.update([BOX])
    read, failures = source.read, [OSError("the disk is away")]

    def fail_once(slices: tuple[slice, ...]) -> NDArray[np.generic]:
        if len(source.boxes) == 2 and failures:
            raise failures.pop()
        return read(slices)

    source.read = fail_once  # type: ignore[method-assign] # a disk that comes back
    with pytest.raises(ImageError, match="the disk is away"):
        list(cache.steps())

    assert np.isfinite(cache.trace("box")).sum() == 10
    assert len(list(cache.steps())) == 3
    np.testing.assert_array_equal(cache.as_array(), traces(array, BOX))


def test_two_annotations_of_one_geometry_share_their_trace() -> None:
    movie, source = counted(random_movie(), (23, 9, 11))
    cache = TraceCache(movie)
    cache.update([BOX, replace(BOX, id="copy")])

    (step,) = cache.steps()

    assert step.ids == step.finished == ("box", "copy")
    assert len(source.boxes) == 1
    np.testing.assert_array_equal(cache.trace("copy"), cache.trace("box"))


def test_a_malformed_set_leaves_the_old_one() -> None:
    cache = TraceCache(random_movie())
    cache.update([BOX])

    with pytest.raises(RegionError, match="annotation 0 of the list"):
        cache.update([{"kind": "box"}])

    assert cache.annotations == (BOX,)

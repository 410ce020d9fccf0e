"""Images of any direction on grids parallel to another image's axes."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import dataclass, field
from typing import Any

import dask.array as da
import itk
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ngff_zarr import Multiscales
from numpy.typing import NDArray

from roiwidgets.errors import GeometryError
from roiwidgets.images.geometry import Direction, Grid, grid_of
from roiwidgets.images.itk_bridge import to_itk_image
from roiwidgets.images.pyramid import display_levels
from roiwidgets.images.quick_look import quick_look, voxels_read
from roiwidgets.images.readers import open_image
from roiwidgets.images.resampled import ResampledSource, edges_in_frame, resample_in_frame
from roiwidgets.images.sources import ArraySource, voxel_source
from tests.strategies import boxes

SPACING, ORIGIN = (2.0, 0.5, 0.75), (-3.0, 7.0, 40.0)
STRAIGHT = Grid(("z", "y", "x"), (8, 8, 8), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
FLAT = Grid(("y", "x"), (8, 8), (1.0, 1.0), (0.0, 0.0))
LINEAR = np.array([3.0, -2.0, 1.0])
REARRANGEMENTS = [
    np.diag(signs)[list(order)]
    for order in itertools.permutations(range(3))
    for signs in itertools.product((1.0, -1.0), repeat=3)
]


def rotation(*angles: float) -> NDArray[np.float64]:
    """Return turns about z, y and x, one after the other."""
    result = np.eye(3)
    for (i, j), angle in zip([(1, 2), (0, 2), (0, 1)], angles, strict=True):
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        result = turn @ result
    return result


OBLIQUE = rotation(0.4, -0.7, 1.1)


def rows(matrix: NDArray[np.float64]) -> Direction:
    return tuple(tuple(row) for row in matrix.tolist())


def turned(voxels: object, matrix: NDArray[np.float64], **options: Any) -> Multiscales:
    place = {"spacing": SPACING, "origin": ORIGIN, "axes": "zyx", **options}
    return open_image(voxels, direction=rows(matrix), **place)


def noise(shape: tuple[int, ...], dtype: str = "uint16") -> NDArray[Any]:
    rng = np.random.default_rng(0)
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def world_of(grid: Grid) -> NDArray[np.float64]:
    """Return the world positions of all voxels, shape (..., axes)."""
    return grid.index_to_world(np.moveaxis(np.indices(grid.spatial_shape), 0, -1))


def places_in(image: Multiscales, world: NDArray[np.float64]) -> NDArray[np.float64]:
    return grid_of(image.images[0]).world_to_index(world)


def is_in(shape: tuple[int, ...], places: NDArray[np.float64], margin: float = 0.0) -> Any:
    low, high = -0.5 + margin, np.array(shape) - 0.5 - margin
    return ((places >= low) & (places < high)).all(axis=-1)


# Rearranged axes ----------------------------------------------------------------


@pytest.mark.parametrize("matrix", REARRANGEMENTS, ids=lambda m: str(m.astype(int).tolist()))
@pytest.mark.parametrize("frame", [np.eye(3), OBLIQUE], ids=["straight", "oblique"])
def test_flips_and_permutations_keep_every_voxel_where_it_is(
    matrix: NDArray[np.float64], frame: NDArray[np.float64]
) -> None:
    voxels = noise((3, 4, 5), "uint64")
    image = turned(voxels, frame @ matrix)
    grid = Grid(("z", "y", "x"), (8, 8, 8), (1.0, 3.0, 1.0), (9.0, 0.0, 0.0), rows(frame))

    result = resample_in_frame(image, grid).images[0]

    assert grid_of(result).direction in (rows(frame), None)
    places = places_in(image, world_of(grid_of(result)))
    index = np.rint(places).astype(int)
    np.testing.assert_allclose(places, index, atol=1e-12)
    read = result.data.compute()
    np.testing.assert_array_equal(read, voxels[tuple(np.moveaxis(index, -1, 0))])
    np.testing.assert_array_equal(np.sort(read, axis=None), np.sort(voxels, axis=None))


def test_rearranged_levels_stay_lazy_and_pickle() -> None:
    image = display_levels(turned(da.from_array(noise((70, 90, 100)), 32), REARRANGEMENTS[29]))

    result = resample_in_frame(image, STRAIGHT)

    assert len(result.images) == len(image.images) > 1
    for level in result.images:
        source = voxel_source(level.data)
        box = tuple(slice(n // 3, n // 2) for n in source.shape)
        expected = level.data.compute()[box]
        sent = pickle.loads(pickle.dumps(source.restrict(box)))
        np.testing.assert_array_equal(sent.read(box), expected)


# Interpolation ------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(angles=st.tuples(*[st.floats(-3.2, 3.2)] * 3), frame=st.tuples(*[st.floats(-3.2, 3.2)] * 3))
def test_a_linear_image_is_interpolated_exactly(
    angles: tuple[float, ...], frame: tuple[float, ...]
) -> None:
    empty = turned(np.zeros((6, 9, 8)), rotation(*angles))
    world = world_of(grid_of(empty.images[0]))
    image = turned(world @ LINEAR, rotation(*angles))
    grid = Grid(("z", "y", "x"), (1, 1, 1), (1.0,) * 3, (0.0,) * 3, rows(rotation(*frame)))

    result = resample_in_frame(image, grid).images[0]

    places = places_in(image, world_of(grid_of(result)))
    # between the centres of voxels; nearer to the edge the value there is kept
    inside = is_in((6, 9, 8), places, margin=0.5)
    values = result.data.compute()
    # directions that differ by less than 1e-6 are the same
    expected = (world_of(grid_of(result)) @ LINEAR)[inside]
    np.testing.assert_allclose(values[inside], expected, atol=1e-4)
    assert np.isnan(values[~is_in((6, 9, 8), places, margin=-2.5)]).all()
    assert not np.isnan(values[is_in((6, 9, 8), places)]).any()


def test_the_result_covers_the_image() -> None:
    image = turned(noise((6, 9, 8)), OBLIQUE)
    own = grid_of(image.images[0])

    grid = grid_of(resample_in_frame(image, STRAIGHT).images[0])

    corners = itertools.product(*(own.edges(axis) for axis in "zyx"))
    world = np.array(list(corners)) @ OBLIQUE.T
    edges = np.array([grid.edges(axis) for axis in "zyx"])
    np.testing.assert_allclose(world.min(axis=0), edges[:, 0])
    assert (world.max(axis=0) <= edges[:, 1] + 1e-9).all()
    assert (world.max(axis=0) > edges[:, 1] - grid.spacing).all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_values_are_those_of_itk(dtype: str, interpolation: Any) -> None:
    image = turned(noise((7, 12, 11), dtype), OBLIQUE)
    oblique = rows(rotation(-0.3, 0.2, 0.1))
    frame = Grid(("z", "y", "x"), (1, 1, 1), (1.0,) * 3, (0.0,) * 3, oblique)
    result = resample_in_frame(image, frame, interpolation=interpolation).images[0]

    # ITK cuts the fraction off integers
    given_to_itk = to_itk_image(turned(noise((7, 12, 11), dtype).astype(float), OBLIQUE).images[0])
    kind = "Linear" if interpolation == "linear" else "NearestNeighbor"
    interpolator = getattr(itk, f"{kind}InterpolateImageFunction").New(given_to_itk)
    resampled = itk.resample_image_filter(
        given_to_itk, interpolator=interpolator,
        reference_image=to_itk_image(result), use_reference_image=True,
    )  # fmt: skip
    expected = itk.array_from_image(resampled)

    inside = is_in((7, 12, 11), places_in(image, world_of(grid_of(result))), margin=1e-6)
    values = result.data.compute()
    assert inside.sum() > 500
    difference = np.abs(values[inside] - expected[inside])
    rounding = 0.5 if interpolation == "linear" and not dtype.startswith("f") else 0.0
    assert difference.max() <= rounding + 1e-6


@pytest.mark.parametrize("dtype", ["bool", "int8", "float16", "int64", "uint64"])
def test_every_type_is_kept(dtype: str) -> None:
    image = turned(noise((5, 6, 7), dtype), OBLIQUE)

    linear = resample_in_frame(image, STRAIGHT).images[0].data.compute()
    nearest = resample_in_frame(image, STRAIGHT, interpolation="nearest").images[0].data.compute()

    assert linear.dtype == nearest.dtype == np.dtype(dtype)
    assert np.isin(nearest[nearest == nearest], [*noise((5, 6, 7), dtype).ravel(), 0]).all()


def test_the_largest_integers_stay_themselves() -> None:
    for dtype in ("uint64", "int64", "uint32"):
        largest = np.iinfo(dtype).max
        image = turned(np.full((5, 6, 7), largest, dtype), OBLIQUE)

        linear = np.unique(resample_in_frame(image, STRAIGHT).images[0].data.compute())
        labels = resample_in_frame(image, STRAIGHT, interpolation="nearest")

        assert linear[0] == 0
        assert linear[-1] == pytest.approx(float(largest))
        assert np.unique(labels.images[0].data.compute()).tolist() == [0, largest]


def test_a_plane_turns_within_itself() -> None:
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    place = {"axes": "yx", "spacing": (2.0, 1.0), "origin": (5.0, 6.0), "direction": rows(turn)}
    world = world_of(grid_of(open_image(np.zeros((9, 14)), **place).images[0]))
    image = open_image(world @ LINEAR[:2], **place)

    result = resample_in_frame(image, FLAT).images[0]

    positions = world_of(grid_of(result))
    inside = is_in((9, 14), places_in(image, positions), margin=0.5)
    assert inside.sum() > 50
    np.testing.assert_allclose(result.data.compute()[inside], (positions @ LINEAR[:2])[inside])


def test_times_and_channels_are_kept() -> None:
    voxels = noise((2, 3, 5, 6, 7))
    place = {"spacing": (1.0, 1.0, *SPACING), "origin": (0.5, 0.0, *ORIGIN)}
    direction = rows(OBLIQUE)
    movie = open_image(voxels, axes="tczyx", direction=direction, **place)

    result = resample_in_frame(movie, STRAIGHT).images[0]

    assert result.dims == ("t", "c", "z", "y", "x")
    assert result.translation["t"] == 0.5
    for t, c in np.ndindex(2, 3):
        one = resample_in_frame(turned(voxels[t, c], OBLIQUE), STRAIGHT).images[0]
        np.testing.assert_array_equal(result.data[t, c].compute(), one.data.compute())


def test_planes_do_not_turn_into_volumes() -> None:
    with pytest.raises(GeometryError, match="both must be 2-D, or both 3-D"):
        resample_in_frame(turned(noise((5, 6, 7)), OBLIQUE), FLAT)


# Reading ------------------------------------------------------------------------

WHOLE = {
    (dtype, kind): resample_in_frame(
        turned(noise((9, 14, 11), dtype), OBLIQUE), STRAIGHT, interpolation=kind
    ).images[0]
    for dtype in ("uint16", "float32")
    for kind in ("linear", "nearest")
}
RESULT = {key: level.data.compute() for key, level in WHOLE.items()}


@pytest.mark.parametrize("read_bytes", [None, 3000])
@settings(max_examples=30, deadline=None)
@given(data=st.data(), key=st.sampled_from(list(WHOLE)))
def test_a_box_equals_the_slices_of_the_whole(
    read_bytes: int | None, data: st.DataObject, key: tuple[str, Any]
) -> None:
    source = voxel_source(WHOLE[key].data)
    box = data.draw(boxes(grid_of(WHOLE[key])))

    with pytest.MonkeyPatch.context() as patch:
        if read_bytes:
            patch.setattr("roiwidgets.images.resampled.READ_BYTES", read_bytes)
        read = source.read(box)
        sent = pickle.loads(pickle.dumps(source.restrict(box))).read(box)

    np.testing.assert_array_equal(read, RESULT[key][box])
    np.testing.assert_array_equal(sent, RESULT[key][box])
    assert read.flags.c_contiguous


@dataclass(frozen=True, eq=False)
class Watched:
    """An image of zeros of any size that remembers how much is read of it."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...] = (64, 64, 64)
    boxes: list[int] = field(default_factory=list)
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.uint8))

    def read(self, slices: tuple[slice, ...]) -> NDArray[Any]:
        shape = [s.stop - s.start for s in slices]
        self.boxes.append(int(np.prod(shape)))
        return np.zeros(shape, self.dtype)


def test_a_small_box_of_a_huge_image_reads_little() -> None:
    huge = Watched((10_000, 10_000, 10_000))
    matrix = rows(OBLIQUE)
    source = ResampledSource(huge, ("z", "y", "x"), (10_000,) * 3, matrix, (900.0, 4000.0, 500.0))

    source.read((slice(2000, 2020), slice(2000, 2020), slice(2000, 2020)))
    assert sum(huge.boxes) <= (20 * 3**0.5 + 2) ** 3

    huge.boxes.clear()
    source.read((slice(2000, 2001), slice(2000, 3000), slice(2000, 3000)))
    assert max(huge.boxes) <= 32 * 2**20


def test_nothing_is_read_beyond_the_image() -> None:
    small = Watched((10, 10, 10))
    source = ResampledSource(small, ("z", "y", "x"), (900,) * 3, rows(OBLIQUE), (300.0,) * 3)

    assert not source.read((slice(800, 810), slice(0, 10), slice(0, 10))).any()
    assert small.boxes == []


def test_levels_are_read_from_the_level_that_they_stand_for() -> None:
    image = display_levels(turned(noise((80, 90, 100)), OBLIQUE))

    result = resample_in_frame(image, STRAIGHT)

    for level, given_level in zip(result.images, image.images, strict=True):
        assert voxel_source(level.data).source is voxel_source(given_level.data)
        assert voxels_read(voxel_source(level.data)) == voxels_read(voxel_source(given_level.data))
    steps = [np.prod(grid_of(level).spacing) for level in result.images]
    given_steps = [np.prod(grid_of(level).spacing) for level in image.images]
    assert np.all(np.diff(steps) > 0)
    assert np.all(np.array(steps) <= 1.001 * np.array(given_steps))


@pytest.mark.parametrize("matrix", [OBLIQUE, REARRANGEMENTS[29]], ids=["oblique", "rearranged"])
def test_a_quick_look_at_a_turned_level_picks_stored_voxels(matrix: NDArray[np.float64]) -> None:
    level = display_levels(turned(noise((80, 90, 100)), matrix), is_labels=True).images[-1]
    picked = voxel_source(level.data)
    quick = quick_look(picked, tuple(slice(0, n) for n in picked.shape))
    alone = open_image(level).images[0]
    alone.data = da.from_array(quick)

    results = [
        resample_in_frame(open_image(each), STRAIGHT, interpolation="nearest").images[0]
        for each in (level, alone)
    ]

    source = voxel_source(results[0].data)
    look = quick_look(source, tuple(slice(0, n) for n in source.shape))
    np.testing.assert_array_equal(look, results[1].data.compute())


def test_edges_hold_exactly_what_the_image_holds() -> None:
    image = turned(noise((5, 6, 7)), OBLIQUE)
    points = np.random.default_rng(0).uniform(-10, 60, (5000, 3))
    frame = Grid(("z", "y", "x"), (1, 1, 1), (1.0,) * 3, (0.0,) * 3, rows(rotation(1, 2, 3)))

    sides = np.array(edges_in_frame(grid_of(image.images[0]), frame))

    inside = (points @ sides[:, :3].T <= sides[:, 3]).all(axis=1)
    np.testing.assert_array_equal(
        inside, is_in((5, 6, 7), places_in(image, points @ frame.matrix().T))
    )


def test_a_source_in_memory_sends_its_part_only() -> None:
    source = ResampledSource(
        ArraySource(noise((200, 200, 200)), (64, 64, 64)),
        ("z", "y", "x"), (200, 200, 200), rows(OBLIQUE), (60.0, 60.0, 60.0),
    )  # fmt: skip

    assert len(pickle.dumps(source.restrict((slice(20, 40),) * 3))) < 2 * 40**3 * 2

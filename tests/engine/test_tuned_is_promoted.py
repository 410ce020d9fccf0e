"""What is tuned on a region is what is written, for every filter of the catalogue.

The preview runs its own path (what it reads, in which blocks, with which halos) and so
does the promotion; both run in this process, so that many cases are cheap.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ngff_zarr import Multiscales

from roiwidgets.engine import preview_request
from roiwidgets.engine.plan import plan
from roiwidgets.engine.preview import PreviewRequest, PreviewRunner
from roiwidgets.engine.promote import build_pyramid, promote
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.sources import voxel_source
from roiwidgets.operations import Operation
from roiwidgets.operations.catalog import CATALOG, whole_image
from roiwidgets.operations.operation import Pipeline
from roiwidgets.regions.blocks import Slices
from tests.engine.phantoms import Inline, InlinePreviewWorkers, Voxels, image_of, voxels_of
from tests.operations.blocks import noisy, spacings, with_any_values
from tests.operations.test_catalog_blocks import ANY_TYPE, EXACT, RECURSIVE, recursive_tolerance

TIMEOUT_S = 60
quick = settings(
    max_examples=4, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture(scope="module")
def preview() -> Iterator[PreviewRunner]:
    """A runner whose blocks are small and run in this process."""
    errors: list[BaseException] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("roiwidgets.engine.preview.PreviewWorkers", InlinePreviewWorkers)
        patch.setattr(preview_request, "BLOCK_VOXELS", 200)
        runner = PreviewRunner(
            on_state=lambda _: None, on_error=lambda _, error: errors.append(error)
        )
        yield runner
        runner.close()
    assert errors == []


def previewed(
    runner: PreviewRunner, image: Multiscales, operation: Operation | Pipeline, region: Slices
) -> Voxels:
    """Return what a preview of a region shows; the first slice of it is visible."""
    level = image.images[0]
    grid = grid_of(level)
    spatial = tuple(grid.axes.index(axis) for axis in grid.spatial_axes)
    shape = [region[axis].stop - region[axis].start for axis in spatial]
    visible = (slice(0, 1), *(slice(0, side) for side in shape[1:]))
    request = PreviewRequest(
        voxel_source(level.data), region, spatial, grid.spatial_spacing, operation, (visible,)
    )
    run = runner.submit(request)
    assert runner.wait(TIMEOUT_S)
    state = runner.last_state
    assert state is not None
    assert (state.run, state.complete) == (run, True)
    return np.array(state.result)


def promoted(image: Multiscales, operation: Operation | Pipeline, chunks: int) -> Voxels:
    with tempfile.TemporaryDirectory() as folder:
        result = promote(
            image, operation, Path(folder) / "out.zarr", executor=Inline(), chunks=chunks,
            progress=False,
        )  # fmt: skip
        return voxels_of(result.images[0])


@st.composite
def images(
    draw: st.DrawFn, dtypes: tuple[str, ...], axes: tuple[str, ...]
) -> tuple[Multiscales, Voxels]:
    """Draw an image of noise with an object, of odd sides and uneven spacing."""
    name = draw(st.sampled_from(axes))
    longest = {"y": 30, "z": 12}["z" if "z" in name else "y"]
    shape = tuple(2 if a in "tc" else draw(st.integers(3, longest)) for a in name)
    voxels = noisy(shape, draw(st.sampled_from(dtypes)), draw(st.integers(0, 99)))
    return image_of(voxels, {axis: draw(spacings) for axis in "zyx"}, axes=name), voxels


@st.composite
def regions(draw: st.DrawFn, image: Multiscales) -> Slices:
    """Draw a box of an image, one time point and channel of it."""
    sides = []
    for axis, size in zip(grid_of(image.images[0]).axes, image.images[0].data.shape, strict=True):
        start = draw(st.integers(0, size - 1))
        stop = start + 1 if axis in "tc" else draw(st.integers(start + 1, size))
        sides.append(slice(start, stop))
    return tuple(sides)


@pytest.mark.parametrize("name", EXACT)
@quick
@given(data=st.data())
def test_a_tuned_region_is_that_box_of_the_promoted_image(
    name: str, data: st.DataObject, preview: PreviewRunner
) -> None:
    operation = data.draw(with_any_values(CATALOG[name]()))
    image, _ = data.draw(images(operation.dtypes or ANY_TYPE, ("yx", "zyx", "czyx")))

    whole = promoted(image, operation, data.draw(st.integers(2, 8)))

    for _ in range(2):  # the second may find its voxels in what was read for the first
        region = data.draw(regions(image))
        shown = previewed(preview, image, operation, region)
        assert shown.dtype == whole.dtype
        np.testing.assert_array_equal(shown.reshape(whole[region].shape), whole[region])


@pytest.mark.parametrize("name", RECURSIVE)
@quick
@given(data=st.data())
def test_a_tuned_region_of_a_recursive_filter_is_within_its_tolerance(
    name: str, data: st.DataObject, preview: PreviewRunner
) -> None:
    operation = data.draw(with_any_values(CATALOG[name]()))
    image, voxels = data.draw(images(("float32",), ("yx", "zyx")))

    whole = promoted(image, operation, data.draw(st.integers(2, 8)))

    region = data.draw(regions(image))
    shown = previewed(preview, image, operation, region)
    allowed = recursive_tolerance(operation, voxels, grid_of(image.images[0]).spatial_spacing)
    # both are within the tolerance of the whole image, each to its side
    np.testing.assert_allclose(shown, whole[region], rtol=0, atol=2 * allowed)


@st.composite
def pipelines(draw: st.DrawFn, dtype: str) -> Pipeline:
    """Draw two or three filters that take what reaches them."""
    steps: list[Operation] = []
    reached = np.dtype(dtype)
    for _ in range(draw(st.integers(2, 3))):
        fitting = [name for name in EXACT if takes(CATALOG[name](), reached)]
        step = draw(with_any_values(CATALOG[draw(st.sampled_from(fitting))]()))
        steps.append(step)
        reached = step.output_dtype(reached)
    return Pipeline(tuple(steps))


def takes(operation: Operation, dtype: np.dtype[np.generic]) -> bool:
    return not operation.dtypes or dtype.name in operation.dtypes


@settings(quick, max_examples=25)
@given(data=st.data())
def test_a_tuned_region_of_a_pipeline_is_that_box_of_the_promoted_image(
    data: st.DataObject, preview: PreviewRunner
) -> None:
    image, voxels = data.draw(images(("uint8", "int16", "float32"), ("yx", "zyx")))
    pipeline = data.draw(pipelines(voxels.dtype.name))

    whole = promoted(image, pipeline, data.draw(st.integers(2, 8)))

    region = data.draw(regions(image))
    np.testing.assert_array_equal(previewed(preview, image, pipeline, region), whole[region])


def test_every_filter_of_the_catalogue_is_tested_here() -> None:
    # of those on the whole image a preview is an estimate, and says so:
    # tests/widgets/test_tuner_estimates.py
    assert {*EXACT, *RECURSIVE, *whole_image.__all__} == set(CATALOG)


VOXEL_LENGTHS = ("radius", "stencil_radius", "maximum_kernel_width")
VOTES = ("birth_threshold", "survival_threshold", "majority_threshold")
STEPS = ("iterations", "repetitions")


def expected_on_the_finest_scale(operation: Operation) -> dict[str, object]:
    """Return values tuned where y and x are twice as far apart; z is the same."""
    values = dict(operation.values)
    for name in VOXEL_LENGTHS:
        if values.get(name):
            values[name] = max(1, round(values[name] * 4 ** (1 / 3)))
    if "minimum_size" in values:
        values["minimum_size"] *= 4
    for name in VOTES:
        if values.get(name):
            old, new = ((2 * one["radius"] + 1) ** 3 for one in (operation.values, values))
            values[name] = max(1, round(values[name] * new / old))
    return values


@pytest.fixture(scope="module")
def two_scales(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Multiscales]:
    """Images by their data type whose y and x are twice as far apart on scale 1."""
    folder = tmp_path_factory.mktemp("scales")
    return {
        dtype: build_pyramid(
            image_of(np.ones((3, 130, 140), dtype), {"z": 2.0, "y": 1.0, "x": 1.0}),
            folder / f"{dtype}.zarr", executor=Inline(), progress=False,
        )
        for dtype in ("uint8", "float32")
    }  # fmt: skip


@pytest.mark.parametrize("name", CATALOG)
@quick
@given(data=st.data())
def test_the_plan_states_what_becomes_of_values_tuned_on_a_coarser_scale(
    name: str, data: st.DataObject, two_scales: dict[str, Multiscales]
) -> None:
    operation = data.draw(with_any_values(CATALOG[name]()))
    expected = expected_on_the_finest_scale(operation)

    image = two_scales["float32" if takes(operation, np.dtype("float32")) else "uint8"]
    assert [grid_of(level).spatial_spacing for level in image.images[:2]] == [(2, 1, 1), (2, 2, 2)]

    found = plan(image, operation, "somewhere.zarr", tuned_on=1)

    assert dict(found.operation.values) == expected
    for parameter, value in operation.values.items():
        told = [note for note in found.notes if note.startswith(f"{name}: {parameter} ")]
        if expected[parameter] != value:
            assert [f"{value:g} voxels at" in note for note in told] == [True]
            assert f"becomes {expected[parameter]:g} at spacing 2 x 1 x 1" in told[0]
        elif parameter in STEPS:
            assert [f"stay {value:g}" in note for note in told] == [True]
        else:
            assert told == []

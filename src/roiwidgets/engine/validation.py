"""Whether an image on disk is complete and a valid OME-Zarr, in plain words.

The format's rules are checked by yaozarrs, an optional package; what no validator of
the format knows is checked here: a promotion that did not end, scales that do not fit
together, chunks that are missing or cannot be decoded, the recipe.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import zarr
from ngff_zarr import Multiscales
from zarr.storage import LocalStore

from roiwidgets.engine.output_store import finished_blocks, partial_folder
from roiwidgets.errors import MissingPackageError, OperationError, RoiwidgetsError
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.readers import open_image
from roiwidgets.images.store_paths import PARTIAL_SUFFIX
from roiwidgets.images.stored_group import group_of, own_attributes, stored_array
from roiwidgets.operations.recipes import load_operation
from roiwidgets.regions.blocks import Slices

if TYPE_CHECKING:
    from typing import Any

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

SAMPLED_CHUNKS = 8
"""Chunks of each scale that are decoded unless all are asked for."""

SAMPLED_LOSSES = 64
"""Chunks that are not stored of which it is looked up whether they are empty."""

NAMED_CHUNKS = 3
"""Chunks that are named where more are broken."""

Index = tuple[int, ...]
Verdict = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked; only a ``problem`` makes an image invalid."""

    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found about an image, in the order it was checked."""

    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What makes the image incomplete or invalid."""
        return tuple(found.text for found in self.findings if found.verdict == "problem")

    @property
    def is_valid(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


def validate_image(path: str | Path, *, every_chunk: bool = False) -> Validation:
    """Return what is right and wrong about an OME-Zarr on disk.

    Parameters
    ----------
    path
        Local path of the image.
    every_chunk
        Whether all voxels are decoded; a few chunks of each scale otherwise.

    Raises
    ------
    FileNotFoundError
        If there is neither an image nor the beginning of one.
    MissingPackageError
        If yaozarrs, which knows the format's rules, is not installed.
    """
    location = Path(path).expanduser()
    findings = list(_check_promotion(location))
    if not location.exists() and not findings:
        raise FileNotFoundError(f"there is no image {location.absolute()}; check the path")
    if any(found.verdict == "problem" for found in findings):
        return Validation(tuple(findings))
    findings += _check_format(location)
    image, found_while_opening = _open(location)
    findings += found_while_opening
    if image is not None:
        findings += _check_image(image, every_chunk=every_chunk)
    return Validation(tuple(findings))


def _check_promotion(location: Path) -> Iterator[Finding]:
    """Tell whether a promotion to this path, if there was one, came to its end."""
    is_partial = location.name.endswith(PARTIAL_SUFFIX)
    partial = location if is_partial else partial_folder(location)
    if not partial.is_dir():
        return
    finished = finished_blocks(partial)
    if finished is None and location.exists() and not is_partial:
        yield Finding("note", f"{partial} is a rest of the promotion that wrote it; delete it")
        return
    blocks = len(finished or ())
    if location.exists() and not is_partial:
        yield Finding(
            "note",
            f"another promotion to this path was begun and has not ended: {blocks} blocks are "
            f"finished in {partial}",
        )
        return
    yield Finding(
        "problem",
        f"the promotion has not ended: {blocks} blocks are finished in {partial}; promote again to "
        "go on from there",
    )


def _check_format(location: Path) -> Iterator[Finding]:
    """Ask yaozarrs whether metadata and arrays are as the format wants them."""
    try:
        import yaozarrs
    except ImportError as error:
        raise MissingPackageError(
            "the rules of OME-Zarr are checked by yaozarrs: pip install 'roiwidgets[validate]'"
        ) from error
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            group = yaozarrs.validate_zarr_store(str(location))
        except Exception as error:  # noqa: BLE001 # what a broken store makes of a reader is a finding
            yield from _format_problems(error)
        else:
            yield Finding("ok", f"valid OME-Zarr {group.ome_version()} for yaozarrs")
    for remark in remarks:
        yield Finding("note", _one_line(str(remark.message)))


def _format_problems(error: Exception) -> Iterator[Finding]:
    """Yield the problems that a validator's error lists; its own class is not public."""
    details = getattr(error, "get_details", None)
    if details is None:
        yield Finding("problem", _one_line(f"yaozarrs does not accept its metadata: {error}"))
        return
    for detail in details(include_context=False):
        where = ".".join(str(part) for part in detail["loc"])
        yield Finding("problem", _one_line(f"{where}: {detail['msg']}"))


def _open(location: Path) -> tuple[Multiscales | None, list[Finding]]:
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            image = open_image(location)
        except (RoiwidgetsError, OSError) as error:
            return None, [Finding("problem", _one_line(f"it cannot be opened: {error}"))]
    return image, [Finding("note", _one_line(str(remark.message))) for remark in remarks]


def _check_image(image: Multiscales, *, every_chunk: bool) -> Iterator[Finding]:
    yield from check_scales([grid_of(level) for level in image.images])
    types = sorted({str(level.data.dtype) for level in image.images})
    if len(types) > 1:
        yield Finding("problem", f"scales have different data types: {', '.join(types)}")
    found = [stored_array(level) for level in image.images]
    arrays = [array for array in found if array is not None and _is_in_folder(array)]
    if len(arrays) < len(found):
        yield Finding("note", "chunks are only looked at in folders")
        arrays = []
    for scale, array in enumerate(arrays):
        yield from _check_chunks(scale, array, every_chunk=every_chunk)
    recipe = _recipe_of(image)
    if recipe is not None:  # of other pyramids it is not known how voxels were binned
        for scale, (array, coarser) in enumerate(itertools.pairwise(arrays)):
            yield from _check_lost(scale, array, coarser)
    yield from _check_recipe(recipe)


def _is_in_folder(array: ZarrArray) -> bool:
    return isinstance(array.store, LocalStore)


def check_scales(grids: Sequence[Grid]) -> Iterator[Finding]:
    """Yield whether shapes, spacings and positions of scales describe one and the same image.

    Parameters
    ----------
    grids
        Grids of the scales, finest first.
    """
    finest, *coarser = grids
    problems = 0
    for scale, grid in enumerate(coarser, start=1):
        for axis in grid.axes:
            for found in _check_axis(finest, grid, axis):
                problems += found.verdict == "problem"
                yield Finding(found.verdict, f"scale {scale}: {found.text}")
    if not problems:
        count = len(grids)
        yield Finding("ok", f"{count} scale{'s' if count > 1 else ''}, shapes and spacings agree")


def _check_axis(finest: Grid, grid: Grid, axis: str) -> Iterator[Finding]:
    """Yield what is wrong about one axis of a coarser scale."""
    size, spacing, origin = grid.along(axis)
    fine_size, fine_spacing, fine_origin = finest.along(axis)
    expected = fine_size * fine_spacing / spacing
    if not expected - 1 < size < expected + 1:
        yield Finding(
            "problem",
            f"{size} voxels of {spacing:g} along {axis} do not span the {fine_size} of "
            f"{fine_spacing:g} at scale 0",
        )
    begins, fine_begins = origin - spacing / 2, fine_origin - fine_spacing / 2
    shift = (begins - fine_begins) / fine_spacing
    if not math.isclose(shift, 0, abs_tol=1e-3):
        yield Finding(
            "note",
            f"its first voxel begins {shift:+.3g} voxels of scale 0 away from scale 0 along {axis}",
        )


def _check_chunks(scale: int, array: ZarrArray, *, every_chunk: bool) -> Iterator[Finding]:
    """Count the chunks that are stored, and decode some or all of them."""
    name = "chunks" if array.shards is None else "shards"
    stored, missing = _chunks_of(array)
    picked = stored if every_chunk else _spread(stored, SAMPLED_CHUNKS)
    broken = [problem for index in picked if (problem := _decode(array, index))]
    for text in broken[:NAMED_CHUNKS]:
        yield Finding("problem", f"scale {scale}: {text}")
    if len(broken) > NAMED_CHUNKS:
        rest = len(broken) - NAMED_CHUNKS
        yield Finding("problem", f"scale {scale}: {rest} more {name} cannot be decoded")
    if missing:
        total = len(stored) + len(missing)
        yield Finding(
            "note",
            f"scale {scale}: {len(missing)} of {total} {name} are not stored; they read as "
            f"{array.fill_value}, as empty space does",
        )
    if not broken:
        yield Finding("ok", f"scale {scale}: {len(picked)} of {len(stored)} stored {name} decoded")


def _check_lost(scale: int, array: ZarrArray, coarser: ZarrArray) -> Iterator[Finding]:
    """Look whether chunks that are not stored are empty in the next scale, too."""
    _, missing = _chunks_of(array)
    lost, unread = [], []
    for index in _spread(missing, SAMPLED_LOSSES):
        box = _binned(_box(array, index), array.shape, coarser.shape)
        try:
            holds_something = bool((np.asarray(coarser[box]) != coarser.fill_value).any())
        except Exception as error:  # noqa: BLE001 # whatever a codec raises is a finding
            unread.append(_one_line(f"scale {scale + 1} cannot be decoded at {box}: {error}"))
        else:
            lost += [index] if holds_something else []
    for text in unread[:1]:
        yield Finding("problem", text)
    if lost:
        yield Finding(
            "problem",
            f"scale {scale}: the chunk {lost[0]} was lost: it is missing, but scale {scale + 1} is "
            f"not empty there; so are {len(lost)} of {min(len(missing), SAMPLED_LOSSES)} missing "
            "ones that were looked at; promote again",
        )


def _chunks_of(array: ZarrArray) -> tuple[list[Index], list[Index]]:
    """Return the indices of the chunks (or shards) that are stored, and of those that are not."""
    assert isinstance(array.store, LocalStore)
    folder = array.store.root / array.path
    counts = [-(-size // side) for size, side in zip(array.shape, _sides_of(array), strict=True)]
    stored: list[Index] = []
    missing: list[Index] = []
    for index in itertools.product(*map(range, counts)):
        is_there = (folder / array.metadata.encode_chunk_key(index)).is_file()
        (stored if is_there else missing).append(index)
    return stored, missing


def _sides_of(array: ZarrArray) -> tuple[int, ...]:
    """Return the shape of what is stored as one file."""
    return array.shards or array.chunks


def _box(array: ZarrArray, index: Index) -> Slices:
    sides = zip(index, _sides_of(array), array.shape, strict=True)
    return tuple(slice(i * side, min((i + 1) * side, size)) for i, side, size in sides)


def _binned(box: Slices, shape: Sequence[int], coarse: Sequence[int]) -> Slices:
    """Return the voxels of the coarser scale that lie wholly inside a box of the finer one."""
    result = []
    for side, size, coarse_size in zip(box, shape, coarse, strict=True):
        factor = -(-size // coarse_size)
        stop = coarse_size if side.stop == size else side.stop // factor
        result.append(slice(-(-side.start // factor), stop))
    return tuple(result)


def _spread(indices: list[tuple[int, ...]], count: int) -> list[tuple[int, ...]]:
    """Return at most ``count`` entries, the first and the last among them."""
    if len(indices) <= count:
        return indices
    return [indices[i] for i in np.linspace(0, len(indices) - 1, count).astype(int)]


def _decode(array: ZarrArray, index: Index) -> str:
    """Return what is wrong about a chunk, or nothing."""
    try:
        array[_box(array, index)]
    except Exception as error:  # noqa: BLE001 # whatever a codec raises is a finding
        return _one_line(f"the chunk {index} cannot be decoded: {error}")
    return ""


def _recipe_of(image: Multiscales) -> dict[str, object] | None:
    group = group_of(image)
    recipe = None if group is None else own_attributes(group).get("recipe")
    return recipe if isinstance(recipe, dict) else None


def _check_recipe(recipe: dict[str, object] | None) -> Iterator[Finding]:
    if recipe is None:
        yield Finding("note", "it holds no recipe: it was not promoted by roiwidgets")
        return
    try:
        operation = load_operation(recipe)
    except (OperationError, TypeError, ValueError) as error:
        yield Finding("note", _one_line(f"its recipe cannot be run again: {error}"))
    else:
        yield Finding("ok", f"its recipe can be run again: {operation}")


def _one_line(text: str) -> str:
    return " ".join(text.split())

"""Whether an image is complete and a valid OME-Zarr, in plain words.

The format's rules are checked by yaozarrs, an optional package; what no validator of
the format knows is checked here: a promotion that did not end, scales that do not fit
together, chunks that are missing or cannot be decoded, the recipe.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ngff_zarr import Multiscales

from roiwidgets.engine.chunk_checks import StoredScale, check_chunks, check_lost
from roiwidgets.engine.destinations import Destination, destination_at
from roiwidgets.engine.findings import Finding, one_line
from roiwidgets.engine.places import FolderPlace, Place
from roiwidgets.engine.url_place import UrlPlace
from roiwidgets.errors import (
    MissingPackageError,
    OperationError,
    OutputLocationError,
    RoiwidgetsError,
)
from roiwidgets.images.geometry import Grid, grid_of
from roiwidgets.images.readers import open_image
from roiwidgets.images.sources import ZarrSource
from roiwidgets.images.store_paths import PARTIAL_SUFFIX, local_path
from roiwidgets.images.stored_group import (
    group_of,
    innermost_source,
    own_attributes,
    stored_array,
)
from roiwidgets.operations.recipes import load_operation

Options: TypeAlias = "Mapping[str, object] | None"


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


def validate_image(
    path: str | Path,
    *,
    every_chunk: bool = False,
    storage_options: Mapping[str, object] | None = None,
) -> Validation:
    """Return what is right and wrong about an OME-Zarr.

    Parameters
    ----------
    path
        Path, or URL that fsspec can read.
    every_chunk
        Whether all voxels are decoded; a few chunks of each scale otherwise.
    storage_options
        Options for fsspec, with URLs only.

    Raises
    ------
    FileNotFoundError
        If there is neither an image nor the beginning of one.
    MissingPackageError
        If yaozarrs, which knows the format's rules, or the package of a URL's file system
        is not installed.
    OutputLocationError
        If a URL cannot be opened.
    """
    named = str(path).rstrip("/")
    suffix = PARTIAL_SUFFIX if named.endswith(PARTIAL_SUFFIX) else ""
    destination = destination_at(named.removesuffix(suffix), storage_options)
    is_there = not suffix and destination.exists()
    findings = list(_check_promotion(destination, is_there=is_there))
    if any(found.verdict == "problem" for found in findings):
        return Validation(tuple(findings))
    if not is_there:
        raise FileNotFoundError(f"there is no image {destination.path}{suffix}; check the path")
    findings += _check_format(destination.path, storage_options)
    image, found_while_opening = _open(destination.path, storage_options)
    findings += found_while_opening
    if image is not None:
        findings += _check_image(image, every_chunk=every_chunk)
    return Validation(tuple(findings))


def _check_promotion(destination: Destination, *, is_there: bool) -> Iterator[Finding]:
    """Tell whether a promotion to a place, if there was one, came to its end."""
    try:
        is_begun = destination.is_begun()
    except OutputLocationError as error:  # stores that are only read need not list what they have
        yield Finding("note", one_line(f"whether a promotion is under way is not known: {error}"))
        return
    if not is_begun:
        return
    partial = destination.partial
    finished = destination.finished()
    if finished is None and is_there:
        yield Finding("note", f"{partial} is a rest of the promotion that wrote it; delete it")
        return
    blocks = len(finished or ())
    if is_there:
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


def _check_format(location: Path | str, storage_options: Options) -> Iterator[Finding]:
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
            node = yaozarrs.open_group(location, _stated(location, storage_options))
            group = yaozarrs.validate_zarr_store(node)
        except Exception as error:  # noqa: BLE001 # what a broken store makes of a reader is a finding
            yield from _format_problems(error)
        else:
            yield Finding("ok", f"valid OME-Zarr {group.ome_version()} for yaozarrs")
    for remark in remarks:
        yield Finding("note", one_line(str(remark.message)))


def _stated(location: Path | str, storage_options: Options) -> dict[str, object] | None:
    """Return options as yaozarrs takes them: of S3 it would look for public buckets only."""
    if isinstance(location, Path):
        return None
    default = {"anon": False} if location.startswith("s3:") else {}
    return {**default, **(storage_options or {})}


def _format_problems(error: Exception) -> Iterator[Finding]:
    """Yield the problems that a validator's error lists; its own class is not public."""
    details = getattr(error, "get_details", None)
    if details is None:
        yield Finding("problem", one_line(f"yaozarrs does not accept its metadata: {error}"))
        return
    for detail in details(include_context=False):
        where = ".".join(str(part) for part in detail["loc"])
        yield Finding("problem", one_line(f"{where}: {detail['msg']}"))


def _open(
    location: Path | str, storage_options: Options
) -> tuple[Multiscales | None, list[Finding]]:
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        try:
            image = open_image(location, storage_options=storage_options)
        except (RoiwidgetsError, OSError) as error:
            return None, [Finding("problem", one_line(f"it cannot be opened: {error}"))]
    return image, [Finding("note", one_line(str(remark.message))) for remark in remarks]


def _check_image(image: Multiscales, *, every_chunk: bool) -> Iterator[Finding]:
    yield from check_scales([grid_of(level) for level in image.images])
    types = sorted({str(level.data.dtype) for level in image.images})
    if len(types) > 1:
        yield Finding("problem", f"scales have different data types: {', '.join(types)}")
    scales, reason = _stored_scales(image)
    if reason:
        yield Finding("note", f"chunks are not looked at: {reason}")
    for number, scale in enumerate(scales):
        yield from check_chunks(number, scale, every_chunk=every_chunk)
    recipe = _recipe_of(image)
    if recipe is not None:  # of other pyramids it is not known how voxels were binned
        for number, (scale, coarser) in enumerate(itertools.pairwise(scales)):
            yield from check_lost(number, scale, coarser)
    yield from _check_recipe(recipe)


def _stored_scales(image: Multiscales) -> tuple[list[StoredScale], str]:
    """Return the arrays and keys of all scales, or none and the reason."""
    scales = []
    for level in image.images:
        array, source = stored_array(level), innermost_source(level)
        if array is None or not isinstance(source, ZarrSource):
            return [], "they are neither in a folder nor at a URL"
        try:
            keys = _place_of(source).inside(source.path).keys()
        except OutputLocationError as error:
            return [], one_line(str(error))
        scales.append(StoredScale(array, frozenset(keys)))
    return scales, ""


def _place_of(source: ZarrSource) -> Place:
    folder = local_path(source.location)
    if folder is None:
        return UrlPlace(source.location, source.storage_options or ())
    return FolderPlace(str(folder))


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
        yield Finding("note", one_line(f"its recipe cannot be run again: {error}"))
    else:
        yield Finding("ok", f"its recipe can be run again: {operation}")

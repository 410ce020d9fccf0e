"""Root attributes of an OME-Zarr image, strictly as versions 0.4 and 0.5 want them.

What the format has no field for stands beside it under the key ``roiwidgets``:
``direction``, the direction of the spatial axes (rows and columns in array-axis
order), and ``axes``, the order of the axes in memory where the format asks for
another one on disk (RGB: ``y, x, c`` in memory, ``c, y, x`` on disk).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy

from roiwidgets.errors import ImageError
from roiwidgets.images.axes import KNOWN_AXES
from roiwidgets.images.grid import Grid, world_translation
from roiwidgets.images.ome_metadata import OWN_KEY, ome_attributes
from roiwidgets.images.units import is_ngff_unit, spelt_out_unit

VERSIONS = ("0.4", "0.5")
AXIS_TYPES = {"t": "time", "c": "channel"}
_COLORS = ("FFFFFF", "00FFFF", "FF00FF", "FFFF00", "FF0000", "00FF00", "0000FF")


def storage_axes(axes: Sequence[str]) -> tuple[str, ...]:
    """Return axes in the order that OME-Zarr requires on disk: t, c, z, y, x.

    An array is transposed to it before it is written; the reader transposes back.

    Examples
    --------
    >>> storage_axes(("y", "x", "c"))
    ('c', 'y', 'x')
    """
    return tuple(axis for axis in KNOWN_AXES if axis in axes)


def multiscales_metadata(
    paths: Sequence[str],
    grids: Sequence[Grid],
    *,
    name: str,
    units: Mapping[str, str] | None = None,
    version: str = "0.5",
    channel_names: Sequence[str] | None = None,
    channel_colors: Sequence[str] | None = None,
    value_range: tuple[float, float] = (0.0, 255.0),
    is_labels: bool = False,
) -> dict[str, object]:
    """Return the root attributes of an OME-Zarr image.

    Parameters
    ----------
    paths
        Paths of the levels inside the group, finest first.
    grids
        Grids of the levels **in memory order**; the attributes list their axes in
        the order of ``storage_axes``, in which the arrays must be written.
    name
        Name of the image.
    units
        Unit per axis; other spellings than OME-Zarr's are translated.
    version
        "0.4" or "0.5".
    channel_names, channel_colors
        One per channel; colours as six hexadecimal digits.
    value_range
        Values that other viewers draw darkest and brightest, with channels only.
    is_labels
        Whether the voxels are labels.

    Returns
    -------
    dict
        0.4: ``{"multiscales": ..}``; 0.5: ``{"ome": {"version": "0.5",
        "multiscales": ..}}``; with ``omero`` and ``image-label`` where they apply,
        and the key ``roiwidgets`` where a direction or an order is to be kept.
        A translation is the world position of the centre of the first voxel.

    Raises
    ------
    ImageError
        If paths, grids and channels do not fit together, or the version is unknown.

    Warns
    -----
    UserWarning
        If OME-Zarr has no name for a unit: it is left out.
    """
    if version not in VERSIONS:
        raise ImageError(f"version must be one of {VERSIONS}, got {version!r}")
    if not paths or len(paths) != len(grids) or len({grid.axes for grid in grids}) != 1:
        raise ImageError(
            f"{len(paths)} paths and {len(grids)} grids must be the same number >= 1, all of the "
            "same axes"
        )
    image: dict[str, object] = {
        "name": name,
        "axes": _axes(storage_axes(grids[0].axes), units or {}),
        "datasets": [_dataset(path, grid) for path, grid in zip(paths, grids, strict=True)],
    }
    ome: dict[str, object] = {"multiscales": [image]}
    if channel_names is not None:
        ome["omero"] = _omero(grids[0], channel_names, channel_colors, value_range)
    if is_labels:
        ome["image-label"] = {} if version == "0.5" else {"version": version}
    if version == "0.4":
        image["version"] = version
        return {**ome, **_own_attributes(grids[0])}
    return {"ome": {"version": version, **ome}, **_own_attributes(grids[0])}


def with_paths_under(attributes: Mapping[str, object], folder: str) -> dict[str, object]:
    """Return the root attributes of an image whose levels lie in a folder of its group.

    Examples
    --------
    >>> with_paths_under({"multiscales": [{"datasets": [{"path": "0"}]}]}, "scales")
    {'multiscales': [{'datasets': [{'path': 'scales/0'}]}]}
    """
    moved = deepcopy(dict(attributes))
    for image in ome_attributes(moved)["multiscales"]:  # type: ignore[attr-defined] # a list, as written here
        for dataset in image["datasets"]:
            dataset["path"] = f"{folder}/{dataset['path']}"
    return moved


def _axes(axes: Sequence[str], units: Mapping[str, str]) -> list[dict[str, str]]:
    entries = []
    for axis in axes:
        entry = {"name": axis, "type": AXIS_TYPES.get(axis, "space")}
        unit = spelt_out_unit(units.get(axis) or "")
        if is_ngff_unit(axis, unit):
            entry["unit"] = unit
        elif unit:
            warnings.warn(
                f"OME-Zarr has no unit {unit!r} for axis {axis}; it is left out", stacklevel=3
            )
        entries.append(entry)
    return entries


def _dataset(path: str, grid: Grid) -> dict[str, object]:
    axes = storage_axes(grid.axes)
    translation = world_translation(grid)
    return {
        "path": path,
        "coordinateTransformations": [
            {"type": "scale", "scale": [grid.along(axis)[1] for axis in axes]},
            {"type": "translation", "translation": [translation[axis] for axis in axes]},
        ],
    }


def _omero(
    grid: Grid,
    names: Sequence[str],
    colors: Sequence[str] | None,
    value_range: tuple[float, float],
) -> dict[str, object]:
    count = grid.along("c")[0] if "c" in grid.axes else 0
    chosen = colors or [_COLORS[i % len(_COLORS)] for i in range(len(names))]
    if len(names) != count or len(chosen) != count:
        raise ImageError(
            f"{len(names)} channel names and {len(chosen)} colours must be one for each of the "
            f"{count} channels"
        )
    low, high = value_range
    window = {"min": low, "max": high, "start": low, "end": high}
    channels = [
        {"label": label, "color": color, "window": window, "active": True}
        for label, color in zip(names, chosen, strict=True)
    ]
    return {"channels": channels}


def _own_attributes(grid: Grid) -> dict[str, object]:
    own: dict[str, object] = {}
    if grid.direction is not None:
        own["direction"] = [list(row) for row in grid.direction]
    if grid.axes != storage_axes(grid.axes):
        own["axes"] = list(grid.axes)
    return {OWN_KEY: own} if own else {}

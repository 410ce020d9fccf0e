"""Understand the root attributes of an OME-Zarr image: leniently, with warnings.

Plain dictionaries and small value objects, no store and no pixels. The strict
counterpart that writes them is ``ome_writing``, which also says what stands under
the key ``roiwidgets``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.axes import KNOWN_AXES, SPATIAL_AXES
from roiwidgets.images.grid import Direction

OWN_KEY = "roiwidgets"

Attributes = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class StoredLevel:
    """One level as its metadata describe it; ``scale`` is None where they do not."""

    path: str
    scale: tuple[float, ...] | None
    translation: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StoredImage:
    """What the root attributes of an OME-Zarr image say."""

    name: str
    version: str
    axes: tuple[str, ...]
    units: Mapping[str, str]
    levels: tuple[StoredLevel, ...]
    channel_names: tuple[str, ...] | None = None
    channel_colors: tuple[str, ...] | None = None
    direction: Direction | None = None
    memory_axes: tuple[str, ...] | None = None
    is_labels: bool = False
    attributes: Attributes = field(default_factory=dict)
    """Root attributes beside those of OME-Zarr."""


def ome_attributes(attributes: Attributes) -> Attributes:
    """Return the attributes that OME-Zarr defines: those under ``ome`` from 0.5 on."""
    ome = attributes.get("ome")
    return ome if isinstance(ome, Mapping) else attributes


def is_multiscales(attributes: Attributes) -> bool:
    """Tell whether a group's attributes describe an OME-Zarr image."""
    return bool(ome_attributes(attributes).get("multiscales"))


def is_plate(attributes: Attributes) -> bool:
    """Tell whether a group's attributes describe a plate, or a well of one."""
    return bool({"plate", "well"} & set(ome_attributes(attributes)))


def parse_multiscales(attributes: Attributes, *, where: str) -> StoredImage:
    """Return what the attributes of an OME-Zarr image group say.

    Parameters
    ----------
    attributes
        Attributes of the group.
    where
        Location of the group, for messages.

    Raises
    ------
    ImageError
        If there are no levels, or a transformation has the wrong length.
    UnsupportedImageError
        If axes cannot be told.

    Warns
    -----
    UserWarning
        For what the format does not allow, or we cannot keep: the image is opened.
    """
    ome = ome_attributes(attributes)
    images = _mappings(ome.get("multiscales"))
    if not images:
        raise ImageError(f"{where} has no multiscales entry; give the path of an image group")
    if len(images) > 1:
        warnings.warn(f"{where} holds {len(images)} images; the first is opened", stacklevel=2)
    image = images[0]
    axes, units = _parse_axes(image, where)
    names, colors = _parse_channels(ome.get("omero"))
    own = attributes.get(OWN_KEY)
    own = own if isinstance(own, Mapping) else {}
    return StoredImage(
        name=str(image.get("name") or "image"),
        version=str(ome.get("version") or image.get("version") or "0.4"),
        axes=axes,
        units=units,
        levels=_parse_levels(image, axes, where),
        channel_names=names if "c" in axes else None,
        channel_colors=colors if "c" in axes else None,
        direction=_parse_direction(own.get("direction"), axes, where),
        memory_axes=_parse_memory_axes(own.get("axes"), axes, where),
        is_labels="image-label" in ome,
        attributes={k: v for k, v in attributes.items() if k not in _OME_KEYS},
    )


_OME_KEYS = ("ome", "multiscales", "omero", "image-label", "labels", OWN_KEY)


def _parse_axes(image: Attributes, where: str) -> tuple[tuple[str, ...], dict[str, str]]:
    listed = image.get("axes")
    if not isinstance(listed, Sequence) or not listed:
        warnings.warn(
            f"{where} names no axes, as before OME-Zarr 0.3; they are taken as t, c, z, y, x",
            stacklevel=4,
        )
        return KNOWN_AXES, {}
    names: list[str] = []
    units: dict[str, str] = {}
    for entry in listed:
        axis = entry if isinstance(entry, Mapping) else {"name": entry}
        name = _axis_name(axis)
        names.append(name)
        if axis.get("unit"):
            units[name] = str(axis["unit"])
    if set(names) - set(KNOWN_AXES) or len(set(names)) != len(names):
        raise UnsupportedImageError(
            f"axes {names} of {where} are not distinct names out of {KNOWN_AXES}; open the array "
            "of one level with axes=..."
        )
    return tuple(names), units


def _axis_name(axis: Attributes) -> str:
    """Return our name of an axis; time and channel axes may be called anything."""
    by_type = {"time": "t", "channel": "c"}
    name = str(axis.get("name", "")).lower()
    return by_type.get(str(axis.get("type")), name)


def _parse_levels(image: Attributes, axes: tuple[str, ...], where: str) -> tuple[StoredLevel, ...]:
    datasets = _mappings(image.get("datasets"))
    if not datasets:
        raise ImageError(f"{where} lists no datasets; it has no voxels to open")
    common = image.get("coordinateTransformations")
    if isinstance(common, Sequence) and not common:
        warnings.warn(
            f"{where} has an empty list of transformations common to its levels, which OME-Zarr "
            "does not allow; it is ignored",
            stacklevel=4,
        )
    whole = _parse_transforms(common, len(axes), where)
    levels = []
    for dataset in datasets:
        own = _parse_transforms(dataset.get("coordinateTransformations"), len(axes), where)
        scale, translation = own.then(whole)
        known = own.has_scale or whole.has_scale
        levels.append(
            StoredLevel(str(dataset.get("path", "")), scale if known else None, translation)
        )
    return tuple(levels)


@dataclass(frozen=True, slots=True)
class _Transform:
    """Voxel index to position: ``scale * index + translation``."""

    scale: tuple[float, ...]
    translation: tuple[float, ...]
    has_scale: bool = False

    def then(self, other: _Transform) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return scale and translation of this transform followed by another."""
        scale = tuple(a * b for a, b in zip(self.scale, other.scale, strict=True))
        moved = zip(self.translation, other.scale, other.translation, strict=True)
        return scale, tuple(t * s + u for t, s, u in moved)


def _parse_transforms(listed: object, size: int, where: str) -> _Transform:
    """Return what a list of scales and translations amounts to, applied in order."""
    result = _Transform((1.0,) * size, (0.0,) * size)
    for transform in _mappings(listed):
        kind = str(transform.get("type"))
        values = transform.get(kind)
        if kind == "identity":
            continue
        if kind not in ("scale", "translation") or not isinstance(values, Sequence):
            warnings.warn(
                f"{where} has a transformation {dict(transform)} that is neither a scale nor a "
                "translation; it is ignored",
                stacklevel=5,
            )
            continue
        if len(values) != size:
            raise ImageError(
                f"the {kind} {list(values)} of {where} must have one number for each of the "
                f"{size} axes"
            )
        numbers = tuple(float(value) for value in values)
        step = (
            _Transform(numbers, (0.0,) * size)
            if kind == "scale"
            else _Transform((1.0,) * size, numbers)
        )
        result = _Transform(*result.then(step), has_scale=result.has_scale or kind == "scale")
    return result


def _parse_channels(omero: object) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    channels = _mappings(omero.get("channels")) if isinstance(omero, Mapping) else []
    names = tuple(str(channel.get("label") or "") for channel in channels)
    colors = tuple(str(channel.get("color") or "FFFFFF") for channel in channels)
    return (names if any(names) else None), (colors or None)


def _parse_direction(value: object, axes: tuple[str, ...], where: str) -> Direction | None:
    if value is None:
        return None
    size = sum(axis in SPATIAL_AXES for axis in axes)
    rows = value if isinstance(value, Sequence) else []
    if len(rows) != size or any(len(row) != size for row in rows):
        raise ImageError(f"the direction {value} of {where} must be a {size} x {size} matrix")
    return tuple(tuple(float(cosine) for cosine in row) for row in rows)


def _parse_memory_axes(value: object, axes: tuple[str, ...], where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(str(name) for name in value) if isinstance(value, Sequence) else ()
    if sorted(names) != sorted(axes):
        raise ImageError(f"the axes {value} in memory of {where} must be those on disk, {axes}")
    return names


def _mappings(value: object) -> list[Attributes]:
    """Return the mappings in a list; nothing for what is no list."""
    if not isinstance(value, Sequence):
        return []
    return [entry for entry in value if isinstance(entry, Mapping)]

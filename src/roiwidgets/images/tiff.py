"""TIFF, OME-TIFF and ImageJ files, read lazily by page or tile."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import zarr
from ngff_zarr import Multiscales, NgffImage
from tifffile import TiffFile, xml2dict

from roiwidgets.errors import ImageError, UnsupportedImageError
from roiwidgets.images.axes import KNOWN_AXES, SPATIAL_AXES, is_rgb
from roiwidgets.images.interop import image_of_source
from roiwidgets.images.ome_zarr import to_multiscales
from roiwidgets.images.sources import StoredSource, Voxels
from roiwidgets.images.units import spelt_out_unit

if TYPE_CHECKING:
    from typing import Any

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

OPEN_FILES = 32
"""TIFF files that one process keeps open."""

_AXIS_OF_CODE = {"T": "t", "C": "c", "S": "c", "Z": "z", "Y": "y", "X": "x"}
_PAGES = "IQ"
"""Axes of pages whose meaning the file does not tell."""

_CENTIMETER = 3
_LISTED = 4


@dataclass(frozen=True)
class TiffSource(StoredSource):
    """One level of the first series of a TIFF file, pickled as its path.

    Parameters
    ----------
    path
        Path of the file.
    level
        0 is the finest.
    """

    path: str = field(compare=False)
    level: int = field(default=0, compare=False)
    identity: str = field(default_factory=lambda: uuid4().hex, repr=False)
    """Same for all copies of one source: a file that is written anew is opened anew."""

    @property
    def _array(self) -> ZarrArray:
        return _open_level(self)

    def read_once(self) -> Voxels:
        """Return all voxels of the level, and close the file: for files that are read once.

        Through ``read`` a file stays open for the next box.
        """
        with _opened(self.path) as file:
            voxels: Voxels = file.series[0].levels[self.level].asarray()
        return voxels


@contextmanager
def _opened(path: str | Path) -> Iterator[TiffFile]:
    """Open a file; pages of one kind that were written one by one are one series."""
    with ExitStack() as files:
        try:
            file = files.enter_context(TiffFile(path))
            if _is_written_by_pages(file):
                file = files.enter_context(TiffFile(path, is_shaped=False))
        except OSError:
            raise
        except Exception as error:  # of a damaged file tifffile raises whatever its bytes lead to
            raise ImageError(
                f"{path} cannot be read as TIFF, {type(error).__name__}: {error}; take a copy of "
                "it that is whole"
            ) from error
        yield file


def _is_written_by_pages(file: TiffFile) -> bool:
    """Tell whether pages are series of their own, as each call of tifffile's writer makes one."""
    kinds = {(series.shape, series.dtype, series.axes) for series in file.series}
    return bool(file.is_shaped) and len(file.series) > 1 and len(kinds) == 1


@lru_cache(maxsize=OPEN_FILES)
def _open_level(source: TiffSource) -> ZarrArray:
    with _opened(source.path) as file:
        store = file.series[0].aszarr(level=source.level)
    opened = zarr.open(store, mode="r")
    assert isinstance(opened, zarr.Array)
    # the store opens the file again when it reads, and leaves it open
    weakref.finalize(opened, store.close)
    return opened


@dataclass(frozen=True, slots=True)
class _Description:
    """What a TIFF file says about its first series."""

    axes: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    spacing: Mapping[str, float]
    units: Mapping[str, str]
    channel_names: tuple[str, ...] | None


def read_tiff(
    path: Path, *, axes: tuple[str, ...] | None = None, name: str | None = None
) -> Multiscales:
    """Return the first series of a TIFF file, lazily, with its levels.

    Parameters
    ----------
    path
        A TIFF, OME-TIFF or ImageJ file.
    axes
        Names of the axes of the file's series; the file's by default. Pages without
        a meaning are z.
    name
        Name of the image; the file's by default.

    Returns
    -------
    Multiscales
        Spacing and units are those of OME or ImageJ metadata, or of a resolution
        per centimetre. A resolution per inch is for printing and not used.

    Raises
    ------
    ImageError, UnsupportedImageError
        If the file is damaged, or its axes cannot be told.

    Warns
    -----
    UserWarning
        If the file holds several images that are not alike.
    """
    with _opened(path) as file:
        found = _describe(file, path, axes)
        if len(file.series) > 1:
            shapes = ", ".join(str(each.shape) for each in file.series[:_LISTED])
            warnings.warn(
                f"{path} holds {len(file.series)} images, of shapes {shapes}; the first is opened",
                stacklevel=6,
            )
    own_name = name or path.name.split(".")[0]
    # workers may have another working directory
    sources = [TiffSource(str(path.absolute()), level) for level in range(len(found.shapes))]
    images = [_level_image(source, found, name=own_name) for source in sources]
    return to_multiscales(images, name=own_name)


def _level_image(source: TiffSource, found: _Description, *, name: str) -> NgffImage:
    image = image_of_source(source, found.axes, name=name)
    shrunk = zip(found.axes, found.shapes[0], found.shapes[source.level], strict=True)
    factors = {axis: round(n / m) if axis in SPATIAL_AXES else 1 for axis, n, m in shrunk}
    spacing = {axis: found.spacing.get(axis, 1.0) for axis in image.dims}
    named = "c" in image.dims and not is_rgb(image.dims, image.data.shape)
    return replace(
        image,
        scale={axis: step * factors[axis] for axis, step in spacing.items()},
        translation={axis: 0.5 * (factors[axis] - 1) * step for axis, step in spacing.items()},
        axes_units={a: u for a, u in found.units.items() if a in image.dims} or None,
        channel_names=list(found.channel_names) if found.channel_names and named else None,
    )


def _describe(file: TiffFile, path: Path, axes: tuple[str, ...] | None) -> _Description:
    if not file.series:
        raise ImageError(f"{path} holds no image")
    series = file.series[0]
    names = axes if axes is not None else _axes_of_codes(series.axes, path)
    spacing, units = _plain_resolution(file)
    channels: tuple[str, ...] | None = None
    if file.is_imagej:
        spacing, units = _imagej_resolution(file)
        labels = (file.imagej_metadata or {}).get("Labels")
        count = series.shape[names.index("c")] if "c" in names else 0
        channels = tuple(map(str, labels)) if labels and len(labels) == count else None
    elif file.is_ome:
        spacing, units, channels = _ome_resolution(file.ome_metadata)
    return _Description(
        axes=names,
        shapes=tuple(tuple(int(n) for n in level.shape) for level in series.levels),
        spacing=spacing,
        units=units,
        channel_names=channels,
    )


def _axes_of_codes(codes: str, path: Path) -> tuple[str, ...]:
    """Return our names of the axes that tifffile calls ``codes``."""
    names = []
    for code in codes:
        if code in _PAGES:
            free = [axis for axis in ("z", "t") if axis not in names and axis.upper() not in codes]
            names.append(free[0] if free else code)
        else:
            names.append(_AXIS_OF_CODE.get(code, code))
    if set(names) - set(KNOWN_AXES) or len(set(names)) != len(names):
        raise UnsupportedImageError(
            f"{path} has axes {codes!r}, which are not all of t, c, z, y, x; give axes=..., one "
            "for each"
        )
    return tuple(names)


def _tag_resolution(file: TiffFile) -> dict[str, float]:
    """Return the size of a pixel in units of the resolution tags."""
    sizes = {}
    tags = file.pages.first.tags
    for axis, tag in (("y", "YResolution"), ("x", "XResolution")):
        pixels, length = tags[tag].value if tag in tags else (0, 0)
        if pixels and length:
            sizes[axis] = length / pixels
    return sizes


def _plain_resolution(file: TiffFile) -> tuple[dict[str, float], dict[str, str]]:
    tags = file.pages.first.tags
    if "ResolutionUnit" not in tags or int(tags["ResolutionUnit"].value) != _CENTIMETER:
        return {}, {}
    sizes = {axis: 1e4 * size for axis, size in _tag_resolution(file).items()}
    return sizes, dict.fromkeys(sizes, "micrometer")


def _imagej_resolution(file: TiffFile) -> tuple[dict[str, float], dict[str, str]]:
    metadata = file.imagej_metadata or {}
    spacing = _tag_resolution(file)
    if metadata.get("spacing"):
        spacing["z"] = abs(float(metadata["spacing"]))
    unit = str(metadata.get("unit") or "").replace("\\u00B5", "µ")
    units = dict.fromkeys(SPATIAL_AXES, spelt_out_unit(unit)) if unit else {}
    interval = float(metadata.get("finterval") or 0)
    if interval > 0:
        spacing["t"] = interval
        units["t"] = spelt_out_unit(str(metadata.get("tunit") or "second"))
    return spacing, units


def _ome_resolution(
    xml: str | None,
) -> tuple[dict[str, float], dict[str, str], tuple[str, ...] | None]:
    image = _first(xml2dict(xml or "<OME/>")["OME"].get("Image", {}))
    pixels = _first(image.get("Pixels", {}))
    spacing, units = {}, {}
    for axis in SPATIAL_AXES:
        size = pixels.get(f"PhysicalSize{axis.upper()}")
        if size:
            spacing[axis] = float(size)
            units[axis] = spelt_out_unit(
                str(pixels.get(f"PhysicalSize{axis.upper()}Unit", "micrometer"))
            )
    if pixels.get("TimeIncrement"):
        spacing["t"] = float(pixels["TimeIncrement"])
        units["t"] = spelt_out_unit(str(pixels.get("TimeIncrementUnit", "second")))
    channels = pixels.get("Channel", [])
    listed = channels if isinstance(channels, list) else [channels]
    names = tuple(str(channel.get("Name", "")) for channel in listed)
    return spacing, units, names if any(names) else None


def _first(value: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
    return value[0] if isinstance(value, list) else value

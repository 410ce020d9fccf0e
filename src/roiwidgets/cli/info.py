"""``roiwidgets info``: what is known about an image without reading its voxels."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from roiwidgets.cli import _storage

if TYPE_CHECKING:
    import zarr
    from ngff_zarr import Multiscales, NgffImage

    from roiwidgets.cli._commands import Commands


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "info", help="print axes, spacing, type, storage, labels and recipe of an image"
    )
    parser.add_argument("image", metavar="IN", help="path or URL")
    _storage.add_option(parser, "--storage-options", "IN")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is known about the image; return the exit code."""
    from roiwidgets.images.readers import open_image
    from roiwidgets.images.stored_group import group_of

    image = open_image(options.image, storage_options=options.storage_options)
    for line in _image_lines(image):
        print(line)
    group = group_of(image)
    if group is not None:
        for line in _group_lines(group):
            print(line)
    return 0


def _image_lines(image: Multiscales) -> Iterator[str]:
    finest = image.images[0]
    yield f"name: {image.metadata.name}"
    yield f"axes: {', '.join(_axis(axis, finest) for axis in finest.dims)}"
    yield f"origin: {_origin(finest)}"
    if finest.channel_names:
        yield f"channels: {', '.join(finest.channel_names)}"
    for scale, level in enumerate(image.images):
        yield f"scale {scale}: {_level(level)}"


def _axis(axis: str, level: NgffImage) -> str:
    unit = (level.axes_units or {}).get(axis)
    return f"{axis} in {unit}" if unit else axis


def _origin(level: NgffImage) -> str:
    """Return the world position of the centre of the first voxel."""
    spatial = [axis for axis in level.dims if axis in "zyx"]
    return ", ".join(f"{axis} {level.translation.get(axis, 0.0):g}" for axis in spatial)


def _level(level: NgffImage) -> str:
    from roiwidgets.images.geometry import grid_of
    from roiwidgets.images.stored_group import describe_storage, stored_array

    grid = grid_of(level)
    sides = ", ".join(
        f"{axis} {size} x {spacing:g}"
        for axis, size, spacing in zip(grid.axes, grid.shape, grid.spacing, strict=True)
    )
    text = f"{sides}; {level.data.dtype}, {level.data.nbytes / 2**20:.1f} MiB"
    array = stored_array(level)
    return text if array is None else f"{text}; {describe_storage(array)}"


def _group_lines(group: zarr.Group) -> Iterator[str]:
    from roiwidgets.images.stored_group import format_version, label_names, own_attributes

    yield f"format: OME-Zarr {format_version(group)}"
    names = label_names(group)
    if names:
        yield f"labels: {', '.join(names)}"
    own = own_attributes(group)
    if "recipe" not in own:
        return
    provenance = own.get("provenance")
    known = provenance if isinstance(provenance, Mapping) else {}
    yield f"recipe: {known.get('operation', 'see the attributes')}"
    if "source" in known:
        yield f"promoted from: {known['source']}"
    versions = known.get("versions")
    if isinstance(versions, Mapping):
        yield f"promoted with: {', '.join(f'{name} {v}' for name, v in versions.items())}"

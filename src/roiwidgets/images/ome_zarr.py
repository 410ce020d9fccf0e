"""OME-Zarr 0.4 and 0.5 images, read lazily with zarr-python.

Our own reader, because the arrays that ngff-zarr reads do not pickle and
therefore cannot run under dask.distributed. ``multiscales_metadata`` for writing
is offered here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import zarr
from ngff_zarr import Multiscales, NgffImage
from ngff_zarr.v04.zarr_metadata import Axis, Dataset, Scale, Translation
from ngff_zarr.v05.zarr_metadata import Metadata

from roiwidgets.errors import ImageError
from roiwidgets.images.geometry import make_image
from roiwidgets.images.ome_metadata import parse_multiscales
from roiwidgets.images.ome_reading import located_levels
from roiwidgets.images.ome_writing import AXIS_TYPES, multiscales_metadata, storage_axes

__all__ = ["multiscales_metadata", "read_multiscales", "storage_axes", "to_multiscales"]


def read_multiscales(group: zarr.Group) -> Multiscales:
    """Return the OME-Zarr image in a group, lazily.

    Parameters
    ----------
    group
        A Zarr group whose attributes describe an image, of version 0.4 or 0.5 (or
        older, with warnings).

    Returns
    -------
    Multiscales
        Levels are ``DirectedImage`` where a direction was kept; their arrays pickle
        where the store has a location.

    Raises
    ------
    ImageError, UnsupportedImageError
        If the metadata cannot be understood or an array is missing.

    Warns
    -----
    UserWarning
        For what OME-Zarr does not allow but can be opened.
    """
    stored = parse_multiscales(dict(group.attrs), where=str(group.store_path))
    images = [
        make_image(
            level.source,
            axes=level.axes,
            spacing=level.spacing,
            translation=level.translation,
            direction=stored.direction,
            name=stored.name,
            units=stored.units,
            channel_names=stored.channel_names,
            channel_colors=stored.channel_colors,
        )
        for level in located_levels(group, stored)
    ]
    result = to_multiscales(images, name=stored.name, is_labels=stored.is_labels)
    result.root_attributes = {**(result.root_attributes or {}), **stored.attributes}
    return result


def to_multiscales(
    images: Sequence[NgffImage], *, name: str = "image", is_labels: bool = False
) -> Multiscales:
    """Return images of the same axes as the levels of one, with OME-Zarr metadata.

    Parameters
    ----------
    images
        Levels, finest first, at least one.
    name
        Name of the result.
    is_labels
        Kept in ``root_attributes["image-label"]``.

    Returns
    -------
    Multiscales
        Metadata of version 0.5; ``root_attributes`` is a dictionary, never None.

    Raises
    ------
    ImageError
        If there is no image, or the axes differ.
    """
    if not images or len({tuple(image.dims) for image in images}) != 1:
        raise ImageError(
            f"levels must be at least one image, all of the same axes; got axes "
            f"{[tuple(image.dims) for image in images]}"
        )
    dims = tuple(images[0].dims)
    units = images[0].axes_units or {}
    metadata = Metadata(
        axes=[_axis(axis, units.get(axis)) for axis in dims],
        datasets=[
            Dataset(str(level), _transforms(image, dims)) for level, image in enumerate(images)
        ],
        coordinateTransformations=None,
        name=name,
    )
    attributes: dict[str, object] = {"image-label": {}} if is_labels else {}
    return Multiscales(images=list(images), metadata=metadata, root_attributes=attributes)


def _axis(name: str, unit: str | None) -> Axis:
    kind = AXIS_TYPES.get(name, "space")
    return Axis(name, kind, unit)  # type: ignore[arg-type]  # ngff-zarr types names as literals


def _transforms(image: NgffImage, dims: Iterable[str]) -> list[Scale | Translation]:
    return [
        Scale([float(image.scale.get(axis, 1.0)) for axis in dims]),
        Translation([float(image.translation.get(axis, 0.0)) for axis in dims]),
    ]

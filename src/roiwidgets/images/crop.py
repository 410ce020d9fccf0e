"""Cut a box out of an image without losing where it lies."""

from __future__ import annotations

import dataclasses

from ngff_zarr import NgffImage

from roiwidgets.images.geometry import grid_of, world_translation


def crop_image(image: NgffImage, slices: tuple[slice, ...], *, name: str) -> NgffImage:
    """Return ``image.data[slices]`` with its own translation, lazily.

    Parameters
    ----------
    image
        Image with one slice per axis in ``slices``.
    slices
        Explicit starts and stops, inside the image.
    name
        Name of the result.

    Returns
    -------
    NgffImage
        Of the same class as ``image``: units, channels and direction are kept.
    """
    cropped = grid_of(image).crop(slices)
    return dataclasses.replace(
        image,
        data=image.data[slices],
        translation=world_translation(cropped),
        name=name,
        computed_callbacks=[],
    )

"""Regions of interest out of a label image: the outlines of its labels along the pixels' edges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from roiwidgets.errors import ImageError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.readers import open_image
from roiwidgets.regions.annotations import MOST_ANNOTATIONS, Annotation
from roiwidgets.regions.outlines import rings_of

Labels = NDArray[np.generic]


def annotations_from_labels(
    label_image: object, *, like: object = None, group: str = ""
) -> tuple[Annotation, ...]:
    """Return a polygon for each label of an image, as Cellpose, suite2p or a filter finds them.

    Parameters
    ----------
    label_image
        Integers with axes y, x; anything that ``open_image`` takes. 0 is the background, a
        boolean mask is one label. Of overlapping regions give one label image each.
    like
        An image whose pixels are labelled, such as the movie: the labels lie where its pixels
        do. By default they lie where their own image says, an array with spacing 1.
    group
        Of all of them.

    Returns
    -------
    tuple of Annotation
        In rising order of labels, which are their ids and names. Outlines run along the edges
        of pixels, in the units of the image; parts that lie apart and holes are kept. The
        centres of exactly the pixels of a label are inside, so that traces are the label's.

    Raises
    ------
    ImageError
        If it is no image of integers with axes y, x, has not as many pixels as ``like``, or
        labels are too many.

    Examples
    --------
    >>> (cell,) = annotations_from_labels(np.array([[0, 7, 7], [0, 7, 7]]))
    >>> cell.id, cell.bounds
    ('7', ((0.5, -0.5), (2.5, 1.5)))
    """
    level = open_image(label_image).images[0]
    if tuple(level.dims) != ("y", "x") or level.data.dtype.kind not in "bui":
        raise ImageError(
            f"labels are integers with axes y, x, got {level.data.dtype} with axes "
            f"{', '.join(level.dims)} of shape {level.data.shape}; give one plane of integers"
        )
    labels = np.asarray(level.data)
    count = len(np.unique(labels))
    if count > MOST_ANNOTATIONS:
        raise ImageError(
            f"{count} labels are more than the {MOST_ANNOTATIONS} regions of a set; are they grey "
            "levels of an image?"
        )
    grid = grid_of(level if like is None else open_image(like).images[0])
    (height, spacing_y, origin_y), (width, spacing_x, origin_x) = map(grid.along, "yx")
    if (height, width) != labels.shape:
        raise ImageError(
            f"labels of {labels.shape} pixels are not those of an image of {(height, width)}; give "
            "them for its finest scale, uncropped"
        )
    found = []
    for label, rows, starts, stops in _runs_by_label(labels):
        left, right = (origin_x + (edge - 0.5) * spacing_x for edge in (starts, stops))
        low, high = (origin_y + (edge - 0.5) * spacing_y for edge in (rows, rows + 1))
        # points on straight edges, where runs of neighbouring rows meet, are left out
        outline = shapely.simplify(shapely.union_all(shapely.box(left, low, right, high)), 0)
        first, *others = rings_of(outline)
        name = str(label)
        found.append(Annotation("polygon", first, name, name, group, rings=tuple(others)))
    return tuple(found)


def _runs_by_label(
    labels: Labels,
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]]:
    """Yield each label with the rows, starts and stops of its runs of pixels in a row."""
    height, width = labels.shape
    begins = np.ones((height, width + 1), bool)
    begins[:, 1:-1] = labels[:, 1:] != labels[:, :-1]
    rows, edges = np.nonzero(begins)
    # each run ends where the next edge of its row is; the last edge of a row begins none
    is_start = edges < width
    rows, starts, stops = rows[is_start], edges[is_start], edges[np.flatnonzero(is_start) + 1]
    values = labels[rows, starts]
    order = np.argsort(values, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(values[order])) + 1):
        label = int(values[part[0]])
        if label != 0:
            yield label, rows[part], starts[part], stops[part]

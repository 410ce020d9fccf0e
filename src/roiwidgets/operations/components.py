"""Connected components, of one block or of a whole array, and what is made of them.

Components are numbered in the order of their first voxels, as in
``scipy.ndimage.label``: numbers do not depend on how an image is cut into blocks.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import OperationError
from roiwidgets.operations.component_faces import Ids
from roiwidgets.operations.custom import FixedDtype
from roiwidgets.operations.operation import Dtype, Operation, Spacing, Values, Voxels
from roiwidgets.operations.parameters import Parameter, Value
from roiwidgets.operations.reductions import RunsInPasses
from roiwidgets.operations.stated import FixedHalo

__all__ = [
    "connected_components",
    "fill_holes",
    "remove_small_components",
]

LABEL_TYPES = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "bool")
MOST_COMPONENTS = 2**32 - 1
NEIGHBOURS: dict[tuple[int, bool], Literal[4, 6, 8, 26]] = {
    (2, False): 4,
    (2, True): 8,
    (3, False): 6,
    (3, True): 26,
}
"""cc3d's names of connectivities, by the number of axes and whether corners count."""

COUNTED_VOXELS = 2**18
"""Voxels whose positions are held at once: 2 MB of them."""

Numbers: TypeAlias = "NDArray[np.uint32]"


@dataclass(frozen=True, slots=True)
class Components:
    """What is known of the components of a volume, or of a block of it.

    Parameters
    ----------
    sizes
        Voxels of each.
    firsts
        Position of the first voxel of each, in C order of the volume.
    at_border
        Whether each touches the border of the volume.
    """

    sizes: NDArray[np.int64]
    firsts: NDArray[np.int64]
    at_border: NDArray[np.bool_]


def connected_components(
    connectivity: str = "face", minimum_size: int = 1, sort_by_size: bool = False
) -> Operation:
    """Return the operation that numbers the connected parts of a mask or label image.

    Parameters
    ----------
    connectivity
        ``face``: voxels that share a face belong together (4 neighbours in 2-D, 6 in
        3-D); ``full``: also those that share an edge or a corner (8 and 26).
    minimum_size
        Voxels below which a component becomes background; tuned on another scale, it
        keeps its volume.
    sort_by_size
        Whether the largest component is number 1; else numbers follow the first
        voxels, as in ``scipy.ndimage.label``.

    Notes
    -----
    0 is background; parts of different values never belong together. The result is
    uint32, of each time point and channel on its own. It is the last step of a
    pipeline. Within a block connected-components-3d labels; blocks are joined by
    union-find over the numbers on their faces.
    """
    parameters = (
        _connectivity("face"),
        Parameter(
            "minimum_size",
            "integer",
            1,
            1,
            None,
            1,
            unit="voxel count",
            description="Smallest part in voxels",
        ),
        Parameter("sort_by_size", "boolean", False, description="Largest part first"),
    )
    values: dict[str, Value] = {
        "connectivity": connectivity, "minimum_size": minimum_size, "sort_by_size": sort_by_size,
    }  # fmt: skip
    return Operation(
        "connected_components", NumberComponents(), parameters, values, "global", FixedHalo(0),
        FixedDtype("uint32"), LABEL_TYPES, makes_labels=True,
    )  # fmt: skip


def remove_small_components(
    minimum_size: int = 64, connectivity: str = "face", inside_value: int = 255
) -> Operation:
    """Return the operation that takes small connected parts out of a mask.

    Parameters
    ----------
    minimum_size
        Voxels that a part must have to stay; tuned on another scale, it keeps its
        volume.
    connectivity
        As for ``connected_components``.
    inside_value
        Of the parts that stay, 1 to 255; the result is uint8. All voxels but 0 are
        inside the mask.
    """
    parameters = (
        Parameter(
            "minimum_size",
            "integer",
            64,
            1,
            None,
            1,
            unit="voxel count",
            description="Smallest part in voxels",
        ),
        _connectivity("face"),
        _inside_value(),
    )
    values: dict[str, Value] = {
        "minimum_size": minimum_size, "connectivity": connectivity, "inside_value": inside_value,
    }  # fmt: skip
    return Operation(
        "remove_small_components", KeepLargeComponents(), parameters, values, "global",
        FixedHalo(0), FixedDtype("uint8"), LABEL_TYPES, makes_labels=True,
    )  # fmt: skip


def fill_holes(connectivity: str = "face", inside_value: int = 255) -> Operation:
    """Return the operation that fills the holes of a mask.

    Parameters
    ----------
    connectivity
        Of the background: with ``face`` a hole may be closed by voxels that share no
        more than a corner.
    inside_value
        Of the mask and its filled holes, 1 to 255; the result is uint8. All voxels
        but 0 are inside the mask.

    Notes
    -----
    A hole is background that does not reach the border of the image, as in
    ``scipy.ndimage.binary_fill_holes``.
    """
    values: dict[str, Value] = {"connectivity": connectivity, "inside_value": inside_value}
    return Operation(
        "fill_holes", FillHoles(), (_connectivity("face"), _inside_value()), values, "global",
        FixedHalo(0), FixedDtype("uint8"), LABEL_TYPES, makes_labels=True,
    )  # fmt: skip


class ByComponents(RunsInPasses):
    """A function that labels blocks, joins them, and gives each component a value."""

    is_last: ClassVar[bool] = True
    """Blocks with their halo are read from the image, not from what is labelled."""

    scratch_bytes: ClassVar[int] = 4

    result: ClassVar[str]
    """Data type of the result."""

    def titles(self, dtype: Dtype) -> tuple[str, ...]:  # noqa: ARG002 # of passes
        """Return what the pass before the one that writes does."""
        return ("components of each block",)

    @abstractmethod
    def labelled(self, voxels: Voxels) -> Voxels:
        """Return what is labelled: components are parts of one value, 0 is background."""

    @abstractmethod
    def numbers(self, components: Components, values: Values) -> tuple[int, Numbers]:
        """Return the value of the background, and that of each component."""

    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:  # noqa: ARG002 # an operation's function
        """Return the result for a whole array."""
        ids, components = label(self.labelled(array), is_full=is_full(values))
        background, numbers = self.numbers(components, values)
        return look_up(ids, background, numbers).astype(self.result)


class NumberComponents(ByComponents):
    """Gives each component a number of its own."""

    result: ClassVar[str] = "uint32"

    def labelled(self, voxels: Voxels) -> Voxels:
        """Return the voxels themselves."""
        return voxels

    def numbers(self, components: Components, values: Values) -> tuple[int, Numbers]:
        """Return 0 for the background and for small components, and the others' numbers."""
        sizes, firsts = components.sizes, components.firsts
        order = np.lexsort((firsts, -sizes)) if values["sort_by_size"] else np.argsort(firsts)
        kept = order[sizes[order] >= int(values["minimum_size"])]
        if kept.size > MOST_COMPONENTS:
            raise OperationError(
                f"{kept.size} components do not fit into uint32; give a larger minimum_size"
            )
        numbers = np.zeros(sizes.size, np.uint32)
        numbers[kept] = np.arange(1, kept.size + 1, dtype=np.uint32)
        return 0, numbers


class KeepLargeComponents(ByComponents):
    """Keeps the components of a mask that are large enough."""

    result: ClassVar[str] = "uint8"

    def labelled(self, voxels: Voxels) -> Voxels:
        """Return the mask."""
        mask: Voxels = (voxels != 0).view(np.uint8)
        return mask

    def numbers(self, components: Components, values: Values) -> tuple[int, Numbers]:
        """Return the value of the mask for large components."""
        is_large = components.sizes >= int(values["minimum_size"])
        return 0, np.where(is_large, np.uint32(values["inside_value"]), np.uint32(0))


class FillHoles(ByComponents):
    """Fills components of the background that do not reach the border."""

    result: ClassVar[str] = "uint8"

    def labelled(self, voxels: Voxels) -> Voxels:
        """Return the background of the mask."""
        background: Voxels = (voxels == 0).view(np.uint8)
        return background

    def numbers(self, components: Components, values: Values) -> tuple[int, Numbers]:
        """Return the value of the mask for what is no background, and for holes."""
        inside = int(values["inside_value"])
        return inside, np.where(components.at_border, np.uint32(0), np.uint32(inside))


def is_full(values: Values) -> bool:
    """Tell whether voxels that share an edge or a corner belong together."""
    return values["connectivity"] == "full"


def label(voxels: Voxels, *, is_full: bool) -> tuple[Ids, Components]:
    """Return the components of an array that is seen as a whole volume.

    Parameters
    ----------
    voxels
        2-D or 3-D; components are parts of one value, 0 is background.
    is_full
        Whether voxels that share an edge or a corner belong together.

    Returns
    -------
    ids, components
        uint32 numbers from 1, in no particular order, and what is known of each.
    """
    # imported here: 19 MB of machine code that only processes that label need
    import cc3d

    writable = np.require(voxels, requirements=["C", "W"])  # as cc3d's buffers must be
    found, count = cc3d.connected_components(
        writable, connectivity=NEIGHBOURS[voxels.ndim, is_full], return_N=True, out_dtype=np.uint32
    )
    ids: Ids = np.ascontiguousarray(found, dtype=np.uint32)
    sizes, firsts = _sizes_and_firsts(ids, count)
    at_border = np.zeros(count + 1, bool)
    for axis in range(ids.ndim):
        for index in (0, -1):
            at_border[ids.take(index, axis=axis)] = True
    return ids, Components(sizes, firsts, at_border[1:])


def _sizes_and_firsts(ids: Ids, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many voxels each component has, and the position of its first, in C order."""
    flat = ids.ravel()
    sizes, firsts = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    step = max(COUNTED_VOXELS, count)
    # the last value written stays: from the end to the beginning, the first voxel's
    for start in reversed(range(0, flat.size, step)):
        positions = np.flatnonzero(flat[start : start + step])[::-1] + start
        numbers = flat[positions]
        sizes += np.bincount(numbers, minlength=count + 1)
        firsts[numbers] = positions
    return sizes[1:], firsts[1:]


def look_up(ids: Ids, background: int, numbers: Numbers) -> Numbers:
    """Return the value of each voxel, uint32."""
    table = np.empty(numbers.size + 1, np.uint32)
    table[0], table[1:] = background, numbers
    return table[ids]


def _connectivity(default: str) -> Parameter:
    return Parameter(
        "connectivity", "choice", default, choices=("face", "full"),
        description="What neighbours share",
    )  # fmt: skip


def _inside_value() -> Parameter:
    return Parameter("inside_value", "integer", 255, 1, 255, 1, description="Value inside")

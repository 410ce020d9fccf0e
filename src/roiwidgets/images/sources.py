"""Where voxels come from: small picklable objects that read a box of an array.

Worker processes import this module, so it needs numpy only; dask and zarr-python are
loaded when an array needs them. Sources read with the indices of the
whole array and return native, C-contiguous numpy arrays.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from roiwidgets.errors import ImageError, UnsupportedDtypeError
from roiwidgets.images.rust_arrays import RustArray
from roiwidgets.images.zarr_arrays import open_array_to_read

if TYPE_CHECKING:
    import dask.array as da
    import zarr

    # the parameter of zarr's generic is its metadata version, which is all one to us
    ZarrArray = zarr.Array[Any]

Voxels = NDArray[np.generic]
Slices = tuple[slice, ...]

OPEN_ARRAYS = 64
"""Zarr arrays that one process keeps open; each holds metadata only."""


@runtime_checkable
class VoxelSource(Protocol):
    """An array that can be read box by box, in any process."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        ...

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type of what ``read`` returns, in native byte order."""
        ...

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of the boxes that are cheapest to read: those of the storage."""
        ...

    def read(self, slices: Slices) -> Voxels:
        """Return the voxels in ``slices`` (explicit start and stop, step 1) as a new array."""
        ...

    def restrict(self, slices: Slices) -> VoxelSource:
        """Return a source that is cheap to pickle and reads inside ``slices``.

        Indices stay those of the whole array. Send this to a worker, never the
        whole source: of data in memory it carries the box only.
        """
        ...


class StoredSource(ABC):
    """What all sources share whose array is opened anew, as Zarr, in each process."""

    @property
    @abstractmethod
    def _array(self) -> RustArray | ZarrArray:
        """The opened array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        return tuple(int(n) for n in self._array.shape)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type in native byte order."""
        return native_dtype(self._array.dtype)

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of a chunk (inside a shard, where the store has shards), page or tile."""
        return tuple(int(n) for n in self._array.chunks)

    def read(self, slices: Slices) -> Voxels:
        """Return the voxels in ``slices``; missing chunks read as the fill value."""
        return np.require(self.peek(slices), requirements=["C", "W"])

    def peek(self, slices: Slices) -> Voxels:
        """Return the voxels in ``slices`` to look at, not to write to: without a copy."""
        return np.ascontiguousarray(self._array[slices], dtype=self.dtype)

    def restrict(self, slices: Slices) -> Self:  # noqa: ARG002 - a location is small already
        """Return the source itself."""
        return self


def peek(source: VoxelSource, slices: Slices) -> Voxels:
    """Return voxels to look at, not to write to: without a copy where the source can do without."""
    return source.peek(slices) if isinstance(source, StoredSource) else source.read(slices)


@dataclass(frozen=True)
class ZarrSource(StoredSource):
    """An array in a Zarr store, pickled as its location.

    Parameters
    ----------
    location
        Folder or URL of the store.
    path
        Path of the array inside the store; empty for the store itself.
    storage_options
        Options for fsspec where ``location`` is a URL.

    Notes
    -----
    The array is opened on first use, once per source and process. Chunks that
    are missing read as the fill value; big-endian data become native.
    """

    location: str = field(compare=False)
    path: str = field(default="", compare=False)
    storage_options: tuple[tuple[str, object], ...] | None = field(default=None, compare=False)
    identity: str = field(default_factory=lambda: uuid.uuid4().hex, repr=False)
    """Same for all copies of one source: a store that is written anew is opened anew."""

    @property
    def _array(self) -> RustArray | ZarrArray:
        return _open_array(self)


@lru_cache(maxsize=OPEN_ARRAYS)
def _open_array(source: ZarrSource) -> RustArray | ZarrArray:
    return open_array_to_read(source.location, source.path, dict(source.storage_options or ()))


class _PartSource:
    """What the sources share that hold an array, or a part of one."""

    array: Any
    whole_shape: tuple[int, ...] | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis of the whole array."""
        return self.whole_shape or tuple(int(n) for n in self.array.shape)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Data type in native byte order."""
        return native_dtype(self.array.dtype)


@dataclass(frozen=True, eq=False)
class ArraySource(_PartSource):
    """An array in memory, or anything that is sliced like one.

    Parameters
    ----------
    array
        A numpy array, or an object with ``shape``, ``dtype`` and slicing to numpy.
    chunks
        Shape of the boxes to read.
    offset
        Index in the whole array of the first voxel of ``array``.
    whole_shape
        Shape of the whole array; None if ``array`` is the whole.
    """

    array: Voxels | ZarrArray
    chunks: tuple[int, ...]
    offset: tuple[int, ...] | None = None
    whole_shape: tuple[int, ...] | None = None

    def read(self, slices: Slices) -> Voxels:
        """Return a copy of the voxels in ``slices``."""
        local = _shift(slices, self.offset, self.array.shape)
        return np.array(self.array[local], dtype=self.dtype, order="C")

    def restrict(self, slices: Slices) -> ArraySource:
        """Return a source that holds a copy of the voxels in ``slices``."""
        starts = tuple(s.start for s in slices)
        return ArraySource(self.read(slices), self.chunks, starts, self.shape)


@dataclass(frozen=True, eq=False)
class DaskSource(_PartSource):
    """Any dask array; a read computes the few blocks that it touches.

    Parameters
    ----------
    array
        The array; it pickles if what its graph holds does.
    offset, whole_shape
        As for ``ArraySource``.
    """

    array: da.Array
    offset: tuple[int, ...] | None = None
    whole_shape: tuple[int, ...] | None = None

    @property
    def chunks(self) -> tuple[int, ...]:
        """Largest block along each axis."""
        return tuple(max(sizes) for sizes in self.array.chunks)

    def read(self, slices: Slices) -> Voxels:
        """Return the voxels in ``slices``, computed in this thread."""
        local = _shift(slices, self.offset, self.array.shape)
        block = self.array[local].compute(scheduler="synchronous")
        return np.array(block, dtype=self.dtype, order="C")

    def restrict(self, slices: Slices) -> DaskSource | ArraySource:
        """Return a source with the part of the graph that ``slices`` needs.

        Where that part holds more data in memory than the box itself, the box is
        computed here and sent instead.
        """
        import dask

        part = self.array[_shift(slices, self.offset, self.array.shape)]
        starts = tuple(s.start for s in slices)
        if _bytes_in_graph(part) > 2 * part.nbytes:
            return ArraySource(self.read(slices), self.chunks, starts, self.shape)
        (part,) = dask.optimize(part)
        return DaskSource(part, starts, self.shape)


@dataclass(frozen=True, eq=False)
class _Sliceable:
    """A source dressed as an array, as ``dask.array.from_array`` wants it."""

    source: VoxelSource

    @property
    def shape(self) -> tuple[int, ...]:
        return self.source.shape

    @property
    def ndim(self) -> int:
        return len(self.source.shape)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return self.source.dtype

    def __getitem__(self, index: tuple[slice | int, ...]) -> Voxels:
        # dask folds a following slicing into this one: integers and steps arrive here too
        boxes, rests = zip(
            *(_split_index(i, n) for i, n in zip(index, self.shape, strict=True)), strict=True
        )
        return self.source.read(boxes)[rests]


def _split_index(index: slice | int, size: int) -> tuple[slice, slice | int]:
    """Return the smallest box that holds an index, and the index inside that box."""
    if isinstance(index, slice):
        picked = range(*index.indices(size))
        if not picked:
            return slice(0, 0), slice(None)
        box = slice(min(picked[0], picked[-1]), max(picked[0], picked[-1]) + 1)
        return box, slice(None, None, picked.step)
    start = index % size
    return slice(start, start + 1), 0


def source_array(source: VoxelSource, *, chunks: tuple[int, ...] | None = None) -> da.Array:
    """Return a lazy dask array that reads from a source.

    Parameters
    ----------
    source
        Any voxel source; it is kept in the graph, where ``voxel_source`` finds it.
    chunks
        Blocks of the dask array; those of the source by default.
    """
    import dask.array as da

    return da.from_array(
        _Sliceable(source),
        chunks=chunks or source.chunks,
        name=f"voxels-{uuid.uuid4().hex}",
        meta=np.empty((0,) * len(source.shape), source.dtype),
        fancy=False,  # sources read boxes; dask picks from them
    )


def voxel_source(array: da.Array) -> VoxelSource:
    """Return what a dask array reads from.

    Parameters
    ----------
    array
        Any dask array with known chunks.

    Returns
    -------
    VoxelSource
        The very source of an array made by ``source_array``, also after a pickle
        round trip; a ``DaskSource`` for any other array, sliced or rechunked ones
        included.
    """
    # dask keeps what `from_array` was given under this key of the array's own graph
    key = f"original-{array.name}"
    layer = getattr(array.dask, "layers", {}).get(key, {})
    original = layer.get(key)
    wrapped = getattr(original, "value", original)
    if isinstance(wrapped, _Sliceable):
        return wrapped.source
    return DaskSource(array)


def native_dtype(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """Return a data type in native byte order, if images can have it.

    Booleans, integers and floats of every width are images.

    Raises
    ------
    UnsupportedDtypeError
        For complex, structured, text and object data.

    Examples
    --------
    >>> native_dtype(np.dtype(">u2")).isnative
    True
    """
    if dtype.kind not in "buif" or dtype.itemsize > 8:
        raise UnsupportedDtypeError(
            f"images hold booleans, integers or floats of at most 64 bits, got {dtype}; convert "
            "first, for example with np.abs for complex data or field by field for structured data"
        )
    return dtype.newbyteorder("=")


def zarr_source(array: ZarrArray) -> VoxelSource:
    """Return the source of a Zarr array: by location where its store has one.

    Arrays in folders and at fsspec URLs pickle as their location. Any other store
    is kept as it is; of a store in memory, tasks carry only the box they read.

    Raises
    ------
    UnsupportedDtypeError
        If images cannot have the array's data type.
    """
    from zarr.storage import FsspecStore, LocalStore

    native_dtype(array.dtype)
    store = array.store
    if isinstance(store, LocalStore):
        # workers may have another working directory
        return ZarrSource(str(store.root.absolute()), array.path)
    if isinstance(store, FsspecStore):
        url = store.fs.unstrip_protocol(store.path)
        system = getattr(store.fs, "sync_fs", store.fs)  # zarr wraps those that are not async
        return ZarrSource(url, array.path, tuple(sorted(system.storage_options.items())))
    return ArraySource(array, tuple(int(n) for n in array.chunks))


def _shift(slices: Slices, offset: Sequence[int] | None, shape: Sequence[int]) -> Slices:
    starts = (0,) * len(slices) if offset is None else tuple(offset)
    local = tuple(
        slice(s.start - start, s.stop - start) for s, start in zip(slices, starts, strict=True)
    )
    if any(s.start < 0 or s.stop > n for s, n in zip(local, shape, strict=True)):
        raise ImageError(
            f"slices {slices} reach beyond the voxels held, {tuple(shape)} from {starts}; "
            "restrict to a larger box"
        )
    return local


def _bytes_in_graph(array: da.Array) -> int:
    """Return the bytes of the numpy arrays that a dask array is computed from."""
    needed = array.dask.cull(array.__dask_keys__())
    nodes = (getattr(node, "value", node) for node in needed.values())
    return sum(node.nbytes for node in nodes if isinstance(node, np.ndarray))

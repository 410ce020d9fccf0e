"""What a worker process does: read a block, run the operation, write the result.

Imported by every worker, so it needs numpy only: no dask, no zarr-python, no
ngff-zarr, no Jupyter.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, cast

import cloudpickle
import numpy as np
from numpy.typing import NDArray

from roiwidgets.engine.claims import Claim
from roiwidgets.errors import ImageError, OperationError
from roiwidgets.images.binning import BinKind, downsample_block
from roiwidgets.images.output_arrays import OutputArray, WritableArray
from roiwidgets.images.reading import read_voxels
from roiwidgets.images.sources import Voxels, VoxelSource
from roiwidgets.regions.blocks import Block, Slices, bounding_box, relative_to


class Run(Protocol):
    """An operation, as workers call it."""

    def __call__(
        self, array: Voxels, spacing: tuple[float, ...], *, inside: Slices | None = None
    ) -> Voxels:
        """Return the result for an array, or for a box of it."""
        ...


WARM_UP_SIDE = 4


@dataclass(frozen=True, slots=True)
class SharedOperation:
    """An operation as bytes: pickled once, unpickled once per worker process.

    cloudpickle carries functions that were defined in a notebook cell, whatever
    executor transports the bytes.
    """

    payload: bytes
    digest: str

    @classmethod
    def wrap(cls, operation: object) -> SharedOperation:
        """Return the operation as bytes.

        Raises
        ------
        OperationError
            If it holds something that cannot be sent to another process.
        """
        try:
            payload = cloudpickle.dumps(operation)
        except Exception as error:
            raise OperationError(
                f"{operation} cannot be sent to worker processes ({type(error).__name__}: "
                f"{error}); let its function hold no open files, locks or viewers"
            ) from error
        return cls(payload, hashlib.sha256(payload).hexdigest())

    def load(self) -> Run:
        """Return the operation, unpickled at most once in this process."""
        return _load(self.digest, self.payload)


@lru_cache(maxsize=8)
def _load(digest: str, payload: bytes) -> Run:  # noqa: ARG001 # the digest makes the key cheap to compare
    return cast("Run", cloudpickle.loads(payload))  # made by wrap() in our own process


def warm_up(operation: SharedOperation, dtype: str, ndim: int) -> None:
    """Load what an operation needs, by running it on a few voxels of nothing."""
    operation.load()(np.zeros((WARM_UP_SIDE,) * ndim, dtype), (1.0,) * ndim)


@dataclass(frozen=True, slots=True)
class Target:
    """Where one level of a block goes.

    Parameters
    ----------
    array
        The Zarr array.
    factors
        Voxels of the block per voxel of this level, spatial axes in memory order.
    box
        Slices in the array, storage order.
    order
        For each storage axis the memory axis it comes from.
    """

    array: OutputArray
    factors: tuple[int, ...]
    box: Slices
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockInput:
    """A block of an image, and the operation that its voxels go through.

    Parameters
    ----------
    key
        Name of the task, as in the record of finished blocks.
    title
        What is done, in a few words; the dashboard of a cluster shows it.
    source
        Where voxels are read.
    block
        What is read and what is wanted of it, memory order, all axes.
    spatial
        Which axes of the array are spatial.
    spacing
        Spacing of the spatial axes.
    operation
        None leaves the voxels as they are.
    """

    key: str
    title: str
    source: VoxelSource
    block: Block
    spatial: tuple[int, ...]
    spacing: tuple[float, ...]
    operation: SharedOperation | None

    @property
    def trim(self) -> Slices:
        """What is wanted of a block with its halo, spatial axes."""
        return tuple(self.block.trim[axis] for axis in self.spatial)

    def compute(self) -> Voxels:
        """Return the operation's result on the block with its halo, spatial axes."""
        volume = self._volume(read_voxels(self.source, self.block.outer))
        return volume if self.operation is None else self.operation.load()(volume, self.spacing)

    def result(self, voxels: Voxels | None = None) -> Voxels:
        """Return the operation's result on the block without its halo, spatial axes.

        Parameters
        ----------
        voxels
            The block with its halo, if it has been read already; all axes.
        """
        if voxels is None:
            voxels = read_voxels(self.source, self.block.outer)
        volume = self._volume(voxels)
        if self.operation is None:
            return np.ascontiguousarray(volume[self.trim])
        return self.operation.load()(volume, self.spacing, inside=self.trim)

    def _volume(self, voxels: Voxels) -> Voxels:
        return voxels.reshape([voxels.shape[axis] for axis in self.spatial])


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTask(BlockInput):
    """One block of the output: what is written of it, and where.

    Parameters
    ----------
    claim
        Shows whether the promotion that made this task still owns the output.
    dtype
        Data type of the output.
    kind
        How lower levels are binned.
    targets
        Levels that this block is written to, finest first.
    """

    claim: Claim
    dtype: str
    kind: BinKind
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A block that is written, and the processor time it took."""

    key: str
    cpu_s: float


def run_blocks(tasks: tuple[BlockTask, ...]) -> list[Finished]:
    """Run blocks of one source, reading what they share once.

    Blocks that lie side by side share their halos, and often chunks of the source,
    which are decoded whole however little of them is read.

    Returns
    -------
    list of Finished
        Fewer than there are tasks if one fails that is not the first: the caller
        begins the next bundle with it, and then it raises.
    """
    finished: list[Finished] = []
    try:
        for task, voxels in _read_blocks(tasks):
            finished.append(run_block(task, voxels))
    except Exception:
        if not finished:
            raise
    return finished


def _read_blocks(tasks: tuple[BlockTask, ...]) -> Iterator[tuple[BlockTask, Voxels]]:
    """Yield blocks with their voxels; what they share is read once."""
    source = tasks[0].source
    if len(tasks) == 1 or all(_is_aligned(task.block.outer, source) for task in tasks):
        for task in tasks:  # one by one, which takes the least memory
            yield task, read_voxels(source, task.block.outer)
        return
    box = bounding_box([task.block.outer for task in tasks])
    try:
        together = read_voxels(source, box, writable=False)
    except ImageError:  # perhaps it is not the first block that cannot be read
        yield from _read_blocks(tasks[:1])
        return
    for task in tasks:
        yield task, np.array(together[relative_to(task.block.outer, box)], order="C")


def _is_aligned(box: Slices, source: VoxelSource) -> bool:
    """Tell whether a box is made of whole chunks."""
    return all(
        side.start % chunk == 0 and (side.stop % chunk == 0 or side.stop == size)
        for side, chunk, size in zip(box, source.chunks, source.shape, strict=True)
    )


def run_block(task: BlockTask, voxels: Voxels) -> Finished:
    """Run the operation on a block with its halo, write the result to each level, record it."""
    started = time.process_time()
    result = task.result(voxels).astype(task.dtype, copy=False)
    factors = (1,) * result.ndim
    task.claim.check()
    for target in task.targets:
        step = tuple(now // before for now, before in zip(target.factors, factors, strict=True))
        result = downsample_block(result, step, kind=task.kind) if max(step) > 1 else result
        factors = target.factors
        _write(target, result, task)
    task.claim.note(task.key)
    return Finished(task.key, time.process_time() - started)


def _write(target: Target, result: Voxels, task: BlockTask) -> None:
    shape = [1] * len(task.block.inner)
    for axis, size in zip(task.spatial, result.shape, strict=True):
        shape[axis] = size
    stored = result.reshape(shape).transpose(target.order)
    _open_for_writing(target.array, os.getpid()).write_whole_chunks(target.box, stored)


@lru_cache(maxsize=16)
def _open_for_writing(
    array: OutputArray,
    process: int,  # noqa: ARG001 # part of the key of the cache
) -> WritableArray:
    """Return an array of the output, opened once per process; each promotion has its own."""
    return array.open_to_write()


@dataclass(frozen=True, slots=True)
class SharedArray:
    """An array in a file that several processes map into memory."""

    path: str
    shape: tuple[int, ...]
    dtype: str

    def create(self) -> NDArray[np.generic]:
        """Make the file, filled with zeros, and map it."""
        return np.lib.format.open_memmap(self.path, "w+", np.dtype(self.dtype), self.shape)

    def open(self, *, writable: bool = False) -> NDArray[np.generic]:
        """Map the file."""
        return np.lib.format.open_memmap(self.path, "r+" if writable else "r")


def copy_into(source: VoxelSource, box: Slices, target: SharedArray) -> None:
    """Read a box of a source into a shared array, without its axes of length 1."""
    voxels = source.read(box)
    target.open(writable=True)[...] = voxels.reshape(target.shape)


def run_shared(
    operation: SharedOperation,
    given: SharedArray,
    block: Block,
    spacing: tuple[float, ...],
    result: SharedArray,
    where: Slices,
) -> float:
    """Run an operation on a block of a shared array; return the seconds it took.

    Parameters
    ----------
    operation
        What is run.
    given, block
        Input, and the block to read there.
    spacing
        Spacing along the axes of the block.
    result, where
        Output, and where the block goes there.
    """
    started = time.perf_counter()
    voxels = np.ascontiguousarray(given.open()[block.outer])
    output = operation.load()(voxels, spacing, inside=block.trim)
    result.open(writable=True)[where] = output
    return time.perf_counter() - started

"""What a worker process does: read a block, run the operation, write the result.

Imported by every worker, so it needs numpy and zarr only: no dask, no ngff-zarr,
no Jupyter.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import cloudpickle
import numpy as np
import zarr
from numpy.typing import NDArray

from roiwidgets.errors import OperationError, PromotionError
from roiwidgets.images.pyramid import BinKind, downsample_block
from roiwidgets.images.sources import Voxels, VoxelSource
from roiwidgets.regions.blocks import Block, Slices

Run = Callable[[Voxels, tuple[float, ...]], Voxels]

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
class Claim:
    """A promotion's right to write to an output, until another one begins there.

    A task may outlive the promotion that made it: its process may be killed while
    workers go on. What such a task would write must not mix with a later run.

    Parameters
    ----------
    path
        File that holds the token of the newest promotion.
    token
        Token of this one.
    """

    path: str
    token: str

    def check(self) -> None:
        """Raise a ``PromotionError`` unless this promotion is the newest."""
        try:
            found = Path(self.path).read_text(encoding="ascii")
        except FileNotFoundError:
            found = ""
        if found != self.token:
            raise PromotionError(
                f"another promotion has begun to write to {Path(self.path).parent}; run one at a "
                "time for each output"
            )


@dataclass(frozen=True, slots=True)
class Target:
    """Where one level of a block goes.

    Parameters
    ----------
    location
        Folder of the Zarr array.
    factors
        Voxels of the block per voxel of this level, spatial axes in memory order.
    box
        Slices in the array, storage order.
    order
        For each storage axis the memory axis it comes from.
    """

    location: str
    factors: tuple[int, ...]
    box: Slices
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BlockTask:
    """One block of the output: all that a worker needs to know.

    Parameters
    ----------
    key
        Name in the record of finished blocks.
    claim
        Shows whether the promotion that made this task still owns the output.
    source
        Where voxels are read.
    block
        What is read and written, memory order, all axes.
    spatial
        Which axes of the array are spatial.
    spacing
        Spacing of the spatial axes.
    operation
        None copies the voxels.
    dtype
        Data type of the output.
    kind
        How lower levels are binned.
    targets
        Levels that this block is written to, finest first.
    """

    key: str
    claim: Claim
    source: VoxelSource
    block: Block
    spatial: tuple[int, ...]
    spacing: tuple[float, ...]
    operation: SharedOperation | None
    dtype: str
    kind: BinKind
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """A block that is written, and the processor time it took."""

    key: str
    cpu_s: float


def run_block(task: BlockTask) -> Finished:
    """Read a block with its halo, run the operation, write the result to each level."""
    started = time.process_time()
    voxels = task.source.read(task.block.outer)
    shape = tuple(voxels.shape[axis] for axis in task.spatial)
    trim = tuple(task.block.trim[axis] for axis in task.spatial)
    result = voxels.reshape(shape)
    if task.operation is not None:
        result = task.operation.load()(result, task.spacing)
    result = np.ascontiguousarray(result[trim]).astype(task.dtype, copy=False)
    factors = (1,) * len(shape)
    task.claim.check()
    for target in task.targets:
        step = tuple(now // before for now, before in zip(target.factors, factors, strict=True))
        result = downsample_block(result, step, kind=task.kind) if max(step) > 1 else result
        factors = target.factors
        _write(target, result, task)
    return Finished(task.key, time.process_time() - started)


def _write(target: Target, result: Voxels, task: BlockTask) -> None:
    shape = [1] * len(task.block.inner)
    for axis, size in zip(task.spatial, result.shape, strict=True):
        shape[axis] = size
    stored = result.reshape(shape).transpose(target.order)
    _open_for_writing(target.location, task.claim.token, os.getpid())[target.box] = stored


@lru_cache(maxsize=16)
def _open_for_writing(
    location: str,
    token: str,  # noqa: ARG001 # part of the key of the cache
    process: int,  # noqa: ARG001 # part of the key of the cache
) -> zarr.Array:  # type: ignore[type-arg] # version 2 or 3, all one here
    """Return an array of the output, opened once per promotion and process.

    A later promotion to the same path may have another shape and data type.
    """
    return zarr.open_array(location, mode="r+")


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
    output = operation.load()(voxels, spacing)
    result.open(writable=True)[where] = output[block.trim]
    return time.perf_counter() - started

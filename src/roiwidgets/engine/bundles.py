"""Which blocks go to a worker together.

Side by side, blocks share halos and chunks of the source, which are then read once
instead of once for each block: a gradient of 512^3 voxels, with 128^3 chunks and blocks,
takes 8 % less processor time than block by block. Bundles stay short in time, so that
progress and cancelling stay prompt, and become smaller towards the end, so that no worker
waits long for another.

On a cluster each block is a task of its own: its dashboard shows them, and tries them again,
one by one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from roiwidgets.engine.worker import BlockTask, Finished
from roiwidgets.regions.blocks import bounding_box, shape_of

LONGEST_S = 2.0
"""CPU seconds that a bundle of more than one block may take."""

SHORTEST_S = 0.4
"""CPU seconds that a bundle takes towards the end as well: nobody waits long for that."""

LARGEST_BYTES = 8 * 2**20
"""Of the voxels that a bundle of more than one block reads; a worker holds them all along.

Larger bundles gain nothing that can be measured: 12 MiB took the same time and 10 MB more.
"""

SIDE = 2
"""Blocks along each spatial axis of a bundle."""


class Bundles:
    """The blocks that wait, handed out in bundles.

    Parameters
    ----------
    tasks
        Blocks of one pass, in any order.
    workers
        How many run at once.
    largest
        Blocks of a bundle at most, >= 1.
    """

    def __init__(
        self, tasks: Sequence[BlockTask], workers: int, *, largest: float = math.inf
    ) -> None:
        groups = _groups(tasks)
        self._waiting = deque(sorted(tasks, key=lambda task: (groups[task.key], task.key)))
        self._groups = groups
        self._workers, self._largest = workers, largest
        self._seconds, self._finished = 0.0, 0

    def take(self) -> tuple[BlockTask, ...]:
        """Return the next bundle; empty if no block waits.

        The first bundles are single blocks, until one has told how long it takes.
        """
        bundle: list[BlockTask] = []
        most = self._most()
        while self._waiting and len(bundle) < most:
            task = self._waiting[0]
            if bundle and not self._fits(task, bundle):
                break
            bundle.append(self._waiting.popleft())
        return tuple(bundle)

    def give_back(self, tasks: Sequence[BlockTask]) -> None:
        """Let blocks wait again, before all others."""
        self._waiting.extendleft(reversed(tasks))

    def learn(self, finished: Sequence[Finished]) -> None:
        """Take note of how long blocks took."""
        self._seconds += sum(block.cpu_s for block in finished)
        self._finished += len(finished)

    def _most(self) -> int:
        if not self._finished:
            return 1
        each = self._seconds / self._finished
        if not each:
            return int(min(len(self._waiting), self._largest))
        in_time, at_once = LONGEST_S / each, SHORTEST_S / each
        # twice as many bundles as workers are left, at least, so that all end together
        most = max(at_once, min(in_time, len(self._waiting) // (2 * self._workers)))
        return int(max(1, min(most, self._largest)))

    def _fits(self, task: BlockTask, bundle: list[BlockTask]) -> bool:
        first = bundle[0]
        if task.source is not first.source or task.operation is not first.operation:
            return False  # passes may give each block a source of its own
        if self._groups[task.key] != self._groups[first.key]:
            return False
        box = bounding_box([task.block.outer, *(other.block.outer for other in bundle)])
        return math.prod(shape_of(box)) * task.source.dtype.itemsize <= LARGEST_BYTES


def _groups(tasks: Sequence[BlockTask]) -> dict[str, tuple[int, ...]]:
    """Return for each block's key which group of neighbours it belongs to."""
    if not tasks:
        return {}
    starts = [sorted(set(column)) for column in zip(*(t.block.start for t in tasks), strict=True)]
    ranks = [{start: rank for rank, start in enumerate(column)} for column in starts]
    spatial = tasks[0].spatial
    return {
        task.key: tuple(
            ranks[axis][start] // (SIDE if axis in spatial else 1)
            for axis, start in enumerate(task.block.start)
        )
        for task in tasks
    }

"""What a promotion takes of a machine: time, memory, disk, and whether there is enough."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

import loky
import numpy as np
import psutil

from roiwidgets.engine.block_layout import BlockLayout

CGROUP = Path("/sys/fs/cgroup")
"""Where Linux says what a container may use; psutil tells of the whole machine only."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine offers now.

    Parameters
    ----------
    workers
        Processes that compute at once.
    memory_bytes
        Memory that can be had without swapping.
    disk_bytes
        Free space where the output will stand; None where nobody knows.
    """

    workers: int
    memory_bytes: int
    disk_bytes: int | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a promotion takes.

    Parameters
    ----------
    read_voxels
        Voxels that are read and computed, halos included.
    blocks
        How many blocks they come in.
    block_bytes
        Working memory of one worker.
    output_bytes
        Size of all scales before compression.
    machine
        Where it would run.
    voxels_per_s
        Voxels that one worker computes in a second; None if nobody measured it.
    is_lower_bound
        Whether it was measured on a coarser scale, where an operation reaches over
        fewer voxels, or in one pass where there will be several.
    """

    read_voxels: int
    blocks: int
    block_bytes: int
    output_bytes: int
    machine: Machine
    voxels_per_s: float | None = None
    is_lower_bound: bool = False

    @classmethod
    def of(
        cls,
        layout: BlockLayout,
        given: np.dtype[np.generic],
        returned: np.dtype[np.generic],
        machine: Machine,
        *,
        voxels_per_s: float | None = None,
        is_lower_bound: bool = False,
    ) -> Cost:
        """Return what an output of some layout costs.

        Parameters
        ----------
        layout
            Blocks of the output.
        given, returned
            Data types of the image and of the result.
        machine, voxels_per_s, is_lower_bound
            As for the class.
        """
        itemsize = given.itemsize + 4 + 2 * returned.itemsize  # input, a float copy, and output
        return cls(
            read_voxels=round(math.prod(layout.grid.shape) * layout.halo_overhead),
            blocks=layout.blocks,
            block_bytes=layout.outer_voxels * itemsize,
            output_bytes=layout.voxels * returned.itemsize,
            machine=machine,
            voxels_per_s=voxels_per_s,
            is_lower_bound=is_lower_bound,
        )

    @property
    def workers(self) -> int:
        """Workers that have something to do."""
        return min(self.machine.workers, max(1, self.blocks))

    @property
    def seconds(self) -> float | None:
        """Time it takes, by the measured speed; None without one."""
        if not self.voxels_per_s:
            return None
        return self.read_voxels / self.voxels_per_s / self.workers

    @property
    def time_text(self) -> str:
        """The time in words; empty where it is not known."""
        if self.seconds is None:
            return ""
        how = "at least" if self.is_lower_bound else "about"
        return f"{how} {duration(self.seconds)} on {_workers(self.workers)}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What there is too little of, in words."""
        found = []
        needed = self.block_bytes * self.workers
        if self.block_bytes > self.machine.memory_bytes:
            found.append(
                f"one block needs about {mebibytes(self.block_bytes)} of memory, "
                f"{mebibytes(self.machine.memory_bytes)} are available; take smaller chunks"
            )
        elif needed > self.machine.memory_bytes:
            found.append(
                f"{_workers(self.workers)} need about {mebibytes(needed)} of memory, "
                f"{mebibytes(self.machine.memory_bytes)} are available; take fewer workers"
            )
        free = self.machine.disk_bytes
        if free is not None and self.output_bytes > free:
            found.append(
                f"the output may need {mebibytes(self.output_bytes)}, the disk has "
                f"{mebibytes(free)} free; compressed it may still fit"
            )
        return tuple(found)

    def summary(self) -> str:
        """Return time and disk in a few words."""
        disk = f"at most {mebibytes(self.output_bytes)} on disk"
        return f"{self.time_text}, {disk}" if self.time_text else disk


def machine_for(folder: Path | None, *, workers: int | None = None) -> Machine:
    """Return what this machine offers for an output in a folder.

    Parameters
    ----------
    folder
        Folder of the output; while it does not exist, the one above it. None if it is on
        no disk of this machine.
    workers
        Processes that will compute; all processors by default.
    """
    return Machine(
        workers=workers or loky.cpu_count(),
        memory_bytes=available_memory(),
        disk_bytes=None if folder is None else _free_bytes(folder),
    )


def _free_bytes(folder: Path) -> int:
    there = next(above for above in (folder, *folder.parents) if above.is_dir())
    return shutil.disk_usage(there).free


def available_memory(cgroup: Path = CGROUP) -> int:
    """Return the bytes that this process may still take, in a container as well.

    Parameters
    ----------
    cgroup
        Folder of the container's limits, version 2.
    """
    machine = int(psutil.virtual_memory().available)
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return machine
    # files that were read stay in memory only as long as nobody needs it
    return max(0, min(machine, limit - used + int(stat.get("inactive_file", 0))))


def duration(seconds: float) -> str:
    """Return a time for people; no time is none at all.

    Examples
    --------
    >>> [duration(seconds) for seconds in (0.01, 0.25, 59, 75, 4000, 400000)]
    ['0.1 s', '0.2 s', '59.0 s', '1 min 15 s', '1 h 6 min', '111 h 6 min']
    """
    if seconds < 60:
        return f"{max(seconds, 0.1):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min"


def mebibytes(size: int) -> str:
    """Return a size for people."""
    return f"{size / 2**20:,.0f} MiB"


def _workers(count: int) -> str:
    return f"{count} worker{'s' if count > 1 else ''}"

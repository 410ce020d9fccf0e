"""What a command costs, with all processes it starts: CPU seconds, wall seconds, memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SAMPLE_S = 0.05


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took.

    Parameters
    ----------
    cpu_s
        User and system seconds of the process and all its descendants.
    wall_s
        Seconds from start to end.
    peak_mb
        Largest proportional set size (PSS) of all of them at one time, in MB: memory
        that processes share is counted once.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float


def measure(command: Sequence[str], **options: str) -> Cost:
    """Run a command to its end and return what it cost; Linux only.

    Parameters
    ----------
    command
        Program and arguments.
    **options
        Environment variables that are set for it.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **options})
    watch = _Watch(process.pid)
    sampler = threading.Thread(target=watch.run, daemon=True)
    sampler.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    watch.ended.set()
    sampler.join()
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), list(command))
    # the kernel's sum misses descendants that nobody waited for, samples miss the last moment
    # of each process and what lived between two of them: the larger one is nearer to the truth
    waited_for = usage.ru_utime + usage.ru_stime
    return Cost(max(waited_for, sum(watch.cpu_s.values())), wall, watch.peak_mb)


@dataclass
class _Watch:
    """Samples a process and its descendants until it is told to end."""

    pid: int
    peak_mb: float = 0.0
    cpu_s: dict[int, float] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ended.wait(SAMPLE_S):
            try:
                root = psutil.Process(self.pid)
                members = [root, *root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.peak_mb = max(self.peak_mb, sum(_pss_mb(member.pid) for member in members))
            for member in members:
                self._note_cpu(member)

    def _note_cpu(self, member: psutil.Process) -> None:
        try:
            times = member.cpu_times()
        except psutil.NoSuchProcess:
            return
        self.cpu_s[member.pid] = times.user + times.system


def _pss_mb(pid: int) -> float:
    """Return the proportional set size of a process; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it has just ended
        return 0.0
    found = [line for line in lines if line.startswith("Pss:")]
    return int(found[0].split()[1]) * 1024 / 1e6 if found else 0.0

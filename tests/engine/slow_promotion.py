"""A promotion in a process of its own, slow enough to be killed in the middle.

    CALLS=FILE WAIT_S=0.04 python -m tests.engine.slow_promotion OUTPUT KIND [overwrite]

Every call of the operation adds a byte to the file: that tells what was computed. Used by
``test_kills.py`` and ``benchmarks/faults.py``.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import roiwidgets as rw
from tests.engine.phantoms import Voxels, image_of

ROOT = Path(__file__).parents[2]
SHAPE = (50, 70, 85)
CHUNK = 8
BLOCK = 16
"""Voxels along a side of a block: as the engine chooses for these chunks."""

KINDS = ("local", "old format", "passes")


def voxels() -> Voxels:
    """Return what is promoted: odd sides, so that chunks reach beyond the end."""
    return np.random.default_rng(0).integers(0, 200, SHAPE, dtype=np.uint8)


def slow(array: Voxels) -> Voxels:
    """Return half of each voxel, after a while."""
    descriptor = os.open(os.environ["CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b".")
    os.close(descriptor)
    time.sleep(float(os.environ["WAIT_S"]))
    return array // 2


def operation_of(kind: str) -> rw.operations.Pipeline:
    """Return the operation of a kind; as if its halo were proven, so that nothing checks it."""
    first = dataclasses.replace(rw.operation(slow, halo=0), origin="catalogue")
    if kind == "passes":
        return first | rw.operations.otsu_threshold() | rw.operations.connected_components()
    return first | rw.operations.median(1)


def start(
    output: Path, kind: str, calls: Path, wait_s: float, *, overwrite: bool = False
) -> subprocess.Popen[str]:
    """Start it as the leader of a process group, which its workers belong to."""
    paths = (ROOT / "src", ROOT)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engine.slow_promotion", str(output), kind,
         *(["overwrite"] if overwrite else [])],
        env={
            **os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "CALLS": str(calls),
            "WAIT_S": str(wait_s),
        },
        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def count(calls: Path) -> int:
    """Return how often the operation was called, and begin to count anew."""
    number = calls.stat().st_size if calls.exists() else 0
    calls.unlink(missing_ok=True)
    return number


if __name__ == "__main__":
    # recipes name the module of a function: the same in each process
    from tests.engine.slow_promotion import operation_of, voxels

    output, kind, *rest = sys.argv[1:]
    rw.promote(
        image_of(voxels()), operation_of(kind), output, chunks=CHUNK, workers=2, progress=False,
        version="0.4" if kind == "old format" else "0.5", overwrite=bool(rest),
    )  # fmt: skip

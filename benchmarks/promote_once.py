"""Promote one filter of the benchmark, alone in its process.

python benchmarks/promote_once.py FILTER SOURCE OUTPUT WORKERS
"""

from __future__ import annotations

import sys

import roiwidgets as rw

OPERATIONS = {
    "identity": lambda: rw.operations.identity(),
    "threshold": lambda: rw.operations.threshold(lower=60, upper=170),
    "gradient_magnitude": lambda: rw.operations.gradient_magnitude(),
    "median": lambda: rw.operations.median(radius=2),
    "bilateral": lambda: rw.operations.bilateral(domain_sigma=1.1, range_sigma=30.0),
}
"""The filters of ``notebook_recipe``; made when they are asked for, as importing costs."""


def load() -> None:
    """Import what is imported when it is first used."""
    assert callable(rw.promote)


def main(name: str, source: str, output: str, workers: str) -> None:
    rw.promote(source, OPERATIONS[name](), output, workers=int(workers), progress=False)


if __name__ == "__main__":
    main(*sys.argv[1:])

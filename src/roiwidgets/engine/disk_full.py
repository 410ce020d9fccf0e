"""A disk that is full: recognized however it was wrapped, told with the bytes that count."""

from __future__ import annotations

import errno
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

from roiwidgets.engine.output_store import OutputStore, finished_blocks
from roiwidgets.engine.plan import Plan
from roiwidgets.errors import PromotionError

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says of a full disk, and of a user's share of it that is used up."""


def raise_if_disk_full(error: BaseException, checked: Plan, store: OutputStore) -> None:
    """Raise one clear ``PromotionError`` if a full disk is what an error comes from."""
    if any(isinstance(cause, OSError) and cause.errno in FULL for cause in _causes(error)):
        raise PromotionError(_text(checked, store)) from error


def _text(checked: Plan, store: OutputStore) -> str:
    finished = finished_blocks(store.partial) or set()
    done = sum(key.startswith("0:") for key in finished) / checked.blocks
    free = shutil.disk_usage(store.path.parent).free
    return (
        f"the disk of {store.path} is full: {_mebibytes(free)} are free, what is missing of the "
        f"image needs about {_mebibytes(_needed(checked, store.data, done))}; {done:.0%} of its "
        f"blocks are finished and kept in {store.partial}. Free some space, and the same call goes "
        "on from there"
    )


def _needed(checked: Plan, data: Path, done: float) -> int:
    """Return the bytes that blocks will take that are not finished, by what the others took."""
    files = (file for file in data.rglob("*") if file.is_file())
    stored = sum(file.stat().st_size for file in files) if done else 0
    return math.ceil(stored / done * (1 - done)) if stored else checked.output_bytes


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

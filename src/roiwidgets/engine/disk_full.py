"""A disk that is full: recognized however it was wrapped, told with the bytes that count."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterator

from roiwidgets.engine.outputs import DiskUse, Output
from roiwidgets.engine.plan import Plan
from roiwidgets.errors import PromotionError

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says of a full disk, and of a user's share of it that is used up."""


def raise_if_disk_full(error: BaseException, checked: Plan, store: Output) -> None:
    """Raise one clear ``PromotionError`` if a full disk is what an error comes from."""
    if not any(isinstance(cause, OSError) and cause.errno in FULL for cause in _causes(error)):
        return
    use = store.disk_use()
    if use is not None:
        raise PromotionError(_text(checked, store, use)) from error


def _text(checked: Plan, store: Output, use: DiskUse) -> str:
    finished = store.claim.record.noted()
    done = sum(key.startswith("0:") for key in finished) / checked.blocks
    return (
        f"the disk of {store.path} is full: {_mebibytes(use.free)} are free, what is missing of "
        f"the image needs about {_mebibytes(_needed(checked, use.taken, done))}; {done:.0%} of its "
        f"blocks are finished and kept in {store.partial}. Free some space, and the same call goes "
        "on from there"
    )


def _needed(checked: Plan, taken: int, done: float) -> int:
    """Return the bytes that blocks will take that are not finished, by what the others took."""
    return math.ceil(taken / done * (1 - done)) if done and taken else checked.output_bytes


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__

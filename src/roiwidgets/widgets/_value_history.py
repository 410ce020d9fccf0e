"""The values that were tuned, so that changes can be taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

MERGE_S = 0.7
"""Moves of one control that follow each other within this time are one step: a drag."""

Values = dict[str, object]


class ValueHistory:
    """The values that were tuned, in the order they were, and where in it one is.

    Parameters
    ----------
    values
        Values at the start, by name of the parameter.
    clock
        Seconds that only grow.
    """

    def __init__(
        self, values: Mapping[str, object], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._steps: list[Values] = [dict(values)]
        self._at = 0
        self._clock = clock
        self._moved: tuple[str, float] | None = None

    @property
    def first(self) -> Values:
        """Values at the start."""
        return dict(self._steps[0])

    @property
    def can_undo(self) -> bool:
        """Whether there is a step before."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether a step was taken back."""
        return self._at < len(self._steps) - 1

    def note(self, values: Mapping[str, object]) -> None:
        """Take newly tuned values as a step, or as part of the drag that is going on."""
        now = dict(values)
        current = self._steps[self._at]
        changed = [name for name, value in now.items() if current.get(name) != value]
        if not changed:
            return
        del self._steps[self._at + 1 :]
        if self._is_drag(changed):
            self._steps[self._at] = now
        else:
            self._steps.append(now)
            self._at += 1
        is_moved = len(changed) == 1 and isinstance(now[changed[0]], int | float)
        self._moved = (changed[0], self._clock()) if is_moved else None

    def undo(self) -> Values | None:
        """Return the values before the last step; None if there is none."""
        return self._go(-1) if self.can_undo else None

    def redo(self) -> Values | None:
        """Return the values that were taken back last; None if there are none."""
        return self._go(1) if self.can_redo else None

    def _go(self, step: int) -> Values:
        self._at += step
        self._moved = None
        return dict(self._steps[self._at])

    def _is_drag(self, changed: list[str]) -> bool:
        if self._moved is None or len(changed) != 1:
            return False
        name, moved_at = self._moved
        return changed[0] == name and self._clock() - moved_at < MERGE_S

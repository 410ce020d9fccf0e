"""Arguments that are counts."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from roiwidgets.errors import ParameterError


def whole_number(name: str, value: object, lowest: int, highest: int | None = None) -> int:
    """Return an integer within bounds, both included.

    Raises
    ------
    ParameterError
        If it is another number, or none; booleans are none.

    Examples
    --------
    >>> whole_number("lag", 3, 0, 5)
    3
    """
    bounds = f"from {lowest} on" if highest is None else f"from {lowest} to {highest}"
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        number = operator.index(value)
        if number >= lowest and (highest is None or number <= highest):
            return number
    raise ParameterError(f"{name} must be an integer {bounds}, got {value!r}")

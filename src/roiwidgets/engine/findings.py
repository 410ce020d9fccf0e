"""What a validation says about an image, one sentence for each thing that was checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked; only a ``problem`` makes an image invalid."""

    verdict: Verdict
    text: str


def one_line(text: str) -> str:
    """Return a text, such as a foreign error's, without its line breaks."""
    return " ".join(text.split())

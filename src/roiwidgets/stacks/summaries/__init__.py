"""What a movie looks like over all its frames, in one pass over them.

``one_pass`` runs it; an ``Accumulator`` gathers ``extremes`` and ``moments`` from blocks of
frames; what was found is kept by ``summary_cache`` and ``stored_summaries``.
"""

from __future__ import annotations

from roiwidgets.stacks.summaries.one_pass import PartialSummaries, iter_summaries, summaries
from roiwidgets.stacks.summaries.summary_result import PICTURES, VIEWS, Summaries

__all__ = ["PICTURES", "VIEWS", "PartialSummaries", "Summaries", "iter_summaries", "summaries"]

"""Movies, deep stacks and series: many frames, few pixels.

One package by theme: ``summaries``, ``traces``, ``collections``, ``series``. What they share
and how a movie is written lie beside them.
"""

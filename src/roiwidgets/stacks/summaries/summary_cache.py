"""Summaries that were made before: in the user's cache folder, or beside a stack of ours."""

from __future__ import annotations

import os
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pooch

from roiwidgets.stacks.movie import Movie
from roiwidgets.stacks.source_key import source_key
from roiwidgets.stacks.summaries.stored_summaries import read_stored
from roiwidgets.stacks.summaries.summary_result import Summaries, summaries_of

KEPT = 64
"""Movies whose summaries are kept; those used longest ago go first."""

FORMAT = "1"
"""Changes whenever summaries would be others than before."""


class SummaryCache:
    """Where the summaries of one movie are looked for, and kept.

    Parameters
    ----------
    movie
        Kept are only those of a movie in a folder or TIFF file of this machine. Its files are
        listed here and again before anything is kept: a movie that changed meanwhile is not.
    """

    def __init__(self, movie: Movie) -> None:
        self._movie = movie
        self._key = source_key(movie)

    @property
    def _file(self) -> Path:
        return Path(pooch.os_cache("roiwidgets")) / "summaries" / f"{FORMAT}-{self._key}.npz"

    def load(self) -> Summaries | None:
        """Return what is known of the movie as it is now; None if nothing is."""
        if self._key is None:
            return None
        known = self._from_file()
        if known is not None:
            return known
        stored = read_stored(self._movie)
        if stored is not None and not stored.is_untouched:
            self.save(stored.summaries)  # a copied stack: its voxels need not be summed twice
        return None if stored is None else stored.summaries

    def _from_file(self) -> Summaries | None:
        try:
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                known = summaries_of(self._movie, dict(arrays))
            os.utime(self._file)
        except (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile):
            return None  # not there, or damaged: made anew
        return known

    def save(self, found: Summaries) -> None:
        """Keep summaries for the next time; a file appears only when it is complete."""
        if self._key is None or source_key(self._movie) != self._key:
            return
        try:
            self._write(found)
        except OSError as error:
            warnings.warn(
                f"the summaries cannot be kept in {self._file.parent} ({error.strerror}); make "
                "room there, name another folder in XDG_CACHE_HOME, or pass cache=False",
                stacklevel=3,
            )

    def _write(self, found: Summaries) -> None:
        folder = self._file.parent
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".new")
        scratch = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, **found.arrays())  # type: ignore[arg-type] # arrays by name
            scratch.replace(self._file)
        finally:
            scratch.unlink(missing_ok=True)
        files = sorted(folder.glob("*.npz"), key=_last_used)
        for old in files[:-KEPT]:
            old.unlink(missing_ok=True)


def _last_used(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # another process has just removed it
        return 0.0

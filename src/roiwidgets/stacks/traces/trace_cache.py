"""Traces of a changing set of regions: computed step by step, each once."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roiwidgets.errors import ParameterError, RegionError
from roiwidgets.images.grid import FloatArray
from roiwidgets.regions.annotations import Annotation, check_annotations
from roiwidgets.regions.footprints import footprint
from roiwidgets.stacks.movie import Movie, open_movie
from roiwidgets.stacks.traces.trace_reading import (
    STATISTICS,
    STEP_BYTES,
    Part,
    Statistic,
    Tile,
    bytes_per_frame,
    parts_by_tile,
    read_totals,
)

if TYPE_CHECKING:
    import xarray

Weights = ArrayLike | Mapping[str, ArrayLike]


@dataclass(frozen=True, slots=True)
class TraceStep:
    """What one step has found: a piece of each curve that it worked on.

    Parameters
    ----------
    frames
        Start and stop.
    ids
        Annotations whose traces have grown, in the order they were given.
    values
        Float64, shape (ids, frames of this step).
    finished
        Those of ``ids`` whose trace is now complete.
    done
        Share of all traces that is known, 0 to 1.
    """

    frames: slice
    ids: tuple[str, ...]
    values: FloatArray
    finished: tuple[str, ...]
    done: float


class _Curve:
    """The trace of one geometry, as far as it is known.

    Parameters
    ----------
    parts
        Its pixels, by columns of chunks.
    divisor
        What totals are divided by.
    values
        One per frame; NaN where not known.
    known
        One per span of frames.
    """

    __slots__ = ("divisor", "known", "parts", "pixels", "values")

    def __init__(
        self, parts: dict[Tile, Part], pixels: int, divisor: float, frames: int, spans: int
    ) -> None:
        self.parts = parts
        self.pixels = pixels
        self.divisor = divisor
        self.values: FloatArray = np.full(frames, np.nan)
        self.known: NDArray[np.bool_] = np.zeros(spans, bool)


_Key = tuple[object, ...]


class TraceCache:
    """Traces of a changing set of annotations; only what has changed is computed.

    Parameters
    ----------
    movie
        Anything that ``open_movie`` takes.
    statistic, weights
        As for ``traces``.

    Raises
    ------
    ParameterError
        If the statistic is unknown or the weights do not fit.

    Notes
    -----
    A trace is known by its geometry: a new name or color costs nothing. All pending
    traces share the steps of a pass; one that is added joins at the next step and gets the
    frames that it missed afterwards. Nothing that was computed is lost when a pass is
    left between two steps. ``update`` may be called from another thread while steps run;
    only one thread at a time takes steps.

    Examples
    --------
    >>> cache = TraceCache(np.arange(24, dtype=np.uint8).reshape(2, 2, 6))
    >>> cache.update([Annotation("box", [(0, 0), (1, 1)], id="a")])
    >>> [step.done for step in cache.steps()]
    [1.0]
    >>> cache.trace("a")
    array([ 3.5, 15.5])
    """

    def __init__(
        self, movie: object, *, statistic: Statistic = "mean", weights: Weights | None = None
    ) -> None:
        if statistic not in STATISTICS:
            raise ParameterError(
                f"statistic is one of {', '.join(STATISTICS)}, got {statistic!r:.80}"
            )
        if statistic == "max" and weights is not None:
            raise ParameterError("a maximum has no weights; use statistic 'mean' or 'sum'")
        self.movie: Movie = open_movie(movie)
        self.statistic: Statistic = statistic
        self._weights = _checked_weights(weights, self.movie)
        self._span = self.movie.chunks[0]
        self._spans = -(-self.movie.shape[0] // self._span)
        self._lock = threading.Lock()
        self._annotations: dict[str, Annotation] = {}
        self._curves: dict[_Key, _Curve] = {}
        self._cursor = 0

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """The current set, in the order it was given."""
        return tuple(self._annotations.values())

    @property
    def pending(self) -> tuple[str, ...]:
        """Ids of annotations whose trace is not complete."""
        with self._lock:
            current = self._annotations.values()
            return tuple(a.id for a in current if not self._curve(a).known.all())

    @property
    def empty(self) -> tuple[str, ...]:
        """Ids of annotations that hold no pixel."""
        with self._lock:
            return tuple(a.id for a in self._annotations.values() if not self._curve(a).pixels)

    def update(self, annotations: Iterable[Annotation] | Annotation | list[object]) -> None:
        """State which annotations are wanted from now on; compute nothing yet.

        Parameters
        ----------
        annotations
            The whole set: ``Annotation`` objects, or their JSON as it comes from a browser.
            Traces of geometries that are no longer in it are dropped.

        Raises
        ------
        RegionError
            If one is malformed or two have the same id; the set is then as before.
        ParameterError
            If the weights of one sum to 0 over its pixels.
        """
        wanted = check_annotations(annotations)
        old = self._curves
        curves: dict[_Key, _Curve] = {}
        for annotation in wanted:
            key = self._key(annotation)
            curves[key] = curves.get(key) or old.get(key) or self._new_curve(annotation)
        with self._lock:
            self._annotations = {annotation.id: annotation for annotation in wanted}
            self._curves = curves

    def trace(self, annotation_id: str) -> FloatArray:
        """Return a copy of one trace: float64, one value per frame, NaN where not known yet.

        Raises
        ------
        RegionError
            If the current set has no such annotation.
        """
        with self._lock:
            annotation = self._annotations.get(annotation_id)
            if annotation is None:
                raise RegionError(
                    f"no annotation has the id {annotation_id!r}; there are "
                    f"{list(self._annotations)!r:.200}"
                )
            return self._curve(annotation).values.copy()

    def steps(self) -> Iterator[TraceStep]:
        """Compute pending traces step by step, in one pass that they share.

        Yields
        ------
        TraceStep
            About 32 MB of stored chunks each, or one chunk in time where that is more. Stop
            iterating to cancel; iterate anew to go on with what is left.
        """
        while (job := self._next_job()) is not None:
            spans, curves = job
            frames = slice(spans.start * self._span, min(spans.stop * self._span, self._frames))
            totals = read_totals(
                self.movie, frames, [curve.parts for curve in curves], self.statistic
            )
            if (step := self._keep(spans, frames, curves, totals)) is not None:
                yield step

    def as_array(self) -> xarray.DataArray:
        """Return all traces as ``roiwidgets.traces`` does, NaN where not known yet."""
        import xarray  # 1.4 CPU seconds and 100 MB, with pandas

        with self._lock:
            current = list(self._annotations.values())
            curves = [self._curve(annotation) for annotation in current]
            values = np.array([curve.values for curve in curves]).reshape(-1, self._frames)
            pixels = [curve.pixels for curve in curves]
        _, spacing, origin = self.movie.grid.along("t")
        unit = (self.movie.level.axes_units or {}).get("t")
        time = origin + np.arange(self._frames) * spacing
        beside = {
            "name": [annotation.name for annotation in current],
            "group": [annotation.group for annotation in current],
            "color": [annotation.color for annotation in current],
        }
        return xarray.DataArray(
            values,
            dims=("roi", "t"),
            coords={
                "roi": np.array([annotation.id for annotation in current], dtype=object),
                **{key: ("roi", np.array(texts, dtype=object)) for key, texts in beside.items()},
                "pixels": ("roi", np.array(pixels, np.int64)),
                "t": ("t", time, {"units": unit} if unit else {}),
            },
            name="trace",
            attrs={"statistic": self.statistic},
        )

    @property
    def _frames(self) -> int:
        return self.movie.shape[0]

    def _key(self, annotation: Annotation) -> _Key:
        own = annotation.id if isinstance(self._weights, dict) else None
        return (*annotation.geometry, own)

    def _curve(self, annotation: Annotation) -> _Curve:
        return self._curves[self._key(annotation)]

    def _new_curve(self, annotation: Annotation) -> _Curve:
        pixels = footprint(annotation, self.movie.grid)
        weights = self._weights
        if isinstance(weights, dict):
            if annotation.id not in weights:
                raise ParameterError(f"{annotation} (id {annotation.id!r}) has no weights")
            weights = weights[annotation.id]
        divisor = 1.0
        if self.statistic == "mean":
            divisor = float(pixels.pixels)
            if weights is not None:
                divisor = float(weights[pixels.rows, pixels.columns][pixels.mask].sum())
            if divisor == 0 and pixels.pixels:
                raise ParameterError(
                    f"the weights of {annotation} sum to 0 over its pixels; use statistic 'sum'"
                )
        parts = parts_by_tile(pixels, weights, self.movie.chunks)
        curve = _Curve(parts, pixels.pixels, divisor, self._frames, self._spans)
        if not pixels.pixels:
            curve.known[:] = True
            curve.values[:] = 0.0 if self.statistic == "sum" else np.nan
        return curve

    def _next_job(self) -> tuple[slice, list[_Curve]] | None:
        """Return spans of frames and the curves that miss all of them; None if none does."""
        with self._lock:
            pending = [curve for curve in self._curves.values() if not curve.known.all()]
            if not pending:
                return None
            missing = ~np.array([curve.known for curve in pending])
            wanted = np.flatnonzero(missing.any(axis=0))
            after = wanted[wanted >= self._cursor]
            start = int(after[0] if len(after) else wanted[0])
            curves = [curve for curve, row in zip(pending, missing, strict=True) if row[start]]
            size = bytes_per_frame(self.movie, [curve.parts for curve in curves]) * self._span
            most = max(1, STEP_BYTES // size)
            same = (missing[:, start : start + most] == missing[:, [start]]).all(axis=0)
            stop = start + (len(same) if same.all() else int(np.argmin(same)))
            self._cursor = stop % self._spans
            return slice(start, stop), curves

    def _keep(
        self, spans: slice, frames: slice, curves: list[_Curve], totals: FloatArray
    ) -> TraceStep | None:
        """Store what was read; return what of it is still wanted."""
        with self._lock:
            grown = {}
            for curve, total in zip(curves, totals, strict=True):
                curve.values[frames] = total / curve.divisor
                curve.known[spans] = True
                grown[id(curve)] = curve
            ids = {
                annotation.id: grown[id(self._curve(annotation))]
                for annotation in self._annotations.values()
                if id(self._curve(annotation)) in grown
            }
            if not ids:
                return None
            known = np.array([curve.known for curve in self._curves.values()])
            return TraceStep(
                frames,
                tuple(ids),
                np.array([curve.values[frames] for curve in ids.values()]),
                tuple(name for name, curve in ids.items() if curve.known.all()),
                float(known.mean()),
            )


def _checked_weights(
    weights: Weights | None, movie: Movie
) -> FloatArray | dict[str, FloatArray] | None:
    if weights is None:
        return None
    if isinstance(weights, Mapping):
        return {str(key): _checked_plane(value, movie) for key, value in weights.items()}
    return _checked_plane(weights, movie)


def _checked_plane(weights: ArrayLike, movie: Movie) -> FloatArray:
    try:
        plane = np.asarray(weights, np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"weights are numbers, got {weights!r:.80}") from error
    if plane.shape != movie.shape[1:] or not np.isfinite(plane).all():
        raise ParameterError(
            f"weights hold one finite number per pixel, shape {movie.shape[1:]}, got shape "
            f"{plane.shape}" + (" with NaN or infinity" if plane.shape == movie.shape[1:] else "")
        )
    return plane

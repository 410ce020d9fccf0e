"""The player of movies: frames that stream as fast as the browser asks for them."""

from __future__ import annotations

import io
import itertools
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import traitlets
from IPython import get_ipython
from PIL import Image

from roiwidgets.errors import ViewerError
from roiwidgets.images.binning import downsample_block
from roiwidgets.images.intensity import value_range
from roiwidgets.images.readers import open_image
from roiwidgets.regions.annotation_files import read_annotations, write_annotations
from roiwidgets.stacks.movie import Movie, open_movie
from roiwidgets.widgets import _colormaps
from roiwidgets.widgets._door import check_keywords
from roiwidgets.widgets._frame_messages import (
    BrightestMessage,
    PicturesMessage,
    TracesMessage,
    parse_frame_message,
)
from roiwidgets.widgets._frame_server import FrameServer, serve_movie
from roiwidgets.widgets._kernel_thread import KernelThread
from roiwidgets.widgets._messages import Json, MessageError
from roiwidgets.widgets._picture import colorize
from roiwidgets.widgets._player_state import PlayerState
from roiwidgets.widgets._summary_feed import SummaryFeed
from roiwidgets.widgets._trace_feed import TraceFeed
from roiwidgets.widgets._wire import image_wire_dtype

if TYPE_CHECKING:
    import xarray

READ_THREADS = 2
PICTURE_SIDE = 640
"""Pixels along the longer side of a picture that is drawn in Python, at most twice as many."""


class StackViewer(PlayerState):
    """Plays a movie of any length: one plane of an image over time.

    Parameters
    ----------
    movie
        Anything that ``roiwidgets.stacks.movie.open_movie`` takes: an image with axes
        ``t, y, x`` or ``t, z, y, x``.
    plane
        Index along ``z`` of the plane that plays, the middle by default.
    name
        Name of the movie in the player.
    **traits
        Initial values of traits, for example ``frame_rate=60``.

    Raises
    ------
    TypeError
        If a keyword is not a trait of the player.
    ImageError
        If the image is no movie.

    Notes
    -----
    ``color_range`` begins as the robust range of the movie's values, the 0.1 and the
    99.9 percentile of a sample: miniscope movies use a few of 256 grey levels only.
    """

    _is_open = False
    _feed: SummaryFeed | None = None
    _traces: TraceFeed

    def __init__(
        self, movie: object, *, plane: int | None = None, name: str = "Movie", **traits: object
    ) -> None:
        check_keywords(traits, ("plane", "name", *self.settable))
        self._levels = movie_levels(movie, plane)
        self._name = name
        self._range = value_range(self._levels[0].level)
        self._ids = itertools.count(1)
        self._threads = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="roiwidgets-frames")
        weakref.finalize(self, self._threads.shutdown, wait=False, cancel_futures=True)
        self._kernel = KernelThread()
        self._server = FrameServer(
            self.send, executor=self._threads, call_in_kernel=self._kernel.call
        )
        super().__init__()
        self._is_open = True
        self._show()
        self.plane_index = self._levels[0].plane
        self.color_range = self._range
        for key, value in traits.items():
            setattr(self, key, value)
        self.on_msg(lambda _, content, __: self._receive(content))

    @property
    def movie(self) -> Movie:
        """The movie that plays, at its finest scale."""
        self._check_open()
        return self._levels[0]

    @property
    def color_range_bounds(self) -> tuple[float, float]:
        """Robust range of the movie's values."""
        return self._range

    def traces(self) -> xarray.DataArray:
        """Return the mean of each region of interest in each frame; as ``roiwidgets.traces``.

        Traces that the player has not computed yet are computed before it returns.
        """
        self._check_open()
        return self._traces.as_array()

    def save_rois(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the regions of interest to a file; as ``roiwidgets.write_annotations``.

        Parameters
        ----------
        path
            ``.geojson`` or ``.json``, or ``.sqlite``, ``.sqlite3`` or ``.db``.
        overwrite
            Whether the set in a file that exists is replaced.
        """
        unit = str(self.stack["unit"])
        write_annotations(self.rois, path, unit=unit, overwrite=overwrite)

    def load_rois(self, path: str | Path) -> None:
        """Show the regions of interest of a file in place of those there are.

        Parameters
        ----------
        path
            As ``save_rois`` writes it, or any GeoJSON of polygons; in the movie's units.
        """
        self.rois = read_annotations(path, unit=str(self.stack["unit"]))

    def close(self) -> None:
        """Take the player out of all pages, and give back its movie, threads and comm."""
        if not self._is_open:  # ipywidgets closes once more when the object goes
            return
        self._is_open = False
        self._server.close()
        if self._feed is not None:
            self._feed.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        super().close()

    def draw_png(self) -> bytes:
        """Return the frame that is shown as a PNG, drawn in Python."""
        frame = self.movie.read(slice(self.frame_index, self.frame_index + 1))[0]
        step = max(1, max(frame.shape) // PICTURE_SIDE)
        pixels = downsample_block(frame, (step, step), kind="mean")
        table = _colormaps.color_table(self.color_map)
        file = io.BytesIO()
        Image.fromarray(colorize(pixels, table, *self.color_range)).save(file, "PNG")
        return file.getvalue()

    # Inside -----------------------------------------------------------------

    def _check_open(self) -> None:
        if not self._is_open:
            raise ViewerError("the player is closed; show the movie in a new one")

    def _show(self) -> None:
        """Serve the movie under a new id: frames that still travel are then never drawn."""
        movie_id = f"movie-{next(self._ids)}"
        dtype = image_wire_dtype(self._levels[0].source.dtype, self._range)
        self._server.show(movie_id, serve_movie(self._levels, dtype))
        if self._feed is not None:
            self._feed.close()
            self._traces.close()
        movie, call = self._levels[0], self._kernel.call
        self._feed = SummaryFeed(movie_id, movie, self._send_pushed, call_in_kernel=call)
        self._traces = TraceFeed(movie_id, movie, self._send_pushed, call_in_kernel=call)
        self._traces.update(self.rois)
        self.set_trait(
            "stack", {"id": movie_id, "name": self._name, **describe(self._levels[0], self._range)}
        )

    @traitlets.observe("rois")
    def _follow_rois(self, change: dict[str, Any]) -> None:
        if self._is_open:
            self._traces.update(change["new"])

    @traitlets.observe("plane_index")
    def _follow_plane(self, change: dict[str, Any]) -> None:
        plane = change["new"]
        if self._is_open and plane != self._levels[0].plane:
            self._levels = tuple(Movie(each.level, plane) for each in self._levels)
            self._show()

    def _receive(self, content: object) -> None:
        try:
            message = parse_frame_message(content)
        except MessageError as error:
            self._server.refuse(None, str(error))
            return
        if not isinstance(message, PicturesMessage | BrightestMessage | TracesMessage):
            self._server.handle(message)
        elif self._feed is None or message.movie != self.stack["id"]:
            return  # a question about the plane before
        elif isinstance(message, PicturesMessage):
            self._feed.ask(message.names)
        elif isinstance(message, TracesMessage):
            self._traces.watch()
        else:
            self._feed.find_brightest(message)

    def _send_pushed(self, header: Json, buffers: list[memoryview]) -> None:
        if self._is_open:
            self.send(header, buffers)


def view_stack(movie: object, *, plane: int | None = None, **traits: Any) -> StackViewer:
    """Display a movie in a player and return it.

    Parameters
    ----------
    movie, plane, **traits
        As for ``StackViewer``.
    """
    player = StackViewer(movie, plane=plane, **traits)
    if get_ipython() is not None:
        player.display_once()
    return player


def movie_levels(movie: object, plane: int | None = None) -> tuple[Movie, ...]:
    """Return a movie and the coarser scales that are stored beside it, finest first.

    Parameters
    ----------
    movie, plane
        As for ``open_movie``.
    """
    finest = open_movie(movie, plane=plane)
    if isinstance(movie, Movie):
        return (finest,)
    levels = (Movie(level, finest.plane) for level in open_image(movie).images[1:])
    depth = finest.level.data.shape[:-2]
    return (finest, *(each for each in levels if each.level.data.shape[:-2] == depth))


def describe(movie: Movie, values: tuple[float, float]) -> dict[str, object]:
    """Return what the browser is told of a movie, besides its id and name."""
    grid = movie.grid
    units = movie.level.axes_units or {}
    frames, height, width = movie.shape
    sides = [grid.along(axis) for axis in ("y", "x")]
    _, step, start = grid.along("t")
    stored = movie.source.dtype
    dtype = image_wire_dtype(stored, values)
    return {
        "frames": frames,
        "height": height,
        "width": width,
        "planes": grid.along("z")[0] if "z" in grid.axes else 1,
        "dtype": dtype.name,
        "exact": dtype == stored,
        "value_range": list(values),
        "spacing": [spacing for _, spacing, _ in sides],
        "origin": [origin for _, _, origin in sides],
        "unit": units.get("x", ""),
        "time": {"start": start, "step": step, "unit": units.get("t", "")},
    }

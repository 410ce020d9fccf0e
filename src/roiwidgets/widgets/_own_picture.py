"""A widget that displays itself together with a picture that Python draws of it."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anywidget import AnyWidget
from IPython import get_ipython
from IPython.display import display

from roiwidgets.errors import OutputExistsError, ParameterError
from roiwidgets.widgets import _traits

LARGEST_PICTURE = 2**25
"""Characters of a picture from the browser, in base64."""

PNG = b"\x89PNG\r\n\x1a\n"


class OwnPicture(AnyWidget):
    """Shows itself in a cell, with a PNG for pages that have no kernel."""

    picture: _traits.Checked[str] = _traits.Checked(
        lambda value: check_picture(value),
        default="",
        help="The views as PNG, base64: shown by pages without a kernel.",
    )
    picture.tag(echo_update=False)

    _shown_in_cell: int | None = None

    if TYPE_CHECKING:

        def draw_png(self) -> bytes:
            """Return what is shown as a PNG, drawn in Python: the widget's part."""

    def screenshot(self) -> bytes:
        """Return what is shown as a PNG, drawn in Python; of a player the frame alone."""
        return self.draw_png()

    def save_png(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write ``screenshot`` to a file and return its path.

        Raises
        ------
        OutputExistsError
            If the file exists and ``overwrite`` is False.
        ParameterError
            If the path is no ``.png`` in a folder that exists.
        """
        target = Path(path).expanduser()
        if target.suffix.lower() != ".png" or target.is_dir():
            raise ParameterError(f"a picture is a file NAME.png, got {str(path)!r}")
        if not target.parent.is_dir():
            raise ParameterError(f"there is no folder {target.parent} to save {target.name} in")
        if target.exists() and not overwrite:
            raise OutputExistsError(f"{target} exists; give another path or overwrite=True")
        target.write_bytes(self.screenshot())
        return target

    def display_once(self) -> None:
        """Display the widget now, and not again as the value of the same cell."""
        self._ipython_display_()
        self._shown_in_cell = _current_cell()

    def _ipython_display_(self) -> None:
        """Display the widget, unless it was displayed in this cell already."""
        cell = _current_cell()
        if self._shown_in_cell is not None and self._shown_in_cell == cell:
            self._shown_in_cell = None
            return
        bundle, metadata = self._repr_mimebundle_()
        display(bundle, metadata=metadata, raw=True)  # type: ignore[no-untyped-call] # IPython's

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, object], dict[str, object]]:
        bundle, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        png = self._keep_own_picture()
        return {**bundle, "image/png": png}, metadata

    def _keep_own_picture(self) -> bytes:
        """Draw a picture and keep it for pages without a kernel."""
        png = self.draw_png()
        self.picture = base64.b64encode(png).decode("ascii")
        return png


def check_picture(value: object) -> str:
    """Return a PNG in base64, or nothing.

    Raises
    ------
    ParameterError
        If it is too large or no PNG.
    """
    if not isinstance(value, str) or len(value) > LARGEST_PICTURE:
        raise ParameterError(
            f"a picture is a PNG in base64 of at most {LARGEST_PICTURE} characters, got "
            f"{type(value).__name__} {str(value)[:20]!r}"
        )
    if value == "":
        return value
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ParameterError(f"a picture is base64, got {value[:20]!r}: {error}") from error
    if not content.startswith(PNG):
        raise ParameterError(f"a picture is a PNG, got one that begins with {content[:8]!r}")
    return value


def _current_cell() -> int | None:
    shell = get_ipython()
    return None if shell is None else int(shell.execution_count)

"""The door through which values and messages of the browser come into a widget."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import traitlets
from anywidget import AnyWidget

from roiwidgets.errors import RoiwidgetsError
from roiwidgets.widgets._messages import MessageError, check_envelope, check_json, error_message

log = logging.getLogger(__name__)


class Door(AnyWidget):
    """Takes from the browser only the traits in ``settable``, each checked on its own."""

    error_message = traitlets.Unicode("", help="Shown in the viewer's error area.").tag(sync=True)

    settable: ClassVar[tuple[str, ...]] = ()
    """Traits that may be set by the browser."""

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute; one that is nearly that of a setting is refused as misspelt."""
        if name[0] != "_" and not hasattr(type(self), name):
            close = difflib.get_close_matches(name, self.settable, n=1, cutoff=0.8)
            if close:
                raise AttributeError(
                    f"a viewer has no attribute {name!r}; did you mean {close[0]!r}?"
                )
        super().__setattr__(name, value)

    def set_state(self, sync_data: Mapping[str, object]) -> None:
        """Take values from the browser, each checked on its own.

        A value that is refused leaves the old one in place, in the browser too; it is
        logged, and shown in the viewer's error area.
        """
        for name, value in sync_data.items():
            if name not in self.settable:
                log.warning("the browser tried to set %.80r, which belongs to the kernel", name)
                continue
            try:
                check_json(value)
                super().set_state({name: value})
            except (MessageError, RoiwidgetsError, traitlets.TraitError, OverflowError) as error:
                log.warning("%s from the browser refused: %.500s", name, error)
                self.error_message = str(error)[:500]
                self.send_state(name)

    def _handle_msg(self, msg: Mapping[str, Any]) -> None:
        """Take what comes through the comm, unless ipywidgets could not take it apart."""
        try:
            check_envelope(msg["content"].get("data"))
        except MessageError as error:
            log.warning("message from the browser refused: %s", error)
            self.send(error_message(None, str(error)))
            return
        super()._handle_msg(msg)


def check_keywords(given: Mapping[str, object], known: Sequence[str]) -> None:
    """Raise a ``TypeError`` that names the likely keyword if one is unknown."""
    for key in given:
        if key in known:
            continue
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
        raise TypeError(f"unexpected keyword {key!r}; {hint}")

"""Buttons below the sliders: undo, redo, reset, and the input to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ipywidgets
import traitlets

from roiwidgets.widgets._value_history import ValueHistory
from roiwidgets.widgets.viewer import Viewer

MIDDLE = 0.5
"""Share of the region that shows the input when it is split."""


class TuningBar(ipywidgets.HBox):
    """Buttons that take tuned values back, and one that compares with the input.

    Parameters
    ----------
    values
        Values at the start, by name of the parameter.
    restore
        Sets the controls to values.
    compare
        Called with whether the input is shown instead of the preview.
    splits
        Viewer that can show the input beside the preview; None for none.
    """

    def __init__(
        self,
        values: Mapping[str, object],
        *,
        restore: Callable[[Mapping[str, object]], None],
        compare: Callable[[bool], None],
        splits: Viewer | None = None,
    ) -> None:
        self._history = ValueHistory(values)
        self._restore = restore
        self.undo_button = _button("Undo", "undo", "Take the last change back")
        self.redo_button = _button("Redo", "redo", "Make the change again")
        self.reset_button = _button("Reset", "history", "Go back to the values at the start")
        self.undo_button.on_click(lambda _: self.undo())
        self.redo_button.on_click(lambda _: self.redo())
        self.reset_button.on_click(lambda _: self.reset())
        self.input_button = _toggle(
            "Show input", "eye", "Show the image without the preview, to compare"
        )
        self.input_button.observe(lambda change: compare(bool(change["new"])), "value")
        self.split_button = _toggle(
            "Split", "columns", "Show the image beside the preview, with a divider"
        )
        self._link = None if splits is None else link_split(splits, self.split_button)
        buttons = [self.undo_button, self.redo_button, self.reset_button, self.input_button]
        super().__init__(
            [*buttons, self.split_button] if splits else buttons,
            layout={"flex_flow": "row wrap"},
        )
        self._values = dict(values)
        self._enable()

    def close(self) -> None:
        """Let go of the viewer."""
        if self._link is not None:
            self._link.unlink()
            self._link = None
        super().close()

    def note(self, values: Mapping[str, object]) -> None:
        """Take newly tuned values."""
        self._history.note(values)
        self._values = dict(values)
        self._enable()

    def undo(self) -> None:
        """Take the last change back, if there is one."""
        self._show(self._history.undo())

    def redo(self) -> None:
        """Make the change again that was taken back, if there is one."""
        self._show(self._history.redo())

    def reset(self) -> None:
        """Go back to the values at the start; this can be undone."""
        first = self._history.first
        self._history.note(first)
        self._show(first)

    def _show(self, values: dict[str, object] | None) -> None:
        if values is not None:
            self._values = values
            self._restore(values)
        self._enable()

    def _enable(self) -> None:
        self.undo_button.disabled = not self._history.can_undo
        self.redo_button.disabled = not self._history.can_redo
        self.reset_button.disabled = self._values == self._history.first


def link_split(viewer: Viewer, button: ipywidgets.ToggleButton) -> traitlets.link:
    """Let a button switch the divider of input and preview, and follow it."""
    return traitlets.link(
        (viewer, "preview_split"),
        (button, "value"),
        transform=(lambda share: share is not None, lambda is_split: MIDDLE if is_split else None),
    )


def _toggle(text: str, icon: str, tooltip: str) -> ipywidgets.ToggleButton:
    return ipywidgets.ToggleButton(
        value=False, description=text, icon=icon, tooltip=tooltip,
        layout=ipywidgets.Layout(width="auto"),
    )  # fmt: skip


def _button(text: str, icon: str, tooltip: str) -> ipywidgets.Button:
    return ipywidgets.Button(
        description=text, icon=icon, tooltip=tooltip, layout=ipywidgets.Layout(width="auto")
    )

"""Controls of an operation, in one group for each step of a pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import ipywidgets

from roiwidgets.widgets._controls import Setting, label_of, make_tuned_control, with_length_range
from roiwidgets.widgets._tuned_steps import ARRANGEMENT, Arrangement, TunedSteps

OnChange = Callable[[dict[str, object]], None]


class StepPanel(ipywidgets.VBox):
    """Sets the values of an operation, the order of its steps, and which run.

    Parameters
    ----------
    steps
        What is tuned.
    settings
        What the user said of parameters, by name.
    has_whole_values
        Whether voxels are integers, so that intensities go in steps of one.
    spacing
        Finest distance of voxels, from which lengths in the world take their range.
    on_change
        Called with all values when somebody has moved a control.
    """

    def __init__(
        self,
        steps: TunedSteps,
        settings: Mapping[str, Setting],
        *,
        has_whole_values: bool,
        spacing: float,
        on_change: OnChange,
    ) -> None:
        self.controls: dict[str, ipywidgets.ValueWidget] = {}
        self.start: dict[str, object] = {}
        self._groups: dict[str, list[ipywidgets.Widget]] = {name: [] for name in steps.steps}
        for name, (step, parameter) in steps.parameters.items():
            value: object = steps.steps[step].values[parameter.name]
            shown = dataclasses.replace(parameter, name=name)
            if parameter.unit == "intensity" and parameter.step is None and has_whole_values:
                shown = dataclasses.replace(shown, step=1)
            if name not in settings:
                shown = with_length_range(shown, value, spacing)
            value, control = make_tuned_control(shown, value, settings.get(name))
            self.start[name] = value
            if control is not None and steps.is_pipeline and control is not settings.get(name):
                # the step is named above its controls
                control.description = label_of(parameter)
            if control is not None:
                self.controls[name] = control
                self._groups[step].append(control)
        self._headers = {n: StepHeader(n, self) for n in steps.steps} if steps.is_pipeline else {}
        self._arrangement = steps.arrangement
        self._on_change = on_change
        self._is_showing = False
        self._drawn: tuple[ipywidgets.Widget, ...] = ()
        super().__init__([])
        self._draw()
        for control in self.controls.values():
            control.observe(self._change, "value")

    @property
    def values(self) -> dict[str, object]:
        """Values of the controls, and the arrangement of steps."""
        values: dict[str, object] = {name: box.value for name, box in self.controls.items()}
        return {**values, ARRANGEMENT: self._arrangement} if self._headers else values

    def show(self, values: Mapping[str, object]) -> None:
        """Bring the controls in line with values, without calling anybody."""
        self._is_showing = True
        try:
            for name, control in self.controls.items():
                control.value = values[name]
            arrangement = values.get(ARRANGEMENT, self._arrangement)
            assert isinstance(arrangement, Arrangement)
            self._arrangement = arrangement
            self._draw()
        finally:
            self._is_showing = False

    def arrange(self, arrangement: Arrangement) -> None:
        """Take another order of steps, or other steps that run."""
        if arrangement == self._arrangement:
            return
        self._arrangement = arrangement
        self.show(self.values)
        self._change()

    def move(self, name: str, by: int) -> None:
        """Move a step by places."""
        self.arrange(self._arrangement.moved(name, by))
        # the step is drawn anew elsewhere: the keyboard stays with it
        header = self._headers[name]
        button = header.up if by < 0 else header.down
        (button if not button.disabled else header.switch).focus()

    def switch(self, name: str, *, is_enabled: bool) -> None:
        """Let a step run, or not."""
        if not self._is_showing:
            self.arrange(self._arrangement.switched(name, is_enabled=is_enabled))

    def _change(self, _: object = None) -> None:
        if not self._is_showing:
            self._on_change(self.values)

    def _draw(self) -> None:
        order, disabled = self._arrangement.order, self._arrangement.disabled
        children: list[ipywidgets.Widget] = []
        for place, name in enumerate(order):
            for control in self._groups[name]:
                control.disabled = name in disabled
            if name in self._headers:
                header = self._headers[name]
                header.show(is_enabled=name not in disabled, place=place, last=len(order) - 1)
                children.append(header)
            children.extend(self._groups[name])
        if list(self._drawn) != children:
            self._drawn = self.children = tuple(children)


class StepHeader(ipywidgets.HBox):
    """Name of a step, with a box that lets it run and buttons that move it.

    Parameters
    ----------
    name
        Of the step.
    panel
        Told of what somebody wants.
    """

    def __init__(self, name: str, panel: StepPanel) -> None:
        self._title = name.replace("_", " ")
        self.switch = ipywidgets.Checkbox(
            value=True, indent=False, description=self._title,
            tooltip=f"Whether {self._title} runs", layout=ipywidgets.Layout(width="auto"),
        )  # fmt: skip
        self.up = _arrow("arrow-up", f"Move {self._title} up: it runs earlier")
        self.down = _arrow("arrow-down", f"Move {self._title} down: it runs later")
        self.switch.observe(
            lambda change: panel.switch(name, is_enabled=bool(change["new"])), "value"
        )
        self.up.on_click(lambda _: panel.move(name, -1))
        self.down.on_click(lambda _: panel.move(name, 1))
        super().__init__(
            [self.up, self.down, self.switch],
            layout={"border_top": "1px solid var(--jp-border-color2, #c0c0c0)"},
        )

    def show(self, *, is_enabled: bool, place: int, last: int) -> None:
        """Show where the step stands, and whether it runs."""
        self.switch.value = is_enabled
        self.switch.description = f"{place + 1}. {self._title}{'' if is_enabled else ' (off)'}"
        self.up.disabled, self.down.disabled = place == 0, place == last


def _arrow(icon: str, name: str) -> ipywidgets.Button:
    # without a text of its own, a button is named by its tooltip
    return ipywidgets.Button(
        icon=icon, tooltip=name, layout=ipywidgets.Layout(width="34px", flex="0 0 auto")
    )

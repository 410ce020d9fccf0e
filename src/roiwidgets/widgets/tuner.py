"""Sliders bound to a live operation on the viewer's region."""

from __future__ import annotations

import dataclasses
import html
import threading
from collections.abc import Callable, Mapping

import ipywidgets
from ngff_zarr import Multiscales

from roiwidgets.engine.promote import promote
from roiwidgets.errors import ParameterError
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.operations.parameters import Parameter
from roiwidgets.widgets._controls import Setting, apply_setting, is_controllable, make_control
from roiwidgets.widgets._preview import LivePreview
from roiwidgets.widgets._promotion_panel import PromotionPanel, message_html
from roiwidgets.widgets._viewer_state import check_keywords
from roiwidgets.widgets.viewer import Viewer

_WATCHED = ["roi", "loaded_scale", "scene", "time_index", "channel_index"]


class Tuner(ipywidgets.VBox):
    """Controls for the parameters of an operation, previewed in a viewer.

    Moving a control runs the operation on the viewer's region at the loaded
    scale, in a worker process: the visible slices first, then the rest. Only
    the newest values are computed.

    Parameters
    ----------
    viewer
        Where the preview is drawn.
    operation
        What is tuned.
    **ranges
        Per parameter ``(low, high)``, ``(low, high, step)``, a list of choices, or a
        start value; other parameters take their range from the data. A parameter
        whose value is infinite gets a control only if its range is given.

    Raises
    ------
    TypeError
        If a keyword is no parameter of the operation.
    ParameterError
        If a range does not fit its parameter.
    """

    _is_open = False

    def __init__(self, viewer: Viewer, operation: Operation | Pipeline, **ranges: Setting) -> None:
        check_keywords(ranges, tuple(parameter.name for parameter in operation.parameters))
        self.viewer = viewer
        self._source = viewer.image
        self._is_showing_result = False
        self._operation = operation.ranges_for(*viewer.color_range_bounds)
        self.controls: dict[str, ipywidgets.ValueWidget] = {}
        for parameter in self._operation.parameters:
            self._add_control(parameter, ranges.get(parameter.name))
        self.status = ipywidgets.HTML()
        self.error = ipywidgets.HTML()
        self.promotion = PromotionPanel(
            self._promote_in_background,
            show=self._toggle_result,
            run_in_kernel=viewer.run_in_kernel,
            path=f"{operation.name.replace(' ', '')}.ome.zarr",
        )
        title = ipywidgets.HTML(f"<b>{operation.name.replace('_', ' ')}</b>")
        super().__init__([title, *self.controls.values(), self.status, self.error, self.promotion])
        self._preview = LivePreview(viewer, on_state=self._show_state, on_error=self._show_error)
        for control in self.controls.values():
            control.observe(self._change, "value")
        viewer.observe(self._follow_viewer, _WATCHED)
        self._is_open = True
        self.refresh()

    @property
    def operation(self) -> Operation | Pipeline:
        """The operation with the values of the controls, as tuned at the current scale."""
        return self._operation

    def refresh(self) -> None:
        """Compute the preview anew."""
        if not self._is_showing_result:
            self._preview.start(self._operation)

    def wait(self, timeout_s: float = 60.0) -> None:
        """Block until the preview of the newest values is complete, or failed.

        Raises
        ------
        TimeoutError
            If it is not complete after ``timeout_s`` seconds.
        """
        self._preview.wait(timeout_s)

    def promote(self, path: str, *, overwrite: bool = False, progress: bool = True) -> Multiscales:
        """Run the tuned operation on the whole volume at the finest scale and write it.

        Lengths in voxels that were tuned on a coarser scale are converted.

        Parameters
        ----------
        path
            Where the OME-Zarr is written.
        overwrite
            Whether an existing image is replaced, once the new one is complete.
        progress
            Whether a progress bar is shown.

        Returns
        -------
        Multiscales
            What was written.
        """
        return promote(
            self._source,
            self._operation,
            path,
            tuned_on=self._tuned_on(),
            overwrite=overwrite,
            progress=progress,
        )

    def close(self) -> None:
        """Stop the worker, take the preview out of the viewer and remove the controls."""
        if not self._is_open:  # ipywidgets closes once more when the object goes
            return
        self._is_open = False
        self.viewer.unobserve(self._follow_viewer, _WATCHED)
        self.promotion.stop()
        self._preview.close()
        super().close()

    def _repr_mimebundle_(self, **options: object) -> dict[str, object]:
        # a saved notebook has no kernel that could draw the controls
        bundle = super()._repr_mimebundle_(**options) or {}
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in self._operation.values.items()
        )
        title = html.escape(self._operation.name)
        return {**bundle, "text/html": f"<table><caption>{title}</caption>{rows}</table>"}

    def _add_control(self, parameter: Parameter, setting: Setting | None) -> None:
        value: object = self._operation.values[parameter.name]
        if setting is not None:
            parameter, value = apply_setting(parameter, value, setting)
            self._operation = self._operation.with_values(**{parameter.name: value})
        if not is_controllable(value) and not parameter.choices:
            return
        is_whole = self._source.images[0].data.dtype.kind in "iu"
        if parameter.unit == "intensity" and parameter.step is None and is_whole:
            parameter = dataclasses.replace(parameter, step=1)
        self.controls[parameter.name] = make_control(parameter, value)

    def _tuned_on(self) -> int:
        """Return the scale of the source that previews are computed on."""
        return min(self.viewer.get_current_scale(), len(self._source.images) - 1)

    def _change(self, _: Mapping[str, object]) -> None:
        values = {name: control.value for name, control in self.controls.items()}
        try:
            self._operation = self._operation.with_values(**values)
        except ParameterError as error:
            self._show_error(str(error))
            return
        if self._is_showing_result:
            self._toggle_result()
        else:
            self.refresh()

    def _follow_viewer(self, change: Mapping[str, object]) -> None:
        if change["name"] == "scene" and not self._is_showing_result:
            self._source = self.viewer.image
        self.refresh()

    def _show_state(self, text: str) -> None:
        self.error.value = ""
        self.status.value = message_html(text, is_error=False)

    def _show_error(self, text: str) -> None:
        self.status.value = ""
        self.error.value = message_html(text, is_error=True)

    def _toggle_result(self) -> None:
        """Show what was written in the viewer, or the source and its preview again."""
        if self._is_showing_result:
            self.viewer.set_image(self._source)
            self._is_showing_result = False
            self.refresh()
        elif self.promotion.result is not None:
            self._is_showing_result = True
            self.viewer.set_image(self.promotion.result, name=self._operation.name)
            self._show_state("the result is shown; move a control to go on tuning the source")
        self.promotion.mark_shown(is_shown=self._is_showing_result)

    def _promote_in_background(
        self,
        path: str,
        *,
        overwrite: bool,
        cancel: threading.Event,
        on_progress: Callable[[int, int], None],
    ) -> Multiscales:
        return promote(
            self._source,
            self._operation,
            path,
            tuned_on=self._tuned_on(),
            overwrite=overwrite,
            progress=False,
            cancel=cancel,
            on_progress=on_progress,
        )


def tune(viewer: Viewer, operation: Operation | Pipeline, **ranges: Setting) -> Tuner:
    """Return sliders that tune an operation live on the viewer's region.

    Parameters
    ----------
    viewer, operation, **ranges
        As for ``Tuner``.

    Returns
    -------
    Tuner
        ``tuner.operation`` is the tuned one; ``tuner.promote(path)`` writes it out.

    Raises
    ------
    TypeError
        If ``viewer`` is no viewer or ``operation`` no operation.
    """
    if not isinstance(viewer, Viewer):
        raise TypeError(f"tune expects a Viewer first, got {type(viewer).__name__}; use rw.view")
    if not isinstance(operation, Operation | Pipeline):
        raise TypeError(
            f"tune expects an Operation second, got {type(operation).__name__}; wrap a function "
            "with rw.operation"
        )
    return Tuner(viewer, operation, **ranges)

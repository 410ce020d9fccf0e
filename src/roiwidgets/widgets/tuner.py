"""Sliders bound to a live operation on the viewer's region."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

import ipywidgets
from ngff_zarr import Multiscales

from roiwidgets.engine.promote import promote
from roiwidgets.errors import ParameterError, RoiwidgetsError
from roiwidgets.images.geometry import grid_of
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.widgets._controls import Setting, apply_setting, make_control
from roiwidgets.widgets._preview import LivePreview
from roiwidgets.widgets._promotion_panel import PromotionPanel, message_html
from roiwidgets.widgets.viewer import Viewer, check_keywords

log = logging.getLogger(__name__)


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
        start value; other parameters take their range from the data.

    Raises
    ------
    TypeError
        If a keyword is no parameter of the operation.
    ParameterError
        If a range does not fit its parameter.
    """

    def __init__(
        self, viewer: Viewer, operation: Operation | Pipeline, **ranges: Setting
    ) -> None:
        names = tuple(parameter.name for parameter in operation.parameters)
        check_keywords(ranges, names)
        self.viewer = viewer
        low, high = viewer.color_range_bounds
        self._operation = operation.ranges_for(low, high)
        self.controls: dict[str, ipywidgets.ValueWidget] = {}
        for parameter in self._operation.parameters:
            value: object = self._operation.values[parameter.name]
            if parameter.name in ranges:
                parameter, value = apply_setting(parameter, ranges[parameter.name])  # noqa: PLW2901
                self._operation = self._operation.with_values(**{parameter.name: value})
            self.controls[parameter.name] = make_control(parameter, value)
        self.status = ipywidgets.HTML()
        self.error = ipywidgets.HTML()
        self.promotion = PromotionPanel(
            self._promote_in_background,
            show=self._show_result,
            run_in_kernel=viewer.run_in_kernel,
            path=f"{operation.name.replace(' ', '')}.ome.zarr",
        )
        title = ipywidgets.HTML(f"<b>{operation.name.replace('_', ' ')}</b>")
        super().__init__([title, *self.controls.values(), self.status, self.error, self.promotion])
        self._preview = LivePreview(viewer, on_state=self._show_state, on_error=self._show_error)
        for control in self.controls.values():
            control.observe(self._changed, "value")
        viewer.observe(self._refresh, ["roi", "loaded_scale", "scene", "time_index"])
        self.refresh()

    @property
    def operation(self) -> Operation | Pipeline:
        """The operation with the values of the controls, as tuned at the current scale."""
        return self._operation

    def refresh(self) -> None:
        """Compute the preview anew."""
        self._preview.start(self._operation)

    def wait(self, timeout_s: float = 60.0) -> None:
        """Block until the preview of the newest values is complete, or failed.

        Raises
        ------
        TimeoutError
            If it is not complete after ``timeout_s`` seconds.
        """
        self._preview.wait(timeout_s)

    def promote(
        self, path: str, *, overwrite: bool = False, progress: bool = True
    ) -> Multiscales:
        """Run the tuned operation on the whole volume at the finest scale and write it.

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
            self.viewer.image, self.promotable(), path, overwrite=overwrite, progress=progress
        )

    def promotable(self) -> Operation | Pipeline:
        """Return the operation for scale 0: lengths in voxels are converted to it."""
        levels = self.viewer.image.images
        tuned_on = grid_of(levels[self.viewer.get_current_scale()]).spatial_spacing
        finest = grid_of(levels[0]).spatial_spacing
        operation, notes = self._operation.at_spacing(tuned_on, finest)
        for note in notes:
            log.info(note)
        return operation

    def close(self) -> None:
        """Stop the worker, take the preview out of the viewer and remove the controls."""
        self.viewer.unobserve(self._refresh, ["roi", "loaded_scale", "scene", "time_index"])
        self.promotion.stop()
        self._preview.close()
        super().close()

    def _changed(self, _: Mapping[str, object]) -> None:
        values = {name: control.value for name, control in self.controls.items()}
        try:
            self._operation = self._operation.with_values(**values)
        except ParameterError as error:
            self._show_error(str(error))
            return
        self.refresh()

    def _refresh(self, _: Mapping[str, object]) -> None:
        self.refresh()

    def _show_state(self, text: str) -> None:
        self.error.value = ""
        self.status.value = message_html(text, is_error=False)

    def _show_error(self, text: str) -> None:
        self.status.value = ""
        self.error.value = message_html(text, is_error=True)

    def _show_result(self, result: Multiscales) -> None:
        self.viewer.set_image(result, name=self._operation.name)

    def _promote_in_background(
        self,
        path: str,
        *,
        overwrite: bool,
        cancel: threading.Event,
        on_progress: Callable[[int, int], None],
    ) -> Multiscales:
        return promote(
            self.viewer.image,
            self.promotable(),
            path,
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


__all__ = ["RoiwidgetsError", "Tuner", "tune"]

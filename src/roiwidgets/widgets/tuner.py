"""Sliders bound to a live operation on the viewer's region."""

from __future__ import annotations

import html
import logging
import threading
from collections.abc import Callable, Mapping, Sequence

import ipywidgets
from ngff_zarr import Multiscales

from roiwidgets.engine.destinations import disk_folder
from roiwidgets.engine.estimate import estimate
from roiwidgets.engine.plan import operation_at
from roiwidgets.engine.promote import promote
from roiwidgets.engine.script import promotion_script
from roiwidgets.errors import ParameterError, RoiwidgetsError, ViewerError
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.image_levels import levels_of
from roiwidgets.operations.operation import Operation, Pipeline
from roiwidgets.widgets._controls import Setting
from roiwidgets.widgets._door import check_keywords
from roiwidgets.widgets._itkwidgets_interface import is_itkwidgets_viewer
from roiwidgets.widgets._preview import LivePreview
from roiwidgets.widgets._promotion_panel import PromotionPanel, message_html
from roiwidgets.widgets._step_panel import StepPanel
from roiwidgets.widgets._tuned_steps import TunedSteps
from roiwidgets.widgets._tuned_viewer import TunedViewer
from roiwidgets.widgets._tuning_bar import TuningBar
from roiwidgets.widgets.itkwidgets_adapter import ItkwidgetsViewer
from roiwidgets.widgets.viewer import Viewer

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
        Per parameter ``(low, high)``, ``(low, high, step)``, a list of choices, a
        dictionary of their names, a widget, ``ipywidgets.fixed(value)``, or a start value;
        other parameters take their range from the data. A parameter whose value is
        infinite gets a control only if its range is given.

    Raises
    ------
    TypeError
        If a keyword is no parameter of the operation.
    ParameterError
        If a range does not fit its parameter.
    """

    _is_open = False

    def __init__(
        self, viewer: TunedViewer, operation: Operation | Pipeline, **ranges: Setting
    ) -> None:
        check_keywords(ranges, tuple(parameter.name for parameter in operation.parameters))
        self.viewer = viewer
        self._source = viewer.image
        self._is_showing_result = False
        self._viewer_problem = ""
        steps = TunedSteps.of(operation.ranges_for(*viewer.color_range_bounds))
        self.step_panel = StepPanel(
            steps,
            ranges,
            has_whole_values=self._source.images[0].data.dtype.kind in "iu",
            spacing=min(grid_of(self._source.images[0]).spatial_spacing),
            on_change=self._change,
        )
        self._steps = steps.with_values(self.step_panel.start)
        self.controls = self.step_panel.controls
        self.status = ipywidgets.HTML()
        self.error = ipywidgets.HTML()
        self.promotion = PromotionPanel(
            self._promote_in_background,
            show=self._toggle_result,
            run_in_kernel=viewer.run_in_kernel,
            path=f"{operation.name.replace(' ', '')}.ome.zarr",
        )
        self.bar = TuningBar(
            self.step_panel.values,
            restore=self._set_controls,
            compare=self._show_input_or_preview,
            splits=viewer if isinstance(viewer, Viewer) else None,
        )
        title = "Steps, from top to bottom" if steps.is_pipeline else operation.name
        heading = ipywidgets.HTML(f"<b>{title.replace('_', ' ')}</b>")
        parts = [heading, self.step_panel, self.bar, self.status, self.error, self.promotion]
        super().__init__(parts)
        self._preview = LivePreview(viewer, on_state=self._show_state, on_error=self._show_error)
        self.promotion.path.observe(lambda _: self._show_cost(), "value")
        viewer.follow(self._follow_viewer)
        self._is_open = True
        self.refresh()

    @property
    def operation(self) -> Operation | Pipeline:
        """The operation with the values of the controls, as tuned at the current scale.

        Of a pipeline the steps that are enabled, in their order; without any, ``identity``.
        """
        return self._steps.operation

    @property
    def steps(self) -> tuple[str, ...]:
        """Names of the steps of a pipeline in the order in which they run; settable."""
        return self._steps.arrangement.order if self._steps.is_pipeline else ()

    @steps.setter
    def steps(self, names: Sequence[str]) -> None:
        self.step_panel.arrange(self._steps.in_order(names))

    @property
    def disabled_steps(self) -> tuple[str, ...]:
        """Names of the steps that are left out; settable."""
        return tuple(n for n in self.steps if n in self._steps.arrangement.disabled)

    @disabled_steps.setter
    def disabled_steps(self, names: Sequence[str]) -> None:
        self.step_panel.arrange(self._steps.without(names))

    @property
    def input_shown(self) -> bool:
        """Whether the viewer shows the image without the preview, to compare; settable."""
        return bool(self.bar.input_button.value)

    @input_shown.setter
    def input_shown(self, is_shown: bool) -> None:
        self.bar.input_button.value = is_shown

    def undo(self) -> None:
        """Take the last change of a value back, if there is one; a drag is one change."""
        self.bar.undo()

    def redo(self) -> None:
        """Make the change again that was taken back, if there is one."""
        self.bar.redo()

    def reset(self) -> None:
        """Go back to the values at the start; this can be undone."""
        self.bar.reset()

    def refresh(self) -> None:
        """Compute the preview anew."""
        if not self._is_showing_result:
            self._preview.start(self.operation)

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
            self.operation,
            path,
            tuned_on=self._tuned_on(),
            overwrite=overwrite,
            progress=progress,
        )

    def to_json(self) -> str:
        """Return the recipe of what ``promote`` runs, as text.

        ``roiwidgets promote RECIPE IN OUT`` and ``rw.load_operation`` read it. Lengths in
        voxels that were tuned on a coarser scale are converted to the finest one.

        Raises
        ------
        OperationError
            If the operation's function was defined in a notebook or script.
        """
        return self._promoted_operation().to_json()

    def to_script(self, path: str, *, image: str | None = None) -> str:
        """Return a Python script that writes what ``promote`` does, byte for byte.

        Parameters
        ----------
        path
            Where the script writes the OME-Zarr.
        image
            Path or URL of the image; by default where it was opened.

        Returns
        -------
        str
            Text of the script; the command line that does the same stands in its comments.

        Raises
        ------
        ImageError
            If the image is an array of this session, or another one stands at ``image``.
        OperationError
            If the operation's function was defined in a notebook or script.
        """
        return promotion_script(self._source, self._promoted_operation(), path, location=image)

    def close(self) -> None:
        """Stop the worker, take the preview out of the viewer and remove the controls."""
        if not self._is_open:  # ipywidgets closes once more when the object goes
            return
        self._is_open = False
        self.viewer.unfollow(self._follow_viewer)
        self.bar.close()
        self.promotion.stop()
        self._preview.close()
        super().close()

    def _repr_mimebundle_(self, **options: object) -> dict[str, object]:
        # a saved notebook has no kernel that could draw the controls
        bundle = super()._repr_mimebundle_(**options) or {}
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in self.operation.values.items()
        )
        title = html.escape(self.operation.name)
        return {**bundle, "text/html": f"<table><caption>{title}</caption>{rows}</table>"}

    def _tuned_on(self) -> int:
        """Return the scale of the source that previews are computed on."""
        return min(self.viewer.get_current_scale(), len(self._source.images) - 1)

    def _promoted_operation(self) -> Operation | Pipeline:
        """Return the operation as it runs on the finest scale."""
        levels = levels_of(self._source)
        return operation_at(levels, self.operation, 0, tuned_on=self._tuned_on())[0]

    def _set_controls(self, values: Mapping[str, object]) -> None:
        """Set all controls, and compute once."""
        self.step_panel.show(values)
        self._apply(values)

    def _change(self, values: dict[str, object]) -> None:
        if self._apply(values):
            self.bar.note(values)

    def _apply(self, values: Mapping[str, object]) -> bool:
        """Run the operation with new values; return False if it refuses them."""
        try:
            self._steps = self._steps.with_values(values)
        except ParameterError as error:
            self._show_error(str(error))
            return False
        self.input_shown = False
        if self._is_showing_result:
            self._toggle_result()
        else:
            self.refresh()
        return True

    def _show_input_or_preview(self, is_input_shown: bool) -> None:
        if is_input_shown:
            self._preview.hide()
        else:
            self._preview.show()

    def _follow_viewer(self, change: Mapping[str, object]) -> None:
        if change["name"] == "problem":
            self._viewer_problem = str(change["new"])
            self.error.value = message_html(self._viewer_problem, is_error=True)
            return
        if change["name"] == "scene" and not self._is_showing_result:
            self._source = self.viewer.image
        self.refresh()

    def _show_state(self, text: str) -> None:
        self.error.value = message_html(self._viewer_problem, is_error=True)
        self.status.value = message_html(text, is_error=False)
        self._show_cost()

    def _show_cost(self) -> None:
        """Say beside the Promote button what promoting takes, by the speed of the preview."""
        try:
            cost = estimate(
                self._source,
                self.operation,
                disk_folder(self.promotion.path.value),
                tuned_on=self._tuned_on(),
                voxels_per_s=self._preview.voxels_per_s,
            )
        except RoiwidgetsError as error:
            self.promotion.show_cost(f"cannot be promoted: {error}")
        else:
            self.promotion.show_cost(cost.summary(), cost.warnings)

    def _show_error(self, text: str) -> None:
        self.status.value = ""
        self.error.value = message_html(text, is_error=True)

    def _toggle_result(self) -> None:
        """Show what was written in the viewer, or the source and its preview again."""
        try:
            self._show_other()
        except ViewerError as error:
            log.warning("the viewer did not show the image", exc_info=error)
            self._show_error(str(error))
        self.promotion.mark_shown(is_shown=self._is_showing_result)
        self.bar.input_button.disabled = self._is_showing_result

    def _show_other(self) -> None:
        if self._is_showing_result:
            self.viewer.set_image(self._source)
            self._is_showing_result = False
            self.refresh()
        elif self.promotion.result is not None:
            self._is_showing_result = True
            self.input_shown = False
            self.viewer.set_image(self.promotion.result, name=self.operation.name)
            self._show_state("the result is shown; move a control to go on tuning the source")

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
            self.operation,
            path,
            tuned_on=self._tuned_on(),
            overwrite=overwrite,
            progress=False,
            cancel=cancel,
            on_progress=on_progress,
        )


def tune(viewer: object, operation: Operation | Pipeline, **ranges: Setting) -> Tuner:
    """Return sliders that tune an operation live on the viewer's region.

    Parameters
    ----------
    viewer
        A ``Viewer``; or one of itkwidgets 1.0a55, or an ``ItkwidgetsViewer``.
    operation, **ranges
        As for ``Tuner``.

    Returns
    -------
    Tuner
        ``tuner.operation`` is the tuned one; ``tuner.promote(path)`` writes it out.

    Raises
    ------
    TypeError
        If ``viewer`` is no viewer or ``operation`` no operation.
    UnsupportedViewerError, UnsupportedImageError
        If a viewer of itkwidgets, or what it shows, cannot be driven.
    """
    if not isinstance(operation, Operation | Pipeline):
        raise TypeError(
            f"tune expects an Operation second, got {type(operation).__name__}; wrap a function "
            "with rw.operation"
        )
    if is_itkwidgets_viewer(viewer):
        viewer = ItkwidgetsViewer(viewer)
    if not isinstance(viewer, Viewer | ItkwidgetsViewer):
        raise TypeError(f"tune expects a Viewer first, got {type(viewer).__name__}; use rw.view")
    return Tuner(viewer, operation, **ranges)

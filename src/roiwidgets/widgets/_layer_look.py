"""Traits of how layers are drawn over each other: labels, and two images compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import traitlets

from roiwidgets.errors import ParameterError
from roiwidgets.widgets import _colormaps, _traits
from roiwidgets.widgets._wire import fold_labels

COMPARE_METHODS = ("blend", "checkerboard", "green-magenta", "cyan-red", "swap")
MOST_LABELS = 10_000
LONGEST_NAME = 200


class LayerLook(traitlets.HasTraits):
    """How layers are drawn; twin of the pictures in js/src/drawing.ts."""

    label_opacity = _traits.BoundedFloat(0.5, min=0, max=1, help="0 to 1.").tag(sync=True)
    label_outline = traitlets.Bool(
        False, help="Draw only voxels of a label that touch another one within the slice."
    ).tag(sync=True)
    label_names: _traits.Checked[dict[str, str]] = _traits.Checked(
        lambda value: check_label_names(value),
        default={},
        to_json=lambda names, _: {str(_on_the_wire(int(k))): name for k, name in names.items()},
        help="Names of labels, {label: name}, shown for what is under the pointer.",
    )
    hidden_labels: _traits.Checked[tuple[int, ...]] = _traits.Checked(
        lambda value: check_labels(value),
        default=(),
        to_json=lambda labels, _: [_on_the_wire(label) for label in labels],
        help="Labels that are not drawn.",
    )
    label_weights: _traits.Checked[dict[str, float]] = _traits.Checked(
        lambda value: check_label_weights(value),
        default={},
        to_json=lambda weights, _: {str(_on_the_wire(int(k))): w for k, w in weights.items()},
        help="Share of label_opacity with which single labels are drawn, {label: 0 to 1}.",
    )
    label_color_map = traitlets.Unicode(
        "", help="Name of a qualitative colormap of cmap for labels, such as 'glasbey'; '' takes "
        "hues a golden angle apart.",
    ).tag(sync=True)  # fmt: skip
    label_color_table = traitlets.Unicode(read_only=True).tag(sync=True)
    image_interpolation = traitlets.Bool(
        False, help="Whether slices are interpolated between voxels, which then cannot be told."
    ).tag(sync=True)
    background_color: _traits.Checked[str] = _traits.Checked(
        lambda value: value if value == "" else _colormaps.check_color(_without_alpha(value)),
        default="",
        help="Color behind the image, as for channel_colors; '' is nearly black.",
    )
    layer_visibility: _traits.Checked[dict[str, bool]] = _traits.Checked(
        lambda value: check_visibility(value),
        default={},
        help="Whether layers are drawn, {name: bool}; those that are not named are.",
    )
    selected_layer: _traits.Checked[str] = _traits.Checked(
        lambda value: _name(value),
        default="",
        help="Name of the layer whose settings the panel of layers shows; '' lets it choose.",
    )
    compare_method = traitlets.Enum(
        COMPARE_METHODS,
        "blend",
        help="How the second image of a comparison is drawn over the first.",
    ).tag(sync=True)
    image_mix = _traits.BoundedFloat(
        0.5, min=0, max=1, help="Share of the second image, for 'blend' and 'swap'."
    ).tag(sync=True)
    checkerboard_pattern = traitlets.Int(
        8, min=2, max=256, help="Squares of the checkerboard along the longest side of the image."
    ).tag(sync=True)

    looks: ClassVar[tuple[str, ...]] = (
        "label_opacity", "label_outline", "label_names", "hidden_labels", "label_weights",
        "label_color_map", "image_interpolation", "background_color", "layer_visibility",
        "selected_layer", "compare_method", "image_mix", "checkerboard_pattern",
    )  # fmt: skip

    @traitlets.validate("label_color_map")
    def _check_label_color_map(self, proposal: Mapping[str, str]) -> str:
        try:
            _colormaps.label_table(proposal["value"])
        except ParameterError as error:
            raise _traits.RefusedParameterError(str(error)) from error
        return proposal["value"]

    @traitlets.observe("label_color_map")
    def _send_label_table(self, change: Mapping[str, str]) -> None:
        table = _colormaps.label_table(change["new"])
        self.set_trait("label_color_table", _colormaps.encode_table(table))


def check_label_names(value: object) -> dict[str, str]:
    """Return names with labels as decimal text, as JSON has them."""
    if not isinstance(value, Mapping) or len(value) > MOST_LABELS:
        raise ParameterError(
            f"label_names is a dictionary {{label: name}} of at most {MOST_LABELS} entries, "
            f"got {value!r:.120}"
        )
    return {str(_label(label)): _name(name) for label, name in value.items()}


def check_labels(value: object) -> tuple[int, ...]:
    """Return labels, each once, in rising order."""
    value = _traits.plain(value)
    if not isinstance(value, list | tuple | set | frozenset) or len(value) > MOST_LABELS:
        raise ParameterError(f"labels are a list of at most {MOST_LABELS} ids, got {value!r:.120}")
    return tuple(sorted({_label(label) for label in value}))


def check_label_weights(value: object) -> dict[str, float]:
    """Return weights with labels as decimal text, as JSON has them."""
    if not isinstance(value, Mapping) or len(value) > MOST_LABELS:
        raise ParameterError(
            f"label_weights is a dictionary {{label: 0 to 1}} of at most {MOST_LABELS} entries, "
            f"got {value!r:.120}"
        )
    for label, weight in value.items():
        if not 0 <= _traits.finite_number(weight, "a weight", ParameterError) <= 1:
            raise ParameterError(f"the weight of label {label!r:.80} is from 0 to 1, got {weight}")
    return {str(_label(label)): float(weight) for label, weight in value.items()}


def check_visibility(value: object) -> dict[str, bool]:
    """Return whether layers are visible, by name."""
    if not isinstance(value, Mapping) or len(value) > MOST_LABELS:
        raise ParameterError(f"layer_visibility is a dictionary {{name: bool}}, got {value!r:.120}")
    for name, visible in value.items():
        if not isinstance(visible, bool):
            raise ParameterError(f"layer {name!r:.80} is visible or not, got {visible!r:.80}")
    return {_name(name): visible for name, visible in value.items()}


def _on_the_wire(label: int) -> int:
    """Return the id by which the browser knows a label."""
    return int(fold_labels(np.array([label], np.uint64))[0])


def _without_alpha(value: object) -> object:
    return value[:3] if isinstance(value, list | tuple) and len(value) == 4 else value


def _label(value: object) -> int:
    value = _traits.plain(value)
    text = value if isinstance(value, str) else None
    number = int(text) if text is not None and text.isdecimal() and len(text) < 20 else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**64:
        raise ParameterError(f"a label is an integer from 0, got {value!r:.80}")
    return number


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise ParameterError(
            f"a name is a text of at most {LONGEST_NAME} characters, got {value!r:.80}"
        )
    return value

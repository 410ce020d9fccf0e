"""Write docs/filters.md from the catalogue: run it after a filter was added or changed."""

from __future__ import annotations

import inspect
import math
from pathlib import Path

from roiwidgets.operations import Operation, Parameter
from roiwidgets.operations.catalog import THEMES
from roiwidgets.operations.catalog.rules import (
    RECURSIVE_TOLERANCE,
    DiscreteGaussianReach,
    FixedReach,
    ProductReach,
    WorldReach,
    bilateral_reach,
    no_halo,
    recursive_reach,
)

PAGE = Path(__file__).with_name("filters.md")

HEAD = f"""# Filters

Made from the catalogue by `docs/make_filters.py`. Each is a function of `roiwidgets.operations`
that returns an operation: `rw.operations.median(radius=2)`. They run on 2-D and 3-D images, are
chained with `|`, tuned with `rw.tune` and promoted with `rw.promote`. Block by block each is what
it is on the whole volume, to the last bit; the four recursive ones (halo of 8 sigma) keep to
{RECURSIVE_TOLERANCE:g} of the range of values.

- *Result*: `same` keeps the type of the image. Without a remark a filter takes uint8, uint16,
  int16, float32 and float64; *any* takes all numbers and booleans.
- *Halo*: voxels around a block that are read, per axis; lengths in world units are divided by the
  spacing.
- Binary filters take what is not 0 for the object and return 255 in 0.
- *Halo* `whole image`: the operation is promoted in passes, the first of which gather what it needs
  from all blocks.
- Canny's edges, the double threshold and ITK's sharpening by the Laplacian depend on the whole
  image; the diffusions would, so their average gradient is a parameter.
- The curvature flows and diffusions take steps that follow the finest spacing: tune them on the
  scale that is promoted.

Any other ITK filter: `rw.operation(itk.some_image_filter, ...)`. Filters of other packages are
found by recipes through the entry-point group `roiwidgets.operations`; see
[CONTRIBUTING](../CONTRIBUTING.md).
"""


def page() -> str:
    """Return the text of docs/filters.md."""
    parts = [HEAD.rstrip()]
    for theme in THEMES:
        title = theme.__name__.rsplit(".", 1)[-1].capitalize().replace("_", " ")
        parts.append(f"\n## {title}\n")
        parts.append(
            "| filter | what it returns | parameters | result | halo |\n|---|---|---|---|---|"
        )
        parts += [_row(getattr(theme, name)) for name in theme.__all__]
    return "\n".join(parts) + "\n"


def _row(make: object) -> str:
    operation: Operation = make()  # type: ignore[operator] # a function of the catalogue
    first = (inspect.getdoc(make) or "").splitlines()[0]
    what = first.removeprefix("Return ").rstrip(".").split("; the result")[0]
    what = what.replace("``", "`").removeprefix("the operation that ")
    what = what.removesuffix(", as float32").removesuffix(", as uint8").removesuffix(", type kept")
    result = getattr(operation.dtype_rule, "name", "same")
    remark = "" if operation.dtypes else " (any)"
    parameters = "<br>".join(map(_parameter, operation.parameters)) or "none"
    cells = (f"`{operation.name}`", what, parameters, result + remark, _halo(operation))
    return "| " + " | ".join(cells) + " |"


def _parameter(parameter: Parameter) -> str:
    units = {"voxel": " voxels", "world": " world units", "intensity": " in values"}
    unit = units.get(parameter.unit or "", "")
    if parameter.choices:
        return f"`{parameter.name}`: {', '.join(map(str, parameter.choices))}"
    if parameter.kind == "boolean":
        return f"`{parameter.name}` = {parameter.default}"
    ends = [parameter.minimum, parameter.maximum]
    if parameter.unit == "intensity" or ends == [None, None]:
        span = ""
    elif parameter.maximum is None:
        span = " (> 0)" if parameter.minimum else " (>= 0)"
    else:
        span = f" ({parameter.minimum:g} to {parameter.maximum:g})"
    default = float(parameter.default)
    shown = "no limit" if math.isinf(default) else f"{default:g}"
    return f"`{parameter.name}` = {shown}{unit}{span}"


def _halo(operation: Operation) -> str:
    if operation.support == "global":
        return "whole image"
    rule = operation.halo_rule
    if isinstance(rule, FixedReach):
        return str(rule.voxels)
    if isinstance(rule, ProductReach):
        factor = f"{rule.factor} x " if rule.factor > 1 else ""
        return factor + " x ".join(rule.names)
    if isinstance(rule, DiscreteGaussianReach):
        further = f" + {rule.further}" if rule.further else ""
        return f"kernel of {rule.name}{further}"
    if isinstance(rule, WorldReach):
        return rule.name
    words = {no_halo: "0", recursive_reach: "8 sigma", bilateral_reach: "2.5 domain_sigma"}
    return words[rule]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

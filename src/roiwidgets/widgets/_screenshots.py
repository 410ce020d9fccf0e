"""Pictures of a viewer: from the browser where it has one that is current, else drawn here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import ClassVar

from roiwidgets.errors import ParameterError
from roiwidgets.widgets import _traits
from roiwidgets.widgets._own_picture import OwnPicture


class Screenshots(OwnPicture):
    """Keeps the last picture that the browser took, and tells whether it is still true."""

    picture_shows: _traits.Checked[dict[str, object]] = _traits.Checked(
        lambda value: check_description(value),
        default={},
        help="Values that the picture depends on; {} for one that was drawn in Python.",
    )
    picture_shows.tag(echo_update=False)

    looks: ClassVar[tuple[str, ...]] = ("picture", "picture_shows")

    def screenshot(self) -> bytes:
        """Return the views as a PNG: as the browser shows them, if one is connected.

        Answers at once: with what the browser took when it last came to rest, if nothing
        was changed since, else with ``draw_png``, which has the planes without the volume.
        """
        if self.picture_shows and self._is_true(self.picture_shows):
            return base64.b64decode(self.picture)
        return self.draw_png()

    def _keep_own_picture(self) -> bytes:
        """Draw a picture and keep it for pages without a kernel."""
        self.picture_shows = {}
        return super()._keep_own_picture()

    def _is_true(self, shows: Mapping[str, object]) -> bool:
        """Tell whether everything is still as the browser says that a picture shows it."""
        preview = getattr(self, "preview", None)
        own = {
            **self.get_state([name for name in shows if self.has_trait(name)]),
            "layers": [layer["id"] for layer in self.scene["layers"]],
            "points": [[p["name"], p["color"], p["size"]] for p in self.point_sets],
            "preview": preview["id"] if preview else None,
        }
        kept = {name: value for name, value in shows.items() if name in own}
        now = {name: own[name] for name in kept}
        return {"layers", "slices"} <= set(kept) and json.loads(json.dumps(now)) == kept


def check_description(value: object) -> dict[str, object]:
    """Return names and values."""
    if not isinstance(value, Mapping) or len(value) > 200:
        raise ParameterError(f"picture_shows is a dictionary of traits, got {value!r:.120}")
    return {str(name): shown for name, shown in value.items()}

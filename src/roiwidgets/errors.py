"""Errors that roiwidgets raises, each derived from the builtin that fits.

Every message says what was expected, what came, and what to do.
"""

from __future__ import annotations

__all__ = [
    "GeometryError",
    "ImageError",
    "MissingPackageError",
    "OperationError",
    "OutputExistsError",
    "OutputLocationError",
    "ParameterError",
    "PromotionCancelled",
    "PromotionError",
    "RegionError",
    "RoiwidgetsError",
    "SchedulerError",
    "StackCancelled",
    "UnsupportedDtypeError",
    "UnsupportedImageError",
    "UnsupportedViewerError",
    "ViewerError",
]


class RoiwidgetsError(Exception):
    """Base of every error that roiwidgets raises on purpose."""


class ImageError(RoiwidgetsError, ValueError):
    """An image has no voxels, no finite values, or contradictory metadata."""


class UnsupportedImageError(RoiwidgetsError, TypeError):
    """An object or file is of a kind that cannot be opened as an image."""


class UnsupportedDtypeError(RoiwidgetsError, TypeError):
    """An image's data type cannot be shown or processed."""


class UnsupportedViewerError(RoiwidgetsError, TypeError):
    """A viewer of another package is of a kind that cannot be driven."""


class ViewerError(RoiwidgetsError, RuntimeError):
    """A viewer is closed; one of another package did not answer, or not draw what it was given."""


class GeometryError(RoiwidgetsError, ValueError):
    """Shape, spacing, origin and direction of a grid do not fit together."""


class RegionError(RoiwidgetsError, ValueError):
    """A region is empty, malformed, or lies outside the image."""


class ParameterError(RoiwidgetsError, ValueError):
    """A parameter of an operation is unknown or outside its range."""


class OperationError(RoiwidgetsError, RuntimeError):
    """An operation failed, or broke its promise on shape or data type."""


class OutputExistsError(RoiwidgetsError, FileExistsError):
    """The output path exists and overwriting was not asked for."""


class OutputLocationError(RoiwidgetsError, OSError):
    """The output path or URL cannot be used: inside the input, or not writable."""


class PromotionError(RoiwidgetsError, RuntimeError):
    """A promotion stopped; finished blocks are kept in the ``.partial`` folder."""


class PromotionCancelled(RoiwidgetsError):  # noqa: N818 # nothing failed
    """A promotion was cancelled; finished blocks are kept for a later run."""


class StackCancelled(RoiwidgetsError):  # noqa: N818 # nothing failed
    """Work on a movie or stack was cancelled."""


class SchedulerError(RoiwidgetsError, ConnectionError):
    """A cluster's scheduler does not answer, or has no workers."""


class MissingPackageError(RoiwidgetsError, ImportError):
    """Something was asked for that needs an optional package."""


class DemoError(RoiwidgetsError):
    """The example notebook failed."""

"""Which part of an image: geometry only, no pixels."""

from roiwidgets.regions.region import Region
from roiwidgets.regions.resolve import region_of_slices, resolve_region

__all__ = ["Region", "region_of_slices", "resolve_region"]

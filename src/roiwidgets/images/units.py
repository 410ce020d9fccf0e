"""Names of units: what files write, and what OME-Zarr allows."""

from __future__ import annotations

_PREFIXES = (
    "yocto", "zepto", "atto", "femto", "pico", "nano", "micro", "milli", "centi", "deci", "",
    "hecto", "kilo", "mega", "giga", "tera", "peta", "exa", "zetta", "yotta",
)  # fmt: skip
_SPACE_UNITS = frozenset(
    [*(f"{prefix}meter" for prefix in _PREFIXES), "angstrom", "foot", "inch", "mile", "parsec",
     "yard"]
)  # fmt: skip
_TIME_UNITS = frozenset([*(f"{prefix}second" for prefix in _PREFIXES), "day", "hour", "minute"])

_SYMBOLS = {
    "um": "micrometer", "µm": "micrometer", "μm": "micrometer", "\\u00b5m": "micrometer",
    "micron": "micrometer", "mm": "millimeter", "nm": "nanometer", "cm": "centimeter",
    "m": "meter", "pm": "picometer", "km": "kilometer", "a": "angstrom", "å": "angstrom",
    "in": "inch", "ft": "foot", "s": "second", "sec": "second", "ms": "millisecond",
    "us": "microsecond", "µs": "microsecond", "μs": "microsecond", "ns": "nanosecond",
    "min": "minute", "h": "hour", "d": "day",
}  # fmt: skip


def spelt_out_unit(text: str) -> str:
    """Return the name that OME-Zarr uses for a unit, or the text itself if it has none.

    Examples
    --------
    >>> [spelt_out_unit(text) for text in ("µm", "microns", "seconds", "metre", "pixel")]
    ['micrometer', 'micrometer', 'second', 'meter', 'pixel']
    """
    name = text.strip().lower()
    name = name.replace("metre", "meter")
    for candidate in (name, name.removesuffix("s")):
        candidate = _SYMBOLS.get(candidate, candidate)
        if candidate in _SPACE_UNITS | _TIME_UNITS:
            return candidate
    return text


def is_ngff_unit(axis: str, unit: str) -> bool:
    """Tell whether OME-Zarr knows a unit for an axis: of time for t, of length for z, y, x.

    Examples
    --------
    >>> is_ngff_unit("x", "micrometer"), is_ngff_unit("t", "micrometer"), is_ngff_unit("x", "px")
    (True, False, False)
    """
    return unit in (_TIME_UNITS if axis == "t" else _SPACE_UNITS) and axis != "c"

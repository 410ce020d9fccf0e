"""Ask ITK what a filter's parameters, halo and result type are.

The halo comes from ITK's pipeline: a small region is requested of the output, and
the region that the filter then requests of its input shows its reach, without
computing a pixel. Some filters are known to answer wrongly; they are listed here.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from roiwidgets.errors import OperationError, UnsupportedDtypeError
from roiwidgets.operations.itk_filters import PIXEL_TYPES
from roiwidgets.operations.itk_loader import public_itk, without_swig_warnings
from roiwidgets.operations.operation import Dtype, Operation, Spacing, Support, Values, Voxels
from roiwidgets.operations.parameters import Kind, Parameter, Unit, Value
from roiwidgets.operations.stated import FixedHalo, Stated

PROBE_SIDE = 1025
"""Voxels a side of the image that is asked about; it has no memory behind it."""

PIPELINE_DOUBLES = ("Opening", "Closing", "TopHat")
"""Parts of names of filters that run two passes and report one: the reach is double."""

REPORTED_WRONG = (
    "AnisotropicDiffusion", "Distance", "Canny", "RescaleIntensity", "Otsu", "Normalize",
    "HistogramMatching", "AdaptiveHistogram", "ZeroCrossing", "IterativeHoleFilling",
    "GaussianNoise", "SpeckleNoise", "PepperNoise", "ShotNoise",
)  # fmt: skip
"""Parts of names of filters that need more than they request: the whole image, many
iterations, or random numbers that differ from block to block."""

UNITS_BY_NAME: Mapping[str, Unit] = MappingProxyType(
    {
        "radius": "voxel",
        "maximum_kernel_width": "voxel",
        "number_of_iterations": "voxel steps",
        "sigma": "world",
        "domain_sigma": "world",
        "lower": "intensity",
        "upper": "intensity",
        "lower_threshold": "intensity",
        "upper_threshold": "intensity",
        "range_sigma": "intensity",
        "window_minimum": "intensity",
        "window_maximum": "intensity",
    }
)
"""Units of parameters that ITK's filters name alike."""


def is_itk_filter(function: object) -> bool:
    """Tell whether a function is one of ``itk``'s own, such as ``itk.median_image_filter``."""
    module = getattr(function, "__module__", "") or ""
    return module.split(".")[0] == "itk" and hasattr(function, "process_object")


def describe_itk_filter(
    function: Callable[..., object], *, stated: Stated, values: Mapping[str, Value]
) -> Operation:
    """Return an operation for one of ITK's functions.

    Parameters
    ----------
    function
        For example ``itk.median_image_filter``.
    stated
        Takes the place of what ITK says.
    values
        Value per parameter.
    """
    name = function.__name__
    parameters = stated.with_units(tuple(_parameters(ItkCall(name))))
    call = ItkCall(name, {parameter.name: parameter.default for parameter in parameters})
    chosen = {p.name: values.get(p.name, p.default) for p in parameters}
    support, rule = _support(call, stated, chosen)
    return Operation(
        name.removesuffix("_image_filter").removesuffix("_filter"),
        call,
        parameters,
        dict(values),
        support,
        rule,
        ItkDtype(name, stated.output_dtype),
        PIXEL_TYPES,
        origin=f"itk:{name}",
        options=stated.options(),
    )


class ItkCall:
    """Runs a function of ``itk`` by name, so that it pickles.

    Parameters
    ----------
    name
        Name of the function in ``itk``.
    defaults
        Values that ITK takes by itself. They are not passed on: ITK knows them for
        each pixel type, and some setters override each other.
    """

    def __init__(self, name: str, defaults: Mapping[str, Value] | None = None) -> None:
        self._name = name
        self._defaults = dict(defaults or {})

    @property
    def class_name(self) -> str:
        """Name of the filter's class in ``itk``."""
        return "".join(part.capitalize() for part in self._name.split("_"))

    def __call__(self, array: Voxels, spacing: Spacing, values: Values) -> Voxels:
        """Return a copy of the filter's result."""
        itk = public_itk("Image", "PyBuffer", self._name, self.class_name)
        image = itk.image_view_from_array(array)
        image.SetRegions(list(reversed(array.shape)))  # a column would be read as a row
        image.SetSpacing([float(step) for step in reversed(spacing)])
        # the name keeps the result alive while its voxels are copied
        with without_swig_warnings():  # the last modules load as late as here
            result = getattr(itk, self._name)(
                image, number_of_work_units=1, **self._changed(values)
            )
        return np.array(itk.array_view_from_image(result), order="C")

    def function(self) -> Callable[..., object]:
        """Return the function itself."""
        found: Callable[..., object] = getattr(public_itk(self._name), self._name)
        return found

    def probe(self, ndim: int, spacing: Spacing, values: Mapping[str, Value]) -> object:
        """Return a filter object on an image without memory behind it.

        Raises
        ------
        OperationError
            If the filter takes none of the usual images, or cannot be made.
        """
        itk = public_itk("Image", self.class_name)
        problem: Exception | None = None
        for pixel in (itk.F, itk.UC, itk.SS):
            image = itk.Image[pixel, ndim].New(Regions=[PROBE_SIDE] * ndim)
            image.SetSpacing([float(step) for step in reversed(spacing)])
            try:
                with without_swig_warnings():  # the last modules load as late as here
                    made: object = getattr(itk, self.class_name).New(image, **self._changed(values))
            except (TypeError, AttributeError, RuntimeError) as error:
                problem = error
                continue
            return made
        raise OperationError(
            f"itk.{self._name} cannot run on one {ndim}-D image of numbers: "
            f"{str(problem).strip().splitlines()[0]}; wrap it in a function of one array"
        ) from problem

    def _changed(self, values: Mapping[str, Value]) -> dict[str, Value]:
        return {k: v for k, v in values.items() if v != self._defaults.get(k)}

    def requested(
        self, ndim: int, spacing: Spacing, values: Mapping[str, Value]
    ) -> tuple[int, ...] | None:
        """Return the reach per axis that the filter requests; None for the whole image."""
        itk = public_itk("ImageRegion")
        probe: typing.Any = self.probe(ndim, spacing, values)
        output = probe.GetOutput()
        try:
            probe.UpdateOutputInformation()
            if list(output.GetLargestPossibleRegion().GetSize()) != [PROBE_SIDE] * ndim:
                raise OperationError(f"itk.{self._name} changes the shape; an operation keeps it")
            output.SetRequestedRegion(itk.ImageRegion[ndim]([PROBE_SIDE // 2] * ndim, [1] * ndim))
            output.PropagateRequestedRegion()
        except RuntimeError as error:
            if isinstance(error, OperationError):
                raise
            last = str(error).strip().splitlines()[-1]
            raise OperationError(
                f"itk.{self._name} cannot run on one image alone: {last}; wrap it in a function of "
                "one array"
            ) from error
        region = probe.GetInput().GetRequestedRegion()
        first, sides = list(region.GetIndex()), list(region.GetSize())
        if any(side >= PROBE_SIDE for side in sides):
            return None
        middle = PROBE_SIDE // 2
        reach = [max(middle - a, a + n - 1 - middle) for a, n in zip(first, sides, strict=True)]
        factor = 2 if any(part in self.class_name for part in PIPELINE_DOUBLES) else 1
        return tuple(factor * int(side) for side in reversed(reach))


class RequestedHalo:
    """The halo rule that asks ITK, anew for each spacing and each set of values."""

    def __init__(self, call: ItkCall) -> None:
        self._call = call

    def __call__(self, spacing: Spacing, values: Values) -> tuple[int, ...]:
        """Return the halo per axis."""
        reach = self._call.requested(len(spacing), spacing, values)
        if reach is None:
            raise OperationError(
                f"with {dict(values)} the filter needs the whole image, so it cannot run block by "
                "block; state halo= if you know how far it reaches"
            )
        return reach


class ItkDtype:
    """The dtype rule that tries the filter on a few voxels."""

    def __init__(self, name: str, stated: str | None) -> None:
        self._name, self._stated = name, stated

    def __call__(self, dtype: Dtype) -> Dtype:
        """Return the data type of the result."""
        if self._stated is not None:
            return np.dtype(self._stated)
        return _result_dtype(self._name, dtype.newbyteorder("=").name)


@lru_cache(maxsize=64)
def _result_dtype(name: str, dtype: str) -> Dtype:
    try:
        return ItkCall(name)(np.zeros((8, 8, 8), dtype), (1.0, 1.0, 1.0), {}).dtype
    except (TypeError, KeyError) as error:
        raise UnsupportedDtypeError(
            f"ITK's wheels do not wrap {name} for {dtype}; convert the image first, for example "
            "with image.data.astype('float32')"
        ) from error


def _support(
    call: ItkCall, stated: Stated, values: Mapping[str, Value]
) -> tuple[Support, RequestedHalo | FixedHalo]:
    if stated.halo is not None:
        return stated.support(unknown="unknown"), FixedHalo(stated.halo)
    if any(part in call.class_name for part in REPORTED_WRONG):
        return "global", RequestedHalo(call)
    reach = call.requested(3, (1.0, 1.0, 1.0), values)
    if reach is None:
        return "global", RequestedHalo(call)
    return ("neighbourhood" if any(reach) else "pointwise"), RequestedHalo(call)


def _parameters(call: ItkCall) -> typing.Iterator[Parameter]:
    """Yield the filter's numbers and switches, with ITK's own defaults."""
    probe = call.probe(3, (1.0, 1.0, 1.0), {})
    for name, described in inspect.signature(call.function()).parameters.items():
        kind = _kind(described.annotation)
        if kind is None:
            continue
        default = _default(probe, name, kind)
        if default is not None:
            described_as = f"{name} of itk.{call.class_name}"
            unit = UNITS_BY_NAME.get(name)
            yield Parameter(name, kind, default, unit=unit, description=described_as)


def _kind(annotation: object) -> Kind | None:
    kinds: dict[object, Kind] = {bool: "boolean", int: "integer", float: "float"}
    options = (annotation, *typing.get_args(annotation))
    return next((kinds[option] for option in options if option in kinds), None)


def _default(probe: object, name: str, kind: Kind) -> Value | None:
    getter = getattr(probe, "Get" + "".join(part.capitalize() for part in name.split("_")), None)
    if getter is None:
        return None
    try:
        value = getter()
    except RuntimeError:  # "constant 1 is not set": there is no default
        return None
    if not isinstance(value, bool | int | float):
        try:
            value = value[0]  # one entry per axis
        except (TypeError, IndexError):
            return None
    converters: dict[Kind, Callable[[Value], Value]] = {
        "boolean": bool, "integer": int, "float": float,
    }  # fmt: skip
    return converters[kind](value)

"""Load one of ITK's classes, with as little else as possible.

The public ``itk.X`` imports about a thousand modules on first use; the one
extension module that holds a class loads in a fraction of the time and memory
(1 s and 200 MB instead of 6.5 s and 600 MB). Processes that only run filters load
single classes, for a third of that. Where a wheel arranges its modules differently,
the public names are used.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Protocol, cast

from roiwidgets.errors import UnsupportedDtypeError
from roiwidgets.operations.itk_classes import ArrangedOtherwiseError, load_class

_skips_unused = False


class ItkFilter(Protocol):
    """The part of an ITK filter that is used here."""

    def SetInput(self, image: object) -> None: ...  # noqa: N802, D102 # ITK's name
    def SetNumberOfWorkUnits(self, count: int) -> None: ...  # noqa: N802, D102 # ITK's name
    def Update(self) -> None: ...  # noqa: N802, D102 # ITK's name
    def UpdateOutputInformation(self) -> None: ...  # noqa: N802, D102 # ITK's name
    def GetOutput(self) -> ItkImage: ...  # noqa: N802, D102 # ITK's name


class ItkRegion(Protocol):
    """The part of an ITK region that is used here; axes are x, y, z."""

    def SetIndex(self, axis: int, start: int) -> None: ...  # noqa: N802, D102 # ITK's name
    def SetSize(self, axis: int, size: int) -> None: ...  # noqa: N802, D102 # ITK's name


class ItkImage(Protocol):
    """The part of an ITK image that is used here."""

    def SetRegions(self, size: list[int]) -> None: ...  # noqa: N802, D102 # ITK's name
    def SetSpacing(self, spacing: list[float]) -> None: ...  # noqa: N802, D102 # ITK's name
    def GetLargestPossibleRegion(self) -> ItkRegion: ...  # noqa: N802, D102 # ITK's name
    def SetRequestedRegion(self, region: ItkRegion) -> None: ...  # noqa: N802, D102 # ITK's name


class ItkBuffer(Protocol):
    """What turns arrays into images and back, for one image type.

    These are what its public methods call; those also import the public ``itk``, and
    guess the order of axes.
    """

    def _GetImageViewFromArray(  # noqa: N802 # ITK's name
        self, array: object, size: tuple[int, ...], components: int
    ) -> ItkImage: ...
    def _GetArrayViewFromImage(self, image: object) -> memoryview: ...  # noqa: N802 # ITK's name


def skip_unused_packages() -> None:
    """Load ITK from now on class by class, and without xarray, torch and distributed.

    For processes that run nothing but filters: ITK imports these packages, where
    they are installed, to convert to and from their types, which takes longer than
    importing the filter does.
    """
    global _skips_unused
    _skips_unused = True


@lru_cache(maxsize=1)
def _skip_converters() -> None:
    helpers = importlib.import_module("itk.support.helpers")
    vars(helpers).update(_HAVE_XARRAY=False, _HAVE_TORCH=False)


@lru_cache(maxsize=1)
def _load_base_without_unused() -> None:
    _skip_converters()
    if "distributed" not in sys.modules:
        sys.modules["distributed"] = None  # type: ignore[assignment] # ITK does without it then
        importlib.import_module("itk.itkPyBufferPython")
        del sys.modules["distributed"]


@contextmanager
def without_swig_warnings() -> Iterator[None]:
    """Ignore what SWIG's types warn of: as an error it would crash the interpreter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def public_itk(*names: str) -> ModuleType:
    """Return the module ``itk``, with what some of its names need loaded."""
    with without_swig_warnings():
        itk = importlib.import_module("itk")
        for name in names:
            getattr(itk, name, None)
    return itk


def load_buffer(image: str) -> ItkBuffer:
    """Return the converter of an image type, for example ``IUC3``."""
    # what it returns, and what that returns, have methods once their classes are loaded
    _direct("Image", f"itkImage{image.removeprefix('I')}")
    _direct("ImageRegion", f"itkImageRegion{image[-1]}")
    found = _direct("PyBuffer", f"itkPyBuffer{image}")
    return cast("ItkBuffer", found or _public("PyBuffer", (image,)))


def make_structuring_element(shape: str, radius: int, ndim: int) -> object:
    """Return a ``Box``, ``Ball`` or ``Cross`` of ``2 * radius + 1`` voxels a side."""
    found = _direct("FlatStructuringElement", f"itkFlatStructuringElement{ndim}")
    if found is None:
        found = public_itk("FlatStructuringElement").FlatStructuringElement[ndim]
    element: object = getattr(found, shape)([radius] * ndim)
    return element


def make_filter(name: str, given: str, returned: str, *, takes_kernel: bool = False) -> ItkFilter:
    """Return a new filter object for an input and an output image type.

    Parameters
    ----------
    name
        Class name without ``itk``, for example ``MedianImageFilter``.
    given, returned
        Image types, for example ``IUC3``.
    takes_kernel
        Whether the class is wrapped for a structuring element.

    Raises
    ------
    UnsupportedDtypeError
        If ITK's wheels do not wrap the filter for these types.
    """
    kernel = f"SE{given[-1]}" if takes_kernel else ""
    for suffix in (f"{given}{returned}{kernel}", given):
        found = _direct(name, f"itk{name}{suffix}")
        if found is not None:
            return cast("ItkFilter", found.__New_orig__())  # type: ignore[attr-defined] # SWIG's
    for images in ((given, returned), (given,)):
        template = _public(name, images, takes_kernel=takes_kernel)
        if template is not None:
            return cast("ItkFilter", template.New())  # type: ignore[attr-defined] # an ITK class
    raise UnsupportedDtypeError(
        f"ITK's wheels do not wrap {name} from {given} to {returned}; convert the image first, for "
        "example with image.data.astype('float32')"
    )


@lru_cache(maxsize=64)
def _direct(class_name: str, attribute: str) -> type | None:
    """Return a class of the extension module of one class; None where there is none."""
    module = f"itk{class_name}Python"
    with without_swig_warnings():
        if _skips_unused and f"itk.{module}" not in sys.modules:
            try:
                _skip_converters()
                return load_class(module, attribute)
            except (ArrangedOtherwiseError, ModuleNotFoundError):
                _load_base_without_unused()
        try:
            found: type | None = getattr(importlib.import_module(f"itk.{module}"), attribute, None)
        except ModuleNotFoundError:
            return None
    return found


@lru_cache(maxsize=64)
def _public(
    class_name: str, images: tuple[str, ...], *, takes_kernel: bool = False
) -> object | None:
    """Return an instance of a public template; None where ITK does not wrap it."""
    template = getattr(public_itk("Image", class_name), class_name, None)
    if template is None:
        return None
    # the names of image types are made of an I, the pixel type and the dimension
    itk = public_itk("Image")
    types = tuple(itk.Image[getattr(itk, image[1:-1]), int(image[-1])] for image in images)
    if takes_kernel:
        types += (itk.FlatStructuringElement[int(images[0][-1])],)
    try:
        found: object = template[types if len(types) > 1 else types[0]]
    except (KeyError, TypeError):
        return None
    return found

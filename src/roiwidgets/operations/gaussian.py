"""The reach of ITK's discrete Gaussian, computed without loading ITK.

The halo must be the reach that ITK really has. ITK approximates the Bessel
functions of the kernel's weights by polynomials, so that with a small error and a
large variance its kernel is several voxels longer than an exact sum would make it;
the same polynomials are used here.
"""

from __future__ import annotations

import math

from roiwidgets.errors import ParameterError

LARGEST_VARIANCE = 650.0
"""In squared voxels; beyond about 700 ITK's exp(variance) overflows and weights are NaN."""

RECURRENCE_ACCURACY = 40.0
"""Of Miller's downward recurrence, as ITK has it."""

_I0_SMALL = (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.360768e-1, 0.45813e-2)
_I0_LARGE = (
    0.39894228, 0.1328592e-1, 0.225319e-2, -0.157565e-2, 0.916281e-2,
    -0.2057706e-1, 0.2635537e-1, -0.1647633e-1, 0.392377e-2,
)  # fmt: skip
_I1_SMALL = (0.5, 0.87890594, 0.51498869, 0.15084934, 0.2658733e-1, 0.301532e-2, 0.32411e-3)
_I1_LARGE = (
    0.39894228, -0.3988024e-1, -0.362018e-2, 0.163801e-2, -0.1031555e-1,
    0.2282967e-1, -0.2895312e-1, 0.1787654e-1, -0.420059e-2,
)  # fmt: skip
SMALL_ARGUMENT = 3.75
"""Where the polynomials change: Abramowitz and Stegun, 9.8.1 to 9.8.4."""


def gaussian_radius(variance: float, maximum_error: float, maximum_kernel_width: int) -> int:
    """Return the radius in voxels of ITK's ``GaussianOperator``.

    Parameters
    ----------
    variance
        In squared voxels, > 0.
    maximum_error
        Share of the kernel that may be cut off, 0 to 1 exclusive.
    maximum_kernel_width
        Radius at which the kernel ends in any case.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ParameterError
        If ITK cannot compute a kernel of this variance.

    Notes
    -----
    The weights of Lindeberg's discrete Gaussian are ``exp(-v) I_k(v)``. ITK adds
    them up, from the middle outwards, until no more than the error is missing.

    Examples
    --------
    >>> [gaussian_radius(variance, 0.01, 32) for variance in (1.0, 4.0, 16.0)]
    [3, 5, 10]
    """
    if variance > LARGEST_VARIANCE:
        raise ParameterError(
            f"sigma is {math.sqrt(variance):.1f} voxels, ITK's discrete Gaussian takes at most "
            f"{math.sqrt(LARGEST_VARIANCE):.1f}; choose a smaller sigma, or a coarser scale"
        )
    scale = math.exp(-variance)
    radius = 1
    total = scale * (_bessel_0(variance) + 2 * _bessel_1(variance))
    while total < 1 - maximum_error:
        radius += 1
        weight = scale * _bessel(radius, variance)
        total += 2 * weight
        if weight <= 0 or radius >= maximum_kernel_width:
            break
    return radius


def _bessel_0(y: float) -> float:
    """Return the modified Bessel function of the first kind and order 0."""
    if y < SMALL_ARGUMENT:
        return _polynomial(_I0_SMALL, (y / SMALL_ARGUMENT) ** 2)
    return math.exp(y) / math.sqrt(y) * _polynomial(_I0_LARGE, SMALL_ARGUMENT / y)


def _bessel_1(y: float) -> float:
    """Return the modified Bessel function of the first kind and order 1."""
    if y < SMALL_ARGUMENT:
        return y * _polynomial(_I1_SMALL, (y / SMALL_ARGUMENT) ** 2)
    return math.exp(y) / math.sqrt(y) * _polynomial(_I1_LARGE, SMALL_ARGUMENT / y)


def _bessel(order: int, y: float) -> float:
    """Return the modified Bessel function of an order >= 2, by Miller's recurrence."""
    if y == 0:
        return 0.0
    previous, current, found = 0.0, 1.0, 0.0
    for j in range(2 * (order + int(math.sqrt(RECURRENCE_ACCURACY * order))), 0, -1):
        previous, current = current, previous + j * 2 / y * current
        if current > 1e10:  # the recurrence grows without bound; only its ratio counts
            found, current, previous = found * 1e-10, current * 1e-10, previous * 1e-10
        if j == order:
            found = previous
    return found * _bessel_0(y) / current


def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    value = 0.0
    for coefficient in reversed(coefficients):
        value = coefficient + x * value
    return value

"""The reach of ITK's discrete Gaussian, computed without loading ITK."""

from __future__ import annotations

import numpy as np


def gaussian_radius(variance: float, maximum_error: float, maximum_kernel_width: int) -> int:
    """Return the radius in voxels of ITK's ``GaussianOperator``.

    Parameters
    ----------
    variance
        In squared voxels, >= 0.
    maximum_error
        Share of the kernel that may be cut off, 0 to 1 exclusive.
    maximum_kernel_width
        Radius at which the kernel ends in any case.

    Returns
    -------
    int
        At least 1.

    Notes
    -----
    The weights of Lindeberg's discrete Gaussian are ``exp(-v) I_k(v)``, the Fourier
    coefficients of ``exp(v (cos(w) - 1))``. ITK adds them up, from the middle
    outwards, until no more than the error is missing.

    Examples
    --------
    >>> [gaussian_radius(variance, 0.01, 32) for variance in (1.0, 4.0, 16.0)]
    [3, 5, 10]
    """
    samples = max(256, 4 * maximum_kernel_width)
    angles = 2 * np.pi * np.arange(samples) / samples
    weights = np.fft.ifft(np.exp(variance * (np.cos(angles) - 1))).real
    radius = 1
    total = weights[0] + 2 * weights[1]
    while total < 1 - maximum_error and radius < maximum_kernel_width:
        radius += 1
        total += 2 * weights[radius]
        if weights[radius] < total * np.finfo(float).eps:
            break
    return radius

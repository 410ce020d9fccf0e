from __future__ import annotations

import itk
import pytest

from roiwidgets.operations.gaussian import gaussian_radius


@pytest.mark.parametrize("width", [3, 32, 200])
@pytest.mark.parametrize("error", [1e-6, 0.01, 0.5])
def test_the_radius_is_that_of_itks_operator(error: float, width: int) -> None:
    for sigma in (0.05, 0.5, 1.0, 1.9, 2.0, 5.0, 12.0, 20.0, 25.0):
        operator = itk.GaussianOperator[itk.F, 3]()
        operator.SetVariance(sigma**2)
        operator.SetMaximumError(error)
        operator.SetMaximumKernelWidth(width)
        operator.SetDirection(0)
        operator.CreateDirectional()

        assert gaussian_radius(sigma**2, error, width) == operator.GetRadius()[0], sigma

"""An operation that a recipe can name and a test can interrupt."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray


def halve_slowly(voxels: NDArray[np.uint8], wait_s: float = 0.0) -> NDArray[np.uint8]:
    time.sleep(wait_s)
    return voxels // 2

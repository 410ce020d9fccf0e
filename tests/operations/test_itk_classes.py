"""Single classes of ITK's wrapping compute what the whole modules compute."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from roiwidgets.operations.catalog import CATALOG
from roiwidgets.operations.itk_classes import ArrangedOtherwiseError, load_class
from roiwidgets.operations.operation import Voxels

EVERY_FILTER = """
import sys, numpy as np
from roiwidgets.operations.itk_loader import skip_unused_packages
from tests.operations.test_itk_classes import results

skip_unused_packages()
np.savez(sys.argv[1], **results())
whole = [name for name in sys.modules if name.startswith("itk.itk")]
assert not whole, whole
"""


def results() -> dict[str, Voxels]:
    """Return what each operation of the catalogue makes of images it takes."""
    found = {}
    for name, make in CATALOG.items():
        operation = make()
        for ndim, dtype in ((3, "uint8"), (2, "uint16"), (3, "float32"), (2, "float64")):
            if dtype.startswith("float") and operation.makes_labels:
                continue
            if operation.dtypes and dtype not in operation.dtypes:
                continue
            voxels = np.random.default_rng(ndim).integers(0, 200, (11, 12, 13)[:ndim])
            found[f"{name}-{ndim}-{dtype}"] = operation(
                voxels.astype(dtype), (2.0, 0.7, 1.3)[:ndim], inside=(slice(1, 9),) * ndim
            )
    return found


def test_single_classes_compute_what_whole_modules_do_bit_for_bit(tmp_path: Path) -> None:
    file = tmp_path / "single.npz"

    subprocess.run([sys.executable, "-c", EVERY_FILTER, str(file)], check=True, timeout=300)

    whole = results()
    with np.load(file) as single:
        assert set(single.files) == set(whole)
        for name, voxels in whole.items():
            assert single[name].dtype == voxels.dtype, name
            np.testing.assert_array_equal(single[name], voxels, err_msg=name)


def test_whole_modules_work_beside_single_classes() -> None:
    code = (
        "import importlib, numpy as np, roiwidgets.operations as ops\n"
        "from roiwidgets.operations.itk_loader import skip_unused_packages\n"
        "skip_unused_packages()\n"
        "voxels = np.random.default_rng(0).integers(0, 255, (9, 10, 11)).astype('u1')\n"
        "before = ops.mean()(voxels, (1, 1, 1))\n"
        "importlib.import_module('itk.itkMeanImageFilterPython')  # registers its classes anew\n"
        "assert (ops.mean()(voxels, (1, 1, 1)) == before).all()\n"
        "assert (ops.mean()(voxels.astype('u2'), (1, 1, 1)) == before).all()\n"
    )

    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=300)


def test_a_class_that_itk_does_not_wrap_is_none() -> None:
    assert load_class("itkMedianImageFilterPython", "itkMedianImageFilterILD3ILD3") is None


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("itkNoSuchPython", "itkNoSuch"),
        ("itkImagePython", "vectoritkImageUC3"),  # a base that is no class of ITK's
    ],
)
def test_what_is_arranged_otherwise_is_said(module: str, name: str) -> None:
    with pytest.raises(ArrangedOtherwiseError, match=module):
        load_class(module, name)

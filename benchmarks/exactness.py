"""Promote every catalogue filter on a whole volume and compare with whole-volume ITK.

Prints, for each filter, the voxels that differ and the seconds of both runs:

    python benchmarks/exactness.py [IMAGE] [--chunks 64]

Without an image: the bonsai of the shared data (256^3, uint8), else a seeded phantom.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import roiwidgets as rw
from roiwidgets.images.geometry import grid_of
from roiwidgets.images.samples import ct_phantom, data_folder

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.operations.oracles import OPERATIONS, oracle


def open_volume(given: str | None) -> object:
    if given is not None:
        return given
    folder = data_folder()
    bonsai = None if folder is None else folder / "ct_bonsai" / "bonsai.nii.gz"
    return bonsai if bonsai is not None and bonsai.exists() else ct_phantom((192, 192, 192))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", nargs="?")
    parser.add_argument("--chunks", type=int, default=64)
    parser.add_argument("--only", nargs="*", default=list(OPERATIONS))
    options = parser.parse_args()
    image = rw.open_image(open_volume(options.image))
    level = image.images[0]
    voxels = np.asarray(level.data.compute())
    spacing = grid_of(level).spatial_spacing
    print(f"{voxels.shape} {voxels.dtype}, spacing {spacing}, chunks {options.chunks}^3")
    print(f"{'filter':>20}  {'mismatches':>10}  {'promote s':>9}  {'whole ITK s':>11}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            started = time.perf_counter()
            result = rw.promote(
                image, OPERATIONS[name], Path(folder) / f"{name}.ome.zarr",
                chunks=options.chunks, progress=False,
            )  # fmt: skip
            promoted = time.perf_counter()
            found = np.asarray(result.images[0].data.compute())
            compared = time.perf_counter()
            expected = oracle(name, voxels, spacing)
            ended = time.perf_counter()
            assert found.dtype == expected.dtype
            wrong = int(np.count_nonzero(found != expected))
            print(
                f"{name:>20}  {wrong:>10}  {promoted - started:>9.1f}  {ended - compared:>11.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""A promotion that dies before any of its steps on the disk looks unfinished, and goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.engine.promote import promote
from roiwidgets.errors import RoiwidgetsError
from roiwidgets.images.readers import open_image
from tests.engine.phantoms import Inline, files_of, image_of, voxels_of

VOXELS = np.random.default_rng(0).integers(0, 200, (4, 9, 9), dtype=np.uint8)
OLD = np.full(VOXELS.shape, 7, np.uint8)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
EVENTS = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree")


class Killed(BaseException):
    """Nobody catches it, as nobody catches a kill."""


class Deaths:
    """Counts what is about to change files below a folder; dies before one of the changes."""

    def __init__(self) -> None:
        self._folder, self._at, self.count = "", -1, 0
        sys.addaudithook(self._watch)  # for good: Python removes none

    @contextmanager
    def at(self, number: int, folder: Path) -> Iterator[None]:
        self._folder, self._at, self.count = str(folder), number, 0
        try:
            yield
        finally:
            self._folder = ""

    def _watch(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._folder:
            return
        is_change = event in EVENTS or (event == "open" and arguments[2] & WRITING)  # type: ignore[operator] # an integer
        if is_change and str(arguments[0]).startswith(self._folder):
            self.count += 1
            if self.count - 1 == self._at:
                self._folder = ""
                raise Killed


@pytest.fixture(scope="module")
def deaths() -> Deaths:
    return Deaths()


def run(path: Path, **keywords: object) -> None:
    operation = ops.otsu_threshold() | ops.connected_components()
    promote(
        image_of(VOXELS), operation, path, executor=Inline(), chunks=4, progress=False, **keywords
    )  # fmt: skip


def some_of(steps: int, *, end: int) -> list[int]:
    """Return a tenth of the steps, and all of the last ones: all together take 25 CPU seconds."""
    return sorted({*range(0, steps, 10), *range(steps - end, steps)})


@pytest.mark.parametrize("replaces", [False, True], ids=["new", "replaces"])
def test_wherever_it_dies_it_looks_unfinished_and_goes_on(
    replaces: bool, deaths: Deaths, tmp_path: Path
) -> None:
    reference = tmp_path / "reference.zarr"
    with deaths.at(-1, tmp_path):
        run(reference)
    expected = voxels_of(open_image(reference).images[0])

    for step in some_of(deaths.count, end=30 if replaces else 10):
        folder = tmp_path / f"{step}"
        folder.mkdir()
        path = folder / "a.zarr"
        if replaces:
            promote(image_of(OLD), ops.identity(), path, executor=Inline(), progress=False)
        with pytest.raises(Killed), deaths.at(step, folder):
            run(path, overwrite=replaces)
        seen = voxels_of(open_image(path).images[0]) if path.exists() else None
        assert seen is None or np.array_equal(seen, OLD) or np.array_equal(seen, expected)
        for unfinished in folder.glob("*.partial"):
            with pytest.raises(RoiwidgetsError):
                open_image(unfinished)
        is_new = seen is not None and np.array_equal(seen, expected)

        if not is_new:
            run(path, overwrite=replaces)

        assert files_of(path) == files_of(reference)
        if not is_new:
            assert [entry.name for entry in folder.iterdir()] == ["a.zarr"]

"""A promotion to a URL that dies before any of its puts and removals: no half image, it goes on."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ngff_zarr
import numpy as np
import pytest
import zarr

import roiwidgets.operations as ops
from roiwidgets.engine.promote import promote
from roiwidgets.images.readers import open_image
from roiwidgets.operations.operation import Operation, Pipeline
from tests.engine.object_store import ObjectStore, chunks_in, download, keys_in, nothing
from tests.engine.phantoms import Inline, Voxels, image_of, voxels_of
from tests.engine.test_crash_points import Killed, some_of

VOXELS = np.random.default_rng(0).integers(0, 200, (4, 9, 9), dtype=np.uint8)
OLD = np.full(VOXELS.shape, 7, np.uint8)
PASSES = ops.otsu_threshold() | ops.connected_components()
URL = "objects://bucket/a.zarr"


class Deaths:
    """Counts changes; dies before one of them, and nothing that runs on changes anything more."""

    def __init__(self, at: int = -1) -> None:
        self._at, self.count = at, 0

    def __call__(self, change: str, key: str) -> None:
        self.count += 1
        if 0 <= self._at < self.count:
            raise Killed


@contextmanager
def dying(deaths: Deaths) -> Iterator[None]:
    ObjectStore.before = staticmethod(deaths)
    try:
        yield
    finally:
        ObjectStore.before = staticmethod(nothing)


def run(folder: Path, operation: object, **keywords: object) -> None:
    promote(
        image_of(VOXELS), operation, URL, executor=Inline(), chunks=4, progress=False,
        storage_options={"folder": str(folder)}, **keywords,
    )  # fmt: skip


def seen_by_readers(folder: Path) -> list[Voxels | None]:
    """Return what each of several readers sees at the URL; None where it sees no image."""
    options = {"folder": str(folder)}
    copy = folder.with_name(f"{folder.name}-copy") / uuid.uuid4().hex  # ngff-zarr reads folders
    download(folder, "bucket/a.zarr", copy)
    readers = (
        lambda: voxels_of(open_image(URL, storage_options=options).images[0]),
        lambda: _first_level(zarr.open_group(URL, mode="r", storage_options=options)),
        lambda: np.asarray(ngff_zarr.from_ngff_zarr(copy).images[0].data),
    )
    found: list[Voxels | None] = []
    for read in readers:
        try:
            found.append(read())
        except Exception:  # noqa: BLE001 # whatever each reader raises
            found.append(None)
    return found


def are_all(seen: list[Voxels | None], expected: Voxels | None) -> bool:
    if expected is None:
        return all(voxels is None for voxels in seen)
    return all(voxels is not None and np.array_equal(voxels, expected) for voxels in seen)


def _first_level(group: zarr.Group) -> Voxels:
    attributes = dict(group.attrs)
    ome = attributes.get("ome", attributes)
    return np.asarray(group[ome["multiscales"][0]["datasets"][0]["path"]][...])  # type: ignore[index] # of OME-Zarr


def store_with(old: str | None, folder: Path) -> Path:
    """Return the folder of a store, with an image of a version in it or without one."""
    folder.mkdir()
    if old is not None:
        promote(
            image_of(OLD), ops.identity(), URL, executor=Inline(), version=old, progress=False,
            storage_options={"folder": str(folder)},
        )  # fmt: skip
    return folder


def check(old: str | None, new: str, operation: Pipeline | Operation, folder: Path) -> None:
    """Let promotions die before a tenth of their steps and all of the last ones."""
    reference = store_with(old, folder / "reference")
    with dying(changes := Deaths()):
        run(reference, operation, version=new, overwrite=True)
    before = None if old is None else OLD
    expected = operation(VOXELS, (2.0, 0.7, 1.3))
    assert are_all(seen_by_readers(reference), expected)

    for step in some_of(changes.count, end=14):
        store = store_with(old, folder / f"{step}")
        with pytest.raises(Killed), dying(Deaths(step)):
            run(store, operation, version=new, overwrite=True)

        seen = seen_by_readers(store)
        # from one Zarr format to the other, readers may differ for a moment
        assert all(are_all([one], before) or are_all([one], expected) for one in seen)
        assert old not in (new, None) or are_all(seen, before) or are_all(seen, expected)
        run(store, operation, version=new, overwrite=True)
        assert chunks_in(store) == chunks_in(reference)
        assert len(keys_in(store)) == len(keys_in(reference))


def test_wherever_it_dies_it_looks_unfinished_and_goes_on(tmp_path: Path) -> None:
    check(None, "0.5", PASSES, tmp_path)


@pytest.mark.filterwarnings("ignore:Both zarr.json:UserWarning")  # while one replaces the other
@pytest.mark.parametrize("new", ["0.4", "0.5"])
@pytest.mark.parametrize("old", [None, "0.4", "0.5"])
def test_wherever_it_dies_the_old_image_stays_until_the_new_one_is_complete(
    old: str | None, new: str, tmp_path: Path
) -> None:
    check(old, new, ops.identity(), tmp_path)

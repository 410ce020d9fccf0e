"""Images promoted to URLs: the same voxels, valid for other readers, one clear error each."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import loky
import ngff_zarr
import numpy as np
import pytest
import yaozarrs
import zarr
from ome_zarr_models import open_ome_zarr
from zarr.storage import FsspecStore

import roiwidgets as rw
import roiwidgets.operations as ops
from roiwidgets.cli import main
from roiwidgets.engine import url_output
from roiwidgets.engine.claims import Claim
from roiwidgets.engine.plan import plan
from roiwidgets.engine.promote import build_pyramid, promote
from roiwidgets.errors import (
    ImageError,
    OutputExistsError,
    PromotionCancelled,
    PromotionError,
)
from roiwidgets.images.readers import open_image
from tests.engine.object_store import ObjectStore, announce, chunks_in, download, keys_in
from tests.engine.phantoms import Inline, image_of, voxels_of
from tests.engine.test_failures import Counting, interrupt

VOXELS = np.random.default_rng(0).integers(1, 200, (20, 34, 41), dtype=np.uint8)
SPACING = (2.0, 0.7, 1.3)
URL = "objects://bucket/a.zarr"
pytestmark = pytest.mark.usefixtures("objects")


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://tests/a.zarr"
    system = fsspec.filesystem("memory")
    if system.exists("/tests"):
        system.rm("/tests", recursive=True)


@pytest.fixture
def on_two_machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Promotions do not see each other's locks, as on two machines."""
    locks = iter(range(1000))
    monkeypatch.setattr(url_output, "_lock_file", lambda _: tmp_path / f"{next(locks)}.lock")


@pytest.fixture
def workers(tmp_path: Path, objects: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Processes that are started now, and so know this test's store."""
    (tmp_path / "path").mkdir()
    monkeypatch.syspath_prepend(announce(tmp_path / "path"))
    loky.get_reusable_executor().shutdown()
    yield
    loky.get_reusable_executor().shutdown()


def run(url: str, operation: object = None, image: object = None, **keywords: object):
    return promote(
        image_of(VOXELS) if image is None else image, operation or ops.median(1), url, chunks=8,
        progress=False, **{"executor": Inline(), **keywords},
    )  # fmt: skip


# What is written ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("store", ["memory", "objects"])
def test_all_levels_are_those_of_a_local_output(
    store: str, version: str, memory: str, tmp_path: Path
) -> None:
    url = memory if store == "memory" else URL
    voxels = np.tile(VOXELS, (1, 3, 3))
    keywords = {"image": image_of(voxels), "version": version, "binning": "gaussian"}

    result = run(url, **keywords)

    local = run(str(tmp_path / "a.zarr"), **keywords)
    assert len(result.images) == len(local.images) > 1
    for ours, theirs in zip(result.images, local.images, strict=True):
        np.testing.assert_array_equal(voxels_of(ours), voxels_of(theirs))
        assert (ours.scale, ours.translation) == (theirs.scale, theirs.translation)
    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(voxels, SPACING))


def test_operations_in_passes_are_those_on_the_whole_array(memory: str) -> None:
    operation = ops.median(1) | ops.otsu_threshold() | ops.connected_components("full")

    for url in (memory, URL):
        result = run(url, operation)

        np.testing.assert_array_equal(voxels_of(result.images[0]), operation(VOXELS, SPACING))


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_other_readers_take_it(version: str, tmp_path: Path, objects: Path) -> None:
    voxels = np.tile(VOXELS, (1, 3, 3))
    build_pyramid(
        image_of(voxels), URL, executor=Inline(), chunks=16, version=version, progress=False
    )
    copied = tmp_path / "copied.zarr"
    download(objects, "bucket/a.zarr", copied)

    assert yaozarrs.validate_zarr_store(str(copied)).ome_version() == version
    assert open_ome_zarr(zarr.open_group(copied, mode="r")) is not None
    read = ngff_zarr.from_ngff_zarr(copied)
    np.testing.assert_array_equal(np.asarray(read.images[0].data), voxels)
    # every entry is a part of the hierarchy: zarr-python would warn of any other
    assert len(dict(zarr.open_group(URL, mode="r").members(max_depth=None))) == 1 + len(read.images)
    for folder in (copied, URL):
        np.testing.assert_array_equal(voxels_of(open_image(folder).images[0]), voxels)


def test_worker_processes_write_what_one_process_writes(objects: Path, workers: None) -> None:
    operation = ops.median(1) | ops.otsu_threshold() | ops.connected_components()
    run(URL, operation)
    expected = chunks_in(objects)

    result = run(URL, operation, executor=None, workers=2, overwrite=True)

    np.testing.assert_array_equal(voxels_of(result.images[0]), operation(VOXELS, SPACING))
    assert chunks_in(objects) == expected
    assert all(key.startswith("bucket/a.zarr/") for key in keys_in(objects))


def test_the_command_line_writes_to_urls(
    tmp_path: Path, workers: None, capsys: pytest.CaptureFixture[str]
) -> None:
    build_pyramid(image_of(VOXELS), tmp_path / "in.zarr", executor=Inline(), progress=False)

    assert main(["pyramid", str(tmp_path / "in.zarr"), URL, "--workers", "1"]) == 0
    assert main(["promote", '{"function": "median", "values": {}}', URL, URL]) == 1
    recipe = ops.median(1).to_json()
    assert main(["promote", recipe, URL, "objects://bucket/b.zarr", "--workers", "1"]) == 0

    assert f" s: {URL}" in capsys.readouterr().out
    written = open_image("objects://bucket/b.zarr").images[0]
    np.testing.assert_array_equal(voxels_of(written), ops.median(1)(VOXELS, SPACING))


def test_storage_options_reach_the_store_and_are_never_shown(tmp_path: Path, objects: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    options = {"folder": str(other), "password": "hunter2"}

    checked = plan(image_of(VOXELS), ops.median(1), URL, storage_options=options)
    result = run(URL, storage_options=options)

    np.testing.assert_array_equal(
        voxels_of(pickle.loads(pickle.dumps(result)).images[0]), ops.median(1)(VOXELS, SPACING)
    )
    assert keys_in(objects) == []
    assert "hunter2" not in f"{checked}{checked!r}{checked._repr_html_()}"
    kept = b"".join(file.read_bytes() for file in other.iterdir() if "json" in file.name)
    assert b"hunter2" not in kept


# What stands there already -------------------------------------------------------------------


def test_an_image_is_replaced_whole_with_all_that_belongs_to_it(objects: Path) -> None:
    group = zarr.open_group(URL, mode="w", zarr_format=2)
    build_pyramid(
        image_of(VOXELS), "objects://bucket/other.zarr", executor=Inline(), progress=False
    )
    for name, data in {".zmetadata": b"{}", "0/.zarray": b"{}", "labels/.zgroup": b"{}"}.items():
        fsspec.filesystem("objects").pipe_file(f"bucket/a.zarr/{name}", data)
    assert group.metadata.zarr_format == 2
    beside = [key for key in keys_in(objects) if "other" in key]

    with pytest.raises(
        OutputExistsError, match=r"a\.zarr exists; choose another URL, or pass over"
    ):
        run(URL)
    result = run(URL, overwrite=True)

    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(VOXELS, SPACING))
    (scales,) = {key.split("/")[2] for key in keys_in(objects) if "other" not in key} - {
        "zarr.json"
    }
    assert scales.startswith("scales-")
    assert [key for key in keys_in(objects) if "other" in key] == beside


def test_what_is_no_image_is_never_replaced(objects: Path) -> None:
    system = fsspec.filesystem("objects")
    for key in ("bucket/a.zarr", "bucket/b.zarr/thesis.tex", "bucket/c.zarr/0/zarr.json"):
        system.pipe_file(key, b"{}")
        url = f"objects://{'/'.join(key.split('/')[:2])}"
        with pytest.raises(OutputExistsError, match=r"is no Zarr image.*choose another URL"):
            run(url, overwrite=True)

    assert len(keys_in(objects)) == 3


def test_a_plan_leaves_nothing_behind(objects: Path) -> None:
    checked = plan(image_of(VOXELS), ops.median(1), URL)

    assert keys_in(objects) == []
    assert checked.path == URL
    assert checked.warnings == ()


def test_an_unfinished_output_is_no_image() -> None:
    with pytest.raises(PromotionCancelled, match=r"kept in objects://bucket/a.zarr.partial"):
        run(URL, executor=Counting(2, interrupt))

    with pytest.raises(FileNotFoundError):
        open_image(URL)
    with pytest.raises(ImageError, match="unfinished output of a promotion"):
        open_image(f"{URL}.partial")


def test_another_plan_is_refused_and_may_start_over(objects: Path) -> None:
    with pytest.raises(PromotionCancelled):
        run(URL, executor=Counting(2, interrupt))
    before = keys_in(objects)

    with pytest.raises(PromotionError, match=r"a.zarr.partial holds an unfinished.*in operation"):
        run(URL, ops.identity())
    assert keys_in(objects) == before
    result = run(URL, ops.identity(), resume=False)

    np.testing.assert_array_equal(voxels_of(result.images[0]), VOXELS)
    assert len({key.split("/")[2] for key in keys_in(objects)}) == 2


def test_finished_blocks_are_not_computed_again(objects: Path) -> None:
    run("objects://bucket/b.zarr", executor=(whole := Counting()))
    with pytest.raises(PromotionCancelled):
        run(URL, executor=Counting(7, interrupt))

    run(URL, executor=(rest := Counting()))

    assert 0 < rest.count < whole.count - 5
    ours, theirs = ({k.split("/", 2)[2]: v for k, v in chunks_in(objects).items() if name in k}
                    for name in ("a.zarr", "b.zarr"))  # fmt: skip
    assert ours == theirs


def test_a_listing_that_lags_costs_work_and_no_voxels(
    objects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PromotionCancelled):
        run(URL, executor=Counting(7, interrupt))
    monkeypatch.setattr(ObjectStore, "lag", 9)

    result = run(URL)

    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(VOXELS, SPACING))


def test_arrays_that_somebody_deleted_are_not_gone_on_with() -> None:
    with pytest.raises(PromotionCancelled):
        run(URL, executor=Counting(7, interrupt))
    fsspec.filesystem("objects").rm("bucket/a.zarr", recursive=True)

    result = run(URL)

    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(VOXELS, SPACING))


# Two at once -----------------------------------------------------------------------------------


def test_a_second_promotion_on_this_machine_is_refused() -> None:
    refused = []

    def begin_another() -> None:
        with pytest.raises(PromotionError, match=r"a.zarr.partial and still runs") as error:
            run(URL)
        refused.append(error)

    result = run(URL, executor=Counting(3, begin_another))

    assert len(refused) == 1
    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(VOXELS, SPACING))


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("ends", [True, False], ids=["later ends first", "later is cancelled"])
def test_a_later_promotion_elsewhere_takes_over(
    ends: bool, resume: bool, on_two_machines: None
) -> None:
    other = ops.median(1) if resume else ops.identity()

    def begin_another() -> None:
        if ends:
            run(URL, other, resume=resume)
        else:
            with pytest.raises(PromotionCancelled):
                run(URL, other, resume=resume, executor=Counting(2, interrupt))

    with pytest.raises(PromotionError, match="another promotion has begun to write to objects://"):
        run(URL, executor=Counting(3, begin_another))

    result = open_image(URL) if ends else run(URL, other)
    np.testing.assert_array_equal(voxels_of(result.images[0]), other(VOXELS, SPACING))


def test_tasks_of_a_promotion_that_is_gone_cannot_harm_the_next(
    objects: Path, on_two_machines: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Callable[[], object]] = []

    class Keeping(Inline):
        def submit(self, fn, /, *args, **kwargs):
            late.append(lambda: fn(*args, **kwargs))
            return super().submit(fn, *args, **kwargs)

    with pytest.raises(PromotionCancelled):
        run(URL, executor=Keeping(), on_progress=lambda done, _: interrupt() if done >= 3 else None)
    result = run(URL, ops.identity(), resume=False)

    with pytest.raises(PromotionError, match="another promotion has begun"):
        late[0]()
    with monkeypatch.context() as patch:
        patch.setattr(Claim, "check", lambda _: None)  # as if it had asked just before
        late[0]()

    np.testing.assert_array_equal(voxels_of(result.images[0]), VOXELS)
    assert len({key.split("/")[2] for key in keys_in(objects) if "scales-" in key}) == 2
    result = run(URL, overwrite=True)
    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(VOXELS, SPACING))
    assert len({key.split("/")[2] for key in keys_in(objects) if "scales-" in key}) == 1


def test_the_root_metadata_name_the_paths_of_the_levels() -> None:
    run(URL)

    text = fsspec.filesystem("objects").cat_file("bucket/a.zarr/zarr.json")
    (image,) = json.loads(text)["attributes"]["ome"]["multiscales"]
    for dataset in image["datasets"]:
        assert zarr.open_array(f"{URL}/{dataset['path']}", mode="r").shape
    assert rw.open_image(URL).metadata.name == "image"
    assert FsspecStore.from_url(URL).path == "bucket/a.zarr"

"""URLs that cannot be written to: one clear error each, before anything is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.engine.url_place import UrlPlace
from roiwidgets.errors import (
    MissingPackageError,
    OutputExistsError,
    OutputLocationError,
    ParameterError,
    PromotionError,
)
from roiwidgets.images.readers import open_image
from tests.engine.object_store import ObjectStore, keys_in
from tests.engine.phantoms import files_of, voxels_of
from tests.engine.test_url_outputs import SPACING, URL, VOXELS, run

pytestmark = pytest.mark.usefixtures("objects")


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("s3://bucket/a.zarr", MissingPackageError, r"needs a package.*install.*s3fs for s3"),
        ("nonsense://a.zarr", OutputLocationError, r"cannot be opened by fsspec.*nonsense"),
        ("objects://bucket", OutputLocationError, r"whole bucket.*objects://bucket/image.ome.zarr"),
        ("simplecache::objects://b/a.zarr", OutputLocationError, "chain of file systems"),
    ],
)
def test_urls_that_name_no_place_are_refused(
    url: str, error: type[Exception], message: str, objects: Path
) -> None:
    with pytest.raises(error, match=message):
        run(url)
    assert keys_in(objects) == []


def test_objects_of_somebody_else_beside_the_url_stay(objects: Path) -> None:
    UrlPlace(f"{URL}.partial").write("mine.txt", b"precious")
    before = keys_in(objects)

    with pytest.raises(OutputExistsError, match=r"partial .* something else \(mine\.txt\)"):
        run(URL)

    assert keys_in(objects) == before


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        ("put", PermissionError("403 Forbidden")),
        ("put", FileNotFoundError("no such bucket")),
        ("put", Exception("of a package's own")),
        ("remove", PermissionError("403 Forbidden")),
    ],
)
def test_a_store_that_refuses_is_one_clear_error(
    what: str, refusal: Exception, objects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(change: str, _: str) -> None:
        if change == what:
            raise refusal

    monkeypatch.setattr(ObjectStore, "before", staticmethod(refuse))
    verb = "write to" if what == "put" else "remove"
    with pytest.raises(OutputLocationError, match=f"cannot {verb} objects://.*permissions"):
        run(URL)
    assert not [key for key in keys_in(objects) if "probe" not in key]


def test_a_store_that_fails_midway_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str, key: str) -> None:
        if key.endswith("/c/1/2/2"):
            raise OSError("503 Slow Down")

    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, "before", staticmethod(refuse))
        with pytest.raises(PromotionError, match=r"503 Slow Down.*the same call goes on"):
            run(URL)

    result = run(URL)

    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(VOXELS, SPACING))


def test_rests_that_cannot_be_removed_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(change: str, key: str) -> None:
        if change == "remove" and "probe" not in key:
            raise PermissionError("403")

    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, "before", staticmethod(refuse))
        with pytest.warns(UserWarning, match=r"is complete, but.*remove objects://.*partial"):
            result = run(URL)

    np.testing.assert_array_equal(voxels_of(result.images[0]), ops.median(1)(VOXELS, SPACING))
    again = run(URL, ops.identity(), overwrite=True)
    np.testing.assert_array_equal(voxels_of(again.images[0]), VOXELS)


def test_input_and_output_must_lie_apart() -> None:
    run(URL)

    for url in (URL, f"{URL}/", f"{URL}/labels/mask"):
        with pytest.raises(OutputLocationError, match=r"lie inside each other; choose a URL"):
            run(url, image=open_image(URL), overwrite=True)
    result = run(f"{URL}x", image=open_image(URL))

    assert np.asarray(result.images[0].data).shape == VOXELS.shape


def test_options_are_for_urls(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="storage_options are for outputs at URLs"):
        run(str(tmp_path / "a.zarr"), storage_options={"anon": True})


def test_urls_of_files_are_local_paths(tmp_path: Path) -> None:
    for scheme in ("file", "local"):
        run(f"{scheme}://{tmp_path}/{scheme}.zarr")
        run(str(tmp_path / "plain.zarr"), overwrite=True)

        assert files_of(tmp_path / f"{scheme}.zarr") == files_of(tmp_path / "plain.zarr")

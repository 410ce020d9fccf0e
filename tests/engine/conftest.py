"""SWIG's types warn while ITK's modules load; as an error that crashes the interpreter."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.engine.object_store import FOLDER, ObjectStore


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning"))


@pytest.fixture
def objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty store, which worker processes find as well."""
    folder = tmp_path / "objects"
    folder.mkdir()
    monkeypatch.setenv(FOLDER, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # locks; other tests have others
    ObjectStore.clear_instance_cache()
    return folder

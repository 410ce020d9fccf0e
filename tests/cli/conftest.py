"""Commands that compute in this process, and without SWIG's warnings as errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.phantoms import Inline


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore:builtin type:DeprecationWarning"))


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks run at once in the calling thread instead of a pool of processes."""
    monkeypatch.setattr("loky.get_reusable_executor", lambda **_: Inline())

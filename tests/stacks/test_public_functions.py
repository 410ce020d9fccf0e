"""Public functions of stacks are found again by the name that a pickle keeps."""

from __future__ import annotations

import importlib
import pickle

import pytest

import roiwidgets as rw

FUNCTIONS = [
    rw.relative_fluorescence,
    rw.summaries,
    rw.to_stack,
    rw.traces,
    rw.write_traces,
    *(getattr(module, name) for module in (rw.collections, rw.series) for name in module.__all__),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_a_pickled_function_is_the_same_function(function: object) -> None:
    assert pickle.loads(pickle.dumps(function)) is function


@pytest.mark.parametrize("name", ["collections", "series", "summaries", "traces"])
def test_a_theme_is_a_package_with_what_it_offers(name: str) -> None:
    module = importlib.import_module(f"roiwidgets.stacks.{name}")

    assert all(hasattr(module, public) for public in module.__all__)

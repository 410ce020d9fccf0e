"""Filters of other packages, installed for a test as a wheel would be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import roiwidgets.operations as ops
from roiwidgets.errors import OperationError
from roiwidgets.operations.catalog import CATALOG
from roiwidgets.operations.plugins import plugin_names

MODULE = """
import dataclasses
from roiwidgets.operations import shift_scale

def doubled(scale=2.0):
    return dataclasses.replace(shift_scale(scale=scale), name="doubled")

def misnamed():
    return shift_scale()

def number():
    return 3

def broken():
    raise RuntimeError("no licence")
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    def write(package: str, **points: str) -> None:
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in points.items())
        (folder / "entry_points.txt").write_text(f"[roiwidgets.operations]\n{lines}")

    (tmp_path / "filters_of_others.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return write


def recipe(name: str, **values: float) -> dict[str, object]:
    return {"operation": name, "values": values}


def test_a_recipe_finds_the_filter_of_another_package(install: Install) -> None:
    install("others", doubled="filters_of_others:doubled")

    operation = ops.load_operation(recipe("doubled", scale=3.0))

    assert str(operation) == "doubled(shift=0.0, scale=3.0)"
    assert plugin_names() == ("doubled",)
    again = ops.load_operation(operation.to_json())
    np.testing.assert_array_equal(again(np.ones((2, 3), np.uint8)), np.full((2, 3), 3.0))


def test_a_filter_of_the_catalogue_is_not_replaced(install: Install) -> None:
    install("others", median="filters_of_others:broken")

    assert ops.load_operation(recipe("median")).name == "median"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("filters_of_others:broken", "'f' of others .*RuntimeError: no licence"),
        ("filters_of_others:absent", "'f' of others .*AttributeError"),
        ("no_such_module:f", "'f' of others .*ModuleNotFoundError: .*update or repair"),
        ("filters_of_others:number", "must be a function that returns an operation .* 3; tell"),
        ("filters_of_others:misnamed", r"of that name, it returned shift_scale\("),
    ],
)
def test_a_filter_that_fails_to_load_names_its_package(
    install: Install, value: str, message: str
) -> None:
    install("others", f=value)

    with pytest.raises(OperationError, match=message):
        ops.load_operation(recipe("f"))


def test_a_name_that_two_packages_offer_is_refused(install: Install) -> None:
    install("others", doubled="filters_of_others:doubled")
    install("more", doubled="filters_of_others:misnamed")

    with pytest.raises(OperationError, match=r"ambiguous: .* of (others|more) .* of (others|more)"):
        ops.load_operation(recipe("doubled"))


def test_an_unknown_name_gets_a_suggestion(install: Install) -> None:
    install("others", tubeness="filters_of_others:doubled")

    with pytest.raises(OperationError, match=r"known are .*, tubeness. Similar: tubeness"):
        ops.load_operation(recipe("tubenes"))


def test_plugins_are_not_loaded_before_they_are_asked_for(install: Install) -> None:
    install("others", broken="filters_of_others:broken")

    assert ops.load_operation(ops.median().to_json()).name == "median"
    assert "broken" not in CATALOG

"""What holds for every command: exit codes, one line per error, no traceback."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path

import pytest

from roiwidgets.cli import info, main
from roiwidgets.errors import OutputExistsError


def run_instead(monkeypatch: pytest.MonkeyPatch, what: object) -> None:
    """Let ``roiwidgets info`` do something else."""
    monkeypatch.setattr(info, "run", what)


@pytest.mark.parametrize(
    "command",
    [
        ["info", "missing.nii.gz"],
        ["demo", "--prepare-only", "--data", "missing.nii.gz"],
        ["pyramid", "missing.nii.gz", "out.zarr"],
    ],
)
def test_a_missing_image_is_one_line_and_exit_code_1(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)

    assert main(command) == 1

    error = capsys.readouterr().err
    assert error.startswith("roiwidgets: there is no file or folder")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["promenade"], "invalid choice: 'promenade'"),
        ([], "required: COMMAND"),
        (["pyramid", "in.tif"], "required: OUT"),
        (["pyramid", "in.tif", "out.zarr", "--chunks", "wide"], "expected N, or one N"),
        (["pyramid", "in.tif", "out.zarr", "--version", "0.3"], "invalid choice: '0.3'"),
        (["pyramid", "in.tif", "out.zarr", "--binning", "median"], "invalid choice: 'median'"),
        (
            ["pyramid", "in.tif", "out.zarr", "--workers", "2", "--scheduler", "tcp://a:1"],
            "not allowed with argument",
        ),
    ],
)
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])

    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"{version('roiwidgets')}\n"


def test_an_error_that_nobody_thought_of_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        raise ZeroDivisionError("division\nby zero")

    run_instead(monkeypatch, fail)

    assert main(["info", "a.tif"]) == 1
    expected = "roiwidgets: ZeroDivisionError: division by zero (--traceback shows where)\n"
    assert capsys.readouterr().err == expected
    with pytest.raises(ZeroDivisionError):
        main(["info", "a.tif", "--traceback"])


def test_ctrl_c_is_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    run_instead(monkeypatch, interrupt)

    assert main(["info", "a.tif"]) == 130
    assert capsys.readouterr().err == "roiwidgets: stopped\n"


def test_advice_is_given_in_the_words_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: object) -> int:
        raise OutputExistsError("it exists; pass overwrite=True, or resume=False")

    run_instead(monkeypatch, refuse)

    assert main(["info", "a.tif"]) == 1
    assert capsys.readouterr().err == "roiwidgets: it exists; pass --overwrite, or --no-resume\n"


def test_warnings_are_lines_without_our_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def warn(_: object) -> int:
        warnings.simplefilter("always")
        warnings.warn("the unit is left out", stacklevel=1)
        return 0

    run_instead(monkeypatch, warn)

    assert main(["info", "a.tif"]) == 0
    assert capsys.readouterr().err == "roiwidgets: warning: the unit is left out\n"

"""The frame around every command: help, version, errors as messages, bugs as one line."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from selector.cli import Frame, framed
from tests.selector.cli.running import ran


@pytest.mark.parametrize("command", ["propose", "check", "manifest"])
def test_every_command_explains_itself_with_an_example(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    told = ran(capsys, command, "--help")

    assert told.code == 0
    assert f"Example: selector {command} stills/" in told.out


def test_help_comes_without_loading_what_looks_at_pictures() -> None:
    script = (
        "import sys\n"
        "from selector.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'cv2', 'numpy', 'PIL', 'PySide6', 'ray', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    began = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "propose" in done.stdout
    assert time.monotonic() - began < 5.0  # generous: what counts is what was not loaded


def test_the_module_runs_as_the_command_does() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "selector", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("selector ")


def test_an_unknown_option_ends_with_2_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    told = ran(capsys, "check", "--no-such-option")

    assert told.code == 2
    assert "Traceback" not in told.err


def test_a_bug_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def buggy(_: Frame) -> None:
        raise ZeroDivisionError("half of nothing")

    with pytest.raises(SystemExit) as ended:
        framed(buggy)

    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.count("\n") == 1
    assert "bug" in said
    assert "ZeroDivisionError: half of nothing" in said


def test_a_bug_is_shown_whole_with_debug() -> None:
    def buggy(frame: Frame) -> None:
        frame.debug = True
        raise ZeroDivisionError("half of nothing")

    with pytest.raises(ZeroDivisionError):
        framed(buggy)

"""Bugs of our own: told once each, however often they come, and never with a promise too much."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from selector.view.bugs import Bugs


def broken(number: int) -> None:
    """A bug."""
    raise ZeroDivisionError(number)


def taken(bugs: Bugs, number: int) -> None:
    """As Qt hands over what nobody caught."""
    try:
        broken(number)
    except ZeroDivisionError as error:
        bugs.take(type(error), error, error.__traceback__)


def test_a_bug_is_told_once_though_it_comes_with_every_frame(
    qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    bugs = Bugs(debug=False)
    bugs.told.connect(told.append)
    for number in range(3):
        taken(bugs, number)

    assert len(told) == 1
    assert "ZeroDivisionError: 0" in told[0]
    assert "on the disk" not in told[0], "which it may not be, when the disk is full"
    assert capsys.readouterr().err == told[0] + "\n"


def test_with_debug_the_traceback_is_printed(
    qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    taken(Bugs(debug=True), 7)
    assert "in broken" in capsys.readouterr().err


def test_another_place_is_another_bug(qtbot: QtBot) -> None:
    told: list[str] = []
    bugs = Bugs(debug=False)
    bugs.told.connect(told.append)
    taken(bugs, 1)
    bugs.take(ZeroDivisionError, ZeroDivisionError(), None)
    assert len(told) == 2

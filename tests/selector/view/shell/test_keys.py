"""One table of keys, on every keyboard: what is pressed is what is meant."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from pytestqt.qtbot import QtBot

from selector.core.cull import Verdict
from selector.view import keys
from selector.view.action import Mode
from selector.view.cull.page import ACTS
from tests.selector.desks import two_groups
from tests.selector.windows import cull_of, desk_of, window

Key, Mod = Qt.Key, Qt.KeyboardModifier
NONE, SHIFT, CTRL, KEYPAD = (
    Mod.NoModifier,
    Mod.ShiftModifier,
    Mod.ControlModifier,
    Mod.KeypadModifier,
)
CYRILLIC_CHE = 0x0427


def typed(
    key: int, modifiers: Qt.KeyboardModifier, text: str = "", *, scan: int = 0, virtual: int = 0
) -> QKeyEvent:
    """A key as the platform tells it."""
    return QKeyEvent(QEvent.Type.KeyPress, key, modifiers, scan, virtual, 0, text)


@pytest.mark.parametrize(
    ("event", "spelled"),
    [
        (typed(Key.Key_A, NONE, "a"), "A"),
        (typed(Key.Key_1, NONE, "1"), "1"),
        (typed(Key.Key_1, KEYPAD, "1"), "1"),
        (typed(Key.Key_Exclam, SHIFT, "!"), "Shift+1"),
        (typed(Key.Key_Question, SHIFT, "?"), "?"),
        (typed(Key.Key_Plus, SHIFT, "+"), "+"),
        (typed(Key.Key_Z, CTRL | SHIFT, "\x1a"), "Ctrl+Shift+Z"),
        (typed(Key.Key_Left, SHIFT), "Shift+Left"),
        (typed(Key.Key_Escape, NONE, "\x1b"), "Esc"),
        (typed(Key.Key_Space, NONE, " "), "Space"),
    ],
)
def test_keys_are_spelled_by_what_is_meant(event: QKeyEvent, spelled: str) -> None:
    assert keys.spelled(event) == spelled


@pytest.mark.parametrize(
    ("event", "platform", "spelled"),
    [
        pytest.param(typed(CYRILLIC_CHE, NONE, "ч", scan=53), "xcb", "X", id="russian X11"),
        pytest.param(typed(CYRILLIC_CHE, NONE, "ч", virtual=7), "cocoa", "X", id="russian Mac"),
        pytest.param(typed(Key.Key_Eacute, NONE, "é", scan=11), "xcb", "2", id="french X11"),
        pytest.param(typed(Key.Key_Eacute, NONE, "é", virtual=19), "cocoa", "2", id="french Mac"),
        pytest.param(
            typed(Key.Key_Ampersand, SHIFT, "&", virtual=22), "cocoa", "Shift+6", id="german Mac"
        ),
        pytest.param(
            typed(Key.Key_Ampersand, SHIFT, "&", scan=15), "xcb", "Shift+6", id="german X11"
        ),
        pytest.param(typed(Key.Key_9, NONE, "9", virtual=25), "cocoa", "9", id="a digit"),
        pytest.param(typed(Key.Key_A, NONE, "a", virtual=12), "cocoa", "A", id="french A"),
        pytest.param(typed(Key.Key_Minus, NONE, "-", virtual=27), "cocoa", "-", id="a sign"),
        pytest.param(typed(Key.Key_Left, SHIFT, virtual=123), "cocoa", "Shift+Left", id="arrow"),
    ],
)
def test_digits_and_foreign_letters_are_told_by_their_place(
    event: QKeyEvent, platform: str, spelled: str
) -> None:
    assert keys.spelled(event, platform=platform) == spelled


def test_no_key_means_two_things_in_one_place() -> None:
    for mode in Mode:
        used = Counter(key for each in keys.TABLE if each.mode is mode for key in each.keys)
        assert [key for key, times in used.items() if times > 1] == []


def test_every_action_of_the_cull_in_the_table_can_be_done() -> None:
    assert {each.name for each in keys.CULL} == set(ACTS)


def test_what_works_everywhere_takes_no_letter_from_text_fields() -> None:
    for action in keys.WINDOW:
        for key in action.keys:
            assert "Ctrl+" in key or len(key) > 1 or not key.isalnum()


def test_the_menu_of_groups_does_what_its_keys_do(qtbot: QtBot, tmp_path: Path) -> None:
    with window(qtbot, tmp_path, two_groups(tmp_path / "shoot")) as made:
        offered = {action.objectName(): action for action in made.menus.group.actions()}
        assert offered["reject"].text().endswith("\tX")
        offered["reject"].trigger()
        assert desk_of(made).cull.verdict(0) is Verdict.REJECTED
        offered["compare"].trigger()
        assert cull_of(made).is_comparing
        made.leave_folder()
        assert not offered["reject"].isEnabled()

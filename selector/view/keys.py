"""Every key of the window, as data: one table for key handling, menus and the cheat sheet.

Plain keys are looked up by pages in ``keyPressEvent``, so that text fields keep theirs; keys with
Ctrl (on a Mac: Command) are the menus'.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence

from selector.view.action import DIGITS, SHIFTED_DIGITS, Action, Mode
from selector.view.edit import actions as editing
from selector.view.review import actions as reviewing

_WINDOW = Mode.WINDOW
_CULL = Mode.CULL
WINDOW: Final[tuple[Action, ...]] = (
    Action("open", ("Ctrl+O",), "open a folder", _WINDOW),
    Action("rescan", ("Ctrl+R",), "look into the folder again", _WINDOW),
    Action("groups", ("Ctrl+G",), "choose how pictures are put into groups", _WINDOW),
    Action("send", ("Ctrl+Return",), "send the picks to the fleet", _WINDOW),
    Action("review", ("Ctrl+E",), "review the clips that came back", _WINDOW),
    Action("undo", ("Ctrl+Z",), "undo: decisions and motions alike", _WINDOW),
    Action("redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "do it again", _WINDOW),
    Action("find", ("Ctrl+F",), "find a group or picture by its name", _WINDOW),
    Action("settings", ("Ctrl+,",), "settings", _WINDOW),
    Action("full_screen", ("F11",), "whole screen, and back", _WINDOW),
    Action("keys", ("?", "F1"), "these keys", _WINDOW),
    Action("close", ("Ctrl+W",), "close the folder", _WINDOW),
    Action("quit", ("Ctrl+Q",), "end the program", _WINDOW),
)
CULL: Final[tuple[Action, ...]] = (
    Action("pick", DIGITS, "pick candidate n, accept its move, go on", _CULL, "Decide"),
    Action("pick_current", ("Return", "Enter"), "pick the outlined one, go on", _CULL, "Decide"),
    Action("add", SHIFTED_DIGITS, "add candidate n to the picks, or take it out", _CULL, "Decide"),
    Action("reject", ("X",), "pass over the whole group, go on", _CULL, "Decide"),
    Action("reopen", ("U",), "make the group undecided again", _CULL, "Decide"),
    Action("next", ("Right", "D"), "next group", _CULL, "Go", repeats=True),
    Action("previous", ("Left", "A"), "group before", _CULL, "Go", repeats=True),
    Action("down", ("Down",), "next candidate", _CULL, "Go", repeats=True),
    Action("up", ("Up",), "candidate before", _CULL, "Go", repeats=True),
    Action("next_open", ("N",), "next undecided group", _CULL, "Go", repeats=True),
    Action("page_on", ("PgDown",), "ten groups on", _CULL, "Go", repeats=True),
    Action("page_back", ("PgUp",), "ten groups back", _CULL, "Go", repeats=True),
    Action("first", ("Home",), "first group", _CULL, "Go"),
    Action("last", ("End",), "last group", _CULL, "Go"),
    Action("edit", ("E",), "draw its move (or double click)", _CULL, "See"),
    Action("preview", ("Space",), "preview its move", _CULL, "See"),
    Action("rectangles", ("R",), "show START and END, or not", _CULL, "See"),
    Action("compare", ("C",), "compare two to four, enlarged together", _CULL, "See"),
)
COMPARE: Final[tuple[Action, ...]] = (
    Action("zoom", ("Z",), "100 %, and the whole pictures", Mode.COMPARE),
    Action("nearer", ("+", "="), "zoom in (or the wheel)", Mode.COMPARE, repeats=True),
    Action("further", ("-",), "zoom out", Mode.COMPARE, repeats=True),
    Action("pan_left", ("Shift+Left",), "shift the view (or drag)", Mode.COMPARE, repeats=True),
    Action("pan_right", ("Shift+Right",), "shift the view", Mode.COMPARE, repeats=True),
    Action("pan_up", ("Shift+Up",), "shift the view", Mode.COMPARE, repeats=True),
    Action("pan_down", ("Shift+Down",), "shift the view", Mode.COMPARE, repeats=True),
    Action("leave", ("Esc", "C"), "back to the tiles; every key of the cull works too",
           Mode.COMPARE),
)  # fmt: skip
PREVIEW: Final[tuple[Action, ...]] = (
    Action("play", ("Space",), "play, pause", Mode.PREVIEW),
    Action("step_back", ("Left",), "a frame back; with Shift ten", Mode.PREVIEW, repeats=True),
    Action("step_on", ("Right",), "a frame on; with Shift ten", Mode.PREVIEW, repeats=True),
    Action("to_start", ("Home",), "to START", Mode.PREVIEW),
    Action("to_end", ("End",), "to END", Mode.PREVIEW),
    Action("loop", ("L",), "play over and over, or once", Mode.PREVIEW),
    Action("masks", ("M",), "masks of what moves by itself", Mode.PREVIEW),
    Action("leave", ("Esc", "Return", "Enter"), "back", Mode.PREVIEW),
)
"""All but the last are the preview panel's own."""
TABLE: Final[tuple[Action, ...]] = (
    *WINDOW,
    *CULL,
    *COMPARE,
    *PREVIEW,
    *editing.ACTIONS,
    *reviewing.ACTIONS,
)
"""Every action, in the order in which the cheat sheet has them."""

_BY_KEY: Final = {(action.mode, key): action for action in reversed(TABLE) for key in action.keys}
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_MEANT = _SHIFT | (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_US_DIGITS: Final = dict(zip("!@#$%^&*(", DIGITS, strict=True))
_X_PLACES: Final = {
    **{10 + at: digit for at, digit in enumerate(DIGITS)},
    **{24 + at: letter for at, letter in enumerate("QWERTYUIOP")},
    **{38 + at: letter for at, letter in enumerate("ASDFGHJKL")},
    **{52 + at: letter for at, letter in enumerate("ZXCVBNM")},
}
"""What stands on a key of an American keyboard, by its scan code under X11 and Wayland."""
_MAC_PLACES: Final = dict(
    enumerate("ASDFHGZXCV BQWERYT123465 97 8  OU IP LJ K    NM")  # kVK_ANSI_A, which is 0, and on
)
"""The same by a Mac's virtual key codes; blanks are no letters or digits from 1 to 9."""


def window_action(name: str) -> Action:
    """The action of that name that works everywhere.

    Raises:
        KeyError: there is none.
    """
    return {action.name: action for action in WINDOW}[name]


def pressed(event: QKeyEvent, mode: Mode) -> Action | None:
    """What that key does there; None if nothing, or if it is held and must not do it again."""
    action = _BY_KEY.get((mode, spelled(event)))
    if action is None or (event.isAutoRepeat() and not action.repeats):
        return None
    return action


def digit(event: QKeyEvent) -> int:
    """Which digit was pressed, with Shift or without; 0 for none."""
    last = spelled(event)[-1:]
    return int(last) if last in DIGITS else 0


def spelled(event: QKeyEvent, *, platform: str = "") -> str:
    """The portable name of the keys, whatever the keyboard's layout.

    Digits are told by their place where the platform says it (on a French keyboard they need
    Shift), letters too where the keyboard writes another script; symbols go by what they write.
    ``platform`` is Qt's name of another one than this.
    """
    place = _place(event, platform or QGuiApplication.platformName())
    modifiers = event.modifiers() & _MEANT
    shift = "Shift+" if modifiers & _SHIFT else ""
    plain = not modifiers & ~_SHIFT
    if plain and (number := _digit_key(event, place)):
        return shift + number
    text = event.text()
    if plain and len(text) == 1 and text.isprintable() and not (text.isalnum() or text.isspace()):
        return text
    is_foreign = Qt.Key.Key_AsciiTilde < event.key() < Qt.Key.Key_Escape
    if plain and is_foreign and place.isalpha():
        return shift + place
    combination = QKeyCombination(modifiers, Qt.Key(event.key()))
    return QKeySequence(combination).toString(QKeySequence.SequenceFormat.PortableText)


def _digit_key(event: QKeyEvent, place: str) -> str:
    """The digit of that key, or nothing."""
    key = event.key()
    if Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
        return chr(key)
    if event.modifiers() & Qt.KeyboardModifier.KeypadModifier:
        return ""
    if place:
        return place if place in DIGITS else ""
    return _US_DIGITS.get(event.text(), "") if event.modifiers() & _SHIFT else ""


def _place(event: QKeyEvent, platform: str) -> str:
    """What an American keyboard has on that key; empty where the platform does not say, a blank
    where it is neither a letter nor a digit."""
    match platform:
        case "xcb" | "wayland" if event.nativeScanCode():
            return _X_PLACES.get(event.nativeScanCode(), " ")
        case "cocoa":
            return _MAC_PLACES.get(event.nativeVirtualKey(), " ")
    return ""

"""Random keys into the selector's real window, until it is killed: ``python -m ... DIR SEED``;
or until it kills itself between two keys: ``python -m ... DIR SEED KEYS``.

Before every key it prints one line: how many lines the journal has, which pictures the window
takes for picked, and the motions by what they hold: those of picked pictures as the window has
them, the others as they are on the disk.  What was printed before a kill must be found after.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from companions import codec
from companions.names import MOTION_SUFFIX, companion_path
from selector.app import started
from selector.core.decisions import Journal, latest
from selector.core.placement import Placement
from selector.view.bugs import Bugs
from selector.view.shell.window import MainWindow

NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier

PLAIN = (
    *"1234XUNESWKGFRCZ[],.ADH",
    *(Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Tab, Qt.Key.Key_Delete),
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
    *(Qt.Key.Key_Home, Qt.Key.Key_End),
)
LOOKED_AT = 12
"""So many pictures are looked at before the first key: a pick of those makes a motion."""
UNDO, REDO, COPY, PASTE = "Z", "Y", "C", "V"


def believed(window: MainWindow, folder: Path) -> dict[str, object]:
    """What the operator was shown to be decided and drawn."""
    desk, found = window.desk, state(folder)
    assert desk is not None
    picked = sorted(desk.cull.all_picked())
    motions = ((name, desk.motion(name)) for name in picked)
    shown = {
        companion_path(Path(name), MOTION_SUFFIX).as_posix(): _hash(codec.encode(motion))
        for name, motion in motions
        if motion is not None  # the darkroom is still to propose one
    }
    assert isinstance(found["motions"], dict)
    return {**found, "picked": picked, "motions": {**found["motions"], **shown}}


def state(folder: Path) -> dict[str, object]:
    """What is on the disk."""
    replayed = Journal(Placement(folder).journal).replay()
    return {
        "lines": len(replayed.decisions),
        "picked": sorted(n for n, each in latest(replayed.decisions).items() if each.picked),
        "motions": {
            path.relative_to(folder).as_posix(): _hash(path.read_bytes())
            for path in sorted(folder.rglob(f"*{MOTION_SUFFIX}"))
        },
    }


def main(folder: Path, seed: int, keys: int | None = None) -> None:
    """Show the window, then press keys for ever, or so many and die of it."""
    application = started()
    bugs = Bugs(debug=True, parent=application)
    bugs.install()
    window = MainWindow()
    window.open_folder(folder)
    window.show()
    dice = random.Random(seed)
    left = keys

    def press() -> None:
        nonlocal left
        sys.stdout.write(json.dumps(believed(window, folder)) + "\n")
        sys.stdout.flush()
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left = left - 1 if left is not None else None
        target: QWidget = QApplication.activeModalWidget() or QApplication.focusWidget() or window
        draw = dice.random()
        if draw < 0.15:
            QTest.keyClick(target, _key(dice.choice((UNDO, UNDO, REDO, COPY, PASTE))), CONTROL)
        else:
            QTest.keyClick(target, _key(dice.choice(PLAIN)), SHIFT if draw < 0.3 else NONE)

    timer = QTimer(application, interval=0)
    timer.timeout.connect(press)
    desk = window.desk
    assert desk is not None

    def begin(_name: str) -> None:
        if desk.looking.known >= LOOKED_AT and not timer.isActive():
            timer.start()

    desk.looked.connect(begin)
    application.exec()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _key(key: Qt.Key | str) -> Qt.Key:
    return getattr(Qt.Key, f"Key_{_NAMES.get(key, key)}") if isinstance(key, str) else key


_NAMES = {"[": "BracketLeft", "]": "BracketRight", ",": "Comma", ".": "Period"}


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))

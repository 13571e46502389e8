"""Random keys into the selector's real window, until it is killed: ``python -m ... DIR SEED``.

Before every key it prints one line: how many lines the journal has, which pictures are picked,
and the motions on the disk by what they hold.  What was printed before a kill must be found after.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from companions.names import MOTION_SUFFIX
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
UNDO, REDO, COPY, PASTE = "Z", "Y", "C", "V"


def state(folder: Path) -> dict[str, object]:
    """What is on the disk."""
    replayed = Journal(Placement(folder).journal).replay()
    return {
        "lines": len(replayed.decisions),
        "picked": sorted(n for n, each in latest(replayed.decisions).items() if each.picked),
        "motions": {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob(f"*{MOTION_SUFFIX}"))
        },
    }


def main(folder: Path, seed: int) -> None:
    """Show the window, then press keys for ever."""
    application = started()
    bugs = Bugs(debug=True, parent=application)
    bugs.install()
    window = MainWindow()
    window.open_folder(folder)
    window.show()
    dice = random.Random(seed)

    def press() -> None:
        sys.stdout.write(json.dumps(state(folder)) + "\n")
        sys.stdout.flush()
        target: QWidget = QApplication.activeModalWidget() or QApplication.focusWidget() or window
        draw = dice.random()
        if draw < 0.15:
            QTest.keyClick(target, _key(dice.choice((UNDO, UNDO, REDO, COPY, PASTE))), CONTROL)
        else:
            QTest.keyClick(target, _key(dice.choice(PLAIN)), SHIFT if draw < 0.3 else NONE)

    timer = QTimer(application, interval=0)
    timer.timeout.connect(press)
    timer.start()
    application.exec()


def _key(key: Qt.Key | str) -> Qt.Key:
    return getattr(Qt.Key, f"Key_{_NAMES.get(key, key)}") if isinstance(key, str) else key


_NAMES = {"[": "BracketLeft", "]": "BracketRight", ",": "Comma", ".": "Period"}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

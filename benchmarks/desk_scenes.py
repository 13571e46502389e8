"""Scenes of an operator at the real window, each in a process of its own: see ``desk``.

``python -m benchmarks.desk_scenes SCENE FOLDER`` prints what it measured as one JSON object.
Times run from the key event to the end of the paint that shows every candidate of the group sharp.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QEventLoop, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from companions.names import MOTION_SUFFIX
from selector.app import started
from selector.media.loader import Tier
from selector.view.shell.window import MainWindow

Measured = Mapping[str, object]
PATIENCE_S = 120.0
SIZE = (1440, 900)
PAGES = 4
AHEAD = 1


class Operator:
    """A window on a folder, and hands."""

    def __init__(self, folder: Path) -> None:
        self.application = started()
        self.window = MainWindow()
        self.window.resize(*SIZE)
        if not self.window.open_folder(folder):
            sys.exit(f"{folder} cannot be opened")
        assert self.window.desk is not None
        assert self.window.cull is not None
        self.desk, self.page = self.window.desk, self.window.cull
        self.painted: tuple[int, bool] = (-1, False)
        self.page.tiles.painted.connect(self._take)
        self.window.show()

    def _take(self, group: int, complete: bool) -> None:  # noqa: FBT001 - a slot
        self.painted = (group, complete)

    def until(self, met: Callable[[], bool]) -> None:
        """Let the window work until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not met():
            self.application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)
            if time.monotonic() > deadline:
                sys.exit(f"nothing came within {PATIENCE_S:g} s")

    def until_sharp(self) -> None:
        """Until the last paint showed the current group, sharp."""
        self.until(lambda: self.painted == (self.desk.group, True))

    def press(self, key: Qt.Key) -> float:
        """Press a key; milliseconds until the group it leads to is painted sharp."""
        clock = QElapsedTimer()
        self.painted = (-1, False)
        clock.start()
        QTest.keyClick(self.page, key)
        self.until_sharp()
        return clock.nsecsElapsed() / 1e6

    def until_looked_at(self) -> None:
        """Until every candidate that is shown was looked at."""
        group = self.desk.current
        assert group is not None
        self.until(lambda: all(self.desk.look(name) is not None for name in group.pictures))

    def until_prefetched(self) -> None:
        """Until the next group's pictures are decoded."""
        at = self.desk.shown.index(self.desk.group)
        following = self.desk.shown[at + 1 : at + 1 + AHEAD]
        names = [n for group in following for n in self.desk.cull.groups[group].pictures]
        self.until(
            lambda: all(
                self.desk.loader.image(self.desk.picture(n), Tier.SCREEN) is not None for n in names
            )
        )


def first(folder: Path) -> Measured:
    """The first picture: when it was on the screen, by the clock of the machine."""
    operator = Operator(folder)
    operator.until_sharp()
    return {"at": time.time()}


def prefetched(folder: Path) -> Measured:
    """On to the next group, whose pictures are there: milliseconds each."""
    operator = Operator(folder)
    operator.until_sharp()
    times = []
    for _ in range(len(operator.desk.shown) - 1):
        operator.until_prefetched()
        times.append(operator.press(Qt.Key.Key_Right))
    return {"ms": times}


def cold(folder: Path) -> Measured:
    """Ten groups on, where nothing was decoded yet: milliseconds each."""
    operator = Operator(folder)
    operator.until_sharp()
    return {"ms": [operator.press(Qt.Key.Key_PageDown) for _ in range(PAGES)]}


def cull(folder: Path) -> Measured:
    """One key a group without thinking, from the first to the last; then until all is written."""
    operator = Operator(folder)
    operator.until_sharp()
    groups = len(operator.desk.shown)
    begun = time.perf_counter()
    for group in range(groups):
        key = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)[group % 4]
        if group < groups - 1:
            operator.press(key)
        else:
            QTest.keyClick(operator.page, key)
    decided_s = time.perf_counter() - begun
    operator.until(lambda: sum(1 for _ in folder.rglob(f"*{MOTION_SUFFIX}")) == groups)
    return {"groups": groups, "decided_s": decided_s, "written_s": time.perf_counter() - begun}


def leisure(folder: Path) -> Measured:
    """Through every group at ease, until all that is shown was looked at; decides nothing."""
    operator = Operator(folder)
    operator.until_sharp()
    for _ in range(len(operator.desk.shown)):
        operator.until_looked_at()
        QTest.keyClick(operator.page, Qt.Key.Key_Right)
        operator.until_sharp()
    return {"looked_at": operator.desk.looking.known}


def memory(folder: Path) -> Measured:
    """Through every group with a held key: the most memory that window and helpers had, bytes."""
    operator = Operator(folder)
    operator.until_sharp()
    most = 0
    for step in range(len(operator.desk.shown) - 1):
        operator.press(Qt.Key.Key_Right)
        if step % 5 == 0:
            most = max(most, _family_bytes())
    return {"bytes": max(most, _family_bytes()), "pictures": len(operator.desk.scan.names)}


def _family_bytes() -> int:
    """What this process and its children have to themselves, plus what they share once."""
    own = Path("/proc/self")
    children = (own / "task" / own.resolve().name / "children").read_text().split()
    return sum(_proportional(Path("/proc") / pid) for pid in ("self", *children))


def _proportional(process: Path) -> int:
    for line in (process / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


SCENES: Mapping[str, Callable[[Path], Measured]] = {
    each.__name__: each for each in (first, prefetched, cold, cull, leisure, memory)
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(SCENES[sys.argv[1]](Path(sys.argv[2]))) + "\n")
    sys.stdout.flush()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.closeAllWindows()

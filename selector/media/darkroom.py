"""Looks at pictures in processes of its own, by a plan that follows where the operator is.

Each process has one picture at a time, so the plan is obeyed at once.  A process that dies is
started again; a picture on which it died twice is refused.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QProcess, Signal

from selector.core.look import Wanted
from selector.media.darkroom_child import Answer, Request

CHILD: Final = (sys.executable, "-m", "selector.media.darkroom_child")
MOST_CRASHES: Final = 2
CLOSE_MS: Final = 2000


class Darkroom(QObject):
    """Looks at what is wanted.

    Signals:
        looked(picture, look): what was found in it.
        refused(picture, why): it cannot be used, and why.
    """

    looked = Signal(object, object)
    refused = Signal(object, str)

    def __init__(self, *, processes: int | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        count = processes or max(1, (os.cpu_count() or 2) // 2)
        self._plan: list[Path] = []
        self._wanted = Wanted()
        self._answered: set[tuple[Path, Wanted]] = set()
        self._crashes: Counter[Path] = Counter()
        self._children: list[QProcess] = []
        self._at: dict[QProcess, Path] = {}
        self._count, self._closing = count, False

    def want(self, pictures: Sequence[Path], *, wanted: Wanted) -> None:
        """Look at these, the most urgent first, and propose for ``wanted``."""
        self._plan, self._wanted = list(pictures), wanted
        while len(self._children) < min(self._count, len(self._plan)):
            self._start()
        for child in self._children:
            self._hand_out(child)

    def forget(self, pictures: Sequence[Path]) -> None:
        """Look at these anew when they are wanted next: their files may have changed."""
        gone = set(pictures)
        self._answered = {each for each in self._answered if each[0] not in gone}
        for picture in gone:
            self._crashes.pop(picture, None)

    def close(self) -> None:
        """End the processes."""
        self._closing = True
        for child in self._children:
            child.closeWriteChannel()
            child.kill()
        for child in self._children:
            child.waitForFinished(CLOSE_MS)

    def _start(self) -> None:
        child = QProcess(self)
        child.setProcessChannelMode(QProcess.ProcessChannelMode.ForwardedErrorChannel)
        child.readyReadStandardOutput.connect(lambda: self._take(child))
        child.finished.connect(lambda: self._ended(child))
        self._children.append(child)
        child.start(CHILD[0], list(CHILD[1:]))

    def _hand_out(self, child: QProcess) -> None:
        if self._closing or child in self._at:
            return
        under_way = set(self._at.values())
        for picture in self._plan:
            if picture not in under_way and (picture, self._wanted) not in self._answered:
                self._at[child] = picture
                request = Request(
                    picture=str(picture),
                    width=self._wanted.output.width,
                    height=self._wanted.output.height,
                    duration_s=self._wanted.duration_s,
                    profile=self._wanted.profile.name,
                )
                child.write(request.model_dump_json().encode() + b"\n")
                return

    def _take(self, child: QProcess) -> None:
        while child.canReadLine():
            told = Answer.model_validate_json(bytes(child.readLine().data()))
            picture = self._at.pop(child, Path(told.picture))
            self._answered.add((picture, self._wanted))
            self._hand_out(child)
            self._tell(picture, told)

    def _tell(self, picture: Path, told: Answer) -> None:
        if self._closing:
            return
        if told.look is not None:
            self.looked.emit(picture, told.look)
        else:
            self.refused.emit(picture, told.why)

    def _ended(self, child: QProcess) -> None:
        if self._closing:
            return
        self._children.remove(child)
        picture = self._at.pop(child, None)
        if picture is not None:
            self._crashes[picture] += 1
            if self._crashes[picture] >= MOST_CRASHES:
                self._answered.add((picture, self._wanted))
                self.refused.emit(picture, f"{picture.name}: reading it crashed twice.")
        self.want(self._plan, wanted=self._wanted)

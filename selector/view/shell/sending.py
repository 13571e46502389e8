"""``fleet submit`` as a process, followed by the lines it writes."""

from __future__ import annotations

import re
import shutil
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

KILL_MS: Final = 20_000
"""So long a cancelled fleet may take to put its work away before it is killed, which loses
nothing either: what was begun is begun again."""
MOST_LINES: Final = 2000
_ENDED: Final = re.compile(r"(\d+)/(\d+) \S+ .*")


class Sending(QObject):
    """Submits one manifest and follows what becomes of it.

    Attributes:
        lines: what the fleet wrote since it was started, at most the last 2000.
        count: how many shots have ended, of how many; (0, 0) before it is known.
        host: where the clips are made; empty where that is here.

    Signals:
        said(line): a line that the fleet wrote.
        advanced(ended, total): so many shots have ended.
        ended(well, words): it is over, and how.
    """

    said = Signal(str)
    advanced = Signal(int, int)
    ended = Signal(bool, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: deque[str] = deque(maxlen=MOST_LINES)
        self.count = (0, 0)
        self.host = ""
        self._process: QProcess | None = None
        self._rest = b""
        self._last = ""
        self._cancelled = False
        self._patience = QTimer(self, singleShot=True, interval=KILL_MS)
        self._patience.timeout.connect(self._kill)

    @property
    def is_running(self) -> bool:
        """Whether the fleet's process is at work."""
        return self._process is not None

    def start(self, command: Sequence[str], manifest: Path, *, host: str = "") -> None:
        """Submit ``manifest``, unless another is being submitted; to ``host``, if one is named."""
        if self._process is not None:
            return
        program, process = found_program(command[0]), QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("NO_COLOR", "1")
        environment.insert("COLUMNS", "100")
        environment.insert("PYTHONUNBUFFERED", "1")  # or its last words come before its table
        process.setProcessEnvironment(environment)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        process.readyReadStandardOutput.connect(self._read)
        process.errorOccurred.connect(self._fail)
        process.finished.connect(self._finish)
        self._process, self._rest, self._last, self._cancelled = process, b"", "", False
        self.lines.clear()
        self.count = (0, 0)
        self.host = host
        there = ["--host", host] if host else []
        process.start(program, [*command[1:], "submit", *there, str(manifest)])

    def cancel(self) -> None:
        """Stop making clips here.  What is queued stays queued, and what is made stays made."""
        if self._process is not None:
            self._cancelled = True
            self._process.terminate()
            self._patience.start()

    def _read(self) -> None:
        if self._process is None:
            return
        self._rest += bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._take(line.decode("utf-8", "replace").rstrip())

    def _take(self, line: str) -> None:
        if not line:
            return
        self._last = line
        self.lines.append(line)
        self.said.emit(line)
        ended = _ENDED.fullmatch(line)
        if ended is not None:
            self.count = int(ended[1]), int(ended[2])
            self.advanced.emit(*self.count)

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._process is not None:
            program = self._process.program()
            self._over(
                well=False,
                words=f"{program} cannot be started. Install the fleet (pip install "
                "'motionfleet[fleet]'), or set its command in the settings. The manifest is "
                "written and can be submitted by hand.",
            )

    def _finish(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        if self._rest:
            self._take(self._rest.decode("utf-8", "replace").rstrip())
            self._rest = b""
        if self._cancelled:
            self._over(
                well=False,
                words=f"No longer watched. What {self.host} was given it goes on with: fetch "
                f"the clips with fleet pull {self.host}, or send again."
                if self.host
                else "Stopped. The shots are queued still: send again, or run fleet submit.",
            )
        elif status is QProcess.ExitStatus.CrashExit:
            self._over(well=False, words="The fleet's program crashed; send again to go on.")
        elif code:
            self._over(well=False, words=f"The fleet ended with {code}: {self._last}")
        else:
            self._over(well=True, words="Every shot has its clip.")

    def _over(self, *, well: bool, words: str) -> None:
        self._patience.stop()
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        self.ended.emit(well, words)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()


def found_program(name: str) -> str:
    """Where that program is: on the path, or beside the Python that runs this one.

    A name that has folders in it, or that is found nowhere, is what it is.
    """
    found = shutil.which(name)
    if found is None and "/" not in name:
        beside = Path(sys.executable).with_name(name)
        found = str(beside) if beside.is_file() else None
    return found or name

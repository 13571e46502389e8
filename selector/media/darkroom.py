"""Looks at pictures in processes of its own, by a plan that follows where the operator is.

Each process has one picture at a time, so the plan is obeyed at once.  A process that dies or
hangs is started again; a picture on which that happened twice is refused.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Self, cast

from pydantic import ValidationError
from PySide6.QtCore import QObject, QProcess, QTimer, Signal

import selector
from selector.core.look import Wanted
from selector.media.darkroom_lines import HELLO, Answer, Found, Request, spelled

CHILD: Final = ("-m", "selector.media.darkroom_child")
# ``-m`` looks for modules in the folder it runs in.  That must not be the one the window was
# started in, which may hold anybody's files; and it would keep a memory card from being ejected.
CHILD_FOLDER: Final = Path(selector.__file__).parents[1]
MOST_CRASHES: Final = 2
MOST_FALSE_STARTS: Final = 3
RECALLED_AT_ONCE: Final = 32
CLOSE_S: Final = 2.0
PATIENCE_S: Final = 60.0
_CHECK_MS: Final = 1000
_TAIL_BYTES: Final = 2000


@dataclass(slots=True)
class _Job:
    """What one process is at."""

    pictures: Mapping[str, Path]
    """As they were wanted, by the names under which they travel."""
    wanted: Wanted
    recall: bool
    forgotten: set[Path] = field(default_factory=set)

    @classmethod
    def of(cls, *pictures: Path, wanted: Wanted, recall: bool = False) -> Self:
        return cls({spelled(each.absolute()): each for each in pictures}, wanted, recall)


class _Child(QProcess):
    """One process, and what it is at."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_ready = False
        self.job: _Job | None = None
        self.busy_since = time.monotonic()
        self.last_words = b""
        self.readyReadStandardError.connect(self.overhear)

    @property
    def is_at_work(self) -> bool:
        return self.job is not None or not self.is_ready

    def ask(self, job: _Job) -> None:
        self.job, self.busy_since = job, time.monotonic()
        request = Request(pictures=tuple(job.pictures), wanted=job.wanted, recall=job.recall)
        self.write(request.model_dump_json().encode() + b"\n")

    def overhear(self) -> None:
        """Keep the end of what it says where errors go."""
        heard = bytes(self.readAllStandardError().data())
        self.last_words = (self.last_words + heard)[-_TAIL_BYTES:]


class Darkroom(QObject):
    """Looks at what is wanted.  ``close`` it at the end.

    Signals:
        looked(picture, look): what was found in it.
        refused(picture, why): it cannot be used, and why, in one line.
        idle(): all that was wanted has been told; a plan of more pictures may follow.
        stopped(why): nothing will be looked at any more, since the processes cannot run here.
    """

    looked = Signal(object, object)
    refused = Signal(object, str)
    idle = Signal()
    stopped = Signal(str)

    def __init__(
        self,
        *,
        processes: int | None = None,
        cache_folder: Path | None = None,
        patience_s: float = PATIENCE_S,
        start_s: float = PATIENCE_S,
        command: Sequence[str] | None = None,
        parent: QObject | None = None,
    ) -> None:
        """Nothing is started before something is wanted.

        Args:
            processes: how many at most; by default one for two cores.
            cache_folder: where looks are kept, for the next time; None: nowhere.
            patience_s: a process that is longer than this at one picture is ended.
            start_s: and one that is longer than this at its start.
            command: what to run as a process; by default our own.
            parent: as for every QObject.
        """
        super().__init__(parent)
        self._most = processes or max(1, (os.cpu_count() or 2) // 2)
        folder = () if cache_folder is None else (str(cache_folder.absolute()),)
        self._command = tuple(command) if command else (sys.executable, *CHILD, *folder)
        self._recalls = cache_folder is not None
        self._patience_s, self._start_s = patience_s, start_s
        self._plan: set[Path] = set()
        self._pending: deque[Path] = deque()
        self._wanted = Wanted()
        self._answered: set[Path] = set()
        self._recalled: set[Path] = set()
        self._crashes: Counter[Path] = Counter()
        self._false_starts = 0
        self._has_told_idle = True
        self._children: list[_Child] = []
        self._is_over = False
        self._watch = QTimer(self, interval=_CHECK_MS)
        self._watch.timeout.connect(self._end_those_that_hang)

    def want(self, pictures: Sequence[Path], *, wanted: Wanted) -> None:
        """Look at these, the most urgent first, and propose for ``wanted``.

        The plan takes the place of the one before.  Each picture is told once, as long as it
        stays in the plan; wanted again after that, it is told again.
        """
        if wanted != self._wanted:
            self._wanted = wanted
            self._answered.clear()
            self._recalled.clear()
        self._plan = set(pictures)
        self._answered &= self._plan
        self._recalled &= self._plan
        under_way = self._under_way()
        self._pending = deque(
            each
            for each in dict.fromkeys(pictures)
            if each not in self._answered and each not in under_way
        )
        self._go_on()

    def forget(self, picture: Path) -> None:
        """Look at the picture again, if it is wanted: its file has changed."""
        self._crashes.pop(picture, None)
        self._answered.discard(picture)
        self._recalled.discard(picture)
        for child in self._children:
            if child.job is not None and picture in child.job.pictures.values():
                child.job.forgotten.add(picture)
        if picture in self._plan and picture not in self._pending:
            self._pending.appendleft(picture)
            self._go_on()

    def close(self) -> None:
        """End the processes, whatever they are at; nothing is told any more."""
        self._is_over = True
        self._watch.stop()
        children, self._children = self._children, []
        for child in children:
            child.kill()
        until = time.monotonic() + CLOSE_S
        for child in children:
            child.waitForFinished(max(1, round(1000 * (until - time.monotonic()))))
            child.deleteLater()

    # -- handing out ------------------------------------------------------------------------------

    def _under_way(self) -> set[Path]:
        return {
            picture
            for child in self._children
            if child.job is not None and not child.job.recall and child.job.wanted == self._wanted
            for picture in child.job.pictures.values()
            if picture not in child.job.forgotten
        }

    def _go_on(self) -> None:
        if self._is_over:
            return
        for child in self._children:
            if self._pending and child.is_ready and child.job is None:
                self._has_told_idle = False
                child.ask(self._next_job())
        starting = sum(not child.is_ready for child in self._children)
        for _ in range(min(self._most - len(self._children), len(self._pending) - starting)):
            self._start()
        if not any(child.is_at_work for child in self._children):
            self._watch.stop()
        elif not self._watch.isActive():
            self._watch.start()
        is_idle = not self._pending and all(child.job is None for child in self._children)
        if is_idle and not self._has_told_idle:
            self._has_told_idle = True
            self.idle.emit()

    def _next_job(self) -> _Job:
        """The most urgent picture; and if it may be known from before, those after it as well."""
        first = self._pending[0]
        if self._recalls and first not in self._recalled:
            unasked = (each for each in self._pending if each not in self._recalled)
            pictures = tuple(islice(unasked, RECALLED_AT_ONCE))
            self._recalled.update(pictures)
            # They stay pending: those of which nothing is known are looked at next.
            return _Job.of(*pictures, wanted=self._wanted, recall=True)
        return _Job.of(self._pending.popleft(), wanted=self._wanted)

    def _start(self) -> None:
        child = _Child(self)
        # Methods, and no lambdas: those would hold on to this darkroom as long as there is a child,
        # and the last child would take it away while it is itself being deleted as its part.
        child.readyReadStandardOutput.connect(self._hear)
        child.finished.connect(self._bury)
        child.errorOccurred.connect(self._fail)
        self._children.append(child)
        child.setWorkingDirectory(str(CHILD_FOLDER))
        child.start(self._command[0], list(self._command[1:]))

    # -- taking in --------------------------------------------------------------------------------

    def _speaker(self) -> _Child:
        """Whose signal this is."""
        return cast("_Child", self.sender())

    def _hear(self) -> None:
        self._take(self._speaker())

    def _take(self, child: _Child) -> None:
        while child.canReadLine():
            line = bytes(child.readLine().data()).rstrip(b"\n")
            if not child.is_ready:  # what comes before the hello is not ours
                if line == HELLO:
                    child.is_ready, self._false_starts = True, 0
                continue
            job, child.job = child.job, None
            try:
                told = Answer.model_validate_json(line).found
            except ValidationError:
                child.job = job
                child.last_words += b"It answered nonsense."
                child.kill()
                return
            if job is not None and not self._is_over:
                self._answer(job, told)
        self._go_on()

    def _answer(self, job: _Job, told: Iterable[Found]) -> None:
        for found in told:
            picture = job.pictures.get(found.picture)
            # Whoever is told of one picture may want something else of the next.
            if picture is None or picture in job.forgotten or job.wanted != self._wanted:
                continue
            if picture in self._answered:
                continue
            self._crashes.pop(picture, None)
            if picture in self._plan:
                self._answered.add(picture)
            if found.look is not None:
                self.looked.emit(picture, found.look)
            else:
                self.refused.emit(picture, found.why)
        if any(picture in self._answered for picture in self._pending):
            self._pending = deque(each for each in self._pending if each not in self._answered)

    # -- crashes ----------------------------------------------------------------------------------

    def _end_those_that_hang(self) -> None:
        now = time.monotonic()
        for child in self._children:
            limit_s = self._patience_s if child.is_ready else self._start_s
            if child.is_at_work and now - child.busy_since > limit_s:
                child.last_words += f"It took over {limit_s:g} s.".encode()
                child.kill()

    def _bury(self) -> None:
        self._ended(self._speaker())

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:  # of all errors, only then not "finished"
            child = self._speaker()
            child.last_words = child.errorString().encode()
            self._ended(child)

    def _ended(self, child: _Child) -> None:
        if self._is_over or child not in self._children:
            return
        child.overhear()
        self._children.remove(child)
        child.deleteLater()
        job, words = child.job, child.last_words.decode("utf-8", "replace").strip()
        last = words.splitlines()[-1] if words else "it said nothing"
        if not child.is_ready:
            self._false_starts += 1
            if self._false_starts >= MOST_FALSE_STARTS:
                self._is_over = True
                self._watch.stop()
                self.stopped.emit(
                    f"pictures are no longer looked at, so there are no proposals: the process for "
                    f"it does not run here ({last}). Start the selector again."
                )
                return
        if job is not None and not job.recall:
            for picture in set(job.pictures.values()) - job.forgotten:
                self._crashed(picture, last=last)
        self._go_on()

    def _crashed(self, picture: Path, *, last: str) -> None:
        self._crashes[picture] += 1
        if self._crashes[picture] >= MOST_CRASHES:
            if picture in self._plan:
                self._answered.add(picture)
                self.refused.emit(
                    picture,
                    f"{picture}: looking at it failed twice ({last}). Export it again, or leave "
                    f"it out.",
                )
        elif picture in self._plan and picture not in self._pending:
            self._pending.appendleft(picture)

"""Reading the operation log: whether it is whole, and what was done last.

The log is looked at as it is at one moment: who writes to it meanwhile is kept out for no longer
than it takes to open a file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from companions.audit_lines import (
    CURRENT,
    LOCK,
    START,
    AuditLine,
    Head,
    Lines,
    disagreement,
    end_at,
    is_one_ahead,
    opened,
    parse,
    read_head,
    refuse_break,
    rotated,
    torn,
)
from companions.errors import AuditBroken, DocumentInvalid, Problem


@dataclass(frozen=True, slots=True)
class Verified:
    """A log that is whole.

    Attributes:
        lines: how many operations.
        files: the log's files, oldest first.
        head: hash of the last line; note it elsewhere.
        torn: beginnings of lines that power cuts ended; those operations were not begun.
        unfinished: whether such a beginning still ends the log; the next operation sets it aside.
        ahead: whether a crash left the log one line ahead of ``head.json``, which is no damage.
    """

    lines: int
    files: tuple[Path, ...]
    head: str
    torn: tuple[Path, ...]
    unfinished: bool
    ahead: bool


def verify(folder: Path, *, expect: str | None = None) -> Verified:
    """Read the whole log, in bounded memory, and check that nothing was cut, edited or moved.

    ``expect`` is a head's hash noted earlier: it must be the hash of a line.  What cannot be
    noticed otherwise is said at the top of ``audit``.

    Raises:
        AuditBroken: it was; names the file and the line.
        DocumentInvalid: a file of the log cannot be read.
    """
    before = end = START
    place, number = folder / CURRENT, 1
    met, unfinished = expect is None, False
    with _reporting_unreadable(folder), _snapshot(folder) as log:
        for part in log.parts():
            for number, data in part:
                line = parse(data, AuditLine, file=part.path, number=number)
                refuse_break(line, after=end, file=part.path, number=number)
                before, end, place = end, end_at(line, data), part.path
                met = met or end.sha256 == expect
            unfinished = bool(part.unfinished())
        paths, set_aside = log.paths, log.torn
    if end != log.head and not is_one_ahead(end, before=before, head=log.head):
        raise AuditBroken(file=place, line=number, what=disagreement(end, head=log.head))
    if not met:
        what = f"neither this nor any line before it has the expected hash {expect}"
        raise AuditBroken(file=place, line=number, what=what)
    return Verified(
        lines=end.sequence,
        files=paths,
        head=end.sha256,
        torn=set_aside,
        unfinished=unfinished,
        ahead=end != log.head,
    )


def tail(folder: Path, *, count: int) -> Sequence[AuditLine]:
    """The last ``count`` operations, oldest first; not verified.

    Raises:
        AuditBroken: a line among them is none.
        DocumentInvalid: a file of the log cannot be read.
    """
    found: deque[AuditLine] = deque()
    with _reporting_unreadable(folder), _snapshot(folder) as log:
        for part in log.parts(newest_first=True):
            last = deque(part, maxlen=max(0, count - len(found)))
            for number, data in reversed(last):
                found.appendleft(parse(data, AuditLine, file=part.path, number=number))
            if len(found) >= count:
                break
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The log at one moment: its files are only ever added to, or put by under another name."""

    older: tuple[Path, ...]
    current: Lines | None
    head: Head
    torn: tuple[Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.older if self.current is None else (*self.older, self.current.path)

    def parts(self, *, newest_first: bool = False) -> Iterator[Lines]:
        """Each file, open until the next is asked for."""
        for path in reversed(self.paths) if newest_first else self.paths:
            if self.current is not None and path == self.current.path:
                yield self.current
            else:
                with opened(path) as part:
                    yield part


@contextlib.contextmanager
def _snapshot(folder: Path) -> Iterator[_Snapshot]:
    """The log as it is now; of a folder that is not there, an empty one."""
    with contextlib.ExitStack() as stack:
        if not folder.exists():
            yield _Snapshot(older=(), current=None, head=START, torn=())
            return
        with _standing_still(folder):
            current = None
            with contextlib.suppress(FileNotFoundError):
                current = stack.enter_context(opened(folder / CURRENT, grows=True))
            taken = _Snapshot(
                older=tuple(rotated(folder)),
                current=current,
                head=read_head(folder),
                torn=tuple(torn(folder)),
            )
        yield taken


@contextlib.contextmanager
def _standing_still(folder: Path) -> Iterator[None]:
    """Keep writers out for a moment."""
    with contextlib.ExitStack() as stack:
        # Made, if it is missing, because a first writer may come right now.  Where it cannot be
        # made nobody can write either: a backup on a read-only disk.
        with contextlib.suppress(OSError):
            flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(folder / LOCK, flags, 0o600)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def _reporting_unreadable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DocumentInvalid(
            file=str(error.filename or folder),
            problems=[Problem("", f"cannot be read ({error.strerror or error})")],
            remedy="Check the path of the operation log and its rights.",
        ) from None

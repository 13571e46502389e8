"""The operation log: what was done to pictures and companions, by whom, in lines that last.

Every operation is one line, flushed to the disk before the operation begins; if the line cannot
be written, the operation must not be begun.  Each line holds the hash of the one before it, so
that a line that was cut, edited or moved is noticed by ``verify``.  How the log lies on the disk
is said in ``audit_lines``.

``verify`` notices every change but one: whoever may write to the folder can write a whole new
log with a whole new head.  Against that, note the head's hash elsewhere from time to time and
give it to ``verify`` as ``expect``: it must still be the hash of one of the lines.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from companions import files, lock
from companions.audit_lines import (
    CURRENT,
    HEAD,
    LOCK,
    MAX_LINE_BYTES,
    START,
    AuditedFile,
    AuditLine,
    Head,
    disagreement,
    encode,
    end_at,
    is_one_ahead,
    next_torn,
    opened,
    parse,
    read_head,
    rotated,
    rotated_path,
)
from companions.audit_reading import Verified, tail, verify
from companions.errors import AuditBroken, AuditUnwritable, FileUnwritable

__all__ = ["Actor", "AuditLine", "AuditLog", "AuditedFile", "Verified", "tail", "verify"]

LIMIT_BYTES: Final = 16 * 1024 * 1024
"""Size from which a file of the log is put by and a new one begun."""
LOOK_BACK_FILES: Final = 3
"""How many of the older files are looked through for an operation that was resumed."""
_PATIENCE_S: Final = 30.0
_IDS: Final = re.compile(rb'"operation":"([\w.:-]+)","operation_id":"([\w.:-]+)"')


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts; every line says so.

    Attributes:
        who: ``user@host``.
        tool: the command, ``fleet companions move``.
        version: of motionfleet.
    """

    who: str
    tool: str
    version: str


class AuditLog:
    """The log in one folder, for writing; any number of processes write to it at once."""

    def __init__(self, folder: Path, *, actor: Actor, limit_bytes: int = LIMIT_BYTES) -> None:
        """Prepare to write to the log in ``folder``, which is made with the first line."""
        self._folder, self._actor, self._limit = folder, actor, limit_bytes
        self._known = _Known()

    @property
    def actor(self) -> Actor:
        """Who writes."""
        return self._actor

    def record(
        self,
        *,
        operation: str,
        operation_id: str,
        files: Sequence[AuditedFile],
        detail: str = "",
        at: datetime,
    ) -> None:
        """Write the line of one operation, durably; a second time, do nothing.

        A second time is noticed as far back as ``LOOK_BACK_FILES`` files reach.

        Raises:
            AuditUnwritable: the operation must not be begun.
            AuditBroken: the log does not end as it was left; nothing was written on top of it.
        """
        with self._held():
            head = _mended(self._folder)
            if self._known.holds(self._folder, operation=operation, operation_id=operation_id):
                return
            line = AuditLine(
                sequence=head.sequence + 1,
                previous=head.sha256,
                at=at,
                who=self._actor.who,
                tool=self._actor.tool,
                version=self._actor.version,
                operation=operation,
                operation_id=operation_id,
                detail=detail,
                files=tuple(files),
            )
            data = encode(line)
            if len(data) >= MAX_LINE_BYTES:
                raise OSError(errno.EFBIG, f"one line cannot hold {len(line.files)} files")
            _rotate(self._folder, limit_bytes=self._limit, room_bytes=len(data) + 1)
            _append(self._folder, data, head=end_at(line, data))

    def holds(self, *, operation: str, operation_id: str) -> bool:
        """Whether the operation is logged, as far back as ``LOOK_BACK_FILES`` files reach.

        Raises:
            AuditUnwritable: the log cannot be used.
            AuditBroken: the log does not end as it was left.
        """
        if not self._folder.exists():
            return False
        with self._held():
            _mended(self._folder)
            return self._known.holds(self._folder, operation=operation, operation_id=operation_id)

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        """The log, for this writer alone; every failure to read or write it has one name."""
        with _reporting_unwritable(self._folder):
            if not self._folder.is_dir():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                files.flush_folder(self._folder.parent)
            path = self._folder / LOCK
            with lock.held_file(path, patience_s=_PATIENCE_S, mode=0o600) as held:
                if not held:
                    raise AuditUnwritable(
                        path=path,
                        errno_name="EAGAIN",
                        what=f"another program has held the log for {_PATIENCE_S:g} s",
                    )
                yield


class _Known:
    """Which operations the newest files of the log hold; every byte of them is read once."""

    def __init__(self) -> None:
        self._ids: set[tuple[bytes, bytes]] = set()
        # By inode, which a file keeps when it is put by.
        self._read: dict[int, int] = {}

    def holds(self, folder: Path, *, operation: str, operation_id: str) -> bool:
        wanted = (operation.encode(), operation_id.encode())
        for path in [folder / CURRENT, *reversed(rotated(folder)[-LOOK_BACK_FILES:])]:
            if wanted in self._ids:
                return True
            with contextlib.suppress(FileNotFoundError), files.open_regular(path) as stream:
                inode = os.fstat(stream.fileno()).st_ino
                stream.seek(self._read.get(inode, 0))
                self._ids.update(_IDS.findall(stream.read()))
                self._read[inode] = stream.tell()
        return wanted in self._ids


def _mended(folder: Path) -> Head:
    """The end of the log, once what a crash left there is put in order.

    Raises:
        AuditBroken: this is no end that a crash can leave.
    """
    head, older, last, path = read_head(folder), rotated(folder), None, folder / CURRENT
    with contextlib.suppress(FileNotFoundError), opened(path, grows=True) as part:
        beginning, last = part.unfinished(), part.last()
        if beginning:
            _set_aside(folder, beginning, whole_bytes=part.size - len(beginning))
    if last is None and older:
        path = older[-1]
        with opened(path) as part:
            last = part.last()
    before = end = START
    if last is not None:
        line = _parse_last(last, path)
        before, end = Head(sequence=line.sequence - 1, sha256=line.previous), end_at(line, last)
    if end == head:
        return head
    if not is_one_ahead(end, before=before, head=head):
        what = disagreement(end, head=head)
        raise AuditBroken(file=path, line=_line_count(path), what=what)
    with _pending_head(folder, end) as pending:
        pending.commit()
    return end


def _parse_last(data: bytes, path: Path) -> AuditLine:
    try:
        return parse(data, AuditLine, file=path, number=0)
    except AuditBroken:  # once more, to name the line: counting them reads the whole file
        return parse(data, AuditLine, file=path, number=_line_count(path))


def _line_count(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError), opened(path, grows=True) as part:
        return sum(1 for _ in part)
    return 0


def _set_aside(folder: Path, beginning: bytes, *, whole_bytes: int) -> None:
    """Keep the beginning of a line under a name of its own, and end the log before it."""
    kept = next_torn(folder)
    with files.Pending(kept, beginning, only_writer="torn", mode=0o600) as pending:
        pending.commit()
    with _open_to_append(folder) as descriptor:
        os.ftruncate(descriptor, whole_bytes)
        files.flush_to_disk(descriptor)


def _rotate(folder: Path, *, limit_bytes: int, room_bytes: int) -> None:
    """Put the current file by, if it would grow over the limit."""
    current = folder / CURRENT
    with contextlib.suppress(FileNotFoundError):
        size = current.stat().st_size
        if size > 0 and size + room_bytes > limit_bytes:
            current.rename(rotated_path(folder, len(rotated(folder)) + 1))
            files.flush_folder(folder)


def _append(folder: Path, line: bytes, *, head: Head) -> None:
    """Write a line, then the head that knows it; where there is no room, neither."""
    with _pending_head(folder, head) as pending, _open_to_append(folder) as descriptor:
        size = os.fstat(descriptor).st_size
        try:
            _write_whole(descriptor, line + b"\n")
            files.flush_to_disk(descriptor)
            if size == 0:
                files.flush_folder(folder)
        except BaseException:
            # The operation will not be begun, so its line goes.  If even that fails, what is
            # left is the beginning of a line, or one line more than the head knows.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
        pending.commit()


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _pending_head(folder: Path, head: Head) -> files.Pending:
    return files.Pending(folder / HEAD, encode(head) + b"\n", only_writer="head", mode=0o600)


@contextlib.contextmanager
def _open_to_append(folder: Path) -> Iterator[int]:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(folder / CURRENT, flags, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _reporting_unwritable(folder: Path) -> Iterator[None]:
    try:
        yield
    except AuditUnwritable:
        raise
    except FileUnwritable as error:
        raise AuditUnwritable(
            path=Path(error.path), errno_name=error.errno_name, what=error.what
        ) from error
    except OSError as error:
        raise AuditUnwritable(
            path=Path(str(error.filename or folder)),
            errno_name=errno.errorcode.get(error.errno or 0, "error"),
            what=error.strerror or str(error),
        ) from error

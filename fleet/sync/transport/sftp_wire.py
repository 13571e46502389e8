"""What of SFTP paramiko has no public call for; its private ones are used here alone.

``Reading``, because paramiko's own reading ahead asks from a thread, which prints a traceback when
the line is cut, and falls back to one request at a time when an answer overtakes it.  ``drain``,
because at ``close`` paramiko throws the answers to pipelined writes away: a disk that
was full for a moment would leave a hole in a file of the right size.  ``settle``, because size,
rights and time fit into one request.  ``free_bytes``, because a full disk is only "Failure".
"""
# ruff: noqa: SLF001

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

import paramiko
from paramiko.sftp import (
    CMD_DATA,
    CMD_EXTENDED,
    CMD_EXTENDED_REPLY,
    CMD_FSETSTAT,
    CMD_READ,
    int64,
)

_STATVFS: Final = struct.Struct(">11Q")
_FRAGMENT, _AVAILABLE = 1, 4  # places of f_frsize and f_bavail in the answer

REQUEST: Final = 32 * 1024
"""The most that every server gives for one request."""
AHEAD: Final = 128
"""Requests under way: 4 MiB, which at 100 MB/s is a round trip of 40 ms."""


class Reading:
    """The bytes of an open file from ``start`` to ``end``, asked for ahead of their use."""

    def __init__(self, reader: paramiko.SFTPFile, *, start: int, end: int) -> None:
        self._file: Any = reader
        self._at, self._end = start, end
        self._asked: deque[tuple[int, int, int]] = deque()
        self._answers: dict[int, bytes | Exception] = {}

    def __iter__(self) -> Iterator[bytes]:
        """The bytes in order; they end early where the file does.

        Raises:
            OSError: the other side refuses.
            SSHException: the connection broke.
        """
        session = self._file.sftp
        self._ask()
        while self._asked:
            number, offset, length = self._asked[0]
            while number not in self._answers:
                session._read_response()
            self._asked.popleft()
            answer = self._answers.pop(number)
            if isinstance(answer, Exception):
                raise answer
            if len(answer) > length:
                raise OSError("it gave more than was asked for")
            if answer:
                yield answer
            if len(answer) < length:
                if not answer:
                    return
                # A server may give less; what is missing is asked for again, in its place.
                rest = self._request(offset + len(answer), length - len(answer))
                self._asked.appendleft(rest)
                continue
            self._ask()

    def _ask(self) -> None:
        while len(self._asked) < AHEAD and self._at < self._end:
            length = min(REQUEST, self._end - self._at)
            self._asked.append(self._request(self._at, length))
            self._at += length

    def _request(self, offset: int, length: int) -> tuple[int, int, int]:
        file = self._file
        number = file.sftp._async_request(self, CMD_READ, file.handle, int64(offset), length)
        return number, offset, length

    def _async_response(self, kind: int, message: paramiko.Message, number: int) -> None:
        """Called by paramiko for the answer to a request that was made for this object."""
        if kind == CMD_DATA:
            self._answers[number] = message.get_string()
            return
        try:
            self._file.sftp._convert_status(message)
        except EOFError:
            self._answers[number] = b""
        except OSError as error:
            self._answers[number] = error
        else:
            self._answers[number] = OSError("it gave neither bytes nor a reason")


def drain(writer: paramiko.SFTPFile) -> None:
    """Wait for the answer to every pipelined write.

    Raises:
        OSError: one of them failed.
        SSHException: the connection broke.
    """
    file: Any = writer
    while file._reqs:
        file.sftp._read_response(file._reqs.popleft())


def settle(writer: paramiko.SFTPFile, *, size: int, mode: int, mtime: int) -> None:
    """Set an open file's size, rights and time.

    Raises:
        OSError: the other side refuses.
        SSHException: the connection broke.
    """
    attributes = paramiko.SFTPAttributes()
    attributes.st_size, attributes.st_mode = size, mode
    attributes.st_atime = attributes.st_mtime = mtime
    file: Any = writer
    file.sftp._request(CMD_FSETSTAT, file.handle, attributes)


def free_bytes(client: paramiko.SFTPClient, folder: str) -> int | None:
    """What the disk of ``folder`` there has room for; None where the server does not tell."""
    session: Any = client
    try:
        kind, answer = session._request(CMD_EXTENDED, "statvfs@openssh.com", folder.encode())
    except (OSError, EOFError, paramiko.SSHException):
        return None
    if kind != CMD_EXTENDED_REPLY:
        return None
    data = answer.get_remainder()
    if len(data) < _STATVFS.size:
        return None
    fields = _STATVFS.unpack_from(data)
    return int(fields[_FRAGMENT] * fields[_AVAILABLE])

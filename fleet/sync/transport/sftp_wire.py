"""Three things of SFTP that paramiko has no public call for; its private ones are used here alone.

``drain``, because at ``close`` paramiko throws the answers to pipelined writes away: a disk that
was full for a moment would leave a hole in a file of the right size.  ``settle``, because size,
rights and time fit into one request.  ``free_bytes``, because a full disk is only "Failure".
"""
# ruff: noqa: SLF001

from __future__ import annotations

import struct
from typing import Any, Final

import paramiko
from paramiko.sftp import CMD_EXTENDED, CMD_EXTENDED_REPLY, CMD_FSETSTAT

_STATVFS: Final = struct.Struct(">11Q")
_FRAGMENT, _AVAILABLE = 1, 4  # places of f_frsize and f_bavail in the answer


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

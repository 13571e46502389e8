"""The way to a host: a socket of our own, a ``ProxyCommand``, or a channel through other hosts."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO, Final

from fleet.sync.errors import HostUnknown, HostUnreachable
from fleet.sync.ssh.config import SshHost

UNANSWERED_S: Final = 60.0
"""What was sent and never acknowledged for so long ends a connection, sent keepalives included."""
_JUMP: Final = re.compile(r"(?:ssh://)?(?:([^@/]+)@)?(\[[^\]]+\]|[^:@/\[\]]+)(?::([0-9]+))?/?")
_TCP_RXT_CONNDROPTIME: Final = 0x80
"""What macOS calls Linux's TCP_USER_TIMEOUT; Python does not name it."""


@dataclass(frozen=True, slots=True)
class Jump:
    """One host of a ``ProxyJump``."""

    name: str
    user: str | None
    port: int | None


def last_jump(value: str) -> tuple[Jump, str | None]:
    """The last host of ``ProxyJump`` and the way to it: ``a,b`` is ``b``, reached through ``a``.

    Raises:
        ValueError: it is no such list.
    """
    before, _, last = value.rpartition(",")
    found = _JUMP.fullmatch(last.strip())
    if found is None or found[2].startswith("-") or (found[1] or "").startswith("-"):
        raise ValueError(f"{last!r} is no host of a ProxyJump")
    return (
        Jump(found[2].strip("[]"), found[1], int(found[3]) if found[3] else None),
        before.strip() or None,
    )


def direct(host: SshHost, *, name: str) -> socket.socket:
    """A TCP connection to ``host``.

    Raises:
        HostUnknown: its name means nothing to ssh nor to the resolver.
        HostUnreachable: nobody is there, or does not answer in time.
    """
    try:
        places = socket.getaddrinfo(
            host.hostname, host.port, family=host.family, type=socket.SOCK_STREAM
        )
    except (socket.gaierror, UnicodeError) as error:
        if not host.configured and "." not in host.hostname:
            raise HostUnknown(
                name=name, what="ssh's configuration has none of that name, and it is no address"
            ) from None
        said = error.strerror if isinstance(error, socket.gaierror) else str(error)
        raise HostUnreachable(host=name, what=f"{host.hostname} does not resolve: {said}") from None
    why: OSError = OSError("it has no address")
    for family, kind, protocol, _, place in places:
        wire = socket.socket(family, kind, protocol)
        try:
            wire.settimeout(host.connect_timeout)
            wire.connect(place)
            _mind_silence(wire)
        except OSError as error:
            wire.close()
            why = error
        else:
            return wire
    said = f"no answer within {host.connect_timeout:g} s" if isinstance(why, TimeoutError) else (
        why.strerror or str(why)
    )  # fmt: skip
    raise HostUnreachable(host=name, what=f"{host.hostname} port {host.port}: {said}") from None


class Command:
    """A running ``ProxyCommand``: a socket whose other end is its standard input and output."""

    def __init__(self, command: str, *, name: str) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in close)
        self.socket, theirs = socket.socketpair()
        try:
            # As ssh does it: the operator's own shell takes the line of the operator's own
            # configuration.  What is filled in was checked to hold nothing a shell acts upon.
            self._process = subprocess.Popen(
                [os.environ.get("SHELL") or "/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=self._errors,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self.socket.close()
            self._errors.close()
            raise HostUnreachable(host=name, what=f"its ProxyCommand: {error}") from None
        finally:
            theirs.close()

    def said(self) -> str:
        """What it said last on stderr."""
        self._errors.seek(0)
        return self._errors.read(4096).decode(errors="replace").strip()[-300:]

    def close(self) -> None:
        """End it."""
        self.socket.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()


def _mind_silence(wire: socket.socket) -> None:
    # Without these a host that lost its power is noticed after a quarter of an hour.
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if sys.platform == "linux":
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNANSWERED_S * 1000))
    elif sys.platform == "darwin":
        wire.setsockopt(socket.IPPROTO_TCP, _TCP_RXT_CONNDROPTIME, int(UNANSWERED_S))

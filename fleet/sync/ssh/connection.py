"""One ssh connection to a host: strict about its key, quiet, and bounded in time.

Everything that goes wrong before the first command is told as what it is: no such host, nobody
there, not the key on record, not let in.  Nothing of ours is sent before the host's key is checked.
"""

from __future__ import annotations

import contextlib
import logging
import shlex
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import paramiko

from fleet.sync.errors import (
    AnswerRefused,
    HostKeyRefused,
    HostRefused,
    HostUnknown,
    HostUnreachable,
)
from fleet.sync.ssh import known
from fleet.sync.ssh.channel import CHUNK, LAST_WORDS_S, ChannelLine, Pulse, hang_up
from fleet.sync.ssh.config import ALIVE_S, FAST_CIPHER, SshHost, resolve
from fleet.sync.ssh.identity import authenticate
from fleet.sync.ssh.lines import Tail
from fleet.sync.ssh.way import Command, direct, last_jump

MAX_JUMPS: Final = 8
OPEN_S: Final = 30.0
"""How long a host may take to open a channel, or to start a command."""
MAX_OUTPUT_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended.

    Attributes:
        code: its exit code; None where the host did not tell one (a signal).
    """

    code: int | None
    out: bytes
    err: str


class Connection:
    """A connection to ``host``, which messages call ``name``; a context manager.

    Attributes:
        host_key: the key it showed and where it is on record, once connected.
        identity: the key of ours it took.
    """

    def __init__(
        self,
        host: SshHost,
        *,
        name: str,
        jumps: int = 0,
        alive_s: float = ALIVE_S,
        open_s: float = OPEN_S,
    ) -> None:
        self.host = host
        self.name = name
        self.host_key = self.identity = ""
        self._jumps = jumps
        self._alive_s, self._open_s = alive_s, open_s
        self._transport: paramiko.Transport | None = None
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            HostUnknown: the name means nothing.
            HostUnreachable: nobody is there, or nobody that speaks ssh.
            HostKeyRefused: its key is unknown, has changed, or is revoked.
            HostRefused: it does not let us in.
        """
        _quieten_paramiko()
        with self._held:
            command, wire = self._way()
            transport = paramiko.Transport(wire)
            self._held.callback(transport.close)
            transport.banner_timeout = transport.handshake_timeout = self.host.connect_timeout
            transport.channel_timeout = self._open_s
            self._check_key(transport, command)
            self.identity = authenticate(transport, self.host, name=self.name)
            self._held.enter_context(Pulse(transport, every_s=self._alive_s))
            self._transport = transport
            self._held = self._held.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport = None
        self._held.close()

    @property
    def server(self) -> str:
        """What the server calls itself: ``SSH-2.0-OpenSSH_9.2p1 ...``."""
        return str(self._alive().remote_version)

    def line(self, argv: Sequence[str]) -> ChannelLine:
        """A command on the host, as a line to speak over.

        Raises:
            HostUnreachable: the connection broke.
            HostRefused: the host starts no commands.
        """
        return ChannelLine(self._started(argv), host=self.name)

    def run(self, argv: Sequence[str], *, timeout_s: float = 60.0) -> Ran:
        """Run a command on the host to its end.

        Raises:
            HostUnreachable: the connection broke, or it was not over within ``timeout_s``.
            HostRefused: the host starts no commands.
            AnswerRefused: it printed more than 16 MiB.
        """
        channel = self._started(argv)
        tail = Tail(channel.recv_stderr)
        deadline = time.monotonic() + timeout_s
        out = bytearray()
        try:
            channel.shutdown_write()
            while True:
                channel.settimeout(max(0.01, deadline - time.monotonic()))
                data = channel.recv(CHUNK)
                if not data:
                    break
                out += data
                if len(out) > MAX_OUTPUT_BYTES:
                    raise AnswerRefused(
                        host=self.name, what=f"{argv[0]} printed more than {MAX_OUTPUT_BYTES} bytes"
                    )
            ended = channel.status_event.wait(max(0.01, deadline - time.monotonic()))
        except TimeoutError:
            ended = False
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise HostUnreachable(host=self.name, what=str(error) or "it hung up") from None
        finally:
            hang_up(channel)
        if not ended:
            raise HostUnreachable(
                host=self.name, what=f"{argv[0]} was not over within {timeout_s:g} s"
            )
        if channel.exit_status < 0 and not self._alive().is_active():
            raise HostUnreachable(host=self.name, what="the connection was lost")
        code = channel.exit_status if channel.exit_status >= 0 else None
        return Ran(code, bytes(out), tail.text(within_s=LAST_WORDS_S))

    def sftp(self) -> paramiko.SFTPClient:
        """A new SFTP session on this connection; whoever asked closes it.

        Raises:
            HostUnreachable: the connection broke.
            HostRefused: the host has no SFTP for us.
        """
        try:
            client = paramiko.SFTPClient.from_transport(self._alive())
        except (OSError, EOFError, paramiko.SSHException, paramiko.SFTPError) as error:
            # A key with a command of its own starts that command instead, and it speaks no SFTP.
            raise self._no_channel("offers no SFTP", error) from None
        if client is None:
            raise HostRefused(host=self.name, what="it offers no SFTP")
        return client

    def through(self, hostname: str, port: int, *, name: str, timeout_s: float) -> paramiko.Channel:
        """A channel that the host connects on to another, for a connection through this one.

        Raises:
            HostUnreachable: ``name`` cannot be reached from there.
        """
        try:
            return self._alive().open_channel(
                "direct-tcpip", (hostname, port), ("127.0.0.1", 0), timeout=timeout_s
            )
        except (OSError, EOFError, paramiko.SSHException) as error:
            said = error.text if isinstance(error, paramiko.ChannelException) else str(error)
            raise HostUnreachable(
                host=name, what=f"{self.name} gets no connection to {hostname}:{port}: {said}"
            ) from None

    def _alive(self) -> paramiko.Transport:
        if self._transport is None:
            raise HostUnreachable(host=self.name, what="the connection is closed")
        return self._transport

    def _way(self) -> tuple[Command | None, socket.socket | paramiko.Channel]:
        host = self.host
        if host.proxy_jump is not None:
            return None, self._jumped(host.proxy_jump)
        if host.proxy_command is not None:
            command = Command(host.proxy_command, name=self.name)
            self._held.callback(command.close)
            return command, command.socket
        wire = direct(host, name=self.name)
        self._held.callback(wire.close)
        return None, wire

    def _jumped(self, jumps: str) -> paramiko.Channel:
        if self._jumps >= MAX_JUMPS:
            raise HostUnreachable(
                host=self.name, what=f"ProxyJump leads through more than {MAX_JUMPS} hosts, or in "
                f"a circle",
            )  # fmt: skip
        try:
            jump, before = last_jump(jumps)
        except ValueError as error:
            raise HostUnknown(name=self.name, what=str(error)) from None
        hop = resolve(
            jump.name, config_file=self.host.config_file, user=jump.user, port=jump.port,
            jump=before,
        )  # fmt: skip
        connection = self._held.enter_context(
            Connection(hop, name=jump.name, jumps=self._jumps + 1)
        )
        channel = connection.through(
            self.host.hostname, self.host.port, name=self.name,
            timeout_s=self.host.connect_timeout,
        )  # fmt: skip
        self._held.callback(hang_up, channel)
        return channel

    def _check_key(self, transport: paramiko.Transport, command: Command | None) -> None:
        host = self.host
        try:
            records = known.on_record(host.key_names, host.known_hosts_files)
        except OSError as error:
            raise HostKeyRefused(
                host=self.name, what=f"cannot be looked up: ssh-keygen: {error}",
                remedy="Install OpenSSH's client on this machine.",
            ) from None  # fmt: skip
        _prefer(transport, host.ciphers, known.kinds(records))
        agreed = threading.Event()
        # With an event of ours nothing is raised here: what a hostile server's bytes do to
        # paramiko's thread arrives as a value.
        transport.start_client(event=agreed)
        over = agreed.wait(3.0 * host.connect_timeout)
        if not over or not transport.is_active():
            why = transport.get_exception()
            said = command.said() if command is not None else ""
            raise HostUnreachable(
                host=self.name, what=said or _reason(why, where=f"{host.hostname}:{host.port}")
            )
        try:
            key = transport.get_remote_server_key()
        except paramiko.SSHException:  # it went since
            raise HostUnreachable(
                host=self.name, what=_reason(None, where=f"{host.hostname}:{host.port}")
            ) from None
        record = known.check(
            host=self.name, by_hand=host.by_hand, name=host.key_names[0], kind=key.get_name(),
            key=key.get_base64(), fingerprint=str(key.fingerprint), records=records,
        )  # fmt: skip
        self.host_key = f"{record.kind} {key.fingerprint} ({record.file} line {record.line})"

    def _started(self, argv: Sequence[str]) -> paramiko.Channel:
        try:
            channel = self._alive().open_session()
            channel.settimeout(self._open_s)
            channel.exec_command(shlex.join(argv))
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._no_channel("starts no commands", error) from None
        return channel

    def _no_channel(self, what: str, error: Exception) -> HostRefused | HostUnreachable:
        # paramiko tells a timeout in words only; a host that says no says so in time.
        silent = isinstance(error, TimeoutError) or str(error).startswith("Timeout")
        if silent or not self._alive().is_active():
            return HostUnreachable(host=self.name, what=str(error) or "it hung up")
        return HostRefused(host=self.name, what=f"it {what} for us: {error}")


def _prefer(transport: paramiko.Transport, ciphers: Sequence[str], kinds: Sequence[str]) -> None:
    options = transport.get_security_options()
    allowed = [name for name in options.ciphers if not ciphers or name in ciphers]
    if allowed:
        options.ciphers = sorted(allowed, key=lambda name: name != FAST_CIPHER)
    # The kinds on record first: a host with several keys is to show the one that is known.
    wanted = [
        name
        for kind in kinds
        for name in (("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,))
        if name in options.key_types
    ]
    options.key_types = [*wanted, *(name for name in options.key_types if name not in wanted)]


def _reason(why: Exception | None, *, where: str) -> str:
    if isinstance(why, paramiko.ssh_exception.IncompatiblePeer):
        return f"{where} speaks no ssh that this side would: {why}"
    if why is None or isinstance(why, EOFError):
        return f"{where} hung up before it was known who it is"
    return f"{where} does not speak ssh as it should: {why}"


def _quieten_paramiko() -> None:
    # Its threads log tracebacks of whatever a network does to them; without a handler Python
    # prints those on the terminal.  What matters is raised by us, in words.
    log = logging.getLogger("paramiko")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
        log.propagate = False

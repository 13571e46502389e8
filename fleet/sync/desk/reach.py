"""Reaching a host by its name: the conversation with its fleet, and a transport for files.

``auto`` takes rsync where both sides have one that will do, else SFTP; what was chosen is said,
with the reason.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fleet.settings import Host, Settings
from fleet.sync.desk.conversation import Conversation
from fleet.sync.errors import FarFleetUnusable, HostUnknown, TransferRefused
from fleet.sync.ssh.config import SshHost, resolve, ssh_argv
from fleet.sync.ssh.connection import Connection
from fleet.sync.ssh.local import LocalLine
from fleet.sync.transport.base import Pace, Transport
from fleet.sync.transport.choice import Choice, Rsync, choose, parse_version, rsync_here
from fleet.sync.transport.local import LocalTransport
from fleet.sync.transport.rsync import RsyncTransport
from fleet.sync.transport.sftp import SftpTransport
from fleet.sync.transport.status import Status
from fleet.sync.wire.greeting import Welcome
from fleet.sync.wire.line import Line

BITS: int = 8
MEGA: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Reached:
    """A host that answers.

    Attributes:
        said: which transport was taken and why, in words.
    """

    name: str
    settings: Host
    conversation: Conversation
    welcome: Welcome
    transport: Transport
    said: str

    def pace(self, *, compress: bool) -> Pace:
        """How hard to press; ``compress`` where the settings leave it open."""
        limit = self.settings.bandwidth_mbit_s
        return Pace(
            bytes_per_s=int(limit * MEGA / BITS) if limit is not None else None,
            compress=compress if self.settings.compress is None else self.settings.compress,
        )


def host_settings(name: str, settings: Settings) -> Host:
    """The host's table, or the defaults: a name of ``~/.ssh/config`` needs none."""
    return settings.hosts.get(name, Host())


def far_command(name: str, host: Host) -> list[str]:
    """The words that start the fleet's end of the conversation on ``host``.

    Raises:
        FarFleetUnusable: the settings' words for ``fleet`` are none.
    """
    try:
        words = shlex.split(host.fleet)
    except ValueError as error:
        words, why = [], str(error)
    else:
        why = "it is blank"
    if not words:
        raise FarFleetUnusable(
            host=name, what=f"its command {host.fleet!r} is no command: {why}",
            remedy=f"Mend [hosts.{name}] fleet in settings.toml.",
        )  # fmt: skip
    if host.transport == "local":
        words[0] = os.path.expanduser(words[0])  # noqa: PTH111  (a bare word stays one)
    else:
        # Words are quoted on their way through the shell there, which so expands none; a session
        # begins in the home folder, so that this is the same place.
        words[0] = f"./{words[0][2:]}" if words[0].startswith("~/") else words[0]
    words.append("receive")
    words += ["--inbox", host.inbox] if host.inbox else []
    words += ["--outbox", host.outbox] if host.outbox else []
    return words


@contextlib.contextmanager
def reach(name: str, *, settings: Settings) -> Iterator[Reached]:
    """The host called ``name``, for the length of a block.

    Raises:
        HostUnknown: neither the settings nor ssh know it.
        HostUnreachable, HostRefused, HostKeyRefused: as ssh found.
        FarFleetUnusable: there is no fleet there that speaks with us.
        TransferRefused: no transport that both sides have is allowed.
    """
    host = host_settings(name, settings)
    command = far_command(name, host)
    with contextlib.ExitStack() as held:
        line: Line
        if host.transport == "local":
            if name not in settings.hosts:
                raise HostUnknown(name=name, what="it is not in the settings")
            line = LocalLine(command, host=name)
            conversation = held.enter_context(Conversation(line, host=name))
            welcome = conversation.greet()
            transport: Transport = LocalTransport(host=name)
            said = "local (the host's disk is mounted here)"
        else:
            # Asked while the connection is made, which only waits for the other side.
            here = held.enter_context(ThreadPoolExecutor(1)).submit(rsync_here)
            ssh = resolve(host.ssh or name, config_file=host.ssh_config)
            connection = held.enter_context(Connection(ssh, name=name))
            conversation = held.enter_context(Conversation(connection.line(command), host=name))
            welcome = conversation.greet()
            transport, said = _transport(name, host, ssh, connection, welcome, here=here.result())
        held.callback(transport.close)
        yield Reached(name, host, conversation, welcome, transport, said)


def choice_of(name: str, host: Host, welcome: Welcome, *, here: Rsync | None) -> Choice:
    """The transport for a host that greets with ``welcome``, and why.

    Raises:
        TransferRefused: no transport that both sides have is allowed.
    """
    choice = choose(host.transport, here=here, there=welcome.rsync, host=name)
    if welcome.restricted and choice.name == "sftp":
        # A forced command can hold rsync to one folder, and SFTP to none.
        raise TransferRefused(
            host=name, by="sftp", status=Status.UNSUPPORTED,
            what=f"the key is restricted to rsync, and the choice is {choice.said}",
        )  # fmt: skip
    return choice


def _transport(
    name: str, host: Host, ssh: SshHost, connection: Connection, welcome: Welcome,
    *, here: Rsync | None,
) -> tuple[Transport, str]:  # fmt: skip
    choice = choice_of(name, host, welcome, here=here)
    if choice.name == "rsync":
        return (
            RsyncTransport(
                host=name, address=ssh.alias, ssh=ssh_argv(ssh), here=here,
                there=parse_version(welcome.rsync),
            ),
            choice.said,
        )  # fmt: skip
    return SftpTransport(connection.sftp, host=name), choice.said

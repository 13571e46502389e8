"""``fleet hosts check``: all that a sync with one host needs, looked at in the order of need.

The first thing that fails hides what lies behind it, so that the listing ends there.
"""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from fleet.check import Check, State, failed, passed
from fleet.errors import FleetError
from fleet.settings import Host, Settings
from fleet.sync.desk import verdicts
from fleet.sync.desk.conversation import Conversation
from fleet.sync.desk.reach import choice_of, far_command, host_settings
from fleet.sync.errors import (
    AnswerRefused,
    FarFleetUnusable,
    HostKeyRefused,
    HostRefused,
    HostUnknown,
    HostUnreachable,
    RequestRefused,
    TransferRefused,
)
from fleet.sync.ssh.config import SshHost, resolve
from fleet.sync.ssh.connection import Connection
from fleet.sync.ssh.local import LocalLine
from fleet.sync.transport.choice import parse_version, rsync_here
from fleet.sync.wire.greeting import Welcome

ASK_S: Final = 20.0

OnTheWay = (
    HostUnknown, HostUnreachable, HostKeyRefused, HostRefused, FarFleetUnusable, AnswerRefused,
    RequestRefused,
)  # fmt: skip
STEPS: Final[Mapping[type[FleetError], str]] = {
    HostUnknown: "name",
    HostUnreachable: "connection",
    HostKeyRefused: "host key",
    HostRefused: "log-in",
    FarFleetUnusable: "fleet",
    AnswerRefused: "fleet",
    RequestRefused: "fleet",
}
"""Which check an error on the way is the end of."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a host of the settings is.

    Attributes:
        address: ``user@hostname:port``; of a mounted disk, this machine.
        through: the way there, where it is not the direct one.
        problem: why it cannot be told; empty where it can.
    """

    address: str
    through: str = ""
    problem: str = ""


def place(name: str, *, settings: Settings) -> Place:
    """Where ssh would look for a host; connects to nothing."""
    host = host_settings(name, settings)
    if host.transport == "local":
        return Place("this machine")
    try:
        ssh = resolve(host.ssh or name, config_file=host.ssh_config)
    except HostUnknown as error:
        return Place("", problem=error.what)
    return Place(ssh.where, ssh.proxy_jump or ssh.proxy_command or "")


def examine(name: str, *, settings: Settings) -> Iterator[Check]:
    """Every check of the host called ``name``, as it is done; nothing there is changed."""
    host = host_settings(name, settings)
    try:
        with contextlib.ExitStack() as held:
            if host.transport == "local":
                yield from _mounted(name, host, held, known=name in settings.hosts)
            else:
                yield from _remote(name, host, held)
    except OnTheWay as error:
        yield failed(STEPS[type(error)], error.what, remedy=_remedy(error, name, host))


def _mounted(name: str, host: Host, held: contextlib.ExitStack, *, known: bool) -> Iterator[Check]:
    if not known:
        raise HostUnknown(name=name, what="it is not in the settings")
    line = LocalLine(far_command(name, host), host=name)
    conversation = held.enter_context(Conversation(line, host=name))
    welcome = conversation.greet()
    yield from _greeted(name, conversation, welcome)
    yield passed("transport", "local (the host's disk is mounted here)")
    yield from _there(name, conversation)


def _remote(name: str, host: Host, held: contextlib.ExitStack) -> Iterator[Check]:
    yield (program := verdicts.ssh(_ssh_version()))
    if program.state is State.FAIL:
        return
    ssh = resolve(host.ssh or name, config_file=host.ssh_config)
    yield passed("address", f"{ssh.where}{_through(ssh)}")
    connection = held.enter_context(Connection(ssh, name=name))
    yield passed("connection", connection.server)
    yield passed("host key", f"on record: {connection.host_key}")
    yield passed("log-in", f"{ssh.user}, with {connection.identity}")
    line = connection.line(far_command(name, host))
    conversation = held.enter_context(Conversation(line, host=name))
    welcome = conversation.greet()
    yield from _greeted(name, conversation, welcome)
    yield from _transport(name, host, connection, welcome)
    yield from _there(name, conversation)
    yield verdicts.key(restricted=welcome.restricted)


def _greeted(name: str, conversation: Conversation, welcome: Welcome) -> Iterator[Check]:
    yield verdicts.versions(here=metadata.version("motionfleet"), there=welcome.version, host=name)
    # Asked again for the time: the first answer took as long as a program needs to start.
    asked_at = time.time()
    there = conversation.greet().now
    yield verdicts.clock(asked_at=asked_at, answered_at=time.time(), there=there, host=name)


def _transport(name: str, host: Host, connection: Connection, welcome: Welcome) -> Iterator[Check]:
    here, there = rsync_here(), parse_version(welcome.rsync)
    if host.transport != "sftp":
        needed = host.transport == "rsync"
        yield verdicts.rsync("rsync here", here, where="here", needed=needed)
        yield verdicts.rsync("rsync there", there, where=f"on {name}", needed=needed)
    try:
        choice = choice_of(name, host, welcome, here=here)
        if choice.name == "sftp":
            connection.sftp().close()
    except (TransferRefused, HostRefused) as error:
        yield failed("transport", error.what, remedy=f"Install rsync here and on {name}.")
    else:
        yield passed("transport", choice.said)


def _there(name: str, conversation: Conversation) -> Iterator[Check]:
    welcome = conversation.greet(examine=True)
    yield verdicts.room("inbox", folder=welcome.inbox, free_bytes=welcome.inbox_free, host=name)
    yield verdicts.room("outbox", folder=welcome.outbox, free_bytes=welcome.outbox_free, host=name)
    yield verdicts.cluster(
        address=welcome.cluster, authenticated=welcome.authenticated, at_work=welcome.at_work,
        host=name,
    )  # fmt: skip


def _ssh_version() -> str | None:
    try:
        asked = subprocess.run(
            ["ssh", "-V"], capture_output=True, stdin=subprocess.DEVNULL, timeout=ASK_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stderr.decode(errors="replace")


def _through(ssh: SshHost) -> str:
    if ssh.proxy_jump is not None:
        return f" through {ssh.proxy_jump}"
    return f" by {ssh.proxy_command}" if ssh.proxy_command is not None else ""


def _remedy(error: FleetError, name: str, host: Host) -> str:
    """What to do about it: the error's own words where it has some apart."""
    if isinstance(error, (HostKeyRefused, FarFleetUnusable)):
        return error.remedy
    if isinstance(error, HostUnknown):
        return f"Give it a [hosts.{name}] table in settings.toml, or a Host entry in ~/.ssh/config."
    if isinstance(error, HostUnreachable):
        config = ("-F", str(host.ssh_config)) if host.ssh_config is not None else ()
        return f"Try by hand: {shlex.join(('ssh', *config, host.ssh or name))}"
    if isinstance(error, HostRefused):
        return f"See which keys are offered: {error.by_hand} -v"
    return "Install the same motionfleet on both sides."

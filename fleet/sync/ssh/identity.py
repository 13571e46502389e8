"""Proving who we are: an agent's keys and the configured key files, in the order ssh offers them.

Passwords are never asked for: a sync runs at night, with nobody there to type one.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import shlex
import socket
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import paramiko
from paramiko.agent import AgentKey, AgentSSH
from paramiko.pkey import UnknownKeyType
from paramiko.ssh_exception import PartialAuthentication

from fleet.sync.errors import HostRefused, HostUnreachable
from fleet.sync.ssh.config import SshHost

AGENT_S: Final = 60.0
"""How long an agent may take: one that asks a person waits for the answer."""

LOAD: Final = "ssh-add --apple-use-keychain" if sys.platform == "darwin" else "ssh-add"


class Agent(AgentSSH):
    """The agent at one socket; paramiko's own finds no other than that of ``SSH_AUTH_SOCK``."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wire.settimeout(AGENT_S)
        try:
            wire.connect(str(path))
            self._connect(wire)  # type: ignore[attr-defined]  # paramiko offers no other way in
        except (OSError, paramiko.SSHException):
            wire.close()
            raise

    def close(self) -> None:
        """Hang up."""
        self._close()  # type: ignore[attr-defined]


@dataclass(slots=True)
class _Tried:
    """What was offered, and what could not be, for the message in the end."""

    offered: list[str] = field(default_factory=list)
    locked: list[Path] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def authenticate(transport: paramiko.Transport, host: SshHost, *, name: str) -> str:
    """Log in as ``host`` says; returns which key it took.

    Raises:
        HostRefused: no identity of ours is accepted; says which were offered.
        HostUnreachable: it fell silent meanwhile.
    """
    tried = _Tried()
    with contextlib.closing(_keys(host, tried)) as keys:
        for told, key in keys:
            tried.offered.append(told)
            answer = threading.Event()
            try:
                transport.auth_publickey(host.user, key, event=answer)
            except (OSError, EOFError, paramiko.SSHException):
                # There is no session any more, or none that takes bytes: nobody was asked anything.
                raise HostUnreachable(host=name, what="the line broke at log-in") from None
            # A person may have to touch a key, or to say yes to an agent.
            answered = answer.wait(AGENT_S)
            if transport.is_authenticated():
                return told
            why = transport.get_exception()
            if isinstance(why, paramiko.BadAuthenticationType):
                allowed = ", ".join(why.allowed_types) or "nothing"
                raise HostRefused(
                    host=name, by_hand=host.by_hand,
                    what=f"it takes no keys from {host.user}, but {allowed}",
                )  # fmt: skip
            if isinstance(why, PartialAuthentication):
                more = ", ".join(why.allowed_types)
                raise HostRefused(
                    host=name, by_hand=host.by_hand,
                    what=f"beside a key it wants {more} from {host.user}",
                )  # fmt: skip
            if not answered:
                raise HostUnreachable(host=name, what=f"it was silent at log-in for {AGENT_S:g} s")
            if not transport.is_active():
                if why is None or isinstance(why, EOFError | ConnectionError):
                    raise HostUnreachable(host=name, what="the line broke at log-in")
                break  # it has seen enough keys and said so, or an agent could not sign
    raise HostRefused(host=name, by_hand=host.by_hand, what=_told(host, tried))


def _keys(host: SshHost, tried: _Tried) -> Generator[tuple[str, paramiko.PKey], None, None]:
    """What to offer: the configured keys an agent holds, its others, files it does not hold."""
    public = {file: _public(file) for file in host.identity_files}
    held: dict[bytes, AgentKey] = {}
    agent: Agent | None = None
    if host.identity_agent is not None:
        try:
            agent = Agent(host.identity_agent)
            held = {key.blob: key for key in agent.get_keys()}
        except (OSError, paramiko.SSHException) as error:
            tried.broken.append(f"the agent at {host.identity_agent}: {error}")
    try:
        ours = {blob: held[blob] for blob in public.values() if blob is not None and blob in held}
        for key in (ours if host.identities_only else {**ours, **held}).values():
            yield f"{key.comment or key.get_name()} of the agent", key
        for file, blob in public.items():
            if blob is None or blob not in held:
                found = _private(file, tried)
                if found is not None:
                    yield str(file), found
    finally:
        if agent is not None:
            agent.close()


def _public(file: Path) -> bytes | None:
    """The public half, if it lies beside the private one (or is all there is)."""
    for path in (file.with_name(f"{file.name}.pub"), file):
        try:
            words = path.read_text().split()
            if len(words) >= 2 and not words[0].startswith("-"):
                return base64.b64decode(words[1], validate=True)
        except (OSError, ValueError, binascii.Error):
            continue
    return None


def _private(file: Path, tried: _Tried) -> paramiko.PKey | None:
    if file.suffix == ".pub" or not file.is_file():
        return None
    try:
        return paramiko.PKey.from_path(file)
    except (paramiko.PasswordRequiredException, TypeError):
        tried.locked.append(file)  # cryptography says so with a TypeError
    except (OSError, ValueError, paramiko.SSHException, UnknownKeyType) as error:
        tried.broken.append(f"{file}: {str(error).splitlines()[0] if str(error) else 'no key'}")
    return None


def _told(host: SshHost, tried: _Tried) -> str:
    parts = []
    if tried.offered:
        parts.append(f"none of the keys offered for {host.user} is accepted: "
                     f"{', '.join(tried.offered)}")  # fmt: skip
    if tried.locked:
        files = ", ".join(map(str, tried.locked))
        parts.append(
            f"protected by a passphrase, and held by no agent: {files}; load it with: "
            f"{LOAD} {shlex.quote(str(tried.locked[0]))}"
        )
    if tried.broken:
        parts.append(f"of no use: {'; '.join(tried.broken)}")
    return "; ".join(parts) or f"there is no key to offer for {host.user}"

"""What OpenSSH's configuration says of a host, asked of OpenSSH itself: ``ssh -G NAME``.

Only ``ssh`` understands every ``Include``, ``Match`` and default of its configuration, so nothing
here reads those files; what it prints is parsed, and used alike for a connection of our own and for
the ``ssh`` that rsync runs.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fleet.sync.errors import HostUnknown
from fleet.sync.ssh.tokens import Fill, NotUsable, tokens

ASK_S: Final = 20.0
"""``ssh -G`` is over at once, unless a ``Match exec`` of the operator's takes its time."""
CONNECT_S: Final = 15.0
"""How long a connection may take to be made, where the configuration does not say."""
ALIVE_S: Final = 15
"""How often a quiet connection is asked whether it lives; three silences end it."""
ALIVE_COUNT: Final = 3
FAST_CIPHER: Final = "aes128-gcm@openssh.com"
"""Moves half as much again as ssh's first choice, wherever a processor knows AES."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:%\[\]-]{0,254}")
_USER: Final = re.compile(r"[^-\s'`\"$\\;&<>|(){}\x00-\x1f][^\s'`\"$\\;&<>|(){}\x00-\x1f]{0,254}")


@dataclass(frozen=True, slots=True)
class SshHost:
    """A host as ssh would reach it.

    Attributes:
        alias: the name it was asked for by.
        identity_files: private keys to offer, the configured order; many need not exist.
        identities_only: whether an agent's other keys stay unused.
        identity_agent: the agent's socket; None where there is none.
        known_hosts_files: the user's and the system's, in the order they are looked into.
        host_key_alias: the name its key is on record under, if not its own.
        proxy_jump: hosts to go through, as ``ProxyJump`` has them.
        proxy_command: the command that is the way there, its tokens filled in.
        config_file: what ssh was told to read instead of its own files.
        ciphers: what may encrypt, best first.
    """

    alias: str
    hostname: str
    user: str
    port: int = 22
    identity_files: tuple[Path, ...] = ()
    identities_only: bool = False
    identity_agent: Path | None = None
    known_hosts_files: tuple[Path, ...] = ()
    host_key_alias: str | None = None
    proxy_jump: str | None = None
    proxy_command: str | None = None
    config_file: Path | None = None
    connect_timeout: float = CONNECT_S
    ciphers: tuple[str, ...] = ()
    family: socket.AddressFamily = socket.AF_UNSPEC

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names its key may be on record under, the first that is counts; as ssh has it."""
        if self.host_key_alias is not None:
            return (self.host_key_alias,)
        name = self.hostname.lower()
        return (name,) if self.port == 22 else (f"[{name}]:{self.port}", name)

    @property
    def configured(self) -> bool:
        """Whether ssh's configuration says where it is; else its name is all there is to it."""
        return self.hostname != self.alias or bool(self.proxy_jump or self.proxy_command)

    @property
    def by_hand(self) -> str:
        """The command that connects to it from a terminal."""
        config = ("-F", str(self.config_file)) if self.config_file is not None else ()
        return shlex.join(("ssh", *config, self.alias))

    @property
    def where(self) -> str:
        """``user@hostname:port``."""
        name = f"[{self.hostname}]" if ":" in self.hostname else self.hostname
        return f"{self.user}@{name}:{self.port}"


def resolve(
    alias: str,
    *,
    config_file: Path | None,
    user: str | None = None,
    port: int | None = None,
    jump: str | None = None,
) -> SshHost:
    """What ssh would do for ``alias``; the rest as on ssh's command line (``-l``, ``-p``, ``-J``).

    ssh answers for any name.  One that it knows nothing of is found out when it is connected to.

    Raises:
        HostUnknown: no host can be called so, or ssh does not understand its configuration.
    """
    if not _NAME.fullmatch(alias):
        raise HostUnknown(name=alias, what="no host can have such a name")
    argv = ["ssh", "-G"]
    argv += ["-F", str(config_file.expanduser())] if config_file is not None else []
    argv += ["-l", user] if user is not None else []
    argv += ["-p", str(port)] if port is not None else []
    argv += ["-J", jump] if jump is not None else []
    try:
        asked = subprocess.run(
            [*argv, "--", alias], capture_output=True, stdin=subprocess.DEVNULL, timeout=ASK_S,
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise HostUnknown(name=alias, what="there is no ssh here: install OpenSSH") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostUnknown(name=alias, what=f"ssh -G failed: {error}") from None
    if asked.returncode != 0:
        said = asked.stderr.decode(errors="replace").strip().splitlines()
        if asked.returncode < 0:
            raise HostUnknown(name=alias, what=f"ssh -G was ended by signal {-asked.returncode}")
        words = "; ".join(said[:2])[:400] or f"exit code {asked.returncode}"
        raise HostUnknown(name=alias, what=f"ssh does not take its configuration: {words}")
    try:
        return parse(
            alias, asked.stdout.decode(errors="surrogateescape"), environment=os.environ,
            config_file=config_file.expanduser() if config_file is not None else None,
        )  # fmt: skip
    except NotUsable as error:
        raise HostUnknown(name=alias, what=f"of its ssh configuration, {error}") from None


def parse(
    alias: str, printed: str, *, environment: Mapping[str, str], config_file: Path | None = None
) -> SshHost:
    """The host in what ``ssh -G alias`` printed.

    Raises:
        NotUsable: it leaves something out, or has a value no connection can be made from.
    """
    said: dict[str, list[str]] = {}
    for line in printed.splitlines():
        word, _, value = line.strip().partition(" ")
        said.setdefault(word.lower(), []).append(value.strip())

    def one(word: str) -> str | None:
        value = said.get(word, [""])[0]
        return value if value and value.lower() != "none" else None

    hostname, user, port = one("hostname"), one("user"), one("port")
    if hostname is None or not _NAME.fullmatch(hostname):
        raise NotUsable(f"the host name is {hostname!r}")
    if user is None or not _USER.fullmatch(user):
        raise NotUsable(f"the user is {user!r}")
    if port is None or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise NotUsable(f"the port is {port!r}")
    jump = one("proxyjump")
    key_alias = one("hostkeyalias")
    fill = Fill(
        tokens(alias=alias, hostname=hostname, user=user, port=port, jump=jump or "",
                key_alias=key_alias or alias),
        environment,
    )  # fmt: skip

    def paths(word: str) -> tuple[Path, ...]:
        return tuple(
            Path(fill.path(piece)).expanduser()
            for value in said.get(word, [])
            for piece in _pieces(value)
            if piece.lower() != "none"
        )

    wait = one("connecttimeout")
    return SshHost(
        alias=alias,
        hostname=hostname,
        user=user,
        port=int(port),
        identity_files=tuple(
            Path(fill.path(value)).expanduser()
            for value in said.get("identityfile", [])
            if value.lower() != "none"
        ),
        identities_only=one("identitiesonly") in {"yes", "true"},
        identity_agent=_agent(one("identityagent"), said, fill, environment),
        known_hosts_files=(*paths("userknownhostsfile"), *paths("globalknownhostsfile")),
        host_key_alias=key_alias,
        proxy_jump=jump,
        proxy_command=fill.command(one("proxycommand")) if jump is None else None,
        config_file=config_file,
        connect_timeout=float(wait) if wait is not None and wait.isdecimal() else CONNECT_S,
        ciphers=tuple((one("ciphers") or "").split(",")) if one("ciphers") else (),
        family={"inet": socket.AF_INET, "inet6": socket.AF_INET6}.get(
            one("addressfamily") or "", socket.AF_UNSPEC
        ),
    )


def ssh_argv(host: SshHost) -> tuple[str, ...]:
    """The ``ssh`` that rsync is to run for ``host``: options, without the host's name.

    It asks nothing, trusts only keys on record, gives up on a dead line, and does nothing of what
    the configuration may want besides (forwarding, a shared connection, a command of its own).
    """
    options = [
        "BatchMode=yes",
        "StrictHostKeyChecking=yes",
        "UpdateHostKeys=no",
        f"ConnectTimeout={max(1, int(host.connect_timeout))}",
        f"ServerAliveInterval={ALIVE_S}",
        f"ServerAliveCountMax={ALIVE_COUNT}",
        "ControlMaster=no",
        "ControlPath=none",
        "ClearAllForwardings=yes",
        "PermitLocalCommand=no",
        "RemoteCommand=none",
        "LogLevel=ERROR",
    ]
    ciphers = preferred(host.ciphers)
    options += [f"Ciphers={','.join(ciphers)}"] if ciphers else []
    config = ("-F", str(host.config_file)) if host.config_file is not None else ()
    return ("ssh", *config, "-T", "-a", "-x", *(f"-o{option}" for option in options))


def preferred(ciphers: Sequence[str]) -> tuple[str, ...]:
    """``ciphers``, the fast one first if it is among them: none is used that was not allowed."""
    if FAST_CIPHER not in ciphers:
        return tuple(ciphers)
    return (FAST_CIPHER, *(name for name in ciphers if name != FAST_CIPHER))


def _agent(
    value: str | None,
    said: Mapping[str, Sequence[str]],
    fill: Fill,
    environment: Mapping[str, str],
) -> Path | None:
    if value is None and "identityagent" in said:
        return None  # "none": no agent, whatever the environment says
    if value is None or value == "SSH_AUTH_SOCK":
        value = environment.get("SSH_AUTH_SOCK", "")
    elif value.startswith("$") and not value.startswith("${"):
        value = environment.get(value[1:], "")
    else:
        value = fill.path(value)
    return Path(value).expanduser() if value else None


def _pieces(value: str) -> list[str]:
    """Paths of one line.  ssh prints them without quotes: one with a blank looks like two."""
    pieces: list[str] = []
    for word in value.split(" "):
        if pieces and not word.startswith(("/", "~", "%", "$")) and word.lower() != "none":
            pieces[-1] += f" {word}"
        elif word:
            pieces.append(word)
    return pieces

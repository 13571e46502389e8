"""``%h`` and ``${HOME}`` in OpenSSH's configuration: ``ssh -G`` prints them as they stand there."""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FILLED_IN: Final = re.compile(r"%(.?)|\$\{([^}]*)\}")
_OF_A_COMMAND: Final = frozenset("%hnpr")


class NotUsable(ValueError):
    """What ``ssh -G`` printed cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class Fill:
    """Fills in what ssh prints as it stands in the configuration: ``%h``, ``${HOME}``."""

    tokens: Mapping[str, str]
    environment: Mapping[str, str]

    def path(self, value: str) -> str:
        """A path with its tokens and variables filled in.

        Raises:
            NotUsable: one of them means nothing.
        """
        return _FILLED_IN.sub(self._in_a_path, value)

    def command(self, value: str | None) -> str | None:
        """A command with its tokens filled in; variables are left to the shell that runs it.

        Raises:
            NotUsable: a token means nothing in a command.
        """
        return None if value is None else _FILLED_IN.sub(self._in_a_command, value)

    def _in_a_path(self, found: re.Match[str]) -> str:
        if found[1] is None:
            if found[2] not in self.environment:
                raise NotUsable(f"the variable {found[2]!r} in {found.string!r} is not set")
            return self.environment[found[2]]
        if found[1] not in self.tokens:
            raise NotUsable(f"%{found[1]} means nothing in {found.string!r}")
        return self.tokens[found[1]]

    def _in_a_command(self, found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]  # the shell that runs it fills it in
        if found[1] not in _OF_A_COMMAND:
            raise NotUsable(f"%{found[1]} means nothing in {found.string!r}")
        return self.tokens[found[1]]


def tokens(
    *, alias: str, hostname: str, user: str, port: str, jump: str, key_alias: str
) -> dict[str, str]:
    """What each ``%`` letter stands for, as ``ssh_config(5)`` has it."""
    here = socket.gethostname()
    return {
        "%": "%",
        "d": str(Path.home()),
        "h": hostname,
        "i": str(os.getuid()),
        "j": jump,
        "k": key_alias,
        "L": here.partition(".")[0],
        "l": here,
        "n": alias,
        "p": port,
        "r": user,
        "u": getpass.getuser(),
        # ssh's own short name for the whole, for file names: no secret hangs on the hash.
        "C": hashlib.sha1(
            f"{here}{hostname}{port}{user}{jump}".encode(), usedforsecurity=False
        ).hexdigest(),
    }

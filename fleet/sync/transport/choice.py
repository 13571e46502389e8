"""Which transport to take: what rsync is here and there, what the settings say, and why.

macOS ships openrsync, which calls itself version 2.6.9 and speaks protocol 29; everything else
is GNU's.  Both do the work; they differ in the flags they take (``rsync_flags``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

import sh

from fleet.sync.errors import TransferRefused
from fleet.sync.transport.base import Item
from fleet.sync.transport.status import Status

Flavour = Literal["gnu", "openrsync"]

OLDEST_GNU: Final = (3, 1, 0)
"""The first GNU rsync that is good enough: ``--info``, and no wildcard expansion of our names."""
SAFE_GNU: Final = (3, 5, 0)
"""The first GNU rsync without the holes that were made public in 2024 to 2026."""

_GNU: Final = re.compile(r"^rsync\s+version\s+v?(\d+(?:\.\d+)*)\S*\s+protocol version\s+(\d+)")
_OPENRSYNC: Final = re.compile(r"^openrsync(?:[^:]*):\s*protocol version\s+(\d+)")

PLAIN_SUFFIXES: Final = frozenset({".tif", ".tiff", ".bmp", ".json"})
"""What a set holds that is not compressed already."""
WORTH_SHARE: Final = 0.5
"""Compressing takes one core; it pays where at least this share of the bytes shrinks."""


@dataclass(frozen=True, slots=True)
class Rsync:
    """An rsync that was asked for its version.

    Attributes:
        version: ``(3, 5, 0)``; empty for openrsync, whose number means nothing.
        protocol: the version of the wire protocol it speaks.
    """

    flavour: Flavour
    version: tuple[int, ...]
    protocol: int

    @property
    def words(self) -> str:
        """As a person calls it: ``rsync 3.5.0``, ``openrsync``."""
        if self.flavour == "openrsync":
            return f"openrsync (protocol {self.protocol})"
        return f"rsync {'.'.join(map(str, self.version))}"

    @property
    def usable(self) -> bool:
        """Whether it can do what a transport promises."""
        return self.flavour == "openrsync" or self.version >= OLDEST_GNU


@dataclass(frozen=True, slots=True)
class Choice:
    """A transport's name, and why it was taken, in words."""

    name: str
    said: str


def parse_version(text: str) -> Rsync | None:
    """What ``rsync --version`` says of itself in its first line; None if that is no rsync."""
    first = text.lstrip().partition("\n")[0].strip()
    if found := _GNU.match(first):
        version = tuple(int(part) for part in found[1].split("."))
        return Rsync("gnu", version, int(found[2]))
    if found := _OPENRSYNC.match(first):
        return Rsync("openrsync", (), int(found[1]))
    return None


def rsync_here(program: str = "rsync") -> Rsync | None:
    """The rsync of this machine, or None where there is none that answers.

    One that is killed before it has answered is asked once more: that it was killed says nothing
    of what it is.
    """
    try:
        try:
            return parse_version(_version(program))
        except sh.SignalException:
            return parse_version(_version(program))
    except (sh.CommandNotFound, sh.ErrorReturnCode, OSError):
        return None


def _version(program: str) -> str:
    # With a file as its input and no timeout sh needs no thread that has to be waited for: each
    # would cost a tenth of a second.
    with Path(os.devnull).open("rb") as nothing:
        said = sh.Command(program)(
            "--version", _in=nothing, _tty_out=False, _decode_errors="replace"
        )
    return str(said)


def is_vulnerable(rsync: Rsync) -> bool:
    """Whether holes of this rsync are publicly known (GNU before 3.5.0)."""
    return rsync.flavour == "gnu" and rsync.version < SAFE_GNU


def choose(setting: str, *, here: Rsync | None, there: str, host: str = "the host") -> Choice:
    """The transport for a host whose rsync calls itself ``there`` (empty: it has none).

    ``setting`` is ``auto``, ``rsync`` or ``sftp``.

    Raises:
        TransferRefused: the settings ask for rsync, and one side has none that will do.
    """
    if setting == "sftp":
        return Choice("sftp", "sftp (as set)")
    far = parse_version(there)
    lack = _lack(here, side="here") or _lack(far, side="there")
    if lack is None and here is not None and far is not None:
        both = f"{here.words} here, {far.words} there"
        return Choice("rsync", f"rsync ({'as set; ' if setting == 'rsync' else ''}{both})")
    if setting == "rsync":
        raise TransferRefused(
            host=host, by="rsync", status=Status.NO_COMMAND, what=f"the settings ask for it; {lack}"
        )
    return Choice("sftp", f"sftp ({lack})")


def _lack(rsync: Rsync | None, *, side: str) -> str | None:
    if rsync is None:
        return f"there is no rsync {side}" if side == "here" else "the host has no rsync"
    if not rsync.usable:
        oldest = ".".join(map(str, OLDEST_GNU[:2]))
        where = "here" if side == "here" else "on the host"
        return f"{rsync.words} {where} is older than {oldest}"
    return None


def worth_compressing(items: Iterable[Item]) -> bool:
    """Whether compressing under way would help: at least half of the bytes shrink.

    Pictures and clips are compressed already; TIFF, BMP and JSON are not.
    """
    total = plain = 0
    for item in items:
        total += item.size_bytes
        if PurePosixPath(item.path).suffix.lower() in PLAIN_SUFFIXES:
            plain += item.size_bytes
    return total > 0 and plain >= total * WORTH_SHARE

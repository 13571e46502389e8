"""How far a transfer is: told by whoever moves files, drawn by whoever has a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """How far one push or pull is.

    Attributes:
        doing: ``sending`` or ``fetching``.
        what: the set or folder it is about, for people.
        files: members or results that are across.
        total_files: how many there are in all.
        size_bytes: bytes that are across, of files that are half there too.
        total_bytes: bytes that have to travel.
    """

    doing: str
    what: str
    files: int
    total_files: int
    size_bytes: int
    total_bytes: int


Tell = Callable[[Told], None]


Complain = Callable[[str], None]
"""Told in words of what went wrong and is tried again."""


def silent(_told: Told) -> None:
    """Tells nobody how far it is."""


def unheard(_words: str) -> None:
    """Tells nobody what went wrong."""

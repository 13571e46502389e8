"""What the darkroom and its processes say to each other: JSON, a line each.

Paths travel in percent-encoding, since a file's name need not be text.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from companions.base import Closed
from selector.core.look import Look, Wanted

HELLO: Final = b"motionfleet darkroom 1"
"""The first line of a process that is ready."""


class Request(Closed):
    """Pictures to look at, or to recall."""

    pictures: tuple[str, ...]
    wanted: Wanted
    recall: bool = False
    """Only what is known of them already; unknown ones are left out of the answer."""

    def paths(self) -> tuple[Path, ...]:
        """The pictures' files."""
        return tuple(path_of(each) for each in self.pictures)


class Found(Closed):
    """What is known of one picture: a look, or why there is none."""

    picture: str
    look: Look | None = None
    why: str = ""


class Answer(Closed):
    """What was found, for one request."""

    found: tuple[Found, ...]


def spelled(path: Path) -> str:
    """A path as it travels."""
    return quote_from_bytes(os.fsencode(path))


def path_of(spelled_path: str) -> Path:
    """The path that was ``spelled`` so."""
    return Path(os.fsdecode(unquote_to_bytes(spelled_path)))

"""Options in words: how the command line spells sizes, rates, times and profiles.

Each parser takes the words and returns the value, or says what a right one looks like.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from companions.geometry import Size
    from selector.core.safety import Profile

Folder = Annotated[
    Path,
    typer.Argument(
        exists=True, file_okay=False, readable=True, metavar="DIR", help="Folder of pictures."
    ),
]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders in DIR too.")]
Overlay = Annotated[
    Path | None,
    typer.Option(
        "--overlay",
        metavar="DIR",
        file_okay=False,
        help="Companions are kept here instead of beside the pictures.",
    ),
]
Screenshot = Annotated[
    Path | None,
    typer.Option(
        "--screenshot",
        metavar="FILE",
        dir_okay=False,
        help="Draw the window into FILE, a PNG or JPEG by its name, and end.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


def parse_size(text: str) -> Size:
    """A clip's size from ``1280x720``: even numbers from 64 to 8192."""
    from pydantic import ValidationError

    from companions.geometry import Size
    from companions.motion import OutputSize

    try:
        width, height = (int(part) for part in text.lower().split("x"))
        size = OutputSize(width=width, height=height)
    except (ValueError, ValidationError):
        raise typer.BadParameter(
            f"{text!r} is not a clip size; give WIDTHxHEIGHT in even pixels from 64 to 8192, "
            f"such as 1280x720"
        ) from None
    return Size(size.width, size.height)


def parse_fps(text: str) -> Fraction:
    """A frame rate from ``24``, ``23.976`` or ``24000/1001``."""
    from companions.timing import parse_rate

    try:
        return parse_rate(text if "/" in text else float(text))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a frame rate from 1 to 240; give one such as 24, 23.976 or 24000/1001"
        ) from None


def parse_instant(text: str) -> datetime:
    """A moment from ``2025-07-04T14:30:22Z``; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time; give one such as 2025-07-04T14:30:22Z"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def parse_profile(text: str) -> Profile:
    """A safety profile by name."""
    from selector.core.safety import PROFILES

    if text not in PROFILES:
        raise typer.BadParameter(f"there is no profile {text!r}; there is {', '.join(PROFILES)}")
    return PROFILES[text]

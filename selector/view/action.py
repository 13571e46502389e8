"""One thing that the operator can do by a key: what the tables of the window and pages hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PySide6.QtGui import QKeySequence

DIGITS: Final = tuple("123456789")
SHIFTED_DIGITS: Final = tuple(f"Shift+{digit}" for digit in DIGITS)


class Mode(StrEnum):
    """Where a key has its meaning; also the headings of the cheat sheet."""

    WINDOW = "Everywhere"
    CULL = "Cull"
    COMPARE = "Compare"
    PREVIEW = "Preview"
    EDIT = "Editor"
    REVIEW = "Review"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the operator can do.

    Attributes:
        name: what the code calls it.
        keys: Qt's portable names of its keys, the first for show.
        words: what it does, for people.
        mode: where.
        part: a heading within its mode; may be empty.
        repeats: whether a key that is held down does it again and again.
    """

    name: str
    keys: tuple[str, ...]
    words: str
    mode: Mode
    part: str = ""
    repeats: bool = False

    @property
    def shown(self) -> str:
        """Its keys for people: up to two of them, digits as a range."""
        for digits, prefix in ((DIGITS, ""), (SHIFTED_DIGITS, "Shift+")):
            if self.keys == digits:
                return f"{prefix}1-9"
        known = [key for key in self.keys if "Backtab" not in key]  # what Shift+Tab sends
        return " or ".join(native(key) for key in known[:2])


def native(key: str) -> str:
    """A portable key name as this platform writes it."""
    made = QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText)
    return made.toString(QKeySequence.SequenceFormat.NativeText) or key

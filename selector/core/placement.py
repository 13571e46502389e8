"""Where companions lie: beside their picture, or in a folder of their own.

Pictures on a read-only disk keep their companions in an *overlay*: a folder that mirrors the
opened one, so that ``shoot/day 1/a.jpg`` has ``overlay/day 1/a.motion.json``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from companions.files import reporting_unwritable
from companions.names import companion_path

JOURNAL_NAME: Final = ".motionfleet-selector.jsonl"
"""The journal of decisions, in the folder that companions of the opened folder itself go to."""


def absolute(folder: Path) -> Path:
    """``folder`` from the root on, its links as the person named them: what settings go by."""
    return Path(os.path.abspath(folder))  # noqa: PTH100 - Path.absolute leaves '..' in


@dataclass(frozen=True, slots=True)
class Placement:
    """One opened folder.

    Attributes:
        root: the folder of pictures, absolute.
        overlay: where companions go instead; None: beside the pictures.
    """

    root: Path
    overlay: Path | None = None

    @property
    def home(self) -> Path:
        """The folder that is written to: the overlay, or the opened folder itself."""
        return self.overlay or self.root

    @property
    def journal(self) -> Path:
        """The journal of decisions."""
        return self.home / JOURNAL_NAME

    def name_of(self, picture: Path) -> str:
        """``picture`` relative to the opened folder, '/' between folders: its name in the journal
        and in messages."""
        return picture.relative_to(self.root).as_posix()

    def picture(self, name: str) -> Path:
        """The picture of that name."""
        return self.root / name

    def stand_in(self, picture: Path) -> Path:
        """Where ``picture`` would lie for its companions to lie beside it: what locks go by."""
        return picture if self.overlay is None else self.overlay / self.name_of(picture)

    def companion(self, picture: Path, suffix: str) -> Path:
        """The companion of ``picture`` with ``suffix``."""
        return companion_path(self.stand_in(picture), suffix)

    def is_writable(self) -> bool:
        """Whether companions can be written where they belong, as far as rights tell."""
        return os.access(self.home, os.W_OK | os.X_OK)

    def manifest_folder(self) -> Path:
        """Where a manifest goes: into the opened folder, or, where that is read-only, above it."""
        for folder in (self.root, *self.root.parents):
            if os.access(folder, os.W_OK | os.X_OK):
                return folder
        return self.root

    def prepare(self) -> None:
        """Make the overlay's folder, once, when the folder is opened.

        Raises:
            FileUnwritable: it cannot be made.
        """
        if self.overlay is not None:
            with reporting_unwritable(self.overlay):
                self.overlay.mkdir(parents=True, exist_ok=True)

"""Looks that were made before, on the disk: a folder of 20,000 pictures is looked at once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from selector.core.look import Wanted
from selector.core.release import tool_version
from selector.media.darkroom_lines import Found, spelled
from selector.media.disk_cache import DiskCache, Stamp

BUDGET_BYTES: Final = 128 * 1024**2
"""About 80,000 looks."""
EDITION: Final = 1
"""To be raised whenever the same picture would be looked at otherwise, so that it is."""
_WANTED: Final = TypeAdapter(Wanted)


class Looks:
    """What was found in pictures, by their stamp and what was wanted of them."""

    def __init__(self, folder: Path) -> None:
        self._disk = DiskCache(folder / "looks", budget_bytes=BUDGET_BYTES)

    def load(self, picture: Path, stamp: Stamp, *, wanted: Wanted) -> Found | None:
        """What was found in the picture when it had that stamp."""
        data = self._disk.load(*self._key(stamp, wanted))
        if data is None:
            return None
        try:
            found = Found.model_validate_json(data)
        except ValidationError:
            return None  # of another version of this program that calls itself the same
        return found if found.picture == spelled(picture) else None

    def save(self, found: Found, stamp: Stamp, *, wanted: Wanted) -> None:
        """Keep what was found."""
        self._disk.save(found.model_dump_json().encode(), *self._key(stamp, wanted))
        if self._disk.is_sweep_due:
            self._disk.sweep()

    def _key(self, stamp: Stamp, wanted: Wanted) -> tuple[object, ...]:
        return stamp, _WANTED.dump_json(wanted), EDITION, tool_version()

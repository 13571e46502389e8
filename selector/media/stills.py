"""Pictures at full resolution, for previews: the very pixels that the fleet renders from.

A thread reads what was asked for last, with the fleet's own reader; the two used last are kept,
so that going back and forth between two shots reads nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from companions.errors import MotionfleetError
from companions.picture import Pixels, decode_picture, read_picture_bytes
from selector.media.crew import UNFORESEEN, Crew, Job

DEFAULT_BUDGET_BYTES: Final = 160 * 1024**2
"""Two pictures of up to 27 megapixels; one is kept whatever its size."""
MOST_KEPT: Final = 2

Stamp = tuple[int, int]


class Stills(QObject):
    """Decodes one picture at a time.

    Signals:
        ready(picture): its pixels are there now.
        failed(picture, why): it cannot be read, and why, in a line.
    """

    ready = Signal(object)
    failed = Signal(object, str)

    def __init__(
        self, *, budget_bytes: int = DEFAULT_BUDGET_BYTES, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._budget = budget_bytes
        self._held: OrderedDict[Path, tuple[Stamp, Pixels]] = OrderedDict()
        self._wanted: Path | None = None
        self._crew = Crew("stills")
        self._changed = self._crew.changed

    def want(self, picture: Path) -> None:
        """Have this picture, instead of one asked for before; ``ready`` or ``failed`` follows."""
        with self._changed:
            self._wanted = picture
            if not self._crew.is_hired:
                self._crew.hire(self._next)
            self._changed.notify_all()

    def pixels(self, picture: Path) -> Pixels | None:
        """Its pixels as its file is now, upright sRGB, read-only; None if they are not there."""
        stamp = stamp_of(picture)
        with self._changed:
            held = self._held.get(picture)
            if held is None or held[0] != stamp:
                return None
            self._held.move_to_end(picture)
            return held[1]

    def trim(self) -> None:
        """Keep only the picture that was used last."""
        with self._changed:
            while len(self._held) > 1:
                self._held.popitem(last=False)

    def close(self) -> None:
        """End the thread, and let go of all pixels."""
        self._crew.close()
        with self._changed:
            self._held.clear()

    def _next(self) -> Job | None:
        picture, self._wanted = self._wanted, None
        return partial(self._read, picture) if picture is not None else None

    def _read(self, picture: Path) -> None:
        why = f"{picture}: cannot be shown, {UNFORESEEN}"
        try:
            if self.pixels(picture) is None:
                # The stamp is taken first: a picture that changes meanwhile is read again.
                stamp = stamp_of(picture)
                pixels = decode_picture(read_picture_bytes(picture), file=str(picture))
                self._keep(picture, stamp, pixels)
            why = ""
        except MotionfleetError as error:
            why = str(error)
        except MemoryError:
            why = f"{picture}: there is not enough memory to show it. Close other programs."
        finally:
            self._say(picture, why)

    def _keep(self, picture: Path, stamp: Stamp, pixels: Pixels) -> None:
        with self._changed:
            if self._crew.is_closing:
                return
            self._held[picture] = (stamp, pixels)
            self._held.move_to_end(picture)
            while len(self._held) > 1 and (
                len(self._held) > MOST_KEPT
                or sum(held.nbytes for _, held in self._held.values()) > self._budget
            ):
                self._held.popitem(last=False)

    def _say(self, picture: Path, why: str) -> None:
        if self._crew.is_closing:
            return
        if why:
            self.failed.emit(picture, why)
        else:
            self.ready.emit(picture)


def stamp_of(picture: Path) -> Stamp:
    """What tells a changed file from the one that was read; of a missing one (0, 0)."""
    try:
        facts = picture.stat()
    except OSError:
        return 0, 0
    return facts.st_size, facts.st_mtime_ns

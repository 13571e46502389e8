"""What Send would send: every pick, ready or not, and why not; the reading of it in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal

from companions.motion import SafetyVerdict
from selector.core.folder import refused_names
from selector.core.gathering import Gathered, gather, project_name
from selector.core.placement import Placement
from selector.core.submission import Target
from selector.view.desk import Desk
from selector.view.errand import Errand

_PROJECT_MOST: Final = 60
"""Characters of any script, which with the batch and the suffix are a name on every disk."""
UNDRAWN: Final = "has no move yet: its proposal is still to come, or draw one"


@dataclass(frozen=True, slots=True)
class Row:
    """One pick as the dialog lists it.

    Attributes:
        name: the picture.
        is_ready: whether it will be sent.
        move: what kind of move, for people.
        why: why it is not sent; empty if it is.
    """

    name: str
    is_ready: bool
    move: str
    why: str


class Outgoing(QObject):
    """The picks of a desk on their way into a manifest.

    Attributes:
        gathered: what was read of each pick that has a move.
        rows: every pick, in the order of groups.

    Signals:
        advanced(done, total): so many were read.
        ready: ``gathered`` and ``rows`` are those of the last ``gather``.
        failed(why): the disk refused.
    """

    advanced = Signal(int, int)
    ready = Signal()
    failed = Signal(str)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.gathered: tuple[Gathered, ...] = ()
        self.rows: tuple[Row, ...] = ()
        self._total = 0
        self._errand: Errand[Path, Gathered] | None = None

    def gather(self, target: Target, *, include_blocked: bool) -> None:
        """Read every pick's companions and picture for a manifest there; ``ready`` follows."""
        self.stop()
        picked = [self.desk.picture(name) for name in self.desk.cull.all_picked()]
        drawn = [p for p in picked if self.desk.motion(self.desk.placement.name_of(p)) is not None]
        self._total = len(drawn)
        reading = reader(
            drawn,
            placement=self.desk.placement,
            root=target.root,
            include_blocked=include_blocked,
        )
        self._errand = Errand(drawn, reading)
        self._errand.told.advanced.connect(self._advance)
        self._errand.told.done.connect(self._take)
        self._errand.told.failed.connect(self.failed)
        self._errand.start()

    def stop(self) -> None:
        """Read no more."""
        if self._errand is not None:
            self._errand.stop()
            self._errand = None

    def _advance(self, count: int) -> None:
        self.advanced.emit(count, self._total)

    def _take(self, errand: Errand[Path, Gathered]) -> None:
        if errand is not self._errand:
            return  # read for another manifest
        self.gathered = tuple(errand.results)
        name_of = self.desk.placement.name_of
        found = {name_of(each.picture): each for each in self.gathered}
        self.rows = tuple(
            _row(name, found.get(name), problem=self.desk.problem(name))
            for name in self.desk.cull.all_picked()
        )
        self.ready.emit()


def reader(
    pictures: Sequence[Path], *, placement: Placement, root: Path, include_blocked: bool
) -> Callable[[Path], Gathered]:
    """What reads one of ``pictures`` for a manifest in ``root``."""
    refused = refused_names(pictures, folder=placement.root)

    def read(picture: Path) -> Gathered:
        if picture in refused:
            return Gathered(picture=picture, error=refused[picture])
        return gather(picture, root=root, placement=placement, include_blocked=include_blocked)

    return read


def manifest_stem(placement: Placement, batch: str) -> str:
    """A manifest's name without its suffix; each batch has its own, whatever the folder's name."""
    return f"{project_name(placement.root)[:_PROJECT_MOST].rstrip()}_{batch}"


def _row(name: str, told: Gathered | None, *, problem: str | None) -> Row:
    if told is None:
        return Row(name, is_ready=False, move="", why=problem or UNDRAWN)
    if told.error is not None:
        return Row(name, is_ready=False, move="", why=str(told.error))
    if told.left_out is not None:
        companion, safety = told.left_out.companion, told.left_out.safety
        limits = (
            f"{finding.limit.replace('_', ' ')} {finding.value:.3g} (limit {finding.threshold:g})"
            for finding in (safety.findings if safety is not None else ())
            if finding.verdict is SafetyVerdict.BLOCK
        )
        kind = companion.type.value if companion is not None else ""
        why = f"unsafe: {', '.join(limits)}"
        return Row(name, is_ready=False, move=kind.replace("_", " "), why=why)
    kind = told.source.move.type.value if told.source is not None else ""
    return Row(name, is_ready=True, move=kind.replace("_", " "), why="")

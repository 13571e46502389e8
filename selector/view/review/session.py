"""The review of one folder, for every widget of its window: where the reviewer is, what was said.

A review is on the disk before the reviewer goes on.  What cannot be written now (a full disk, a
folder that is gone) is kept, told, and tried again every few seconds.  Clips are held against
their metas in a thread; none is decided on before that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from companions.errors import CompanionChanged, MotionfleetError
from companions.review import Decision, Redo, Review, ReviewReason
from selector.core.placement import Placement
from selector.core.returned import (
    Acceptance,
    Returned,
    ReviewState,
    acceptance,
    examine,
    load_review,
    scan_returned,
)
from selector.core.reviewing import Saying, review_of, save_review
from selector.view.review.commands import Judge
from selector.view.review.examining import Examiner, Stamp, stamp_of

RETRY_MS: Final = 3000


class Shown(StrEnum):
    """Which clips are listed."""

    ALL = "all"
    TO_REVIEW = "to review"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    FLAGGED = "flagged"
    TROUBLE = "no clip"


class ReviewSession(QObject):
    """One folder under review.

    Signals:
        listed: which clips are listed has changed.
        moved: another clip is the current one, or all was read again.
        changed(name): something about that clip has changed.
        saved: what is not yet on the disk has changed (see ``unsaved``).
        told(text): something to tell the reviewer, once.
    """

    listed = Signal()
    moved = Signal()
    changed = Signal(str)
    saved = Signal()
    told = Signal(str)

    def __init__(
        self,
        placement: Placement,
        *,
        reviewer: str,
        read_only: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        parent: QObject | None = None,
    ) -> None:
        """Look into the folder; ``read_only`` never writes.

        Raises:
            OSError: the folder cannot be read.
        """
        super().__init__(parent)
        self.placement, self.reviewer, self.read_only = placement, reviewer, read_only
        self.undo_stack = QUndoStack(self)
        self.shots: dict[str, Returned] = {}
        self.shown: tuple[str, ...] = ()
        self.filter = Shown.ALL
        self.name = ""
        self.drafts: dict[str, str] = {}
        self._clock = clock
        self._sound: dict[str, Stamp] = {}
        self._unsaved: dict[str, Review | None] = {}
        self._why_unsaved = ""
        self.examiner = Examiner(self)
        self.examiner.examined.connect(self._take_examined)
        self._retry = QTimer(self, interval=RETRY_MS)
        self._retry.timeout.connect(self.save_again)
        self.rescan()

    def close(self) -> None:
        """End the thread; write what can be written now."""
        if self._unsaved:
            self.save_again()
        self._retry.stop()
        self.examiner.close()

    # -- where the reviewer is --------------------------------------------------------------------

    def rescan(self) -> None:
        """Look into the folder again.

        Raises:
            OSError: it cannot be read; what was known of it stays.
        """
        found = {shot.name: shot for shot in scan_returned(self.placement)}
        # What is still to be written is to be written over what was seen when it was said: if
        # that, or the clip, has changed since, its write is refused and tells so.
        self.shots = found | {name: self.shots[name] for name in self._unsaved}
        self._sound.clear()
        self._list(self.filter)
        if self.name not in self.shots:
            self.name = self._first()
        if self.current is not None:
            self._examine(self.current)
        self.moved.emit()

    def show(self, wanted: Shown) -> None:
        """List the clips that fit now; they stay listed until a filter is chosen again."""
        self._list(wanted)
        if self.shown and self.name not in self.shown:
            self.go(self.shown[0])

    def _list(self, wanted: Shown) -> None:
        self.filter = wanted
        self.shown = tuple(name for name, shot in self.shots.items() if _fits(shot, wanted))
        self.listed.emit()

    def go(self, name: str) -> None:
        """Make that clip the current one."""
        if name == self.name or (name and name not in self.shots):
            return
        self.name = name
        if self.current is not None:
            self._examine(self.current)
        self.moved.emit()

    def step(self, by: int) -> None:
        """Go ``by`` clips on among those that are listed; at either end, stay there."""
        if not self.shown:
            return
        at = self.shown.index(self.name) + by if self.name in self.shown else 0
        self.go(self.shown[min(max(at, 0), len(self.shown) - 1)])

    def go_on(self) -> None:
        """Go to the next listed clip that is to be reviewed; tell if there is none."""
        at = self.shown.index(self.name) if self.name in self.shown else -1
        for name in (*self.shown[at + 1 :], *self.shown[: max(at, 0)]):
            if self.shots[name].state is ReviewState.TO_REVIEW:
                self.go(name)
                return
        left = self.acceptance.to_review
        self.told.emit(
            f"All that is listed here is reviewed; {left} to review under another filter."
            if left
            else f"All is reviewed: {self.acceptance.words}."
        )

    @property
    def current(self) -> Returned | None:
        """The current clip; None in a folder to which none came back."""
        return self.shots.get(self.name)

    @property
    def acceptance(self) -> Acceptance:
        """The acceptance rate over the whole folder."""
        return acceptance(tuple(self.shots.values()))

    def to_prefetch(self) -> tuple[Returned, ...]:
        """The current clip and its neighbours, in the order of need."""
        if self.name not in self.shown:
            return (self.current,) if self.current is not None else ()
        at = self.shown.index(self.name)
        near = (at, at + 1, at - 1, at + 2, at + 3)
        return tuple(self.shots[self.shown[i]] for i in near if 0 <= i < len(self.shown))

    # -- what is said -----------------------------------------------------------------------------

    def accept(self) -> bool:
        """Accept the current clip and go on; whether that was done."""
        done = self._say(lambda shot: Saying.accept(note=self.note(shot.name)))
        if done:
            self.go_on()
        return done

    def reject(self, reasons: Sequence[ReviewReason]) -> bool:
        """Reject the current clip for ``reasons`` and go on; whether that was done."""

        def saying(shot: Returned) -> Saying:
            recipe = shot.meta.recipe if shot.meta is not None else None
            if recipe is None:
                raise ValueError(f"{shot.name} has no recipe")
            fresh = Saying.reject(reasons, recipe=recipe, note=self.note(shot.name))
            had = shot.review
            if had is not None and had.decision is Decision.REJECTED:
                return replace(fresh, redo=had.redo)  # another reason is no other wish
            return fresh

        done = self._say(saying)
        if done:
            self.go_on()
        return done

    def note(self, name: str) -> str:
        """The note on that clip, written or still waiting for a decision."""
        review = self.shots[name].review
        return self.drafts.get(name, review.note if review is not None else "")

    def may_say(self) -> bool:
        """Whether anything can be said of the current clip; why not is told."""
        shot = self.current
        if shot is None:
            why = "There is no clip."
        elif self.read_only:
            why = (
                "This folder cannot be written to. Open it again with --overlay DIR: reviews go "
                "there then."
            )
        elif shot.state in {ReviewState.NO_CLIP, ReviewState.UNUSABLE}:
            why = shot.why
        else:
            return True
        self.told.emit(why)
        return False

    def set_note(self, text: str) -> bool:
        """Note something on the current clip; before a decision it waits for it."""
        shot = self.current
        if shot is None or not self.may_say():
            return False
        if shot.review is None:
            self.drafts[shot.name] = text
            self.told.emit("The note will be written with your decision.")
            self.changed.emit(shot.name)
            return True
        return self._say(lambda shot: replace(Saying.of(_review(shot)), note=text))

    def set_redo(self, redo: Redo | None) -> bool:
        """Say how the current, rejected clip is to be tried again; None: not at all."""
        if not self.may_say_redo():
            return False
        return self._say(lambda shot: replace(Saying.of(_review(shot)), redo=redo))

    def may_say_redo(self) -> bool:
        """Whether it can be said how the current clip is to be tried again; why not is told."""
        shot = self.current
        if shot is None or not self.may_say():
            return False
        if shot.state is not ReviewState.REJECTED:
            self.told.emit("Only a rejected clip is made again. Press R, then a reason.")
            return False
        return True

    def open_again(self) -> bool:
        """Take the current clip's review back; whether there was one.  Its note waits again."""
        shot = self.current
        if shot is None or shot.review is None or not self.may_say():
            return False
        return self._push(shot, None)

    def _say(self, saying: Callable[[Returned], Saying]) -> bool:
        shot = self.current
        if shot is None or not self.may_say():
            return False
        if not self._is_sound(shot):
            self.told.emit(self.shots[shot.name].why)
            return False
        return self._push(
            shot, review_of(shot, saying(shot), reviewer=self.reviewer, now=self._clock())
        )

    def _push(self, shot: Returned, review: Review | None) -> bool:
        count = self.undo_stack.index()
        self.undo_stack.push(Judge(self, shot.name, shot.reviewed.review, review))
        return self.undo_stack.index() > count

    # -- for commands only ------------------------------------------------------------------------

    def apply(self, name: str, review: Review | None) -> bool:
        """Have ``review`` on the disk, or keep it until it can be; whether it stands."""
        shot = self.shots.get(name)
        if shot is None:
            self.told.emit(f"{name} is not in the folder any more.")
            return False
        try:
            self.shots[name] = save_review(self.placement, shot, review)
        except CompanionChanged as error:
            self._read_again(shot)
            self.told.emit(str(error))
            return False
        except MotionfleetError as error:
            self._unsaved[name] = review
            self.shots[name] = _with(shot, review)
            self._why_unsaved = str(error)
            self._retry.start()
            self.saved.emit()
        else:
            if self._unsaved.pop(name, None) is not None or not self._unsaved:
                self.saved.emit()
        if review is not None:
            self.drafts.pop(name, None)
        elif shot.review is not None and shot.review.note:
            self.drafts[name] = shot.review.note  # what was written waits for the next decision
        self.changed.emit(name)
        return True

    # -- what is not on the disk yet --------------------------------------------------------------

    @property
    def unsaved(self) -> int:
        """How many reviews could not be written yet."""
        return len(self._unsaved)

    @property
    def why_unsaved(self) -> str:
        """Why, in words; empty when all is saved."""
        return self._why_unsaved if self._unsaved else ""

    def save_again(self) -> bool:
        """Try to write what could not be written; whether all is on the disk now."""
        waiting, self._unsaved = self._unsaved, {}
        for name, review in waiting.items():
            self.apply(name, review)
        if not self._unsaved:
            self._retry.stop()
            self.saved.emit()
        return not self._unsaved

    # -- is it the clip its meta describes? -------------------------------------------------------

    def _examine(self, shot: Returned) -> None:
        if shot.clip is not None and shot.name not in self._sound:
            self.examiner.want(shot)

    def _take_examined(self, examined: Returned, stamp: Stamp | None, why: str) -> None:
        name, shot = examined.name, self.shots.get(examined.name)
        if shot is None or (shot.clip, shot.facts) != (examined.clip, examined.facts):
            return  # that was another attempt
        if why:
            self.shots[name] = replace(shot, trouble=why)
            self.changed.emit(name)
        elif stamp is not None:
            self._sound[name] = stamp

    def is_examined(self, name: str) -> bool:
        """Whether that clip was found to be the one that its meta describes."""
        return name in self._sound

    def _is_sound(self, shot: Returned) -> bool:
        """Whether the clip's bytes are those that its meta names; looked at now if not yet."""
        now = stamp_of(shot.clip)
        if now is None and self.is_examined(shot.name):
            return True  # the disk is away for a moment: what was seen of it was sound
        if now is None or self._sound.get(shot.name) != now:
            self._take_examined(shot, now, examine(shot))
        return not self.shots[shot.name].trouble

    def _read_again(self, shot: Returned) -> None:
        try:
            fresh = {each.name: each for each in scan_returned(self.placement)}
        except OSError:
            fresh = {}
        if shot.name in fresh:
            self.shots[shot.name] = fresh[shot.name]
        else:
            self.shots[shot.name] = replace(
                shot, reviewed=load_review(self.placement, shot.name), trouble="It is gone."
            )
        self._sound.pop(shot.name, None)
        self.changed.emit(shot.name)

    def _first(self) -> str:
        """Where to begin: the first clip to review, else the first."""
        waiting = (n for n in self.shown if self.shots[n].state is ReviewState.TO_REVIEW)
        return next(waiting, next(iter(self.shown), ""))


def _fits(shot: Returned, wanted: Shown) -> bool:
    if wanted is Shown.FLAGGED:
        return shot.is_flagged or bool(shot.findings)
    states = {
        Shown.TO_REVIEW: {ReviewState.TO_REVIEW},
        Shown.ACCEPTED: {ReviewState.ACCEPTED},
        Shown.REJECTED: {ReviewState.REJECTED},
        Shown.TROUBLE: {ReviewState.NO_CLIP, ReviewState.UNUSABLE},
    }
    return wanted is Shown.ALL or shot.state in states[wanted]


def _with(shot: Returned, review: Review | None) -> Returned:
    return replace(shot, reviewed=replace(shot.reviewed, review=review))


def _review(shot: Returned) -> Review:
    if shot.review is None:
        raise ValueError(f"{shot.name} is not reviewed")
    return shot.review

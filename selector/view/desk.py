"""The desk: one opened folder for every view, and the only thing views talk to.

It knows where the operator is, takes decisions and edits in as undoable commands, and has them
on the disk before it returns (``writing``); it has pictures looked at in the order in which they
will be wanted (``looking``).

Pictures go by their names relative to the opened folder, groups by their number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from companions.geometry import Size
from companions.motion import MotionCompanion
from selector.core.cull import Cull, Filter, Order, Progress
from selector.core.decisions import Considered, Decision, latest
from selector.core.drafting import edited
from selector.core.folder import sweep
from selector.core.groups import DEFAULT_GAP_S, Group, GroupRule, group_pictures
from selector.core.look import Look, Wanted
from selector.core.moments import opening_rule
from selector.core.placement import Placement
from selector.core.scan import Scan, scan
from selector.core.shelf import Standing
from selector.media.darkroom import Darkroom
from selector.media.loader import Loader
from selector.view import ahead
from selector.view.commands import Decide, Redraw
from selector.view.looking import Looking
from selector.view.proposals import Proposals
from selector.view.writing import Writing


class Desk(QObject):
    """One opened folder.

    Signals:
        regrouped: groups were made anew; every number means something else now.
        listed: which groups are shown, or their order, has changed.
        moved: another group or candidate is the current one.
        decided(group): something was decided on that group, or taken back.
        motion_changed(name): that picture's motion was drawn, changed, removed or read again.
        looked(name): a look at that picture has arrived, or why there is none.
        saved: what is not yet on the disk has changed (see ``unsaved``).
        told(text): something to tell the operator, once.
    """

    regrouped = Signal()
    listed = Signal()
    moved = Signal()
    decided = Signal(int)
    motion_changed = Signal(str)
    looked = Signal(str)
    saved = Signal()
    told = Signal(str)

    def __init__(
        self,
        placement: Placement,
        *,
        loader: Loader,
        darkroom: Darkroom,
        wanted: Wanted | None = None,
        read_only: bool = False,
        parent: QObject | None = None,
    ) -> None:
        """Open the folder; ``read_only`` looks and never writes.

        Raises:
            OSError: the folder cannot be read.
            FileUnwritable: the overlay's folder cannot be made.
        """
        super().__init__(parent)
        if not read_only:
            placement.prepare()
        self.placement, self.read_only = placement, read_only
        self.loader, self.darkroom = loader, darkroom
        self.writing = Writing(placement, parent=self)
        self.looking = Looking(placement, darkroom, wanted=wanted or Wanted(), parent=self)
        self.proposals = Proposals(self.writing, self.looking)
        self.undo_stack = QUndoStack(self)
        self.rule, self.gap_s = GroupRule.FOLDER, DEFAULT_GAP_S
        self._taken_at: Mapping[str, float] | None = None
        self.filter, self.order, self.threshold = Filter.ALL, Order.NAME, 0.5
        self.scan: Scan = scan(placement)
        self.looking.follow(self._usable())
        if not read_only:
            sweep(self.scan.left_over)  # what killed programs left, once it is an hour old
        replayed = self.writing.journal.replay()
        self._journaled = latest(replayed.decisions)
        self.cull = Cull((), self._journaled)
        self.shown: tuple[int, ...] = ()
        self.group, self.candidate = -1, 0
        self.writing.saved.connect(self.saved)
        self.writing.told.connect(self.told)
        self.writing.motion_changed.connect(self.motion_changed)
        self.looking.looked.connect(self._take_look)
        self.looking.hungry.connect(self._look_on)
        rule, taken_at = opening_rule(self.scan.names, picture=self.picture)
        resume = replayed.decisions[-1] if replayed.decisions else None
        self.regroup(rule, taken_at=taken_at, resume=resume)
        if not read_only:
            # Picked in a session that ended before they were looked at: accepted all the same.
            picked = self.cull.all_picked()
            self.proposals.awaited.update(n for n in picked if n not in self.scan.with_motion)
            self._want()

    # -- groups and where the operator is ---------------------------------------------------------

    def regroup(
        self,
        rule: GroupRule,
        *,
        gap_s: float = DEFAULT_GAP_S,
        taken_at: Mapping[str, float] | None = None,
        resume: Decision | None = None,
    ) -> None:
        """Make groups by another rule; decisions stay with their pictures."""
        here = self.name if self.group >= 0 else None
        self.rule, self.gap_s, self._taken_at = rule, gap_s, taken_at
        groups = group_pictures(self.scan.names, rule=rule, taken_at=taken_at, gap_s=gap_s)
        self.cull = Cull(groups, self._journaled)
        self.group, self.candidate = (0 if groups else -1), 0
        self.regrouped.emit()
        self.show(self.filter, order=self.order)
        if resume is not None and resume.pictures:
            here = resume.pictures[0].name
        if here is not None and (group := self.cull.group_of(here)) is not None:
            onward = self.cull.next_open(group, self.shown) if resume is not None else None
            self.go(group if onward is None else onward)
        self._want()

    def rescan(self) -> bool:
        """Look into the folder again; whether it is there.

        Pictures that came join, those that went leave, motions are read again, and the pictures
        of the current group are decoded anew.  What is not on the disk yet stays as it is.
        """
        try:
            self.scan = scan(self.placement)
        except OSError as error:
            why = error.strerror or str(error)
            self.told.emit(
                f"{self.placement.root} cannot be read ({why}); what was decided is kept here."
            )
            return False
        here = self.current.pictures if self.current is not None else ()
        self.looking.follow(self._usable())
        self.writing.forget()
        for name in here:
            self.loader.forget(self.picture(name))
        self.looking.forget(here)
        self.regroup(self.rule, gap_s=self.gap_s, taken_at=self._taken_at)
        return True

    def show(self, wanted: Filter, *, order: Order = Order.NAME) -> None:
        """Show the groups that fit now; they stay listed until the filter is chosen again."""
        self.filter, self.order = wanted, order
        self.shown = self.cull.shown(
            wanted,
            order=order,
            scores=self.looking.scores(),
            threshold=self.threshold,
            blocked=frozenset(n for n in self.scan.names if self.problem(n) is not None)
            if wanted is Filter.BLOCKED
            else frozenset(),
        )
        self.listed.emit()
        if self.shown and self.group not in self.shown:
            self.go(self.shown[0])

    def go(self, group: int, candidate: int = 0) -> None:
        """Make that group's candidate the current one."""
        if not 0 <= group < len(self.cull.groups):
            return
        last = len(self.cull.groups[group].pictures) - 1
        self.group, self.candidate = group, min(max(candidate, 0), last)
        self._want()
        self.moved.emit()

    def step(self, by: int) -> None:
        """Go ``by`` groups on among those that are shown; at either end, stay there."""
        if not self.shown:
            return
        if self.group in self.shown:
            to = self.shown.index(self.group) + by
        else:  # between two that are shown
            to = sum(group < self.group for group in self.shown) + (by - 1 if by > 0 else by)
        self.go(self.shown[min(max(to, 0), len(self.shown) - 1)])

    def step_candidate(self, by: int) -> None:
        """Go ``by`` candidates on within the group."""
        if self.group >= 0:
            self.go(self.group, self.candidate + by)

    @property
    def current(self) -> Group | None:
        """The current group; None in an empty folder."""
        return self.cull.groups[self.group] if self.group >= 0 else None

    @property
    def name(self) -> str:
        """The current picture's name; empty in an empty folder."""
        return self.current.pictures[self.candidate] if self.current is not None else ""

    def title(self, group: int) -> str:
        """A group's name for people: that of the opened folder, where it is the whole of it."""
        key = self.cull.groups[group].key
        return (self.placement.root.name or key) if key == "." else key

    def picture(self, name: str) -> Path:
        """The file of that picture."""
        return self.placement.picture(name)

    def progress(self) -> Progress:
        """How far the cull is."""
        return self.cull.progress(time.monotonic())

    # -- what is known of a picture ---------------------------------------------------------------

    def standing(self, name: str) -> Standing:
        """Its motion as it is on the disk, or what is still to be written."""
        return self.writing.standing(name)

    def motion(self, name: str) -> MotionCompanion | None:
        """Its motion, if it has one that can be read."""
        return self.standing(name).motion

    def look(self, name: str) -> Look | None:
        """What looking at it found, if it has been looked at."""
        return self.looking.look(name)

    def problem(self, name: str) -> str | None:
        """Why nothing can be done with this picture, or None: name, companion or file."""
        if self.cull.group_of(name) is None:
            return f"{name} is not in the folder any more."
        if name in self.scan.refused:
            return str(self.scan.refused[name])
        if self.writing.was_read(name) or name in self.scan.with_motion:
            problem = self.standing(name).problem
            if problem is not None:
                return str(problem)
        return self.looking.problem(name)

    # -- decisions --------------------------------------------------------------------------------

    def pick(self, candidate: int, *, among: bool = False) -> bool:
        """Pick a candidate of the current group and accept its proposal; whether that was done.

        The others are passed over; with ``among`` only those that were not picked, and this one
        is picked or, if it was, unpicked.
        """
        group = self.current
        if group is None or not 0 <= candidate < len(group.pictures):
            return False
        name = group.pictures[candidate]
        if (problem := self.problem(name)) is not None:
            self.told.emit(problem)
            return False
        picked = set(self.cull.picked(self.group)) ^ {name} if among else {name}
        return self.decide(self.group, picked)

    def reject(self) -> bool:
        """Pass over every picture of the current group; whether that was done."""
        return self.group >= 0 and self.decide(self.group, ())

    def decide(self, group: int, picked: Collection[str]) -> bool:
        """Pick those pictures of a group and pass over its others, undoably."""
        if self.is_refused():
            return False
        names = self.cull.groups[group].pictures
        after = {name: self._considered(name, picked=name in picked) for name in names}
        before = {name: self._journaled.get(name) for name in names}
        self.undo_stack.push(Decide(self, before, after))
        return True

    def reopen(self, group: int) -> bool:
        """Make a group undecided again, undoably."""
        if self.is_refused():
            return False
        names = self.cull.groups[group].pictures
        before = {name: self._journaled.get(name) for name in names}
        self.undo_stack.push(Decide(self, before, dict.fromkeys(names)))
        return True

    def is_refused(self) -> bool:
        """Whether this window only looks; if so, that is told."""
        if self.read_only:
            self.told.emit(
                "This window only looks: another one works on this folder, or it cannot be written."
            )
        return self.read_only

    # -- motions ----------------------------------------------------------------------------------

    def edit(
        self,
        name: str,
        change: Callable[[MotionCompanion], MotionCompanion],
        *,
        what: str,
        merge: str = "",
    ) -> bool:
        """Change a picture's motion, undoably, and pick it if it was not; whether that was done.

        A picture without a motion starts from its proposal; a change that changes nothing is none.
        Edits in a row with one ``merge`` word are one step of the undo history, and so is an edit
        with the pick it makes.
        """
        if self.is_refused():
            return False
        if (problem := self.problem(name)) is not None:
            self.told.emit(problem)
            return False
        base = self.drawn(name)
        if base is None:
            self.told.emit(f"{name} is being read; try again in a moment.")
            return False
        after = change(base)
        if after == base:
            return True
        after = edited(after, now=datetime.now(UTC))
        group = self.cull.group_of(name)
        if group is None or self.cull.is_picked(name):
            self._redraw(name, after, what=what, merge=merge)
            return True
        had = self.motion(name)
        self.undo_stack.beginMacro(f"{what} of {name}")
        self.decide(group, {*self.cull.picked(group), name})  # whoever draws, wants the clip
        is_ours = had is not None or self.motion(name) == self.proposals.given(name)
        if is_ours:
            self._redraw(name, after, what=what, merge="")
        else:  # another program made a motion since it was looked for: that was told, and is asked
            self.writing.conflicts[name] = after
        self.undo_stack.endMacro()
        return is_ours

    def _redraw(self, name: str, after: MotionCompanion, *, what: str, merge: str) -> None:
        before = self.motion(name)
        self.undo_stack.push(Redraw(self, name, before, after, what=what, merge=merge))

    def drawn(self, name: str) -> MotionCompanion | None:
        """Its motion, or the one its proposal would become; None before it was looked at."""
        return self.proposals.drawn(name)

    def output(self, name: str) -> Size:
        """The size of the clip it would make."""
        motion = self.motion(name)
        return Size(motion.output.width, motion.output.height) if motion else self.wanted.output

    @property
    def wanted(self) -> Wanted:
        """What moves are proposed for."""
        return self.looking.wanted

    def propose_for(self, wanted: Wanted) -> None:
        """Propose moves for another size, length or profile from now on; drawn ones stay."""
        if wanted != self.wanted:
            self.looking.wanted = wanted
            self.looking.forget(self.scan.names)
            self._want()

    @property
    def conflicts(self) -> Mapping[str, MotionCompanion]:
        """By picture, a motion that another program's change kept from being written."""
        return self.writing.conflicts

    def take_theirs(self, name: str) -> None:
        """After another program changed a motion: keep what it wrote."""
        self.writing.conflicts.pop(name, None)
        self.writing.read_again(name)

    def take_mine(self, name: str) -> None:
        """After another program changed a motion: write this window's over it."""
        mine = self.writing.conflicts.pop(name, None)
        self.writing.read_again(name)
        if mine is not None:
            before = self.motion(name)
            self.undo_stack.push(Redraw(self, name, before, mine, what="write mine", merge=""))

    # -- for commands only ------------------------------------------------------------------------

    def apply_decision(self, standing: Mapping[str, Considered | None]) -> None:
        """Take in and write down what is decided on these pictures; None makes one undecided."""
        now = datetime.now(UTC)
        closed = tuple(each for each in standing.values() if each is not None)
        opened = tuple(
            Considered(name=name, picked=False) for name, each in standing.items() if each is None
        )
        groups = [group for n in standing if (group := self.cull.group_of(n)) is not None]
        key = self.cull.groups[groups[0]].key if groups else ""
        lines = []
        if closed:
            lines.append(Decision(at=now, group=key, pictures=closed))
        if opened:
            lines.append(Decision(at=now, group=key, pictures=opened, open=True))
        for line in lines:
            self.cull.decide(line.pictures, open_again=line.open, now=time.monotonic())
        for name, each in standing.items():
            if each is None:
                self._journaled.pop(name, None)
            else:
                self._journaled[name] = each
        self.writing.write_lines(lines)
        for group in dict.fromkeys(groups):  # several, once groups are made by another rule
            self.decided.emit(group)

    def accept_proposal(self, name: str, *, again: MotionCompanion | None = None) -> None:
        """Give a picked picture its proposal (``again``: the one that was taken back), now or as
        soon as it was looked at."""
        if not self.proposals.accept(name, again=again):
            self._want()

    # -- what is not on the disk yet --------------------------------------------------------------

    @property
    def unsaved(self) -> int:
        """How many decisions and motions could not be written yet."""
        return self.writing.unsaved

    @property
    def why_unsaved(self) -> str:
        """Why, in words; empty when all is saved."""
        return self.writing.why_unsaved

    def save_again(self) -> bool:
        """Try to write what could not be written; whether all is on the disk now."""
        return self.writing.again()

    # -- looking ----------------------------------------------------------------------------------

    def _want(self) -> None:
        """Say what is to be decoded and looked at, the most urgent first."""
        plan = ahead.to_show(
            self.cull.groups, self.shown, group=self.group, candidate=self.candidate
        )
        self.loader.want([self.picture(name) for name in plan])
        self._look_on()

    def _look_on(self) -> None:
        # Not for each look: going through 20,000 names for each of 20,000 looks takes minutes.
        if self.looking.knows_all:
            self.looking.plan(())
            return
        awaited = self.proposals.awaited
        names = ahead.to_look_at(self.cull.groups, self.shown, group=self.group, awaited=awaited)
        self.looking.plan(names)

    def _take_look(self, name: str) -> None:
        if (problem := self.proposals.take_look(name)) is not None:
            self.told.emit(problem)
        self.looked.emit(name)

    def _usable(self) -> frozenset[str]:
        return frozenset(name for name in self.scan.names if name not in self.scan.refused)

    def _considered(self, name: str, *, picked: bool) -> Considered:
        look = self.look(name)
        if look is None:
            return Considered(name=name, picked=picked)
        return Considered(
            name=name, picked=picked, score=look.viability.score, flags=look.viability.flags
        )

"""Random operations on sets, each in a process that may be killed, and what must be true after it.

Used by a short test and by ``benchmarks/crashes.py``; both give it a trash that is no person's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import select
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from companions import files
from companions.audit import AuditedFile, AuditLine, tail, verify
from companions.errors import CompanionError
from companions.lock import sweep_locks
from companions.sets import bins, draft, trash
from companions.sets.carry import UNDONE, carry
from companions.sets.plan import Plan
from companions.sets.restore import draft as draft_restore
from companions.sets.restore import restore, trashed
from companions.sets.resume import resume
from companions.sets.scan import scan
from tests.companions.sets.making import (
    SUFFIXES,
    Life,
    MortalLog,
    child,
    make_set,
)
from tests.companions.sets.trashing import MortalBinDisk

Act = Callable[[Life], None]

STEMS = (
    "plain",
    "with blanks and 'quotes\"",
    "-rf",
    "new\nline",
    "Caf\u00e9 composed",
    "cafe\u0301 decomposed",
    "👩\u200d🚀 $HOME `x`",
    "dotted.001.x",
    "no utf-8 \udcff\udcfe",
    "L" * 230,
)
NEW_STEMS = ("renamed ", "Renamed.2 ", "写真 ", "r" * 200, "PLAIN", "ü", "-x")
DEADLY_STEPS = 70
"""No operation here takes more steps than this."""
CROWD = 30
"""So many sets are enough: no more are copied."""
FEW = 4
"""So few sets are not trashed."""


@dataclass
class Tally:
    """What happened."""

    operations: int = 0
    killed: int = 0
    killed_by_the_clock: int = 0
    killed_resuming: int = 0
    words: Counter[str] = field(default_factory=Counter)

    @property
    def kills(self) -> int:
        """All of them."""
        return self.killed + self.killed_by_the_clock + self.killed_resuming


class World:
    """Folders with sets in them, an operation log, a trash, and chance."""

    def __init__(
        self, folders: Sequence[Path], log: Path, *, seed: int, utf_8_only: bool = False
    ) -> None:
        self.folders, self.log, self.chance = tuple(folders), log, random.Random(seed)
        self.tally, self.seed = Tally(), seed
        for place, stem in enumerate(STEMS):
            if utf_8_only and not stem.isprintable():
                continue
            make_set(self.folders[place % len(self.folders)], stem)
        self.lying = self._files()
        self.binned = Counter[str]()
        self.lines = 0
        self.groups = {frozenset(self._set_contents(p).values()) for p in self._pictures()}
        self.actions: tuple[Callable[[Path], Act | None], ...] = (
            self._move, self._move, self._rename, self._copy, self._trash, self._restore
        )  # fmt: skip

    def step(self) -> None:
        """One operation in a process of its own, killed or not; then resume; then look."""
        if not (pictures := self._pictures()):
            raise AssertionError("no picture is left")
        self.tally.operations += 1
        self._in_a_mortal_process(self._possible(pictures), kind="operation")
        while self.chance.random() < 0.7 and any(scan(f).found.journals for f in self.folders):
            self._in_a_mortal_process(self._resume, kind="resume")
        self._resume(Life(10**9))
        self.look()

    def _possible(self, pictures: Sequence[Path]) -> Act:
        """An operation that is not refused: of those there is another test for each."""
        while True:
            with contextlib.suppress(CompanionError):
                action = self.chance.choice(self.actions)
                if (act := action(self.chance.choice(pictures))) is not None:
                    return act

    def look(self) -> None:
        """Every byte of every original is accounted for, and the log tells of each move."""
        for folder in self.folders:
            for place in (folder, *(path for path in folder.iterdir() if path.is_dir())):
                held = {path.name for path in place.iterdir()}
                assert place == folder or all(name.startswith(".motionfleet-") for name in held)
                sweep_locks(place)
                files.sweep_temporaries(place, now=time.time() + 3601.0)
        self._resume(Life(10**9))  # clears away the folder of ours that was swept empty
        verify(self.log)
        now, told = self._files(), self._replayed()
        assert now == told, "the log tells of other files than there are"
        assert self._in_trash() == +self.binned, "the trash holds other files than the log tells"
        for folder in self.folders:
            found = scan(folder).found
            assert not found.orphans
            assert not found.journals
        for picture in self._pictures():
            assert frozenset(self._set_contents(picture).values()) in self.groups, picture
        hidden = [p for f in self.folders for p in f.iterdir() if p.name.startswith(".")]
        assert hidden == []
        self.lying = now

    def _replayed(self) -> dict[str, str]:
        """What must lie where, by what lay there before and the new lines of the log."""
        lines = tail(self.log, count=1_000_000)
        lying, new = dict(self.lying), lines[self.lines :]
        undone = {each.operation_id for each in new if each.operation.endswith(UNDONE)}
        for line in new:
            self.tally.words[line.operation] += 1
            if line.operation_id not in undone:
                _replay(line, lying, self.binned)
        self.lines = len(lines)
        return lying

    def _files(self) -> dict[str, str]:
        return {
            _shown(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in self.folders
            for path in folder.iterdir()
        }

    def _in_trash(self) -> Counter[str]:
        return Counter(
            hashlib.sha256(path.read_bytes()).hexdigest()
            for each in bins.ours()
            for path in each.folder.iterdir()
            if not path.name.startswith(".")
        )

    def _pictures(self) -> list[Path]:
        return [
            folder / each.picture
            for folder in self.folders
            for each in scan(folder).found.sets.values()
        ]

    def _set_contents(self, picture: Path) -> dict[str, bytes]:
        found = scan(picture.parent).found.set_of(picture.name)
        assert found is not None
        assert len(found.files) == len(SUFFIXES)
        return {name: (picture.parent / name).read_bytes() for name in found.files}

    def _in_a_mortal_process(self, action: Callable[[Life], None], *, kind: str) -> None:
        by_the_clock = hasattr(os, "pidfd_open") and self.chance.random() < 0.25
        steps = self.chance.randrange(DEADLY_STEPS if kind == "operation" else DEADLY_STEPS // 3)
        life = Life(10**9 if by_the_clock else steps)
        with child(partial(action, life)) as pid:
            if by_the_clock:
                end_at_any_moment(pid, within_s=self.chance.uniform(0.0, 0.03))
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code in {0, -signal.SIGKILL}
        if code == 0:
            return
        if kind == "resume":
            self.tally.killed_resuming += 1
        elif by_the_clock:
            self.tally.killed_by_the_clock += 1
        else:
            self.tally.killed += 1

    def _carry(self, plan: Callable[[], Plan], life: Life) -> None:
        # A refusal in words is an answer; anything else ends the process with a traceback.
        with contextlib.suppress(CompanionError):
            carry(plan, log=MortalLog(self.log, life), disk=MortalBinDisk(life))

    def _resume(self, life: Life) -> None:
        for folder in self.folders:
            resume(folder, log=MortalLog(self.log, life), disk=MortalBinDisk(life))
            trash.resume(folder, log=MortalLog(self.log, life), disk=MortalBinDisk(life))

    def _move(self, picture: Path) -> Act:
        return self._planned(partial(draft.move, [picture], into=self._elsewhere(picture)))

    def _copy(self, picture: Path) -> Act | None:
        if len(self._pictures()) >= CROWD:
            return None
        return self._planned(partial(draft.copy, [picture], into=self._elsewhere(picture)))

    def _rename(self, picture: Path) -> Act:
        new = f"{self.chance.choice(NEW_STEMS)}{self.chance.randrange(1000)}"
        stem = self.chance.choice([new, picture.stem.swapcase()])
        return self._planned(partial(draft.rename, picture, stem=stem))

    def _planned(self, plan: Callable[[], Plan]) -> Act:
        plan()
        return partial(self._carry, plan)

    def _trash(self, picture: Path) -> Act | None:
        # Another disk's trash lies on that disk, where others would find it.
        here = picture.parent.stat().st_dev == self.log.parent.stat().st_dev
        if not here or len(self._pictures()) <= FEW:
            return None
        trash.draft(picture)

        def act(life: Life) -> None:
            trash.trash(picture, log=MortalLog(self.log, life), disk=MortalBinDisk(life))

        return act

    def _restore(self, _: Path) -> Act | None:
        if not (items := trashed()):
            return None
        item = self.chance.choice(items)
        draft_restore(item)

        def act(life: Life) -> None:
            restore(item, log=MortalLog(self.log, life), disk=MortalBinDisk(life))

        return act

    def _elsewhere(self, picture: Path) -> Path:
        return self.chance.choice([each for each in self.folders if each != picture.parent])


def end_at_any_moment(pid: int, *, within_s: float) -> None:
    """Kill a process from outside, unless it ends by itself within that time."""
    process = os.pidfd_open(pid)
    try:
        select.select([process], [], [], within_s)
        os.kill(pid, signal.SIGKILL)
    finally:
        os.close(process)


def run(world: World, *, kills: int) -> Tally:
    """Go on until so many processes were killed."""
    print("seed", world.seed)  # noqa: T201  # shown with a failure
    while world.tally.kills < kills:
        world.step()
    return world.tally


def _replay(line: AuditLine, lying: dict[str, str], binned: Counter[str]) -> None:
    """Do to ``lying`` and to the trash what the line says was done to the disk."""
    hashes = Counter(each.sha256 for each in line.files)
    held = {each.source: each.sha256 for each in line.files if each.source is not None}
    if line.operation == "restore":
        assert hashes <= binned, "the log tells of giving back what was not in the trash"
        binned.subtract(hashes)
        held = {}
    assert all(lying.get(source) == sha256 for source, sha256 in held.items())
    if line.operation != "copy":
        for source in held:
            del lying[source]
    if line.operation == "trash":
        binned.update(hashes)
        return
    for each in line.files:
        if each.target is not None:
            assert each.target not in lying, "the log tells of writing over a file"
            lying[each.target] = each.sha256


def _shown(path: Path) -> str:
    """The path as the log spells it."""
    spelled = AuditedFile(source=str(path), target=None, sha256="0" * 64, size_bytes=0).source
    assert spelled is not None
    return spelled

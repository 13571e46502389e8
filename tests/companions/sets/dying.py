"""One operation on one set of five files, tried again and again by processes that die."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from companions import files
from companions.lock import sweep_locks
from companions.sets import draft
from companions.sets.carry import carry
from companions.sets.plan import Plan
from companions.sets.resume import Ending, resume
from companions.sets.scan import scan
from tests.companions.sets.making import (
    SUFFIXES,
    Life,
    MortalDisk,
    MortalLog,
    contents,
    log_in,
    make_set,
    names,
)

NEW_STEMS = {"rename": "b", "respell": "A"}


@dataclass
class Trial:
    """One operation, on a new set in new folders at every beginning.

    Attributes:
        word: ``move`` or ``copy`` to the other folder; ``rename`` within one, or ``respell`` for a
            new letter case alone.
        bases: what the two folders are made in.
        log: where the operation log is.
    """

    word: str
    bases: tuple[Path, Path]
    log: Path
    rounds: int = 0
    _before: Counter[str] = field(default_factory=Counter)

    @property
    def here(self) -> Path:
        """Where the set is."""
        return self.bases[0] / f"here {self.rounds}"

    @property
    def there(self) -> Path:
        """Where it may go."""
        return self.bases[1] / f"there {self.rounds}"

    @property
    def operation(self) -> str:
        """What the log calls it."""
        return "rename" if self.word == "respell" else self.word

    def begin(self) -> None:
        """A new set in a new folder, and an empty folder."""
        self.rounds += 1
        self.there.mkdir()
        make_set(self.here, "a")
        self._before = contents(self.here)

    def carry(self, life: Life) -> None:
        """The operation, by a process that dies."""
        carry(self._plan, log=MortalLog(self.log, life), disk=MortalDisk(life))

    def resume_mortally(self, life: Life) -> None:
        """Resume it, by a process that dies."""
        for folder in (self.there, self.here):
            resume(folder, log=MortalLog(self.log, life), disk=MortalDisk(life))

    def resume(self) -> list[Ending]:
        """Resume it from both folders, and live."""
        return [
            done.ending
            for folder in (self.there, self.here)
            for done in resume(folder, log=log_in(self.log))
        ]

    def is_done(self) -> bool:
        """Whether the operation is done; if not, nothing of it must be."""
        now = (_visible(self.here), _visible(self.there))
        old = _of("a")
        done = {
            "move": ([], old),
            "copy": (old, old),
            "rename": (_of("b"), []),
            "respell": (_of("A"), []),
        }[self.word]
        assert now in {(tuple(each[0]), tuple(each[1])) for each in (done, (old, []))}
        return now == (tuple(done[0]), tuple(done[1]))

    def refuse_loss(self) -> None:
        """At every instant all bytes are somewhere, and a journal tells of what is half done."""
        now = contents(self.here, self.there)
        assert set(now) == set(self._before), "bytes of an original are gone"
        if not any(scan(folder).found.journals for folder in (self.here, self.there)):
            self.is_done()

    def refuse_disorder(self) -> None:
        """Resumed, the operation is done or never began, and nothing of ours is left."""
        done = self.is_done()
        twice = 2 if done and self.word == "copy" else 1
        expected = Counter(dict.fromkeys(self._before, twice))
        assert contents(self.here, self.there) == expected
        for folder in (self.here, self.there):
            sweep_locks(folder)
            files.sweep_temporaries(folder, now=time.time() + 3601.0)
            assert [name for name in names(folder) if name.startswith(".")] == []

    def _plan(self) -> Plan:
        picture = self.here / "a.jpg"
        if self.word in NEW_STEMS:
            return draft.rename(picture, stem=NEW_STEMS[self.word])
        plan = partial(draft.move if self.word == "move" else draft.copy, [picture])
        return plan(into=self.there)


def _of(stem: str) -> list[str]:
    return sorted(f"{stem}{suffix}" for suffix in SUFFIXES)


def _visible(folder: Path) -> tuple[str, ...]:
    return tuple(name for name in names(folder) if not name.startswith("."))

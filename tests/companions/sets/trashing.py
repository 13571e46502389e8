"""A set on its way to the trash or back, by processes that die."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from companions import files
from companions.lock import sweep_locks
from companions.sets import bins, resume, trash
from companions.sets.restore import Trashed, choose, restore, trashed
from companions.sets.resume import Ending
from tests.companions.sets.making import (
    Life,
    MortalDisk,
    MortalLog,
    log_in,
    make_set,
    names,
    snapshot,
)


class MortalBinDisk(MortalDisk):
    """Mortal also around the steps that only the trash takes."""

    def make_folder(self, folder: Path) -> None:
        self.life.step()
        super().make_folder(folder)

    def remove_folder(self, folder: Path) -> None:
        self.life.step()
        super().remove_folder(folder)

    def trash(self, folder: Path) -> None:
        self.life.step()
        super().trash(folder)
        self.life.step()


@dataclass
class Trial:
    """One set on its way to the trash or back, in a new folder at every beginning."""

    base: Path
    log: Path
    rounds: int = 0
    before: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    @property
    def here(self) -> Path:
        return self.base / f"here {self.rounds}"

    @property
    def picture(self) -> Path:
        return self.here / "a.jpg"

    def begin(self, *, in_trash: bool = False) -> None:
        self.rounds += 1
        make_set(self.here, "a")
        self.before = snapshot(self.here)
        if in_trash:
            trash.trash(self.picture, log=log_in(self.log))

    def trash(self, life: Life) -> None:
        trash.trash(self.picture, log=MortalLog(self.log, life), disk=MortalBinDisk(life))

    def restore(self, life: Life) -> None:
        restore(choose(str(self.picture)), log=MortalLog(self.log, life), disk=MortalBinDisk(life))

    def resume_mortally(self, life: Life) -> None:
        resume.resume(self.here, log=MortalLog(self.log, life), disk=MortalBinDisk(life))
        trash.resume(self.here, log=MortalLog(self.log, life), disk=MortalBinDisk(life))

    def resume(self) -> list[Ending]:
        log = log_in(self.log)
        done = [*resume.resume(self.here, log=log), *trash.resume(self.here, log=log)]
        return [each.ending for each in done]

    def refuse_loss(self) -> None:
        """At every instant all bytes are somewhere of ours."""
        staged = [path for path in self.here.iterdir() if path.is_dir()]
        binned = [each.folder for each in bins.ours()]
        found = Counter(
            path.read_bytes()
            for folder in (self.here, *staged, *binned)
            for path in folder.iterdir()
            if path.is_file()
        )
        assert all(found[data] >= 1 for data, _ in self.before.values())

    def sweep(self) -> None:
        """What goes by itself within an hour."""
        sweep_locks(self.here)
        for folder in (self.here, *(path for path in self.here.iterdir() if path.is_dir())):
            files.sweep_temporaries(folder, now=time.time() + 3601.0)
        assert self.resume() == []

    def is_in_trash(self) -> bool:
        """Whether the set is in the trash, whole; if not, it is here, whole, and only here."""
        self.sweep()
        if names(self.here) == []:
            item = choose(str(self.picture))
            assert {
                name: value for name, value in snapshot(item.place).items() if name[0] != "."
            } == self.before
            return True
        assert names(self.here) == sorted(self.before)
        assert snapshot(self.here) == self.before
        assert [each for each in trashed() if each.picture == self.picture] == []
        return False


def only_item(**where: Path) -> Trashed:
    """The one set that can be given back."""
    (item,) = trashed(**where)
    return item

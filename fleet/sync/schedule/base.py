"""What every scheduler is given, and what it promises.

A scheduler writes files into a folder of this person's and tells the system of them.  It replaces
and removes only files that it wrote itself, which it knows by ``MARKER``; a stranger's file of the
same name is kept and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from fleet.sync.errors import ScheduleFailed
from fleet.sync.schedule.times import When

MARKER: Final = "Written by fleet schedule; fleet schedule install writes it anew."
"""Stands in every file of ours; a file without it is a stranger's."""


@dataclass(frozen=True, slots=True)
class Nightly:
    """One host's nightly sync.

    Attributes:
        program: the ``fleet`` command as argv, its first word an absolute path.
        home: ``FLEET_HOME`` of the run.
        path: ``PATH`` of the run: a scheduler's own is shorter than a shell's, and another rsync
            would be found there than ``fleet hosts check`` told of.
    """

    host: str
    when: When
    program: tuple[str, ...]
    home: Path
    path: str

    @property
    def words(self) -> tuple[str, ...]:
        """The whole command."""
        return (*self.program, "sync", self.host, "--all")


@dataclass(frozen=True, slots=True)
class Standing:
    """A nightly sync as it is installed.

    Attributes:
        when: None where its file was changed by hand to something else than we write.
        home: ``FLEET_HOME`` of its runs; None likewise.
        active: whether the system's scheduler knows it; None where it cannot be asked.
    """

    host: str
    files: tuple[Path, ...]
    when: When | None
    home: Path | None
    active: bool | None


class Scheduler(Protocol):
    """The machine's own scheduler."""

    @property
    def name(self) -> str:
        """``launchd`` or ``systemd``."""
        ...

    def texts(self, nightly: Nightly) -> dict[Path, bytes]:
        """The files that ``install`` would write."""
        ...

    def install(self, nightly: Nightly) -> Sequence[str]:
        """Write the files and make them count; twice is once.  Returns notes for people.

        Raises:
            ScheduleFailed: a stranger's file is in the way, or the system refused.
            FileUnwritable: the folder refuses.
        """
        ...

    def remove(self, host: str) -> tuple[Path, ...]:
        """Take the host's schedule away; the files that are gone now, none where there was none.

        Raises:
            ScheduleFailed: a file is a stranger's, or the system refused; nothing was removed.
        """
        ...

    def standing(self) -> tuple[Standing, ...]:
        """Every schedule of ours, in the order of hosts' names."""
        ...

    def catches_up(self) -> str:
        """What becomes of a run that was missed, in words."""
        ...


def check(nightly: Nightly) -> None:
    """Refuse what no scheduler's file can hold.

    Raises:
        ScheduleFailed: a path has characters that cannot be written into such a file.
    """
    for what, text in (("FLEET_HOME", str(nightly.home)), ("PATH", nightly.path)):
        if not text.isprintable():
            raise ScheduleFailed(
                what=f"{what} has characters that cannot stand in a schedule: {text!r}",
                remedy="Choose another folder; nothing was written.",
            )
    program = nightly.program[0]
    # systemd takes no quotes and backslashes in a program's name, and would fill in a '$'.
    if not program.isprintable() or set(program) & set("\"'\\$"):
        raise ScheduleFailed(
            what=f"the path of Python has characters that a schedule cannot hold: {program!r}",
            remedy="Install motionfleet in a folder with a plainer name; nothing was written.",
        )

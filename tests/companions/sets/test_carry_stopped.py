"""What stops an operation on sets leaves every file where it was, or says where it is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from companions.errors import (
    AuditUnwritable,
    CompanionChanged,
    CompanionError,
    FileUnwritable,
    MoveUnfinished,
    SetBusy,
    SetRefused,
)
from companions.lock import locked
from companions.sets import draft
from companions.sets.carry import carry
from companions.sets.disk import Disk
from companions.sets.plan import Plan
from companions.sets.resume import Ending, resume
from tests.companions.sets.making import (
    SUFFIXES,
    child,
    contents,
    ended_by,
    log_in,
    logged,
    make_set,
    names,
    snapshot,
)


class Meddling(Disk):
    """The real disk, on which another program does something before one kind of step."""

    def __init__(self, step: str, deed: Callable[[], object], *, after: int = 0) -> None:
        """``deed`` is done before the first ``step``, or when ``after`` of them are done."""
        self.when, self.deed, self.left = step, deed, after

    def _meddle(self, step: str) -> None:
        if step == self.when:
            self.left -= 1
            if self.left == -1:
                self.deed()

    def link(self, source: Path, target: Path) -> None:
        self._meddle("link")
        super().link(source, target)
        self._meddle("linked")

    def begin(self, temporary: Path) -> int:
        self._meddle("begin")
        return super().begin(temporary)

    def settle(self, temporary: Path, target: Path) -> None:
        self._meddle("settle")
        super().settle(temporary, target)

    def flush_folder(self, folder: Path) -> None:
        self._meddle("flush")
        super().flush_folder(folder)

    def remove(self, path: Path) -> None:
        self._meddle("remove")
        super().remove(path)


def test_without_a_log_nothing_is_begun(here: Path, there: Path, log: Path) -> None:
    picture = make_set(here, "a")
    log.write_text("a file where the log's folder should be")

    with pytest.raises(AuditUnwritable):
        carry(partial(draft.move, [picture], into=there), log=log_in(log))

    assert names(there) == []
    assert len(names(here)) == len(SUFFIXES)


def test_a_set_that_another_program_holds_is_refused(here: Path, there: Path, log: Path) -> None:
    picture = make_set(here, "a")

    for held in (picture, there / "A.png"):
        with locked(held), pytest.raises(SetBusy):
            carry(partial(draft.move, [picture], into=there), log=log_in(log), patience_s=0.0)

    assert names(there) == []
    assert logged(log) == []


def test_of_two_processes_that_move_one_set_at_once_one_wins(
    tmp_path: Path, here: Path, log: Path
) -> None:
    for turn in range(10):
        picture = make_set(here, f"a{turn}")
        before = contents(here)
        targets = [tmp_path / f"{turn} {each}" for each in "xyz"]
        for target in targets:
            target.mkdir()

        def race(target: Path, picture: Path = picture) -> None:
            carry(partial(draft.move, [picture], into=target), log=log_in(log))

        with child(partial(race, targets[0])) as one, child(partial(race, targets[1])) as two:
            codes = sorted(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in (one, two))

        assert codes == [0, 1]
        assert contents(*targets, here) == before
        assert sorted(len(names(target)) for target in targets) == [0, 0, len(SUFFIXES)]
    assert logged(log) == ["move"] * 10


def test_what_appears_under_a_new_name_meanwhile_is_not_written_over(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    disk = Meddling("link", lambda: (there / "a.jpg").write_bytes(b"theirs"))

    with pytest.raises(SetRefused, match="was taken"):
        carry(partial(draft.move, [picture], into=there), log=log_in(log), disk=disk)

    assert snapshot(here) == before
    assert names(there) == ["a.jpg"]
    assert (there / "a.jpg").read_bytes() == b"theirs"
    assert logged(log) == ["move", "move_undone"]


def test_what_appears_under_a_new_name_during_a_copy_is_not_written_over(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    disk = Meddling("settle", lambda: (there / "a.jpg").write_bytes(b"theirs"))

    with pytest.raises(SetRefused, match="was taken"):
        carry(partial(draft.copy, [picture], into=there), log=log_in(log), disk=disk)

    assert (there / "a.jpg").read_bytes() == b"theirs"
    assert names(there) == ["a.jpg"]


@pytest.mark.parametrize("plan", [draft.copy, draft.move])
def test_a_file_that_changes_while_it_is_copied_ends_the_operation_as_if_it_had_not_begun(
    here: Path, other_disk: Path, log: Path, plan: Callable[..., Plan]
) -> None:
    picture = make_set(here, "a")
    caption = here / "a.caption"
    disk = Meddling("begin", lambda: caption.write_bytes(b"new words"))

    with pytest.raises(CompanionChanged, match=r"a\.caption"):
        carry(partial(plan, [picture], into=other_disk), log=log_in(log), disk=disk)

    assert caption.read_bytes() == b"new words"
    assert len(names(here)) == len(SUFFIXES)
    assert names(other_disk) == []


def test_a_file_that_is_replaced_just_before_it_is_linked_stays_where_it_is(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    caption = here / "a.caption"

    def replace() -> None:
        (here / "new").write_bytes(b"N" * caption.stat().st_size)
        (here / "new").replace(caption)

    disk = Meddling("link", replace)

    with pytest.raises(CompanionChanged, match=r"a\.caption"):
        carry(partial(draft.move, [picture], into=there), log=log_in(log), disk=disk)

    assert {*caption.read_bytes()} == {ord("N")}
    assert names(there) == []


@pytest.mark.parametrize("keep_new", [True, False])
def test_of_a_file_that_changes_after_it_arrived_both_versions_are_kept(
    here: Path, other_disk: Path, log: Path, *, keep_new: bool
) -> None:
    picture = make_set(here, "a")
    old = contents(here)
    caption, arrived = here / "a.caption", other_disk / "a.caption"
    changed = Meddling("flush", lambda: caption.write_bytes(b"new words"))
    # The first flush is that of the target, when all files have arrived.
    with pytest.raises(MoveUnfinished, match=r"a\.caption changed") as unfinished:
        carry(partial(draft.move, [picture], into=other_disk), log=log_in(log), disk=changed)

    assert caption.read_bytes() == b"new words"
    assert contents(other_disk) == old
    for folder in (here, other_disk):
        with pytest.raises(MoveUnfinished, match="changed"):
            resume(folder, log=log_in(log))
    assert contents(other_disk) == old
    assert str(caption) in str(unfinished.value)

    (arrived if keep_new else caption).unlink()  # what the remedy says
    (done,) = resume(here, log=log_in(log))

    assert done.ending is (Ending.UNDONE if keep_new else Ending.FINISHED)
    assert len(names(here if keep_new else other_disk)) == len(SUFFIXES)
    assert names(other_disk if keep_new else here) == []


def test_what_another_program_put_in_place_of_an_arrived_file_is_not_taken_away(
    here: Path, other_disk: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = contents(here)

    def replace_one_and_block_another() -> None:
        (other_disk / "a.caption").write_bytes(b"theirs")
        (other_disk / "a.jpg").write_bytes(b"in the way")

    disk = Meddling("begin", replace_one_and_block_another, after=2)

    with pytest.raises(SetRefused, match="was taken"):
        carry(partial(draft.move, [picture], into=other_disk), log=log_in(log), disk=disk)

    assert contents(here) == before
    assert {each.read_bytes() for each in other_disk.iterdir()} == {b"theirs", b"in the way"}


def test_what_is_written_through_either_name_while_a_file_has_both_is_kept(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    disk = Meddling("flush", lambda: (here / "a.caption").write_bytes(b"new words"))

    carry(partial(draft.move, [picture], into=there), log=log_in(log), disk=disk)

    assert (there / "a.caption").read_bytes() == b"new words"
    assert names(here) == []


def test_an_arrived_file_that_disappears_again_keeps_its_old_name(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    disk = Meddling("flush", (there / "a.mp4").unlink)

    with pytest.raises(MoveUnfinished, match=r"a\.mp4 disappeared again"):
        carry(partial(draft.move, [picture], into=there), log=log_in(log), disk=disk)

    assert {name for name in names(here) if not name.startswith(".")} == {*before}
    resume(here, log=log_in(log))
    assert snapshot(there) == before


class Forgetful(Disk):
    """A disk that does not give back what was written to it."""

    def append(self, descriptor: int, chunk: bytes) -> None:
        super().append(descriptor, bytes(byte ^ 1 for byte in chunk))


def test_what_does_not_read_back_as_it_was_written_is_no_copy(
    here: Path, other_disk: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)

    with pytest.raises(FileUnwritable, match="read back"):
        carry(partial(draft.move, [picture], into=other_disk), log=log_in(log), disk=Forgetful())

    assert snapshot(here) == before
    assert names(other_disk) == []


def test_a_file_that_grows_after_it_was_planned_is_not_touched(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")

    def plan() -> Plan:
        planned = draft.move([picture], into=there)
        with (here / "a.caption").open("ab") as stream:
            stream.write(b"more")
        return planned

    with pytest.raises(CompanionChanged, match=r"a\.caption"):
        carry(plan, log=log_in(log))

    assert names(there) == []
    assert len(names(here)) == len(SUFFIXES)
    assert logged(log) == []


def test_a_plan_that_needs_other_locks_once_it_is_locked_is_not_carried_out(
    here: Path, there: Path, log: Path
) -> None:
    pictures = iter([make_set(here, "a"), make_set(here, "b")])

    with pytest.raises(CompanionChanged):
        carry(lambda: draft.move([next(pictures)], into=there), log=log_in(log))

    assert names(there) == []


def test_a_journal_that_cannot_be_removed_is_told_when_all_is_done(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    # The second flush follows the last file that leaves.
    disk = Meddling("flush", lambda: there.rename(there.with_name("unplugged")), after=1)

    with pytest.raises(MoveUnfinished, match="every file has its new name"):
        carry(partial(draft.move, [picture], into=there), log=log_in(log), disk=disk)
    there.with_name("unplugged").rename(there)
    resume(there, log=log_in(log))

    assert snapshot(there) == before


def test_a_log_that_fails_while_undoing_is_told_and_resumed_later(
    here: Path, other_disk: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)

    def spoil() -> None:
        (other_disk / "a.jpg").write_bytes(b"in the way")
        log.rename(log.with_name("gone"))
        log.write_text("a file where the log's folder should be")

    with pytest.raises(MoveUnfinished, match="on record"):
        carry(
            partial(draft.move, [picture], into=other_disk),
            log=log_in(log),
            disk=Meddling("begin", spoil),
        )
    log.unlink()
    log.with_name("gone").rename(log)
    (done,) = resume(here, log=log_in(log))

    assert done.ending is Ending.UNDONE
    assert snapshot(here) == before
    assert logged(log) == ["move", "move_undone"]


def test_an_interrupted_operation_on_the_same_set_comes_first(
    here: Path, there: Path, log: Path, tmp_path: Path
) -> None:
    picture = make_set(here, "a")
    (tmp_path / "third").mkdir()

    def die() -> None:
        disk = Meddling("flush", lambda: os.kill(os.getpid(), signal.SIGKILL))
        carry(partial(draft.copy, [picture], into=there), log=log_in(log), disk=disk)

    assert ended_by(die) == -signal.SIGKILL
    with pytest.raises(MoveUnfinished, match=r"companions resume. first"):
        carry(partial(draft.move, [picture], into=tmp_path / "third"), log=log_in(log))
    other = make_set(here, "b")
    carry(partial(draft.move, [other], into=tmp_path / "third"), log=log_in(log))
    resume(here, log=log_in(log))
    carry(partial(draft.move, [picture], into=tmp_path / "third"), log=log_in(log))

    assert len(names(tmp_path / "third")) == 2 * len(SUFFIXES)


def test_a_folder_that_vanishes_on_the_way_costs_nothing(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)

    def vanish() -> None:
        there.rename(there.with_name("gone"))

    with pytest.raises((FileUnwritable, CompanionError)):
        carry(
            partial(draft.move, [picture], into=there),
            log=log_in(log),
            disk=Meddling("linked", vanish),
        )

    there.with_name("gone").rename(there)
    resume(there, log=log_in(log))
    assert snapshot(there) == before or {**snapshot(here)} == before
    assert names(here) == [] or names(there) == []

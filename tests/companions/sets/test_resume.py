"""What a crash interrupted is carried to its end, or left to a person; never guessed."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from companions.errors import MoveUnfinished, SetBusy
from companions.lock import locked
from companions.sets import draft
from companions.sets.carry import carry, sealed
from companions.sets.journal import encode
from companions.sets.plan import Plan
from companions.sets.resume import Course, Ending, Findings, decide, resume
from tests.companions.sets.making import (
    SUFFIXES,
    Life,
    MortalDisk,
    MortalLog,
    contents,
    ended_by,
    log_in,
    logged,
    make_set,
    names,
    snapshot,
)


def interrupted(plan: Callable[[], Plan], log: Path, *, steps: int) -> None:
    """Carry a plan out in a process that dies after so many steps.

    Two for the journals, two around the log's line, then one for each file that is linked, one to
    flush, one for each that leaves, one to flush, and two for each journal.
    """

    def act() -> None:
        life = Life(steps)
        carry(plan, log=MortalLog(log, life), disk=MortalDisk(life))

    assert ended_by(act) == -signal.SIGKILL


LINKED, LEAVING = 4 + len(SUFFIXES), 4 + len(SUFFIXES) + 1 + 2


def test_an_operation_that_was_not_logged_yet_never_began(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    for steps in (1, 2):
        interrupted(partial(draft.move, [picture], into=there), log, steps=steps)

        (done,) = resume(here, log=log_in(log))

        assert done.ending is Ending.WITHDRAWN
        assert snapshot(here) == before
        assert contents(there) == Counter()
    assert logged(log) == []


@pytest.mark.parametrize("steps", [4, LINKED - 2, LINKED, LEAVING])
@pytest.mark.parametrize("from_target", [True, False])
def test_an_operation_that_was_logged_is_finished_from_either_folder(
    here: Path, there: Path, log: Path, steps: int, *, from_target: bool
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    interrupted(partial(draft.move, [picture], into=there), log, steps=steps)

    (done,) = resume(there if from_target else here, log=log_in(log))

    assert done.ending is Ending.FINISHED
    assert snapshot(there) == before
    assert names(here) == []
    assert resume(here, log=log_in(log)) == ()
    assert logged(log) == ["move"]


@pytest.mark.parametrize("through_old_name", [True, False])
def test_what_was_written_meanwhile_to_a_file_of_both_names_is_kept(
    here: Path, there: Path, log: Path, *, through_old_name: bool
) -> None:
    picture = make_set(here, "a")
    interrupted(partial(draft.move, [picture], into=there), log, steps=LINKED)
    ((here if through_old_name else there) / "a.caption").write_bytes(b"new words")

    (done,) = resume(here, log=log_in(log))

    assert done.ending is Ending.FINISHED
    assert (there / "a.caption").read_bytes() == b"new words"
    assert names(here) == []


def test_another_persons_log_gets_its_line_too(here: Path, there: Path, tmp_path: Path) -> None:
    picture = make_set(here, "a")
    interrupted(partial(draft.move, [picture], into=there), tmp_path / "hers", steps=LINKED)

    resume(here, log=log_in(tmp_path / "his"))

    assert len(names(there)) == len(SUFFIXES)
    assert logged(tmp_path / "his") == ["move"]


def test_a_disk_that_is_not_there_is_waited_for(here: Path, there: Path, log: Path) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    interrupted(partial(draft.move, [picture], into=there), log, steps=LINKED - 1)
    there.rename(there.with_name("unplugged"))

    with pytest.raises(MoveUnfinished, match=f"{there}.* is not there.*Mount"):
        resume(here, log=log_in(log))
    there.with_name("unplugged").rename(there)
    resume(here, log=log_in(log))

    assert snapshot(there) == before


@pytest.mark.parametrize("lost", ["source", "target"])
def test_an_empty_mount_point_is_not_taken_for_the_disk(
    here: Path, there: Path, log: Path, lost: str
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    interrupted(partial(draft.move, [picture], into=there), log, steps=LINKED)
    away, stays = (here, there) if lost == "source" else (there, here)
    unplugged = away.with_name("unplugged")
    away.rename(unplugged)
    away.mkdir()
    then = contents(stays)

    with pytest.raises(MoveUnfinished, match="other half is missing"):
        resume(stays, log=log_in(log))
    assert contents(stays) == then
    assert [name for name in names(away) if not name.endswith(".lock")] == []
    away.rmdir()
    unplugged.rename(away)
    resume(stays, log=log_in(log))

    assert snapshot(there) == before


def test_a_foreign_file_under_a_new_name_undoes_the_rest(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    interrupted(partial(draft.move, [picture], into=there), log, steps=LINKED - 2)
    (there / "a.jpg").write_bytes(b"theirs")

    (done,) = resume(here, log=log_in(log))

    assert done.ending is Ending.UNDONE
    assert "was taken" in done.why
    assert snapshot(here) == before
    assert names(there) == ["a.jpg"]
    assert (there / "a.jpg").read_bytes() == b"theirs"
    assert logged(log) == ["move", "move_undone"]


def test_files_that_lost_both_names_are_told_and_nothing_else_is_touched(
    here: Path, there: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    interrupted(partial(draft.move, [picture], into=there), log, steps=LEAVING)
    (there / "a.jpg").unlink()  # its old name is gone already
    then = contents(here, there)

    with pytest.raises(MoveUnfinished, match=r"neither go on nor be undone.*a\.jpg"):
        resume(here, log=log_in(log))

    assert contents(here, there) == then


def test_an_operation_still_under_way_is_left_alone(here: Path, there: Path, log: Path) -> None:
    picture = make_set(here, "a")
    interrupted(partial(draft.move, [picture], into=there), log, steps=LINKED)
    then = names(here), names(there)

    with locked(picture), pytest.raises(SetBusy):
        resume(here, log=log_in(log), patience_s=0.0)

    assert [n for n in names(here) if not n.endswith(".lock")] == [
        n for n in then[0] if not n.endswith(".lock")
    ]


def test_one_that_cannot_go_on_keeps_no_other_from_it(
    here: Path, there: Path, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "third").mkdir()
    for stem, into in (("a", there), ("b", tmp_path / "third"), ("c", there)):
        picture = make_set(here, stem)
        interrupted(partial(draft.move, [picture], into=into), log, steps=LINKED)
    (tmp_path / "third").rename(tmp_path / "unplugged")

    with pytest.raises(MoveUnfinished, match="third"):
        resume(here, log=log_in(log))

    assert len(names(there)) == 2 * len(SUFFIXES)


def test_a_journal_planted_by_a_stranger_moves_nothing(here: Path, there: Path, log: Path) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    planted = sealed(draft.move([picture], into=there))
    planted.paths[1].write_bytes(encode(planted))

    (done,) = resume(there, log=log_in(log))

    assert done.ending is Ending.WITHDRAWN
    assert snapshot(here) == before
    assert names(there) == []


def test_a_copy_interrupted_half_way_leaves_no_temporary_file(
    here: Path, other_disk: Path, log: Path
) -> None:
    picture = make_set(here, "a")
    before = snapshot(here)
    interrupted(partial(draft.move, [picture], into=other_disk), log, steps=6)
    assert [name for name in names(other_disk) if name.endswith(".tmp")] != []

    resume(other_disk, log=log_in(log))

    assert snapshot(other_disk) == before


def test_the_decision_is_one_for_every_finding() -> None:
    everything = [Findings(*each) for each in product([True, False], repeat=6)]

    for found in everything:
        course = decide(found)
        if found.undone or (not found.logged and not found.touched):
            assert course is Course.WITHDRAW
        elif course is Course.GO_ON:
            assert found.source_journal
            assert found.target_journal or found.arrived
        else:
            assert course is Course.ASK
